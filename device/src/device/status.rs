//! How a device stands.

use haversack_core::{Cursor, Name, RowId, Timestamp};

use super::Device;

/// How a device stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Its id; none before it was made known to the server.
    pub device: Option<RowId>,
    /// Its name for the server.
    pub name: Option<String>,
    /// The published profile that what is shown follows from.
    pub profile: Option<String>,
    /// Its version.
    pub profile_version: Option<u32>,
    /// Up to which event rows are shown.
    pub offset: Cursor,
    /// Whether something was downloaded.
    pub is_available: bool,
    /// Whether a download was begun and is not complete.
    pub is_under_way: bool,
    /// Whether the next sync downloads all rows again.
    pub is_distrusted: bool,
    /// Whether it sends and takes nothing.
    pub works_offline: bool,
    /// Edits whose outcome is not known.
    pub unsent: usize,
    /// Edits that were refused or in conflict, and not acknowledged.
    pub problems: usize,
    /// What was found damaged since it was opened.
    pub damage: Option<String>,
    /// Records of edits that were damaged in both copies.
    pub lost_records: u64,
    /// Its tables.
    pub tables: Vec<TableStatus>,
}

/// How a table of a device stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableStatus {
    /// The table.
    pub table: Name,
    /// Whether its rows are here.
    pub is_available: bool,
    /// How many came.
    pub rows: u64,
    /// Up to which event they are.
    pub offset: Cursor,
    /// When they came, by the server's clock.
    pub synced_at: Option<Timestamp>,
    /// In how many seconds after that they are due again.
    pub next_sync_seconds: Option<u64>,
    /// Edits of it whose outcome is not known.
    pub unsent: usize,
}

impl Status {
    /// Whether the device has this table, or may have it for all that is known: it has not been told of any.
    #[must_use]
    pub fn has(&self, table: &Name) -> bool {
        self.tables.is_empty() || self.tables.iter().any(|known| known.table == *table)
    }
}

impl Device {
    /// How the device stands.
    #[must_use]
    pub fn status(&self) -> Status {
        let core = self.core();
        let (replica, outbox) = (core.layers.replica(), core.ledger.outbox());
        let shown = &replica.shown;
        let unsent = outbox.unsent_by_table();
        let mut names: Vec<Name> = shown.tables.keys().cloned().collect();
        names.extend(core.catalog.definitions().map(|table| table.name.clone()));
        names.sort();
        names.dedup();
        let tables = names.into_iter().map(|name| {
            let table = shown.tables.get(&name);
            TableStatus {
                is_available: table.is_some(),
                rows: table.map_or(0, |table| table.rows.count),
                offset: table.map_or(Cursor::START, |table| table.offset),
                synced_at: table.map(|table| table.synced_at),
                next_sync_seconds: table.map(|table| table.next_sync_seconds),
                unsent: unsent.get(&name).copied().unwrap_or(0),
                table: name,
            }
        });
        Status {
            device: outbox.identity().map(|identity| identity.device),
            name: outbox.identity().map(|identity| identity.name.clone()),
            profile: shown.profile.clone(),
            profile_version: shown.profile_version,
            offset: shown.offset,
            is_available: shown.cursor.is_some(),
            is_under_way: replica.is_under_way(),
            is_distrusted: replica.is_distrusted(),
            works_offline: core.settings.works_offline,
            unsent: outbox.unsent().count(),
            problems: outbox.problems().count(),
            damage: core.damage.clone(),
            lost_records: core.ledger.lost(),
            tables: tables.collect(),
        }
    }
}
