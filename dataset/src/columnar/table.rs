//! The rows of one table, column by column.

use std::{collections::BTreeMap, sync::Arc};

use haversack_core::{
    Name, RowId, RowVersion, Value,
    schema::{OWNERID, OWNINGBUSINESSUNIT, Ownership, Table, TableKind},
};
use roaring::RoaringBitmap;

use super::{
    column::{Cell, Column, Data},
    ids::{Ids, RowNumber},
    references::Target,
};

/// The rows of one table.
#[derive(Clone, Debug)]
pub(super) struct TableRows {
    pub(super) name: Name,
    /// None: a table that is only pointed at, and not known.
    pub(super) table: Option<Arc<Table>>,
    pub(super) ids: Ids,
    /// The rows that are there.
    pub(super) live: RoaringBitmap,
    versions: Vec<Option<RowVersion>>,
    columns: BTreeMap<Name, Column>,
    seed: u64,
}

impl TableRows {
    pub(super) fn new(name: Name, table: Option<Arc<Table>>, seed: u64) -> Self {
        let columns = BTreeMap::new();
        let (ids, live) = (Ids::new(seed), RoaringBitmap::new());
        let mut rows = Self { name, table, ids, live, versions: Vec::new(), columns, seed };
        rows.add_columns();
        rows
    }

    fn add_columns(&mut self) {
        let Some(table) = self.table.clone() else { return };
        for column in table.columns() {
            if column.name != table.primary_key {
                let made = Column::new(column.column_type, self.seed);
                self.columns.insert(column.name.clone(), made);
            }
        }
    }

    /// Puts a row in, or takes it out.
    pub(super) fn set(
        &mut self,
        number: RowNumber,
        version: Option<RowVersion>,
        cells: Option<&BTreeMap<&str, Cell<'_>>>,
    ) {
        for (name, column) in &mut self.columns {
            column.set(number, cells.and_then(|cells| cells.get(name.as_str()).copied()));
        }
        match cells {
            Some(_) => self.live.insert(number),
            None => self.live.remove(number),
        };
        let at = number as usize;
        if self.versions.len() <= at {
            self.versions.resize(at + 1, None);
        }
        self.versions[at] = version;
    }

    /// The version of a row; none for rows of the system.
    pub(super) fn version(&self, number: RowNumber) -> Option<RowVersion> {
        self.versions.get(number as usize).copied().flatten()
    }

    /// A column that is kept: all but the key and, where it is derived, the owning unit.
    pub(super) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.get(name)
    }

    pub(super) fn columns(&self) -> impl Iterator<Item = (&Name, &Column)> {
        self.columns.iter()
    }

    /// Where a column of a row points.
    pub(super) fn target(&self, number: RowNumber, column: &str) -> Option<Target> {
        self.columns.get(column)?.target(number)
    }

    /// The owner of a row.
    pub(super) fn owner(&self, number: RowNumber) -> Option<Target> {
        self.target(number, OWNERID)
    }

    /// Whether a column is the table's key.
    pub(super) fn is_key(&self, column: &str) -> bool {
        self.table.as_ref().is_some_and(|table| table.primary_key.as_str() == column)
    }

    /// Whether a column is the owning business unit, which follows the owner where it isn't given.
    pub(super) fn is_derived_unit(&self, column: &str) -> bool {
        let is_owned = |table: &Arc<Table>| table.ownership == Ownership::UserOrTeam;
        column == OWNINGBUSINESSUNIT && self.table.as_ref().is_some_and(is_owned)
    }

    pub(super) fn is_of_the_system(&self) -> bool {
        self.table.as_ref().is_some_and(|table| table.kind == TableKind::System)
    }

    pub(super) fn id(&self, number: RowNumber) -> RowId {
        self.ids.id(number)
    }

    /// What a column that is kept holds, if it does not point at rows.
    pub(super) fn plain_value(&self, number: RowNumber, column: &str) -> Option<Value> {
        let column = self.columns.get(column)?;
        if !column.present.contains(number) {
            return None;
        }
        Some(match &column.data {
            Data::Numbers(numbers) => numbers.get(number),
            Data::Texts(texts) => Value::Text(texts.get(number).to_string()),
            Data::Lists(lists) => Value::Choices(lists.get(number).to_vec()),
            Data::Ids(ids) => Value::Id(ids[number as usize]),
            Data::References(_) => return None,
        })
    }

    /// Bytes in memory.
    pub(super) fn bytes(&self) -> usize {
        let columns: usize = self.columns.values().map(Column::bytes).sum();
        let versions = self.versions.capacity() * size_of::<Option<RowVersion>>();
        columns + versions + self.ids.bytes() + self.live.serialized_size()
    }
}
