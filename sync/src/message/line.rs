//! The lines of a pull's stream.

use std::collections::BTreeMap;

use haversack_core::{Cursor, Name, Offset, RowId, RowVersion, Timestamp};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value as Json};

use crate::digest::TableDigest;

/// One line of a stream.
#[derive(Clone, Debug, PartialEq)]
pub enum Line {
    /// The first: which state the stream brings.
    Checkpoint(Checkpoint),
    /// A row that the device shall hold, as it is.
    Put {
        /// The table.
        table: Name,
        /// The row.
        id: RowId,
        /// Its version.
        version: RowVersion,
        /// Its columns, nulls left out.
        row: Map<String, Json>,
    },
    /// A row that the device shall hold no longer. It names only rows that this device was sent.
    Del {
        /// The table.
        table: Name,
        /// The row.
        id: RowId,
        /// Why.
        why: Why,
    },
    /// All lines before may be kept: a stream that breaks goes on behind them.
    Progress {
        /// Where to go on.
        cursor: String,
    },
    /// The last: the device holds the state of the checkpoint.
    Complete(Complete),
    /// The last of a stream whose ground gave way: the device pulls again from its last progress.
    Error(StreamError),
}

/// Which state a stream brings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The last event in it.
    pub offset: Cursor,
    /// The server's clock, which filters were evaluated by.
    pub now: Timestamp,
    /// The published profile; none: the user has none, and nothing belongs on the device.
    pub profile: Option<String>,
    /// Its version.
    pub profile_version: Option<u32>,
    /// Whether the device begins with nothing.
    pub mode: Mode,
    /// The last of the device's mutations that this state has judged; 0: none.
    pub last_mutation: u64,
    /// Fingerprint of the metadata that goes with this state, 16 hexadecimal digits. A device that
    /// has other metadata fetches this one before it shows the state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<String>,
}

/// What a stream builds on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Nothing: the device drops what it holds.
    Full,
    /// What the device holds by its cursor.
    Delta,
}

/// Why a row is not on a device any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// It is there, and may be read, and does not belong on the device.
    Left,
    /// It is gone.
    Deleted,
    /// It is there, and may not be read.
    Revoked,
}

/// The end of a stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Complete {
    /// From where the next pull goes on.
    pub cursor: String,
    /// The tables of the published profile that were brought to this offset.
    pub tables: BTreeMap<Name, TableState>,
}

/// A table as the device holds it now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableState {
    /// How many rows.
    pub rows: u64,
    /// Their digest.
    pub digest: TableDigest,
    /// In how many seconds the table is due again.
    pub next_sync_seconds: u64,
}

/// Why a stream ends early.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StreamError {
    /// `revoked`, `profile_changed` or `schema_changed`.
    pub code: String,
    /// For people.
    pub message: String,
}

/// A line that can't be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct LineError {
    /// What was found, and what was expected.
    pub message: String,
}

/// A line as it is written: a tagged enum would be read by way of a tree of values.
#[derive(Deserialize)]
struct Flat {
    t: String,
    table: Option<Name>,
    id: Option<RowId>,
    v: Option<Offset>,
    row: Option<Map<String, Json>>,
    why: Option<Why>,
    cursor: Option<String>,
    offset: Option<u64>,
    now: Option<Timestamp>,
    profile: Option<String>,
    profile_version: Option<u32>,
    mode: Option<Mode>,
    last_mutation: Option<u64>,
    metadata: Option<String>,
    tables: Option<BTreeMap<Name, TableState>>,
    code: Option<String>,
    message: Option<String>,
}

impl Line {
    /// Reads a line. Keys that are not known are left to later versions.
    ///
    /// # Errors
    /// No JSON, no kind of line, or a part missing.
    pub fn read(text: &[u8]) -> Result<Self, LineError> {
        let flat: Flat = serde_json::from_slice(text)
            .map_err(|error| LineError { message: format!("a line of the stream: {error}") })?;
        flat.line()
    }

    /// Writes the line with its end.
    ///
    /// # Panics
    /// Never: memory takes all.
    pub fn write(&self, out: &mut Vec<u8>) {
        serde_json::to_writer(&mut *out, self).expect("lines have only text keys");
        out.push(b'\n');
    }
}

/// With its kind first, so that whoever reads the text sees at once what it is.
#[derive(Serialize)]
struct Tagged<'l, T> {
    t: &'static str,
    #[serde(flatten)]
    part: &'l T,
}

#[derive(Serialize)]
struct PutPart<'l> {
    t: &'static str,
    table: &'l Name,
    id: RowId,
    v: RowVersion,
    row: &'l Map<String, Json>,
}

#[derive(Serialize)]
struct DelPart<'l> {
    t: &'static str,
    table: &'l Name,
    id: RowId,
    why: Why,
}

#[derive(Serialize)]
struct ProgressPart<'l> {
    t: &'static str,
    cursor: &'l str,
}

impl Serialize for Line {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Checkpoint(part) => Tagged { t: "checkpoint", part }.serialize(serializer),
            Self::Put { table, id, version, row } => {
                PutPart { t: "put", table, id: *id, v: *version, row }.serialize(serializer)
            }
            Self::Del { table, id, why } => {
                DelPart { t: "del", table, id: *id, why: *why }.serialize(serializer)
            }
            Self::Progress { cursor } => {
                ProgressPart { t: "progress", cursor }.serialize(serializer)
            }
            Self::Complete(part) => Tagged { t: "complete", part }.serialize(serializer),
            Self::Error(part) => Tagged { t: "error", part }.serialize(serializer),
        }
    }
}

fn there<T>(part: Option<T>, name: &str) -> Result<T, LineError> {
    part.ok_or_else(|| LineError { message: format!("a line of the stream has no \"{name}\"") })
}

impl Flat {
    fn line(self) -> Result<Line, LineError> {
        Ok(match self.t.as_str() {
            "put" => Line::Put {
                table: there(self.table, "table")?,
                id: there(self.id, "id")?,
                version: RowVersion(there(self.v, "v")?),
                row: there(self.row, "row")?,
            },
            "del" => Line::Del {
                table: there(self.table, "table")?,
                id: there(self.id, "id")?,
                why: there(self.why, "why")?,
            },
            "progress" => Line::Progress { cursor: there(self.cursor, "cursor")? },
            "checkpoint" => Line::Checkpoint(Checkpoint {
                offset: Cursor::after(there(self.offset, "offset")?),
                now: there(self.now, "now")?,
                profile: self.profile,
                profile_version: self.profile_version,
                mode: there(self.mode, "mode")?,
                last_mutation: there(self.last_mutation, "last_mutation")?,
                metadata: self.metadata,
            }),
            "complete" => Line::Complete(Complete {
                cursor: there(self.cursor, "cursor")?,
                tables: there(self.tables, "tables")?,
            }),
            "error" => Line::Error(StreamError {
                code: there(self.code, "code")?,
                message: self.message.unwrap_or_default(),
            }),
            other => {
                let message = format!("found a line of kind {other:?}, which is not known");
                return Err(LineError { message });
            }
        })
    }
}
