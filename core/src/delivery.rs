//! What a device has acknowledged that it holds: an entry of the record of deliveries.
//!
//! The record lies beside the log. Nothing is folded from it and nothing rests on it; it says to an
//! auditor what reached a device, and since when the server knows.

use bincode::{Decode, Encode};

use crate::{Cursor, Name, RowId, Timestamp};

/// A device told, by the cursor of a pull, what it holds. A disk format: a field that is added needs a
/// new number of the record's format.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Delivery {
    /// The device.
    pub device: RowId,
    /// Its user then.
    pub user: RowId,
    /// When the server was told, by its clock.
    pub at: Timestamp,
    /// The last event of the newest moment that the device holds rows of.
    pub offset: Cursor,
    /// What the server's clock said at that moment: what clock-relative filters read.
    pub clock: Timestamp,
    /// The profile by which it was sent that moment.
    pub profile: DeliveredProfile,
    /// The tables that it holds, by name, as far as they are known.
    pub tables: Vec<DeliveredTable>,
}

/// The profile by which a device was sent its rows.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub enum DeliveredProfile {
    /// The server did not know it any more when the device acknowledged.
    Unknown,
    /// None: nothing belonged on the device.
    None,
    /// A published one.
    Published {
        /// Its name.
        name: String,
        /// Its version: how often it had been published.
        version: u32,
    },
}

/// A table that a device holds.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct DeliveredTable {
    /// The table.
    pub table: Name,
    /// The last event of the moment that its rows are of.
    pub offset: Cursor,
    /// What the server's clock said at that moment.
    pub clock: Timestamp,
    /// Its rows; none: the server did not know them any more when the device acknowledged.
    pub held: Option<DeliveredRows>,
}

/// The rows of a table that a device holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct DeliveredRows {
    /// How many.
    pub rows: u64,
    /// Their digest, as the sync protocol has it.
    pub digest: u64,
}
