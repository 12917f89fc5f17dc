//! When a row came to a user's device and went from it, and by which events.
//!
//! The columnar engine is brought up to date event by event and asked after each. That is exact for any
//! cause: the row itself, a linked row, an owner, a team, a role, a unit, a publication, a setting.

use std::collections::VecDeque;

use haversack_core::{
    Name, Offset, RowId, Timestamp,
    catalog::Catalog,
    event::{Record, RowKey, Sequenced},
    limits::EXPLAIN_TURNS_MAX,
};

use crate::{
    State,
    follow::{Follower, written},
};

/// A moment at which a row came or went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// The event that did it; none: time passed, as a filter says that reads the clock.
    pub offset: Option<Offset>,
    /// When.
    pub at: Timestamp,
    /// Whether the row belongs on the device from then on.
    pub included: bool,
}

/// The turns of one row and one user, as a log is folded.
#[derive(Debug)]
pub struct Timeline {
    user: RowId,
    key: RowKey,
    follower: Follower,
    /// Whether the user's profile has an item for the row's table; none: the catalog has changed since
    /// that was looked up.
    has_item: Option<bool>,
    /// Whether the last look was one at the device.
    has_asked: bool,
    turns: VecDeque<Turn>,
}

impl Timeline {
    /// A row that is not on the device yet. The seed spreads what devices name in look-ups.
    #[must_use]
    pub fn new(user: RowId, key: RowKey, seed: u64) -> Self {
        let (follower, turns) = (Follower::new(user, seed), VecDeque::new());
        Self { user, key, follower, has_item: None, has_asked: false, turns }
    }

    /// Looks at the state up to this time, at which an event is made: whenever the clock may have changed
    /// the answer.
    pub fn before(&mut self, state: &State, at: Timestamp) {
        while self.has_asked
            && let Some(step) = self.follower.next_step(at)
        {
            self.look(state, None, step);
        }
        if self.has_asked {
            self.look(state, None, at);
        }
    }

    /// Looks at the state just after an event.
    pub fn after(&mut self, state: &State, record: &Sequenced<Record>) {
        self.follower.take(state, record);
        if written(&record.inner.event).is_none() {
            self.has_item = None;
        }
        self.look(state, Some(record.offset), record.at);
    }

    /// Looks a last time. The turns, the last ones if there are more than so many; and whether all
    /// moments were looked at: where filters read the clock by the minute there may be too many.
    #[must_use]
    pub fn finish(mut self, state: &State, now: Timestamp) -> (Vec<Turn>, bool) {
        self.before(state, now);
        self.look(state, None, now);
        (self.turns.into(), !self.follower.is_cut())
    }

    fn look(&mut self, state: &State, offset: Option<Offset>, at: Timestamp) {
        self.has_asked = false;
        let included = state.version(&self.key).is_some() && self.is(state, at);
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
        let has_item = *self.has_item.get_or_insert_with(|| has_item(&state.catalog, user, table));
        self.has_asked = has_item;
        has_item && {
            let (columnar, caller) = self.follower.ask(state, at);
            columnar.is_on_device(caller, &self.key)
        }
    }
}

fn has_item(catalog: &Catalog, user: RowId, table: &Name) -> bool {
    let profile = catalog.published_profile_of(user);
    profile.is_some_and(|profile| profile.draft.items.iter().any(|item| item.table == *table))
}
