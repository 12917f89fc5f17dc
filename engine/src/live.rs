//! What a server keeps up to date beside the state: its rows in columns, and what devices were sent.
//!
//! The committer tells of every group; a thread takes the group's rows into the columns and then shows
//! both together. So whoever reads has rows and sets of one offset, a moment behind what is durable.

use std::{
    collections::BTreeMap,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard},
    thread::JoinHandle,
};

use crossbeam::channel::Receiver;
use haversack_core::{Cursor, RowId, Timestamp, event::RowKey};
use haversack_dataset::Columnar;
use haversack_replay::State;
use haversack_sync::cursor::CursorKey;

use crate::{
    EngineError, Environment,
    commit::{History, Shift, history},
    deliveries::Deliveries,
    parallel::in_parallel,
    pull::{Delivered, Facts, Lines, Past},
};

/// What is kept of users who have not asked during so many changes of rows is let go: to catch up from
/// that many takes longer than to evaluate anew.
const CHANGES_KEPT: u64 = 1 << 17;

/// Told of each offset that readers see from now on. Called by the thread that follows, so it must take
/// no time.
type OnShown = Box<dyn Fn(Cursor) + Send + Sync>;

/// An environment that devices are served from.
pub struct Live {
    // Dropped before the environment, whose directory it writes to.
    pub(crate) deliveries: Option<Deliveries>,
    pub(crate) environment: Arc<Environment>,
    pub(crate) key: CursorKey,
    pub(crate) now: Arc<Shown>,
    /// What devices were sent lately, so that they need not be evaluated as of then.
    pub(crate) delivered: Mutex<BTreeMap<RowId, Vec<Delivered>>>,
    pub(crate) facts: Mutex<Option<Facts>>,
    pub(crate) lines: Lines,
    pub(crate) past: Mutex<Option<Past>>,
    seed: u64,
    follower: Option<JoinHandle<()>>,
}

/// The state and its rows in columns, of one offset.
pub(crate) struct Now {
    pub state: Arc<State>,
    pub history: History,
    pub columnar: Columnar,
}

/// What readers see, and who waits for it.
pub(crate) struct Shown {
    now: RwLock<Now>,
    reached: Mutex<Cursor>,
    moved: Condvar,
    on_shown: OnShown,
}

impl Live {
    /// Puts the rows of an environment in columns and follows it from there. The seed spreads what
    /// devices name in look-ups; it shows in no answer.
    ///
    /// # Errors
    /// If no thread can be started, or the record of deliveries can't be opened.
    pub fn over(
        environment: Arc<Environment>,
        key: CursorKey,
        seed: u64,
        on_shown: impl Fn(Cursor) + Send + Sync + 'static,
    ) -> Result<Self, EngineError> {
        let deliveries = environment.disk_log().map(|log| Deliveries::start(log)).transpose()?;
        let (state, shifts) = environment.follow();
        let columnar = Columnar::build_with(state.as_ref(), &state.catalog, seed, &in_parallel);
        let history = history(environment.log(), state.cursor)?.unwrap_or_default();
        let now = Arc::new(Shown {
            reached: Mutex::new(state.cursor),
            now: RwLock::new(Now { state, history, columnar }),
            moved: Condvar::new(),
            on_shown: Box::new(on_shown),
        });
        let for_follower = Arc::clone(&now);
        let follower = std::thread::Builder::new()
            .name("follower".into())
            .spawn(move || for_follower.follow(&shifts))
            .map_err(|source| haversack_store::StoreError::Io {
                during: "starting the follower",
                source,
            })?;
        Ok(Self {
            deliveries: deliveries.flatten(),
            environment,
            key,
            now,
            delivered: Mutex::default(),
            facts: Mutex::default(),
            lines: Lines::default(),
            past: Mutex::default(),
            seed,
            follower: Some(follower),
        })
    }

    /// The environment.
    #[must_use]
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// How many acknowledgements of devices were not written down since the start, as the disk was slow,
    /// full or broken.
    #[must_use]
    pub fn deliveries_lost(&self) -> u64 {
        self.deliveries.as_ref().map_or(0, Deliveries::lost)
    }

    /// The time of questions asked now: the clock's, and never before the last event's.
    pub(crate) fn time(&self, state: &State) -> Timestamp {
        self.environment.now().max(state.at)
    }

    /// The seed of look-ups.
    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }

    /// How far readers see.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        *locked(&self.now.reached)
    }

    /// Waits until readers see everything up to an offset that is durable.
    pub fn wait_for(&self, cursor: Cursor) {
        let mut reached = locked(&self.now.reached);
        while *reached < cursor {
            reached = self.now.moved.wait(reached).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Lets go of what only long questions need, and of the sets of users who have not asked for long,
    /// and numbers rows anew if too many are gone. To be called now and then.
    pub fn tidy(&self) {
        *locked(&self.past) = None;
        let now = self.now.read();
        now.columnar.let_go(CHANGES_KEPT);
        let is_sparse = now.columnar.is_sparse();
        drop(now);
        if is_sparse {
            let mut now = self.now.now.write().unwrap_or_else(PoisonError::into_inner);
            let Now { state, columnar, .. } = &mut *now;
            *columnar = columnar.renumbered(state.as_ref(), &state.catalog, &in_parallel);
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.environment.unfollow();
        if let Some(follower) = self.follower.take() {
            let _ = follower.join();
        }
    }
}

impl Shown {
    pub fn read(&self) -> RwLockReadGuard<'_, Now> {
        self.now.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn follow(&self, shifts: &Receiver<Shift>) {
        for Shift { state, history, rows } in shifts {
            let cursor = state.cursor;
            let mut now = self.now.write().unwrap_or_else(PoisonError::into_inner);
            now.take(state, &rows);
            now.history = history;
            drop(now);
            *locked(&self.reached) = cursor;
            self.moved.notify_all();
            (self.on_shown)(cursor);
        }
    }
}

impl Now {
    fn take(&mut self, state: Arc<State>, rows: &[RowKey]) {
        self.columnar.set_catalog(state.as_ref(), &state.catalog);
        for key in rows {
            self.columnar.put(key, state.current(key).as_ref());
        }
        self.state = state;
    }
}

pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
