//! The columnar engine brought up to date event by event, for one user who asks after each.

use haversack_core::{
    RowId, Timestamp,
    catalog::Catalog,
    event::{Event, Record, RowKey, Sequenced},
    limits::CLOCK_STEPS_MAX,
};
use haversack_dataset::{Caller, Columnar};

use crate::State;

/// An engine that follows a log as it is folded.
#[derive(Debug)]
pub(crate) struct Follower {
    user: RowId,
    seed: u64,
    /// Made when it is asked for the first time.
    columnar: Option<Columnar>,
    /// Whether the catalog has changed since it was asked.
    is_stale: bool,
    /// The user, by the catalog as it is; none: it has changed since they were looked up.
    caller: Option<Caller>,
    /// How many more moments between events may be looked at.
    steps_left: usize,
}

impl Follower {
    /// The seed spreads what devices name in look-ups; it shows in no answer.
    pub fn new(user: RowId, seed: u64) -> Self {
        let steps_left = CLOCK_STEPS_MAX;
        Self { user, seed, columnar: None, is_stale: false, caller: None, steps_left }
    }

    /// The next moment up to a time at which the clock alone may change what belongs on the device, as
    /// it was asked last.
    pub fn next_step(&mut self, up_to: Timestamp) -> Option<Timestamp> {
        let until = self.columnar.as_ref()?.holds_until(self.user)?;
        (until <= up_to && self.steps_left > 0).then(|| {
            self.steps_left -= 1;
            until
        })
    }

    /// Whether so many moments were looked at that others were left out.
    pub fn is_cut(&self) -> bool {
        self.steps_left == 0
    }

    /// Takes in an event that was folded into the state.
    pub fn take(&mut self, state: &State, record: &Sequenced<Record>) {
        match written(&record.inner.event) {
            Some(key) => {
                if let Some(columnar) = &mut self.columnar {
                    columnar.put(key, state.current(key).as_ref());
                }
            }
            None => {
                self.is_stale = true;
                self.caller = None;
            }
        }
    }

    /// The engine as the state is, and the user who asks at this time.
    pub fn ask(&mut self, state: &State, at: Timestamp) -> (&Columnar, &Caller) {
        let catalog = &state.catalog;
        let columnar =
            self.columnar.get_or_insert_with(|| Columnar::build(state, catalog, self.seed));
        if self.is_stale {
            columnar.set_catalog(state, catalog);
            self.is_stale = false;
        }
        let user = |catalog: &Catalog| Caller::user(catalog, self.user, at);
        let caller = self.caller.get_or_insert_with(|| user(catalog));
        caller.now = at;
        (columnar, caller)
    }
}

/// The row that an event is about; none: it may have changed the catalog.
#[must_use]
pub fn written(event: &Event) -> Option<&RowKey> {
    match event {
        Event::RowWritten(write) => Some(&write.key),
        Event::DeviceEdited(edit) => Some(&edit.key),
        _ => None,
    }
}
