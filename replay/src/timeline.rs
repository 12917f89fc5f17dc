//! When a row came to a user's device and went from it, and by which events.
//!
//! The columnar engine is brought up to date event by event and asked after each. That is exact for any
//! cause: the row itself, a linked row, an owner, a team, a role, a unit, a publication, a setting.

use std::collections::VecDeque;

use haversack_core::{
    Name, Offset, RowId, Timestamp,
    catalog::Catalog,
    event::{Event, Record, RowKey, Sequenced},
    limits::EXPLAIN_TURNS_MAX,
};
use haversack_dataset::{Caller, Columnar};

use crate::State;

/// A moment at which a row came or went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// The event that did it; none: time passed, as a filter says that reads the clock.
    pub offset: Option<Offset>,
    /// When. Where time passed, the first moment at which it was looked for.
    pub at: Timestamp,
    /// Whether the row belongs on the device from then on.
    pub included: bool,
}

/// The turns of one row and one user, as a log is folded.
#[derive(Debug)]
pub struct Timeline {
    user: RowId,
    key: RowKey,
    seed: u64,
    /// Made when the row may be on the device for the first time.
    columnar: Option<Columnar>,
    /// Whether the catalog has changed since it was asked.
    is_stale: bool,
    /// Who asks, and whether their profile has an item for the row's table; none: the catalog has
    /// changed since that was looked up.
    asker: Option<(Caller, bool)>,
    turns: VecDeque<Turn>,
}

impl Timeline {
    /// A row that is not on the device yet. The seed spreads what devices name in look-ups.
    #[must_use]
    pub fn new(user: RowId, key: RowKey, seed: u64) -> Self {
        let turns = VecDeque::new();
        Self { user, key, seed, columnar: None, is_stale: false, asker: None, turns }
    }

    /// Looks at the state just before an event that is made at this time.
    pub fn before(&mut self, state: &State, at: Timestamp) {
        if self.columnar.is_some() {
            self.look(state, None, at);
        }
    }

    /// Looks at the state just after an event.
    pub fn after(&mut self, state: &State, record: &Sequenced<Record>) {
        match &record.inner.event {
            Event::RowWritten(write) => self.put(state, &write.key),
            Event::DeviceEdited(edit) => self.put(state, &edit.key),
            _ => {
                self.is_stale = true;
                self.asker = None;
            }
        }
        self.look(state, Some(record.offset), record.at);
    }

    /// The turns, the last ones if there are more than so many, when it is looked for a last time.
    #[must_use]
    pub fn finish(mut self, state: &State, now: Timestamp) -> Vec<Turn> {
        self.look(state, None, now);
        self.turns.into()
    }

    fn put(&mut self, state: &State, key: &RowKey) {
        if let Some(columnar) = &mut self.columnar {
            columnar.put(key, state.current(key).map(AsRef::as_ref));
        }
    }

    fn look(&mut self, state: &State, offset: Option<Offset>, at: Timestamp) {
        let included = state.current(&self.key).is_some() && self.is(state, at);
        if included != self.turns.back().is_some_and(|turn| turn.included) {
            if self.turns.len() == EXPLAIN_TURNS_MAX {
                self.turns.pop_front();
            }
            self.turns.push_back(Turn { offset, at, included });
        }
    }

    /// Whether the row, which is there, belongs on the device.
    fn is(&mut self, state: &State, at: Timestamp) -> bool {
        let (user, table) = (self.user, &self.key.table);
        let (caller, has_item) =
            self.asker.get_or_insert_with(|| asker(&state.catalog, user, table));
        if !*has_item {
            return false;
        }
        caller.now = at;
        let columnar =
            self.columnar.get_or_insert_with(|| Columnar::build(state, &state.catalog, self.seed));
        if self.is_stale {
            columnar.set_catalog(state, &state.catalog);
            self.is_stale = false;
        }
        columnar.is_on_device(caller, &self.key)
    }
}

/// A user, and whether their profile has an item for a table.
fn asker(catalog: &Catalog, user: RowId, table: &Name) -> (Caller, bool) {
    let profile = catalog.published_profile_of(user);
    let has_item =
        profile.is_some_and(|profile| profile.draft.items.iter().any(|i| i.table == *table));
    (Caller::user(catalog, user, Timestamp::default()), has_item)
}
