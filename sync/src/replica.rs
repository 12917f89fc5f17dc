//! A device's side of a stream: which lines are kept, and when they are shown.
//!
//! Lines that came are *staged*: durable up to the last `progress`, and seen by nobody. At `complete`
//! all that was staged is shown at once, if rows and digests are those that the server tells. Whoever
//! keeps the bytes does what a [`Step`] says as one durable step, so that a device is at every moment
//! where one of its [`Replica`]s was, with the rows that belong to it.
//!
//! ```text
//! request ─▶ checkpoint, put, del … ─▶ progress: Keep ─▶ … ─▶ complete: Show
//!                  │                        ▲                     │ other rows than the server tells
//!                  └── the stream breaks ───┘                     └▶ Discard, and once again from nothing
//! ```

mod receive;

use std::collections::BTreeMap;

use haversack_core::{Cursor, Name, RowId, RowVersion, Timestamp, event::RowKey};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::{
    digest::TableDigest,
    message::{PullRequest, StreamError, Why},
    outbox::Edit,
    planted::{Bug, planted},
};

pub use receive::{Beneath, End, ReceiveError, Receiver};

/// What a device holds and shows, and what it has staged.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Replica {
    /// What is shown.
    pub shown: Shown,
    /// A stream under way.
    staged: Option<Staged>,
    /// Whether what is shown is not what the server had told: the next stream begins with nothing.
    is_distrusted: bool,
}

/// What a device shows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Shown {
    /// Up to which event; of some tables it may be less.
    pub offset: Cursor,
    /// From where the next pull goes on.
    pub cursor: Option<String>,
    /// The published profile that it follows from.
    pub profile: Option<String>,
    /// Its version.
    pub profile_version: Option<u32>,
    /// Fingerprint of the metadata that goes with it.
    pub metadata: Option<String>,
    /// The last of this device's edits that all of it has judged; 0: none.
    pub last_mutation: u64,
    /// The tables of the published profile that were pulled.
    pub tables: BTreeMap<Name, Table>,
}

/// A table as a device shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// Its rows.
    pub rows: Rows,
    /// Up to which event.
    pub offset: Cursor,
    /// The server's clock then.
    pub synced_at: Timestamp,
    /// The last of this device's edits that it has judged; 0: none.
    pub last_mutation: u64,
    /// In how many seconds after that it is due again.
    pub next_sync_seconds: u64,
}

/// Rows of a table, as many and as what the server compares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rows {
    /// How many.
    pub count: u64,
    /// Their digest.
    pub digest: TableDigest,
}

/// What came of a stream, up to its last progress.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Staged {
    cursor: String,
    offset: Cursor,
    /// Whether nothing that is shown lies under it.
    is_full: bool,
    /// The tables that it is to bring; none: all.
    asked: Option<Vec<Name>>,
    rows: BTreeMap<Name, Rows>,
}

/// What a stream does to a row.
#[derive(Clone, Debug, PartialEq)]
pub enum RowChange {
    /// It is there.
    Put {
        /// Its version.
        version: RowVersion,
        /// Its columns, nulls left out.
        row: Map<String, Json>,
    },
    /// It is not.
    Del(Why),
}

/// What is to become durable as one.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// Whether what was staged before goes first.
    pub drops_staged: bool,
    /// Changes to stage.
    pub changes: BTreeMap<RowKey, RowChange>,
    /// What the device holds with them.
    pub replica: Replica,
}

/// What a line asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Nothing yet.
    Go,
    /// To stage what came since the last progress.
    Keep(Batch),
    /// To stage what came, and to show all that is staged. The stream is over.
    Show {
        /// The last changes, and what is shown with them.
        batch: Batch,
        /// Whether what was shown before goes.
        is_full: bool,
    },
    /// To drop what was staged: it is not what the server tells. The stream is over.
    Discard {
        /// What the device holds then.
        replica: Replica,
        /// The table that differs.
        differs: Differs,
        /// Whether a stream that begins with nothing is to mend it; if it was one, an error.
        is_again: bool,
    },
    /// The stream is over, and what came since the last progress is dropped.
    Ended(StreamError),
}

/// A table that is not on the device as the server tells.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the device has {} rows of `{table}` with digest {}, the server tells {} with {}",
    found.count, found.digest, told.count, told.digest
)]
pub struct Differs {
    /// The table.
    pub table: Name,
    /// What the device has.
    pub found: Rows,
    /// What the server tells.
    pub told: Rows,
}

impl Replica {
    /// What to ask for next: the rest of a stream under way, else what changed since. Of `tables` that
    /// are to be asked for, none are all.
    #[must_use]
    pub fn request(&self, device_id: RowId, tables: Option<Vec<Name>>) -> PullRequest {
        let (cursor, tables) = match &self.staged {
            Some(staged) => (Some(staged.cursor.clone()), both(&staged.asked, tables)),
            None if self.is_distrusted => (None, None),
            // From nothing all tables come: what is held of others would go.
            None if self.shown.cursor.is_none() && !self.shown.tables.is_empty() => (None, None),
            None => (self.shown.cursor.clone(), tables),
        };
        PullRequest { device_id, cursor, max_rows: None, tables }
    }

    /// Drops the stream under way. What was staged must go with it.
    pub fn drop_staged(&mut self) {
        self.staged = None;
    }

    /// Takes it that what is shown may not be what the server had told: the next stream begins with
    /// nothing, and what is shown goes when it is complete. What was staged must go.
    pub fn distrust(&mut self) {
        self.staged = None;
        self.is_distrusted = true;
    }

    /// The device is another one for the server: no cursor is its, and no edit of it was judged.
    pub fn become_another(&mut self) {
        self.distrust();
        self.shown.last_mutation = 0;
        self.shown.tables.values_mut().for_each(|table| table.last_mutation = 0);
    }

    /// The rows of each table with what is staged, and whether that comes in place of what is shown; none:
    /// no stream is under way.
    #[must_use]
    pub fn staged_rows(&self) -> Option<(&BTreeMap<Name, Rows>, bool)> {
        self.staged.as_ref().map(|staged| (&staged.rows, staged.is_full))
    }

    /// Whether a stream is under way.
    #[must_use]
    pub fn is_under_way(&self) -> bool {
        self.staged.is_some()
    }

    /// Whether the next stream begins with nothing, and what is shown goes when it is complete.
    #[must_use]
    pub fn is_distrusted(&self) -> bool {
        self.is_distrusted
    }

    /// Whether the rows that are shown have an edit's verdict in them.
    ///
    /// Where the verdict is known its offset tells, whichever device it was sent as; where it is not,
    /// the server tells which edits of this device it has judged.
    #[must_use]
    pub fn covers(&self, edit: &Edit) -> bool {
        if planted(Bug::HideEdits) {
            return true;
        }
        let table = self.shown.tables.get(&edit.table);
        match &edit.outcome {
            Some(outcome) => {
                table.map_or(self.shown.offset, |table| table.offset) >= Cursor::at(outcome.offset)
            }
            None => {
                let last = table.map_or(self.shown.last_mutation, |table| table.last_mutation);
                edit.was_sent && last >= edit.number.get()
            }
        }
    }

    /// The position that the device has come to: it never goes back.
    #[must_use]
    pub fn reached(&self) -> Cursor {
        self.staged
            .as_ref()
            .map_or(self.shown.offset, |staged| staged.offset.max(self.shown.offset))
    }
}

/// The tables of both; none are all.
fn both(one: &Option<Vec<Name>>, other: Option<Vec<Name>>) -> Option<Vec<Name>> {
    let mut all: Vec<Name> = one.iter().flatten().cloned().chain(other.clone()?).collect();
    one.as_ref()?;
    all.sort();
    all.dedup();
    Some(all)
}
