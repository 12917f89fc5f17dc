//! The workload's rows in memory.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use haversack_core::{
    Name, Offset, Row, RowId, RowVersion, Value, Values, catalog::Catalog, event::RowKey,
};
use haversack_dataset::Rows;
use haversack_workload::{Security, Workload};

/// Rows and catalog, with the version that the next write makes.
pub struct Loaded {
    pub catalog: Arc<Catalog>,
    rows: BTreeMap<Name, BTreeMap<RowId, Row>>,
    version: Offset,
}

impl Loaded {
    pub fn new(workload: &Workload, security: Security) -> Self {
        let catalog = Arc::new(workload.catalog(security));
        let mut loaded = Self { catalog, rows: BTreeMap::new(), version: Offset::FIRST };
        for (key, values) in workload.rows() {
            loaded.write(&key, &values);
        }
        loaded
    }

    /// Writes a row: what is said of it changes, the rest stays.
    pub fn write(&mut self, key: &RowKey, patch: &Values) -> &Row {
        let version = RowVersion(self.version);
        self.version = self.version.next();
        let rows = self.rows.entry(key.table.clone()).or_default();
        let row = rows.entry(key.id).or_insert_with(|| Row { version, values: Values::default() });
        row.version = version;
        row.values.patch(patch);
        row
    }
}

/// Bytes that a row's id, version and values take where each has as many as its type needs, texts as
/// many as their UTF-8 has: what memory is compared with.
pub fn raw_bytes(values: &Values) -> usize {
    let of = |value: &Value| match value {
        Value::Text(text) => text.len(),
        Value::Choices(options) => options.len() * size_of::<i32>(),
        Value::Id(_) | Value::Reference(_) => size_of::<RowId>(),
        Value::Choice(_) | Value::Date(_) => size_of::<i32>(),
        Value::Boolean(_) => 1,
        _ => size_of::<i64>(),
    };
    let cells: usize = values.iter().filter_map(|(_, value)| value).map(of).sum();
    size_of::<RowId>() + size_of::<RowVersion>() + cells
}

impl Rows for Loaded {
    fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    fn row(&self, table: &str, id: RowId) -> Option<Cow<'_, Row>> {
        self.rows.get(table)?.get(&id).map(Cow::Borrowed)
    }

    fn rows(&self, table: &str) -> Box<dyn Iterator<Item = (RowId, Cow<'_, Row>)> + '_> {
        Box::new(
            self.rows.get(table).into_iter().flatten().map(|(id, row)| (*id, Cow::Borrowed(row))),
        )
    }
}
