//! An open environment: what it offers to the command and, later, to a server.

use std::{
    path::Path,
    sync::{Arc, RwLock},
    thread::JoinHandle,
};

use crossbeam::channel::{Receiver, Sender, TrySendError, bounded};
use haversack_core::{
    Cursor, RowId, Timestamp,
    event::{Device, Record, RowKey},
    limits::{COMMIT_QUEUE_MAX, FOLLOWED_GROUPS_MAX, GROUP_EVENTS_MAX},
};
use haversack_replay::{Judging, PastError, State, row_at};
use haversack_store::{DiskLog, Log, LogRecord, MemoryLog};
use serde_json::Value as Json;

use crate::{
    Clock, EngineError, LineAnswer, SystemClock,
    bulk::Bulk,
    commit::{self, Followers, Registration, Reply, Shift, Shown, Task, Work},
    group::LogPast,
    live::locked,
    online::{Edited, OnlineEdit},
    push::{Mutation, Pushed, Sent},
    refold::{fold_log, fold_on},
    snapshots::{self, Snapshotter},
    step::{Step, steps},
};

/// An open environment.
pub struct Environment {
    log: Arc<dyn Log>,
    /// The same log, if it's on disk.
    disk: Option<Arc<DiskLog>>,
    snapshotter: Option<Arc<Snapshotter>>,
    shown: Shown,
    followers: Followers,
    clock: Arc<dyn Clock>,
    tasks: Option<Sender<Task>>,
    committer: Option<JoinHandle<()>>,
}

impl Environment {
    /// Opens the environment in a directory, which is made if it is not there.
    ///
    /// # Errors
    /// If the directory is in use or damaged, or its log does not fold.
    pub fn open(directory: &Path) -> Result<Self, EngineError> {
        Self::on_disk(DiskLog::open(directory)?, Arc::new(SystemClock))
    }

    /// Opens the environment of a log on disk: from its newest snapshot, if it has one.
    ///
    /// # Errors
    /// As [`Environment::on`].
    pub fn on_disk(log: DiskLog, clock: Arc<dyn Clock>) -> Result<Self, EngineError> {
        let log = Arc::new(log);
        let state = match snapshots::newest(&log, log.head()) {
            Some(state) => fold_on(log.as_ref(), state, Judging::InForce, log.head())?,
            None => fold_log(log.as_ref(), Judging::InForce, log.head())?,
        };
        let snapshotter = Arc::new(Snapshotter::start(Arc::clone(&log))?);
        let shared: Arc<dyn Log> = Arc::<DiskLog>::clone(&log);
        let mut environment = Self::with(shared, state, Some(snapshotter), clock)?;
        environment.disk = Some(log);
        Ok(environment)
    }

    /// Opens the environment in a directory that has one.
    ///
    /// # Errors
    /// [`EngineError::NoEnvironment`] if it has none, and as [`Environment::open`].
    pub fn open_existing(directory: &Path) -> Result<Self, EngineError> {
        let empty =
            std::fs::read_dir(directory).map_or(true, |mut entries| entries.next().is_none());
        // Opening would make a log where only the beginning of one is, such as a killed import's.
        if empty || !DiskLog::is_in(directory)? {
            return Err(EngineError::NoEnvironment { directory: directory.to_owned() });
        }
        let environment = Self::open(directory)?;
        if environment.state().cursor == Cursor::START {
            return Err(EngineError::NoEnvironment { directory: directory.to_owned() });
        }
        Ok(environment)
    }

    /// An environment that lasts as long as the process, for tests.
    ///
    /// # Panics
    /// Never: an empty log folds.
    #[must_use]
    pub fn in_memory(clock: Arc<dyn Clock>) -> Self {
        Self::on(Arc::new(MemoryLog::default()), clock).expect("an empty log folds")
    }

    /// Opens the environment of a log.
    ///
    /// # Errors
    /// If the log can't be read or does not fold.
    pub fn on(log: Arc<dyn Log>, clock: Arc<dyn Clock>) -> Result<Self, EngineError> {
        let state = fold_log(log.as_ref(), Judging::InForce, log.head())?;
        Self::with(log, state, None, clock)
    }

    fn with(
        log: Arc<dyn Log>,
        state: State,
        snapshotter: Option<Arc<Snapshotter>>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, EngineError> {
        let shown: Shown = Arc::new(RwLock::new(Arc::new(state)));
        let (tasks, queue) = bounded(COMMIT_QUEUE_MAX);
        let (for_log, for_shown) = (Arc::clone(&log), Arc::clone(&shown));
        let followers = Followers::default();
        let (for_followers, for_committer) = (Arc::clone(&followers), Arc::clone(&clock));
        let for_snapshotter = snapshotter.clone();
        let committer = std::thread::Builder::new()
            .name("committer".into())
            .spawn(move || {
                let (log, clock) = (for_log.as_ref(), for_committer.as_ref());
                let snapshotter = for_snapshotter.as_deref();
                commit::run(&queue, log, &for_shown, &for_followers, clock, snapshotter);
            })
            .map_err(|source| haversack_store::StoreError::Io {
                during: "starting the committer",
                source,
            })?;
        let (disk, tasks, committer) = (None, Some(tasks), Some(committer));
        Ok(Self { log, disk, snapshotter, shown, followers, clock, tasks, committer })
    }

    /// The state as it is shown: everything durable, but for a bulk that is under way. It stays as it is however long it is kept.
    ///
    /// # Panics
    /// Never: no holder of the lock panics.
    #[must_use]
    pub fn state(&self) -> Arc<State> {
        Arc::clone(&self.shown.read().expect("no holder of this lock panics"))
    }

    /// The log.
    #[must_use]
    pub fn log(&self) -> &dyn Log {
        self.log.as_ref()
    }

    /// The log, if it's on disk.
    #[must_use]
    pub fn disk_log(&self) -> Option<&Arc<DiskLog>> {
        self.disk.as_ref()
    }

    /// Writes a snapshot of the state that is shown, now. They are also written by themselves, when
    /// enough has happened. An environment in memory has none.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn snapshot(&self) -> Result<(), EngineError> {
        let Some(log) = &self.disk else { return Ok(()) };
        snapshots::write(log, &self.state()).map_err(|source| {
            haversack_store::StoreError::Io { during: "writing a snapshot", source }.into()
        })
    }

    /// Applies changes, one a line; lines between `begin` and `commit` are one step.
    ///
    /// # Errors
    /// If the log fails; [`EngineError::PartlyApplied`] if it had taken some of the lines before. What
    /// is wrong with a line is in its answer.
    pub fn apply(&self, lines: Vec<(usize, Json)>) -> Result<Vec<LineAnswer>, EngineError> {
        let mut answers: Vec<LineAnswer> = Vec::new();
        let take = |chunk: Vec<Step>, answers: &mut Vec<LineAnswer>| {
            match self.ask(|reply| Work::Steps(chunk, reply)) {
                Ok(more) => answers.extend(more),
                Err(source) => match answers.last() {
                    Some(last) => {
                        let (line, source) = (last.line, Box::new(source));
                        return Err(EngineError::PartlyApplied { line, source });
                    }
                    None => return Err(source),
                },
            }
            Ok(())
        };
        let mut chunk = Vec::new();
        let mut size = 0;
        for step in steps(lines) {
            size += step.len();
            chunk.push(step);
            if size >= GROUP_EVENTS_MAX {
                take(std::mem::take(&mut chunk), &mut answers)?;
                size = 0;
            }
        }
        take(chunk, &mut answers)?;
        Ok(answers)
    }

    /// Takes a device's edits, judged in order.
    ///
    /// # Errors
    /// [`EngineError::MutationGap`], [`EngineError::MutationReused`]: nothing was taken; or if the
    /// log fails.
    pub fn push(&self, device: RowId, edits: Vec<Mutation>) -> Result<Pushed, EngineError> {
        let edits = Sent::all(edits);
        self.ask(|reply| Work::Push(device, edits, reply))
    }

    /// The device of a user with this name, made known on first use, that asks in the name of an app or
    /// of none from now on.
    ///
    /// # Errors
    /// If the log fails.
    pub fn register(
        &self,
        user: RowId,
        name: &str,
        platform: &str,
        app: Option<&str>,
    ) -> Result<Device, EngineError> {
        let app = Some(app.map(str::to_owned));
        let device = Registration { app, ..registration(user, name, platform) };
        self.ask(|reply| Work::Register(device, reply))
    }

    /// Takes the edits of a user's device, which is made known on first use.
    ///
    /// # Errors
    /// As [`Environment::push`]; then the device is not made known either.
    pub fn push_as(
        &self,
        user: RowId,
        name: &str,
        platform: &str,
        edits: Vec<Mutation>,
    ) -> Result<Pushed, EngineError> {
        let (device, edits) = (registration(user, name, platform), Sent::all(edits));
        self.ask(|reply| Work::PushAs(device, edits, reply))
    }

    /// Logs events that were judged before, as one group.
    ///
    /// # Errors
    /// If the log fails.
    pub fn record(&self, records: Vec<Record>) -> Result<(), EngineError> {
        self.ask(|reply| Work::Records(records, reply))
    }

    /// Logs events that were judged before, group by group: while one is made durable so many others are
    /// made ready. They are shown when all are durable, in one step; whoever else writes meanwhile, or
    /// begins or ceases to follow, waits until then, so `groups` must do neither.
    ///
    /// # Errors
    /// If the log fails; those before it are shown, and no group is logged after one that is not.
    /// [`EngineError::NotLogged`] if the log does not end at `after`; then none is.
    pub fn record_all(
        &self,
        after: Cursor,
        groups: impl Iterator<Item = Vec<Record>>,
        ahead: usize,
    ) -> Result<(), EngineError> {
        let queue = self.tasks.as_ref().ok_or(EngineError::Closed)?;
        let (send, answer) = bounded(1);
        let reply = Box::new(move |result| drop(send.send(result)));
        let (filled, groups_filled) = bounded(ahead);
        let (emptied, empties) = bounded(ahead + 2);
        let bulk = Bulk { after, groups: groups_filled, emptied };
        queue.send(Task::Bulk(bulk, reply)).map_err(|_| EngineError::Closed)?;
        for group in groups {
            empties.try_iter().for_each(drop);
            // Nobody takes it: one before has failed.
            if filled.send(group).is_err() {
                break;
            }
        }
        drop(filled);
        answer.recv().map_err(|_| EngineError::Closed)?
    }

    fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(Reply<T>) -> Work,
    ) -> Result<T, EngineError> {
        let (send, answer) = bounded(1);
        let queue = self.tasks.as_ref().ok_or(EngineError::Closed)?;
        // Nobody may be waiting any more; the events stand all the same.
        let reply = Box::new(move |result| drop(send.send(result)));
        queue.send(Task::Work(work(reply))).map_err(|_| EngineError::Closed)?;
        answer.recv().map_err(|_| EngineError::Closed)?
    }

    /// Hands work to the committer and does not wait: the answer comes on its thread, and must take no
    /// time there.
    fn hand_over(&self, work: Work) -> Result<(), EngineError> {
        let queue = self.tasks.as_ref().ok_or(EngineError::Closed)?;
        queue.try_send(Task::Work(work)).map_err(|error| match error {
            TrySendError::Full(_) => EngineError::Busy,
            TrySendError::Disconnected(_) => EngineError::Closed,
        })
    }

    /// As [`Environment::push`], without waiting. `answer` is called by the committer.
    ///
    /// # Errors
    /// [`EngineError::Busy`] if too much is waiting; then nothing was taken and `answer` is not called.
    pub fn push_then(
        &self,
        device: RowId,
        edits: Vec<Mutation>,
        answer: impl FnOnce(Result<Pushed, EngineError>) + Send + 'static,
    ) -> Result<(), EngineError> {
        self.hand_over(Work::Push(device, Sent::all(edits), Box::new(answer)))
    }

    /// Makes one online edit, without waiting. `answer` is called by the committer; a refusal is an answer.
    ///
    /// # Errors
    /// As [`Environment::push_then`].
    pub fn edit_then(
        &self,
        edit: OnlineEdit,
        answer: impl FnOnce(Result<Edited, EngineError>) + Send + 'static,
    ) -> Result<(), EngineError> {
        self.hand_over(Work::Online(edit, Box::new(answer)))
    }

    /// How many pieces of work wait for the committer.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.tasks.as_ref().map_or(0, Sender::len)
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Nobody follows any more.
    pub(crate) fn unfollow(&self) {
        locked(&self.followers).clear();
    }

    /// The state as it is shown, and every step from it on.
    pub(crate) fn follow(&self) -> (Arc<State>, Receiver<Shift>) {
        let (step, steps) = bounded(FOLLOWED_GROUPS_MAX);
        let mut followers = locked(&self.followers);
        followers.push(step);
        (self.state(), steps)
    }

    /// Folds the log from nothing up to `until`.
    ///
    /// # Errors
    /// If the log can't be read or does not fold.
    pub fn fold(&self, judging: Judging, until: Cursor) -> Result<State, EngineError> {
        let shown = self.state();
        if judging == Judging::InForce && until >= shown.cursor {
            return Ok(State::clone(&shown));
        }
        // Snapshots are of the policy in force.
        let nearest = self.disk.as_ref().filter(|_| judging == Judging::InForce);
        match nearest.and_then(|log| snapshots::newest(log, until)) {
            Some(state) => fold_on(self.log(), state, judging, until),
            None => fold_log(self.log(), judging, until.min(shown.cursor)),
        }
    }

    /// Folds the whole log from nothing, even if the result is at hand.
    ///
    /// # Errors
    /// If the log can't be read or does not fold.
    pub fn fold_anew(&self, judging: Judging, until: Cursor) -> Result<State, EngineError> {
        fold_log(self.log(), judging, until.min(self.state().cursor))
    }

    /// The last event at or before a time.
    ///
    /// # Errors
    /// If the log can't be read.
    pub fn cursor_at(&self, time: Timestamp) -> Result<Cursor, EngineError> {
        // Times never go back along the log, so a binary search finds it.
        let (mut low, mut high) = (0, self.state().cursor.count());
        while low < high {
            let middle = low + (high - low).div_ceil(2);
            let offset = Cursor::after(middle).last().expect("the middle is above low");
            let record = self.event(offset)?;
            if record.at <= time {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        Ok(Cursor::after(low))
    }

    /// The event at an offset.
    ///
    /// # Errors
    /// If the log can't be read there.
    pub fn event(&self, offset: haversack_core::Offset) -> Result<LogRecord, EngineError> {
        use haversack_replay::Past;
        Ok(self.past().record(offset)?)
    }

    fn past(&self) -> LogPast<'_> {
        LogPast { log: self.log(), pending: &[] }
    }

    /// A row as it stood at an offset, by folding its events alone.
    ///
    /// # Errors
    /// If the log can't be read.
    pub fn row_at(
        &self,
        key: &RowKey,
        offset: haversack_core::Offset,
    ) -> Result<Option<haversack_core::Row>, EngineError> {
        row_at(&self.state(), key, offset, &self.past()).map_err(|error: PastError| error.into())
    }
}

fn registration(user: RowId, name: &str, platform: &str) -> Registration {
    Registration { user, name: name.to_owned(), platform: platform.to_owned(), app: None }
}

/// Closing waits for the committer, so that the directory is free when this returns.
impl Drop for Environment {
    fn drop(&mut self) {
        self.tasks = None;
        if let Some(committer) = self.committer.take() {
            let _ = committer.join();
        }
        let state = self.state();
        if let Some(snapshotter) = self.snapshotter.take().and_then(Arc::into_inner).as_mut() {
            snapshotter.close(&state);
        }
    }
}
