//! The committer: one thread that judges, makes durable, shows, and answers, in that order.

use std::sync::{Arc, Mutex, RwLock};

use crossbeam::channel::{Receiver, Sender};
use haversack_core::{
    Cursor, RowId,
    event::{Device, Record, RowKey},
    limits::GROUP_EVENTS_MAX,
};
use haversack_replay::{State, written};
use haversack_store::{Log, LogRecord, StoreError};
use haversack_sync::planted::{Bug, planted};

use crate::{
    Clock, EngineError, LineAnswer,
    bulk::{self, Bulk},
    group::Group,
    live::locked,
    online::{self, Edited, OnlineEdit},
    push::{self, Pushed, Sent},
    snapshots::Snapshotter,
    step::{self, Step},
};

/// Work for the committer, with the way to its answer.
pub(crate) enum Work {
    Steps(Vec<Step>, Reply<Vec<LineAnswer>>),
    Push(RowId, Vec<Sent>, Reply<Pushed>),
    /// As a device that is made known on first use: both, or neither.
    PushAs(Registration, Vec<Sent>, Reply<Pushed>),
    Register(Registration, Reply<Device>),
    /// One online edit.
    Online(OnlineEdit, Reply<Edited>),
    /// Events that were judged before.
    Records(Vec<Record>, Reply<()>),
}

/// What is done in one go.
pub(crate) enum Task {
    /// Work, in a group with what waits behind it.
    Work(Work),
    /// Many groups.
    Bulk(Bulk, Reply<()>),
}

/// A device as it names itself.
pub(crate) struct Registration {
    pub user: RowId,
    pub name: String,
    pub platform: String,
    /// In whose name it asks; the outer none: as it did before.
    pub app: Option<Option<String>>,
}

/// Takes the answer to a piece of work, once it is durable.
pub(crate) type Reply<T> = Box<dyn FnOnce(Result<T, EngineError>) + Send>;

/// An answer that waits for its group to be durable.
struct Answer {
    /// Whether the work was refused as a whole, and has nothing in the group.
    is_refused: bool,
    send: Box<dyn FnOnce(Result<(), EngineError>) + Send>,
}

/// Tells the events up to some place from those of any other log.
pub(crate) type History = [u8; 8];

/// The history up to the end of a group; none: the log has no group that ends there.
///
/// # Errors
/// If the log can't be read.
pub(crate) fn history(log: &dyn Log, at: Cursor) -> Result<Option<History>, StoreError> {
    let chain = log.chain_at(at)?;
    Ok(chain.and_then(|chain| chain.first_chunk().copied()))
}

/// What readers see.
pub(crate) type Shown = Arc<RwLock<Arc<State>>>;

/// What a group did, or many that are shown together: the state after it, and the rows that its events are about, in their order.
#[derive(Clone, Debug)]
pub(crate) struct Shift {
    pub state: Arc<State>,
    pub history: History,
    pub rows: Arc<[RowKey]>,
}

/// Those who are told of everything that is shown, in order. Whoever is slow makes writers wait.
pub(crate) type Followers = Arc<Mutex<Vec<Sender<Shift>>>>;

/// Works until all writers are gone.
pub(crate) fn run(
    tasks: &Receiver<Task>,
    log: &dyn Log,
    shown: &Shown,
    followers: &Followers,
    clock: &dyn Clock,
    snapshotter: Option<&Snapshotter>,
) {
    let mut bulk: Option<(Bulk, Reply<()>)> = None;
    loop {
        if let Some((bulk, reply)) = bulk.take() {
            reply(bulk::run(&bulk, log, shown, followers, clock, snapshotter));
            // Nothing can be judged by a state that is behind the log; writers are told that it's closed.
            if shown.read().expect("no holder of this lock panics").cursor != log.head() {
                return;
            }
        }
        let first = match tasks.recv() {
            Ok(Task::Work(work)) => work,
            Ok(Task::Bulk(groups, reply)) => {
                bulk = Some((groups, reply));
                continue;
            }
            Err(_) => return,
        };
        let state = Arc::clone(&shown.read().expect("no holder of this lock panics"));
        let mut group = Group::new(log, &state, clock.now());
        let mut answers = vec![add(&mut group, first)];
        // A group is what queued while the one before was being synced. Refused work adds no events, and yet
        // its answer waits.
        while group.records.len().max(answers.len()) < GROUP_EVENTS_MAX
            && group.failed.is_none()
            && bulk.is_none()
            && let Ok(next) = tasks.try_recv()
        {
            match next {
                Task::Work(work) => answers.push(add(&mut group, work)),
                Task::Bulk(groups, reply) => bulk = Some((groups, reply)),
            }
        }
        let Group { ahead, records, failed, .. } = group;
        let mut durable = match failed {
            None => log.append(&records).map_err(EngineError::from),
            Some(error) => Err(error),
        };
        if planted(Bug::AcknowledgeBeforeDurable) {
            durable = Ok(());
        }
        if durable.is_ok() && !records.is_empty() {
            let ahead = Arc::new(ahead);
            show(log, shown, followers, &ahead, &records);
            snapshotter.inspect(|snapshotter| snapshotter.offer(&ahead));
        }
        answer(answers, durable);
    }
}

/// Answers everybody. If the group is not durable, the first whose work was taken is told why, the others that it
/// isn't.
fn answer(answers: Vec<Answer>, durable: Result<(), EngineError>) {
    let is_durable = durable.is_ok();
    let mut error = durable.err();
    for Answer { is_refused, send } in answers {
        let told = if is_refused { None } else { error.take() };
        send(if is_durable { Ok(()) } else { Err(told.unwrap_or(EngineError::NotLogged)) });
    }
}

/// Shows a state. Who begins to follow does so before it or after it.
fn show(
    log: &dyn Log,
    shown: &Shown,
    followers: &Followers,
    state: &Arc<State>,
    records: &[LogRecord],
) {
    let mut followers = locked(followers);
    *shown.write().expect("no holder of this lock panics") = Arc::clone(state);
    if followers.is_empty() {
        return;
    }
    tell(log, &mut followers, state, rows_of(records).collect());
}

/// The rows that events are about.
pub(crate) fn rows_of(records: &[LogRecord]) -> impl Iterator<Item = RowKey> {
    records.iter().filter_map(|record| written(&record.inner.event)).cloned()
}

/// Tells those who follow of a state that is shown.
pub(crate) fn tell(
    log: &dyn Log,
    followers: &mut Vec<Sender<Shift>>,
    state: &Arc<State>,
    rows: Arc<[RowKey]>,
) {
    // A group that was appended just now is in memory; without it devices begin anew, and that is all.
    let history = history(log, state.cursor).ok().flatten().unwrap_or_default();
    let shift = Shift { state: Arc::clone(state), history, rows };
    followers.retain(|follower| follower.send(shift.clone()).is_ok());
}

fn add(group: &mut Group<'_>, work: Work) -> Answer {
    let mark = group.mark();
    let whole = match group.ahead.load {
        Some(load) if !load.is_complete() => Err(EngineError::LoadUnfinished),
        _ => Ok(()),
    };
    match work {
        Work::Steps(steps, reply) => {
            let done = whole.and_then(|()| {
                steps.into_iter().try_fold(Vec::new(), |mut answers, step| {
                    answers.extend(step::run(group, step)?);
                    Ok(answers)
                })
            });
            finish(group, mark, done, reply)
        }
        Work::Push(device, edits, reply) => {
            let done = whole.and_then(|()| push::run(group, device, &edits));
            finish(group, mark, done, reply)
        }
        Work::PushAs(device, edits, reply) => {
            let known = whole.and_then(|()| push::register(group, &device));
            let done = known.and_then(|device| push::run(group, device.id, &edits));
            finish(group, mark, done, reply)
        }
        Work::Register(device, reply) => {
            let done = whole.and_then(|()| push::register(group, &device));
            finish(group, mark, done, reply)
        }
        Work::Online(edit, reply) => {
            let done = whole.and_then(|()| online::run(group, edit));
            finish(group, mark, done, reply)
        }
        Work::Records(records, reply) => {
            let done = records.into_iter().try_for_each(|record| group.add(record).map(drop));
            finish(group, mark, done, reply)
        }
    }
}

/// The answer, to be sent once the group is durable. Work that failed leaves nothing in the group.
fn finish<T: Send + 'static>(
    group: &mut Group<'_>,
    mark: usize,
    done: Result<T, EngineError>,
    reply: Reply<T>,
) -> Answer {
    if done.is_err() {
        group.reset(mark);
    }
    let is_refused = done.is_err();
    let send =
        move |durable: Result<(), _>| reply(done.and_then(|answer| durable.map(|()| answer)));
    Answer { is_refused, send: Box::new(send) }
}
