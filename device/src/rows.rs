//! Rows as the app sees them: those that came, with its own edits over them.

use std::{
    borrow::Cow,
    cell::{OnceCell, RefCell},
    collections::BTreeMap,
};

use haversack_core::{
    Name, Reference, Row, RowId, RowVersion, Value, Values,
    catalog::Catalog,
    event::{Operation, RowKey},
    json::read_value,
    schema::{CREATEDON, MODIFIEDON, OWNERID, OWNINGBUSINESSUNIT, Ownership, SYSTEMUSER, Table},
};
use haversack_dataset::Rows;
use haversack_sync::outbox::{Edit, Outbox};
use serde_json::{Map, Value as Json};

use crate::{
    DeviceError,
    layers::{Layers, StoredRow, rows_of},
};

/// The rows of a table.
pub(crate) type TableRows = BTreeMap<RowId, Row>;

/// Where rows come from.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    pub catalog: &'a Catalog,
    pub user: RowId,
    pub layers: &'a Layers,
    pub outbox: &'a Outbox,
}

impl Source<'_> {
    /// A row as the app sees it.
    pub fn row(&self, table: &Table, id: RowId) -> Result<Option<Row>, DeviceError> {
        let key = RowKey { table: table.name.clone(), id };
        let stored = self.layers.row(&key)?.map(|stored| self.read(table, stored));
        Ok(self.edited(table, &key, stored))
    }

    /// All rows of a table as the app sees them.
    pub fn table(&self, table: &Table) -> Result<TableRows, DeviceError> {
        let stored = self.layers.rows(&table.name)?;
        self.check(&table.name, &stored)?;
        let mut rows: TableRows =
            stored.into_iter().map(|(id, stored)| (id, self.read(table, stored))).collect();
        for key in self.outbox.rows(&table.name) {
            match self.edited(table, key, rows.remove(&key.id)) {
                Some(row) => drop(rows.insert(key.id, row)),
                None => drop(rows.remove(&key.id)),
            }
        }
        Ok(rows)
    }

    /// What a disk lost without a word would make answers wrong without a word.
    fn check(&self, table: &Name, stored: &BTreeMap<RowId, StoredRow>) -> Result<(), DeviceError> {
        let found = rows_of(table, stored.iter().map(|(id, row)| (*id, row.version)));
        let told = self.layers.replica().shown.tables.get(table).map(|table| table.rows);
        if found == told.unwrap_or_default() {
            Ok(())
        } else {
            Err(DeviceError::Damaged { table: table.to_string() })
        }
    }

    /// A row as it came. Columns that the metadata does not know, or has otherwise, are left out: the
    /// next pull brings both anew.
    fn read(&self, table: &Table, stored: StoredRow) -> Row {
        let mut values = Values::default();
        for (name, json) in &stored.row {
            let column = table.column(name).filter(|column| column.name != table.primary_key);
            if let Some(column) = column
                && let Ok(Some(value)) = read_value(self.catalog, column, json)
            {
                values.set(column.name.clone(), Some(value));
            }
        }
        self.leave_derived(table, &mut values);
        Row { version: stored.version, values }
    }

    /// Rows come with the owning business unit that follows from their owner. It's left out, so that it
    /// follows from another owner as it does on the server.
    fn leave_derived(&self, table: &Table, values: &mut Values) {
        if table.ownership != Ownership::UserOrTeam {
            return;
        }
        let Some(Value::Reference(owner)) = values.get(OWNERID) else { return };
        let unit = self.catalog.business_unit_of(owner.id);
        let is_derived = match values.get(OWNINGBUSINESSUNIT) {
            Some(Value::Reference(given)) => Some(given.id) == unit,
            _ => false,
        };
        if is_derived {
            values.remove(OWNINGBUSINESSUNIT);
        }
    }

    fn edited(&self, table: &Table, key: &RowKey, row: Option<Row>) -> Option<Row> {
        let covers = |edit: &Edit| self.layers.replica().covers(edit);
        self.outbox.over(key, &covers).fold(row, |row, edit| self.apply(table, row, edit))
    }

    fn apply(&self, table: &Table, row: Option<Row>, edit: &Edit) -> Option<Row> {
        let values = lenient(self.catalog, table, &edit.values);
        let at = Some(Value::Timestamp(edit.at));
        match (edit.operation, row) {
            (Operation::Delete, _) | (Operation::Update, None) => None,
            (Operation::Update, Some(mut row)) => {
                row.values.set(Name::known(MODIFIEDON), at);
                row.values.patch(&values);
                Some(row)
            }
            (Operation::Create, row) => {
                let values = self.new_row(table, values.without_nulls(), edit);
                Some(Row { version: row.map_or(NOT_SENT, |row| row.version), values })
            }
        }
    }

    /// What a row gets by itself when it's made.
    fn new_row(&self, table: &Table, mut values: Values, edit: &Edit) -> Values {
        for name in [CREATEDON, MODIFIEDON] {
            if !values.contains(name) {
                values.set(Name::known(name), Some(Value::Timestamp(edit.at)));
            }
        }
        own(table, self.user, &mut values);
        values
    }
}

/// The version of a row that the server has not given one.
const NOT_SENT: RowVersion = RowVersion(haversack_core::Offset::FIRST);

/// An owner not given is the user.
pub(crate) fn own(table: &Table, user: RowId, values: &mut Values) {
    if table.ownership == Ownership::UserOrTeam && !values.contains(OWNERID) {
        let owner = Reference { table: Name::known(SYSTEMUSER), id: user };
        values.set(Name::known(OWNERID), Some(Value::Reference(owner)));
    }
}

/// Values as far as they fit a schema that may have changed since.
fn lenient(catalog: &Catalog, table: &Table, object: &Map<String, Json>) -> Values {
    let read = |(name, json): (&String, &Json)| {
        let column = table.column(name).filter(|column| column.name != table.primary_key)?;
        Some((column.name.clone(), read_value(catalog, column, json).ok()?))
    };
    object.iter().filter_map(read).collect()
}

/// Rows for the evaluator: each table is read when it is first asked for.
pub(crate) struct View<'a> {
    source: Source<'a>,
    tables: BTreeMap<Name, OnceCell<TableRows>>,
    failed: RefCell<Option<DeviceError>>,
}

impl<'a> View<'a> {
    pub fn new(source: Source<'a>) -> Self {
        let names = source.catalog.definitions().map(|table| table.name.clone());
        let tables = names.map(|name| (name, OnceCell::new())).collect();
        Self { source, tables, failed: RefCell::new(None) }
    }

    /// Why a table could not be read, if one could not: then answers are not to be believed.
    pub fn failed(self) -> Result<(), DeviceError> {
        self.failed.into_inner().map_or(Ok(()), Err)
    }

    fn table(&self, name: &str) -> Option<&TableRows> {
        let rows = self.tables.get(name)?;
        Some(rows.get_or_init(|| {
            let table = self.source.catalog.table(name).expect("tables are those of the catalog");
            self.source.table(table).unwrap_or_else(|error| {
                self.failed.borrow_mut().get_or_insert(error);
                TableRows::new()
            })
        }))
    }
}

impl Rows for View<'_> {
    fn catalog(&self) -> &Catalog {
        self.source.catalog
    }

    fn row(&self, table: &str, id: RowId) -> Option<Cow<'_, Row>> {
        self.table(table)?.get(&id).map(Cow::Borrowed)
    }

    fn rows(&self, table: &str) -> Box<dyn Iterator<Item = (RowId, Cow<'_, Row>)> + '_> {
        let rows = self.table(table).into_iter().flatten();
        Box::new(rows.map(|(id, row)| (*id, Cow::Borrowed(row))))
    }
}
