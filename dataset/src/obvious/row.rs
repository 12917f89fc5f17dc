//! Rows as a query meets them: alone, and joined to others.

use std::borrow::Cow;

use haversack_core::{RowId, Value, Values, schema::Table};
use haversack_dsl::query::ColumnRef;

use crate::Rows;

/// A row of some table.
#[derive(Clone, Debug)]
pub(crate) struct Found<'r> {
    pub table: &'r Table,
    pub id: RowId,
    pub values: Cow<'r, Values>,
}

/// A row of the query's table and, for each link by its number, the row that it found.
#[derive(Clone, Debug)]
pub(crate) struct Joined<'r> {
    pub row: &'r Found<'r>,
    pub links: Vec<Option<&'r Found<'r>>>,
}

/// A row under test, among those to which it is joined.
#[derive(Clone, Copy)]
pub(crate) struct Tested<'a> {
    pub table: &'a Table,
    pub id: RowId,
    pub values: &'a Values,
    pub links: &'a [Option<&'a Found<'a>>],
}

impl Found<'_> {
    /// What the row has in a column, derived columns included.
    pub(crate) fn value(&self, rows: &dyn Rows, column: &str) -> Option<Value> {
        rows.catalog().column_value(self.table, self.id, &self.values, column)
    }

    /// The row under test, among these.
    pub(crate) fn among<'a>(&'a self, links: &'a [Option<&'a Found<'a>>]) -> Tested<'a> {
        Tested { table: self.table, id: self.id, values: &self.values, links }
    }
}

impl<'r> Joined<'r> {
    /// The row of the query's table under test, among those to which it is joined.
    pub(crate) fn tested(&self) -> Tested<'_> {
        self.row.among(&self.links)
    }

    /// The row that a column is of; none if its link found none.
    pub(crate) fn row_of(&self, column: &ColumnRef) -> Option<&'r Found<'r>> {
        match &column.link {
            None => Some(self.row),
            Some(link) => self.links.get(link.number).copied().flatten(),
        }
    }

    /// What is in a column.
    pub(crate) fn value(&self, rows: &dyn Rows, column: &ColumnRef) -> Option<Value> {
        self.row_of(column)?.value(rows, &column.column)
    }
}

impl<'a> Tested<'a> {
    /// A row that is joined to none.
    pub(crate) fn alone(table: &'a Table, id: RowId, values: &'a Values) -> Self {
        Self { table, id, values, links: &[] }
    }

    /// What the row has in a column, derived columns included.
    pub(crate) fn value(&self, rows: &dyn Rows, column: &str) -> Option<Value> {
        rows.catalog().column_value(self.table, self.id, self.values, column)
    }

    /// What is in a column of the row, or of one that a link found.
    pub(crate) fn column(&self, rows: &dyn Rows, column: &ColumnRef) -> Option<Value> {
        match &column.link {
            None => self.value(rows, &column.column),
            Some(link) => {
                self.links.get(link.number).copied().flatten()?.value(rows, &column.column)
            }
        }
    }
}
