//! The rows of one table, column by column.

use std::sync::Arc;

use haversack_core::{
    Name, RowId, RowVersion, Value,
    schema::{OWNERID, OWNINGBUSINESSUNIT, Ownership, Table, TableKind},
};
use roaring::RoaringBitmap;

use super::{
    column::{Column, Data},
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
    /// The rows that were there, and are not any more.
    pub(super) gone: RoaringBitmap,
    versions: Vec<Option<RowVersion>>,
    /// By name, ascending.
    pub(super) columns: Vec<(Name, Column)>,
    /// Where among them are the owner and the owning unit, which are asked for most.
    owner: Option<usize>,
    unit: Option<usize>,
    /// Whether a row without an owning unit of its own follows its owner.
    pub(super) derives_unit: bool,
    pub(super) seed: u64,
}

impl TableRows {
    pub(super) fn new(name: Name, table: Option<Arc<Table>>, seed: u64) -> Self {
        let columns = Vec::new();
        let ids = Ids::new(seed);
        let (live, gone) = (RoaringBitmap::new(), RoaringBitmap::new());
        let versions = Vec::new();
        let (owner, unit) = (None, None);
        let is_owned = |table: &Arc<Table>| table.ownership == Ownership::UserOrTeam;
        let derives_unit = table.as_ref().is_some_and(is_owned);
        let mut rows = Self {
            name,
            table,
            ids,
            live,
            gone,
            versions,
            columns,
            owner,
            unit,
            derives_unit,
            seed,
        };
        rows.add_columns();
        rows
    }

    fn add_columns(&mut self) {
        let Some(table) = self.table.clone() else { return };
        for column in table.columns() {
            if column.name != table.primary_key {
                let made = Column::new(column.column_type, self.seed);
                self.columns.push((column.name.clone(), made));
            }
        }
        self.columns.sort_by(|one, other| one.0.cmp(&other.0));
        self.owner = self.place(OWNERID);
        self.unit = self.place(OWNINGBUSINESSUNIT);
    }

    /// Sets a row's version and whether it is there; says whether it was not, or is not any more.
    pub(super) fn set_version(
        &mut self,
        number: RowNumber,
        version: Option<RowVersion>,
        is_there: bool,
    ) -> bool {
        let at = number as usize;
        if self.versions.len() <= at {
            self.versions.resize(at + 1, None);
        }
        self.versions[at] = version;
        if is_there {
            self.gone.remove(number);
            return self.live.insert(number);
        }
        let was_there = self.live.remove(number);
        if was_there {
            self.gone.insert(number);
        }
        was_there
    }

    /// Takes the ids and versions of all rows at once; columns are filled by themselves.
    pub(super) fn take(&mut self, ids: Ids, versions: Vec<Option<RowVersion>>) {
        self.live.insert_range(0..RowNumber::try_from(ids.len()).expect("it's a row's number"));
        // Rows are put in and taken out one by one from now on.
        self.live.remove_run_compression();
        self.ids = ids;
        self.versions = versions;
    }

    /// The version of a row; none for rows of the system.
    pub(super) fn version(&self, number: RowNumber) -> Option<RowVersion> {
        self.versions.get(number as usize).copied().flatten()
    }

    /// A column that is kept: all but the key and, where it is derived, the owning unit.
    pub(super) fn column(&self, name: &str) -> Option<&Column> {
        self.place(name).map(|at| &self.columns[at].1)
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.columns.binary_search_by(|(column, _)| column.as_str().cmp(name)).ok()
    }

    /// Where a column of a row points.
    pub(super) fn target(&self, number: RowNumber, column: &str) -> Option<Target> {
        self.column(column)?.target(number)
    }

    /// The owner of a row.
    pub(super) fn owner(&self, number: RowNumber) -> Option<Target> {
        self.columns[self.owner?].1.target(number)
    }

    /// The owning unit that a row gives itself.
    pub(super) fn own_unit(&self, number: RowNumber) -> Option<Target> {
        self.columns[self.unit?].1.target(number)
    }

    /// Whether a column is the table's key.
    pub(super) fn is_key(&self, column: &str) -> bool {
        self.table.as_ref().is_some_and(|table| table.primary_key.as_str() == column)
    }

    /// Whether a column is the owning business unit, which follows the owner where it isn't given.
    pub(super) fn is_derived_unit(&self, column: &str) -> bool {
        self.derives_unit && column == OWNINGBUSINESSUNIT
    }

    pub(super) fn is_of_the_system(&self) -> bool {
        self.table.as_ref().is_some_and(|table| table.kind == TableKind::System)
    }

    pub(super) fn id(&self, number: RowNumber) -> RowId {
        self.ids.id(number)
    }

    /// What a column that is kept holds, if it does not point at rows.
    pub(super) fn plain_value(&self, number: RowNumber, column: &str) -> Option<Value> {
        let column = self.column(column)?;
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
        let columns: usize = self.columns.iter().map(|(_, column)| column.bytes()).sum();
        let versions = self.versions.capacity() * size_of::<Option<RowVersion>>();
        columns
            + versions
            + self.ids.bytes()
            + self.live.serialized_size()
            + self.gone.serialized_size()
    }
}
