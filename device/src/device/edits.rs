//! Edits: made, listed, tried again, let go.

use haversack_core::{
    Name, RowId,
    event::{Operation, RowKey},
};
use haversack_sync::outbox::{Edit, Record, Wish};
use serde_json::{Map, Value as Json};

use super::{Core, Device};
use crate::{DeviceError, check::check, clock::new_row_id};

/// An edit that was refused or in conflict.
pub type Problem = Edit;

impl Device {
    /// Makes a row, and gives its id and the edit's number on this device. An id not given is a random one.
    ///
    /// # Errors
    /// If it is not possible, or can't be made durable.
    pub fn create(
        &self,
        table: &str,
        id: Option<RowId>,
        values: Map<String, Json>,
    ) -> Result<(RowId, u64), DeviceError> {
        let made = id.map_or_else(new_row_id, Ok);
        let id = made.map_err(|source| DeviceError::io("making an id", source))?;
        Ok((id, self.edit(Operation::Create, table, id, values)?))
    }

    /// Changes columns of a row, and gives the edit's number on this device.
    ///
    /// # Errors
    /// If it is not possible, or can't be made durable.
    pub fn update(
        &self,
        table: &str,
        id: RowId,
        values: Map<String, Json>,
    ) -> Result<u64, DeviceError> {
        self.edit(Operation::Update, table, id, values)
    }

    /// Deletes a row, and gives the edit's number on this device.
    ///
    /// # Errors
    /// If it is not possible, or can't be made durable.
    pub fn delete(&self, table: &str, id: RowId) -> Result<u64, DeviceError> {
        self.edit(Operation::Delete, table, id, Map::new())
    }

    fn edit(
        &self,
        operation: Operation,
        table: &str,
        id: RowId,
        values: Map<String, Json>,
    ) -> Result<u64, DeviceError> {
        let table: Name = table.parse().map_err(|error: haversack_core::NameError| {
            DeviceError::refused("unknown_table", error.to_string())
        })?;
        let wish = Wish { operation, key: RowKey { table, id }, values };
        let mut core = self.core();
        check(core.source()?, &wish)?;
        self.queue(&mut core, wish)
    }

    /// Makes an edit durable: from then on it is never lost.
    fn queue(&self, core: &mut Core, wish: Wish) -> Result<u64, DeviceError> {
        let shown = core.layers.row(&wish.key)?.map(|row| row.version);
        let replica = core.layers.replica();
        let covers = |edit: &Edit| replica.covers(edit);
        let at = self.shared.clock.now();
        let record = core.ledger.outbox().edit(wish, shown, at, &covers)?;
        let key = match &record {
            Record::Edit(edit) => edit.key,
            _ => unreachable!("an edit is recorded as one"),
        };
        core.ledger.record(vec![record])?;
        Ok(key)
    }

    /// All edits that are kept, in the order in which they were made.
    #[must_use]
    pub fn edits(&self) -> Vec<Edit> {
        self.core().ledger.outbox().edits().cloned().collect()
    }

    /// Edits that were refused or in conflict, and that the app has not acknowledged.
    #[must_use]
    pub fn problems(&self) -> Vec<Problem> {
        self.core().ledger.outbox().problems().cloned().collect()
    }

    /// The app has seen what became of an edit: it need not be kept.
    ///
    /// # Errors
    /// If nothing became of it that is to be seen.
    pub fn acknowledge(&self, key: u64) -> Result<(), DeviceError> {
        let mut core = self.core();
        let record = core.ledger.outbox().acknowledge(key)?;
        Ok(core.ledger.record(vec![record])?)
    }

    /// Takes out an edit that was not sent, or acknowledges what became of one that was.
    ///
    /// # Errors
    /// If it was sent and its outcome is not known.
    pub fn discard(&self, key: u64) -> Result<(), DeviceError> {
        let mut core = self.core();
        let record = core.ledger.outbox().discard(key)?;
        Ok(core.ledger.record(vec![record])?)
    }

    /// Makes an edit once more that was refused or in conflict, over the row as it is shown now, and
    /// acknowledges what became of the first one.
    ///
    /// # Errors
    /// If it is no problem, or not possible.
    pub fn retry(&self, key: u64) -> Result<u64, DeviceError> {
        let mut core = self.core();
        let wish = core.ledger.outbox().retry(key)?;
        check(core.source()?, &wish)?;
        let new = self.queue(&mut core, wish)?;
        let record = core.ledger.outbox().acknowledge(key)?;
        core.ledger.record(vec![record])?;
        Ok(new)
    }
}
