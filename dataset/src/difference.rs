//! What a device must be sent and told to drop.

use haversack_core::{RowVersion, event::RowKey};

use crate::{Caller, Dataset, Evaluator, Obvious, Rows};

/// Why a row is not on a device any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Departure {
    /// It is there, and may be read, and does not belong on the device.
    Left,
    /// It is gone.
    Deleted,
    /// It is there, and may not be read.
    Revoked,
}

/// From what a device holds to what belongs on it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Rows to be sent: new on the device, or written since.
    pub put: Vec<(RowKey, RowVersion)>,
    /// Rows to be dropped.
    pub del: Vec<(RowKey, Departure)>,
}

impl Difference {
    /// From what belonged on the caller's device at any earlier moment, however long ago, to what does
    /// now. Rows are looked at as they stand now.
    #[must_use]
    pub fn between(rows: &dyn Rows, caller: &Caller, before: &Dataset, now: &Dataset) -> Self {
        let put = now.iter().filter(|(key, version)| before.get(*key) != Some(version));
        let del = before.keys().filter(|key| !now.contains_key(*key));
        let readable = |key: &RowKey| Obvious::new(rows).readable(caller, &key.table, key.id);
        let why = |key: &RowKey| match rows.row(&key.table, key.id) {
            None => Departure::Deleted,
            Some(_) if readable(key) => Departure::Left,
            Some(_) => Departure::Revoked,
        };
        Self {
            put: put.map(|(key, version)| (key.clone(), *version)).collect(),
            del: del.map(|key| (key.clone(), why(key))).collect(),
        }
    }
}

impl Departure {
    /// Its name, as the wire and the command line write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Deleted => "deleted",
            Self::Revoked => "revoked",
        }
    }
}
