//! What a device holds, as it says so itself: the server keeps no record that it would need.
//!
//! A device holds what belonged on it at some moment. While a stream is under way it holds what
//! belonged there at two: the rows that have come are of the stream's moment, the others still of the
//! one before. Lines come in the order of table and id, so that is a [`Holding`]: for each stretch of
//! ids of each table a moment. Sealed for its device it is the protocol's opaque cursor.

mod seal;

use std::collections::BTreeMap;

use bincode::{Decode, Encode};
use haversack_core::{Cursor, Name, RowId, Timestamp};

pub use seal::{CursorError, CursorKey};

/// Moments that one holding may have: each takes a look at what belonged on the device then.
pub const MOMENTS_MAX: usize = 32;

/// A moment of an environment, for one device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct Moment {
    /// The last event that has happened.
    pub offset: Cursor,
    /// The beginning of the log's hash chain there. A log that was put back to an older copy and went
    /// on from that has other events under the same offsets.
    pub history: [u8; 8],
    /// What the clock said.
    pub now: Timestamp,
    /// Whether the device's app offered its user's profile; if not, nothing belongs on the device.
    pub is_offered: bool,
}

/// Rows of a table, from behind the stretch before up to an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Stretch {
    /// The last id; none: to the table's end.
    pub until: Option<RowId>,
    /// Of when the rows are; none: the device holds none of them.
    pub moment: Option<Moment>,
}

/// What a device holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Holding {
    /// Of tables that are not named.
    rest: Option<Moment>,
    /// By table, in the order of ids, the last stretch without an end.
    tables: BTreeMap<Name, Vec<Stretch>>,
}

impl Holding {
    /// All of a moment.
    #[must_use]
    pub fn of(moment: Moment) -> Self {
        Self { rest: Some(moment), tables: BTreeMap::new() }
    }

    /// The moments that it has rows of, each once, by time.
    #[must_use]
    pub fn moments(&self) -> Vec<Moment> {
        let stretches = self.tables.values().flatten().map(|stretch| stretch.moment);
        let mut moments: Vec<Moment> = stretches.chain([self.rest]).flatten().collect();
        moments.sort_unstable();
        moments.dedup();
        moments
    }

    /// The one moment that all of it is of, if it is one.
    #[must_use]
    pub fn moment(&self) -> Option<Moment> {
        self.rest.filter(|_| self.tables.is_empty())
    }

    /// The moment of all tables that are not [named](Self::named); none: the device holds none of them.
    #[must_use]
    pub fn rest(&self) -> Option<Moment> {
        self.rest
    }

    /// The tables that are of another moment than the rest, each with its own. None while a stream has
    /// come to the middle of a table, whose rows are of several moments then.
    #[must_use]
    pub fn named(&self) -> Option<Vec<(&Name, Moment)>> {
        let mut named = Vec::new();
        for (table, stretches) in &self.tables {
            let [whole] = stretches.as_slice() else { return None };
            named.extend(whole.moment.map(|moment| (table, moment)));
        }
        Some(named)
    }

    /// Of when a row is.
    #[must_use]
    pub fn moment_of(&self, table: &str, id: RowId) -> Option<Moment> {
        let Some(stretches) = self.tables.get(table) else { return self.rest };
        let at = stretches.partition_point(|stretch| stretch.until.is_some_and(|until| until < id));
        stretches.get(at)?.moment
    }

    /// Takes it that the rows of a table up to an id are of another moment now; none: all its rows.
    pub fn advance(&mut self, table: &Name, until: Option<RowId>, to: Moment) {
        let whole = || vec![Stretch { until: None, moment: self.rest }];
        let before = self.tables.remove(table).unwrap_or_else(whole);
        let mut stretches = vec![Stretch { until, moment: Some(to) }];
        if let Some(end) = until {
            let is_left = |stretch: &Stretch| stretch.until.is_none_or(|until| until > end);
            stretches.extend(before.into_iter().filter(is_left));
        }
        stretches.dedup_by(|next, stretch| {
            let is_same = next.moment == stretch.moment;
            if is_same {
                stretch.until = next.until;
            }
            is_same
        });
        // A table that is as the rest is need not be named.
        if stretches.len() > 1 || stretches[0].moment != self.rest {
            self.tables.insert(table.clone(), stretches);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(offset: u64) -> Moment {
        let history = offset.to_be_bytes();
        Moment { offset: Cursor::after(offset), history, now: Timestamp(7), is_offered: true }
    }

    fn id(byte: u8) -> RowId {
        RowId::from_bytes([byte; 16])
    }

    #[test]
    fn advancing_replaces_what_was_before_up_to_the_id() {
        let (account, contact) = (Name::known("account"), Name::known("contact"));
        let mut holding = Holding::of(moment(1));
        holding.advance(&account, Some(id(9)), moment(2));
        holding.advance(&account, Some(id(5)), moment(3));
        let of = |holding: &Holding, table: &str, byte| {
            holding.moment_of(table, id(byte)).map(|moment| moment.offset.count())
        };
        assert_eq!(
            [5, 6, 9, 10].map(|byte| of(&holding, "account", byte)),
            [Some(3), Some(2), Some(2), Some(1)]
        );
        assert_eq!(of(&holding, "contact", 5), Some(1));
        assert_eq!(holding.moments().len(), 3);
        assert_eq!(holding.named(), None, "a table is of several moments");
        holding.advance(&account, Some(id(9)), moment(3));
        assert_eq!(of(&holding, "account", 9), Some(3));
        assert_eq!(holding.moments().len(), 2);
        holding.advance(&account, None, moment(3));
        holding.advance(&contact, None, moment(3));
        assert_eq!(holding.moment(), None, "other tables are of the moment before");
        assert_eq!(holding.rest(), Some(moment(1)));
        assert_eq!(holding.named(), Some(vec![(&account, moment(3)), (&contact, moment(3))]));
        let mut back = holding.clone();
        back.advance(&account, None, moment(1));
        back.advance(&contact, None, moment(1));
        assert_eq!(back, Holding::of(moment(1)), "nothing is named that is as the rest");
    }

    #[test]
    fn nothing_is_held_of_what_has_not_come() {
        let account = Name::known("account");
        let mut holding = Holding::default();
        holding.advance(&account, Some(id(3)), moment(4));
        assert_eq!(holding.moment_of("account", id(3)), Some(moment(4)));
        assert_eq!(holding.moment_of("account", id(4)), None);
        assert_eq!(holding.moment_of("contact", id(1)), None);
        assert_eq!(holding.moments(), [moment(4)]);
    }
}
