//! The state that a log folds to.

use std::{borrow::Cow, sync::Arc};

use bincode::{Decode, Encode};
use haversack_core::{
    BaseVersion, Cursor, MutationNumber, Name, Offset, Row, RowId, RowVersion, Timestamp, Value,
    catalog::Catalog,
    event::{Device, EditRequest, RowKey, Verdict},
};
use haversack_dataset::{Rows, Taker};
use imbl::{OrdMap, Vector};

use crate::{
    rows::{PackedRow, Slot, TableRows, Written},
    touches::{Touch, Touches},
};

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
    pub(crate) tables: OrdMap<Name, TableRows>,
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

impl State {
    /// The row as it stands.
    #[must_use]
    pub fn current(&self, key: &RowKey) -> Option<Row> {
        self.packed(&key.table, key.id).map(|row| row.unpack())
    }

    /// The version that a row had after an earlier event, if it was there then.
    #[must_use]
    pub fn version_after(&self, key: &RowKey, event: Cursor) -> Option<RowVersion> {
        let touches = self.touches(key);
        let mut past = touches.newest_first().filter(|touch| Cursor::at(touch.offset) <= event);
        past.find(|touch| touch.is_version).map(|touch| RowVersion(touch.offset))
    }

    /// The version of the row as it stands: found sooner than the row.
    #[must_use]
    pub fn version(&self, key: &RowKey) -> Option<RowVersion> {
        self.packed(&key.table, key.id).map(|row| row.version())
    }

    /// The row as it stands and as it is kept: what only looks at values need not copy them.
    pub(crate) fn packed(&self, table: &str, id: RowId) -> Option<PackedRow<'_>> {
        self.slot(table, id)?.row
    }

    /// Rows as they stand and as they are kept. Some are sooner found together than one after the other:
    /// they lie all over the memory, which can be asked for many places at once.
    #[must_use]
    pub fn packed_rows(
        &self,
        table: &str,
        ids: impl ExactSizeIterator<Item = RowId>,
    ) -> Vec<Option<PackedRow<'_>>> {
        match self.tables.get(table) {
            Some(rows) => rows.get_some(ids),
            None => vec![None; ids.len()],
        }
    }

    /// The columns that packed rows of a table give by number.
    #[must_use]
    pub fn packed_columns(&self, table: &str) -> &[Name] {
        self.tables.get(table).map_or(&[], |rows| rows.columns())
    }

    fn slot(&self, table: &str, id: RowId) -> Option<Slot<'_>> {
        self.tables.get(table)?.get(id)
    }

    /// The events on a row.
    #[must_use]
    pub fn touches(&self, key: &RowKey) -> Touches {
        self.slot(&key.table, key.id).map(|slot| slot.touches()).unwrap_or_default()
    }

    /// Every row that there is or was, by table and id, with the events on it.
    pub fn slots(&self) -> impl Iterator<Item = (RowKey, Option<Row>, Touches)> {
        self.packed_slots()
            .map(|(key, slot)| (key, slot.row.map(|row| row.unpack()), slot.touches()))
    }

    /// Every row that there is or was, by table and id, and the events on it.
    pub fn touched(&self) -> impl Iterator<Item = (RowKey, Touches)> {
        self.packed_slots().map(|(key, slot)| (key, slot.touches()))
    }

    pub(crate) fn packed_slots(&self) -> impl Iterator<Item = (RowKey, Slot<'_>)> {
        self.tables.iter().flat_map(|(table, rows)| {
            rows.iter().map(move |(id, slot)| (RowKey { table: table.clone(), id }, slot))
        })
    }

    /// How many rows a table has.
    #[must_use]
    pub fn row_count(&self, table: &str) -> usize {
        self.tables.get(table).map_or(0, TableRows::standing)
    }

    /// How many rows a table has, with those that are gone.
    #[must_use]
    pub fn row_count_at_most(&self, table: &str) -> usize {
        self.tables.get(table).map_or(0, TableRows::len)
    }

    /// The device of a user with this name.
    #[must_use]
    pub fn device_named(&self, user: RowId, name: &str) -> Option<&DeviceState> {
        self.devices.values().find(|state| state.device.user == user && state.device.name == name)
    }

    /// Notes an event on a row, and what it made of the row.
    pub(crate) fn touch<'v>(
        &mut self,
        key: &RowKey,
        touch: Touch,
        written: Written<impl Iterator<Item = (&'v Name, Option<&'v Value>)>>,
    ) {
        // `entry` would clone the table's name for every event.
        if !self.tables.contains_key(&key.table) {
            self.tables.insert(key.table.clone(), TableRows::default());
        }
        let rows = self.tables.get_mut(&key.table).expect("inserted just above");
        rows.touch(key.id, touch, written);
    }
}

impl Rows for State {
    fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    fn row(&self, table: &str, id: RowId) -> Option<Cow<'_, Row>> {
        self.packed(table, id).map(|row| Cow::Owned(row.unpack()))
    }

    fn rows(&self, table: &str) -> Box<dyn Iterator<Item = (RowId, Cow<'_, Row>)> + '_> {
        let slots = self.tables.get(table).into_iter().flat_map(TableRows::iter);
        Box::new(slots.filter_map(|(id, slot)| Some((id, Cow::Owned(slot.row?.unpack())))))
    }

    fn lend(&self, table: &str, take: &mut Taker<'_>) {
        for (id, slot) in self.tables.get(table).into_iter().flat_map(TableRows::iter) {
            if let Some(row) = slot.row {
                take(id, row.version(), &mut row.lent());
            }
        }
    }
}
