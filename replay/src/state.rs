//! The state that a log folds to.

use std::sync::Arc;

use bincode::{Decode, Encode};
use haversack_core::{
    BaseVersion, Cursor, MutationNumber, Name, Offset, Row, RowId, Timestamp,
    catalog::Catalog,
    event::{Device, EditRequest, RowKey, Verdict},
};
use haversack_dataset::Rows;
use imbl::{OrdMap, Vector};

use crate::touches::{Touch, Touches};

/// Everything that follows from the log up to one offset.
///
/// Cheap to clone, and a clone stays as it is: readers keep the state they began with.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// The last event folded.
    pub cursor: Cursor,
    /// When that event entered the log.
    pub at: Timestamp,
    /// The catalog.
    pub catalog: Arc<Catalog>,
    /// Devices, by id.
    pub devices: OrdMap<RowId, DeviceState>,
    /// Conflicts, by the offset of the edit.
    pub conflicts: OrdMap<Offset, Arc<Conflict>>,
    /// How far the loading of a document has come; none: none was begun.
    pub load: Option<LoadProgress>,
    pub(crate) tables: OrdMap<Name, OrdMap<RowId, Slot>>,
}

/// A device, and the edits it has sent.
#[derive(Clone, Debug)]
pub struct DeviceState {
    /// The device.
    pub device: Arc<Device>,
    /// Where its edits are: that of number 1 first.
    pub edits: Vector<Offset>,
    /// The app in whose name it asks.
    pub app: Option<Arc<str>>,
}

impl DeviceState {
    /// The number of the next edit that the device may send.
    #[must_use]
    pub fn next_mutation(&self) -> MutationNumber {
        MutationNumber::new(self.edits.len() as u64 + 1).expect("a length and one is not zero")
    }
}

/// An edit that met a version its device had not seen.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Conflict {
    /// The device.
    pub device: RowId,
    /// The edit's number on the device.
    pub number: MutationNumber,
    /// The row.
    pub key: RowKey,
    /// What the device had seen of it.
    pub base: BaseVersion,
    /// The edit.
    pub client: EditRequest,
    /// The row just before; none: it was not there.
    pub server: Option<Arc<Row>>,
    /// Who won.
    pub verdict: Verdict,
}

/// How far the loading of a document has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct LoadProgress {
    /// BLAKE3 of the document's files.
    pub digest: [u8; 32],
    /// How many events the document makes.
    pub total: u64,
    /// How many of them are in the log.
    pub done: u64,
}

impl LoadProgress {
    /// Whether all of the document is in the log.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.done >= self.total
    }
}

/// A row that there is or was, and the events on it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Slot {
    pub row: Option<Arc<Row>>,
    pub touches: Touches,
}

impl State {
    /// The row as it stands.
    #[must_use]
    pub fn current(&self, key: &RowKey) -> Option<&Arc<Row>> {
        self.tables.get(&key.table)?.get(&key.id)?.row.as_ref()
    }

    /// The events on a row.
    #[must_use]
    pub fn touches(&self, key: &RowKey) -> Touches {
        let slot = self.tables.get(&key.table).and_then(|rows| rows.get(&key.id));
        slot.map(|slot| slot.touches.clone()).unwrap_or_default()
    }

    /// Every row that there is or was, by table and id, with the events on it.
    pub fn slots(&self) -> impl Iterator<Item = (RowKey, Option<&Arc<Row>>, &Touches)> {
        self.tables.iter().flat_map(|(table, rows)| {
            rows.iter().map(move |(id, slot)| {
                let key = RowKey { table: table.clone(), id: *id };
                (key, slot.row.as_ref(), &slot.touches)
            })
        })
    }

    /// How many rows a table has.
    #[must_use]
    pub fn row_count(&self, table: &str) -> usize {
        self.rows(table).count()
    }

    /// How many rows a table has, with those that are gone: known without counting.
    #[must_use]
    pub fn row_count_at_most(&self, table: &str) -> usize {
        self.tables.get(table).map_or(0, OrdMap::len)
    }

    /// The device of a user with this name.
    #[must_use]
    pub fn device_named(&self, user: RowId, name: &str) -> Option<&DeviceState> {
        self.devices.values().find(|state| state.device.user == user && state.device.name == name)
    }

    /// Notes an event on a row and, if it made a version, what the row is now.
    pub(crate) fn touch(&mut self, key: &RowKey, touch: Touch, written: Option<Option<Row>>) {
        // `entry` would clone the table's name for every event.
        if !self.tables.contains_key(&key.table) {
            self.tables.insert(key.table.clone(), OrdMap::new());
        }
        let rows = self.tables.get_mut(&key.table).expect("inserted just above");
        let slot = rows.entry(key.id).or_default();
        slot.touches.push(touch);
        if let Some(row) = written {
            slot.row = row.map(Arc::new);
        }
    }
}

impl Rows for State {
    fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    fn row(&self, table: &str, id: RowId) -> Option<&Row> {
        self.tables.get(table)?.get(&id)?.row.as_deref()
    }

    fn rows(&self, table: &str) -> Box<dyn Iterator<Item = (RowId, &Row)> + '_> {
        let rows = self.tables.get(table).into_iter().flatten();
        Box::new(rows.filter_map(|(id, slot)| Some((*id, slot.row.as_deref()?))))
    }
}
