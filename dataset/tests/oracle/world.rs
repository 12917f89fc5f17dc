//! Rows, users and settings of a case, as the evaluator reads them, and who asks about them.

use std::{borrow::Cow, collections::BTreeMap};

use haversack_core::{Row, RowId, Timestamp, Value, Values, catalog::Catalog, schema::Table};
use haversack_dataset::{Caller, Rows};

/// Catalog and rows of a case, and when it is asked.
#[derive(Clone)]
pub struct World {
    pub catalog: Catalog,
    pub now: Timestamp,
    /// By table; every generated table is there.
    pub rows: BTreeMap<String, BTreeMap<RowId, Row>>,
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asker {
    /// None: the administrator.
    pub user: Option<RowId>,
    /// Whether roles say what may be read; else everything may.
    pub by_roles: bool,
}

impl World {
    pub fn table(&self, name: &str) -> &Table {
        self.catalog.table(name).expect("the table is in every case")
    }

    pub fn caller(&self, asker: Asker) -> Caller {
        let mut caller = match asker.user {
            Some(user) => Caller::user(&self.catalog, user, self.now),
            None => Caller::administrator(&self.catalog, self.now),
        };
        caller.reads_everything = !asker.by_roles;
        caller
    }

    /// The rows of a table of any kind, with what was written of them.
    pub fn written(&self, table: &Table) -> Vec<(RowId, Values)> {
        match self.rows.get(table.name.as_str()) {
            Some(rows) => rows.iter().map(|(id, row)| (*id, row.values.clone())).collect(),
            None => {
                let ids = self.catalog.system_row_ids(&table.name).into_iter();
                ids.filter_map(|id| Some((id, self.catalog.system_row(&table.name, id)?))).collect()
            }
        }
    }

    /// The same without a row, or without a value of one.
    pub fn smaller(&self) -> impl Iterator<Item = Self> + '_ {
        let ids = self.rows.iter().flat_map(|(table, rows)| rows.keys().map(move |id| (table, id)));
        let without_row = ids.clone().map(|(table, id)| {
            let mut less = self.clone();
            less.rows.get_mut(table).expect("it is there").remove(id);
            less
        });
        let columns = ids.flat_map(|(table, id)| {
            self.rows[table][id].values.iter().map(move |(column, _)| (table, id, column.clone()))
        });
        let without_value = columns.map(|(table, id, column)| {
            let mut less = self.clone();
            let row = less.rows.get_mut(table).and_then(|rows| rows.get_mut(id));
            row.expect("it is there").values.remove(&column);
            less
        });
        without_row.chain(without_value)
    }

    /// Everything that a reader needs to see what a query should have given.
    pub fn describe(&self, asker: Asker) -> String {
        let catalog = &self.catalog;
        let mut out = format!("now {}, {asker:?}, {:?}\n", self.now, catalog.settings);
        catalog.business_units.values().for_each(|unit| out.push_str(&format!("{unit:?}\n")));
        catalog.positions.values().for_each(|position| out.push_str(&format!("{position:?}\n")));
        catalog.users.values().for_each(|user| out.push_str(&format!("{user:?}\n")));
        catalog.teams().for_each(|team| out.push_str(&format!("{team:?}\n")));
        for role in catalog.roles.values() {
            let reads =
                role.privileges.iter().map(|(table, all)| format!(" {table}={:?}", all.read));
            out.push_str(&format!("role {}:{}\n", role.name, reads.collect::<String>()));
        }
        for (table, rows) in &self.rows {
            for (id, row) in rows {
                let values = row.values.iter().map(|(column, value)| {
                    format!(" {column}={}", value.map(shown).unwrap_or_default())
                });
                out.push_str(&format!("{table} {id}{}\n", values.collect::<String>()));
            }
        }
        out
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Text(text) => format!("{text:?}"),
        Value::Decimal(number) => number.to_string(),
        Value::Timestamp(instant) => instant.to_string(),
        Value::Date(date) => date.to_string(),
        Value::Reference(to) => format!("{}:{}", to.table, to.id),
        other => format!("{other:?}"),
    }
}

impl Rows for World {
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
