//! What a pull brings: from what a device holds, as its cursor says, to what belongs on it now.

mod acknowledged;
mod delivered;
mod facts;
mod ground;
mod lines;
mod looks;
mod past;
mod plan;
mod tables;
mod units;
mod watch;

use haversack_core::{Cursor, Name, RowId};
use haversack_sync::cursor::CursorError;

pub(crate) use delivered::{Delivered, Sums, Tables};
pub(crate) use facts::Facts;
pub use ground::LiveGround;
pub(crate) use lines::Lines;
pub(crate) use past::Past;
pub use watch::Watch;

use crate::EngineError;

/// What a device asks for.
#[derive(Clone, Debug)]
pub struct PullAsk {
    /// The device.
    pub device: RowId,
    /// What it holds; none: nothing.
    pub cursor: Option<String>,
    /// How many changes it takes at the most.
    pub max_rows: Option<u64>,
    /// The tables that it asks for; none: all.
    pub tables: Option<Vec<Name>>,
}

/// Why there is no stream.
#[derive(Debug, thiserror::Error)]
pub enum PullError {
    /// There is no such device.
    #[error("there is no device {0}; register it first")]
    UnknownDevice(RowId),
    /// There is no such table.
    #[error("there is no table `{0}`")]
    UnknownTable(Name),
    /// The cursor is not one of this device's.
    #[error(transparent)]
    BadCursor(#[from] CursorError),
    /// The device has seen more than there is, or something else.
    #[error(
        "the device has seen event {seen} of a log that is not this one, which ends at {head}: the server \
         was restored from an older backup; restore a newer one, or let the device begin anew with a null \
         cursor"
    )]
    LogBehind {
        /// What the device has seen.
        seen: Cursor,
        /// Where the log ends.
        head: Cursor,
    },
    /// The log.
    #[error(transparent)]
    Engine(#[from] EngineError),
}
