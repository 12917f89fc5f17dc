//! Running a query: rows of its table that the caller may read, filtered, ordered, cut, projected.

use haversack_core::{RowId, Values, schema::Table};
use haversack_dsl::query::{Columns, Query};

use super::{
    filter::{self, Tested},
    order, readable,
};
use crate::{Answer, Caller, Rows, rows::scan};

/// The rows that the query returns, in its order.
pub(super) fn run(rows: &dyn Rows, caller: &Caller, query: &Query) -> Vec<Answer> {
    let Some(table) = rows.catalog().table(&query.table) else { return Vec::new() };
    let mut selected: Vec<_> = select(rows, caller, table, query).collect();
    order::sort(rows, caller, table, query, &mut selected);
    if let Some(top) = query.top {
        selected.truncate(top as usize);
    }
    selected.into_iter().map(|(id, values)| project(rows, table, query, id, &values)).collect()
}

/// The rows that the query selects, by id, without order or limit.
pub(super) fn select<'a>(
    rows: &'a dyn Rows,
    caller: &'a Caller,
    table: &'a Table,
    query: &'a Query,
) -> impl Iterator<Item = (RowId, std::borrow::Cow<'a, Values>)> {
    scan(rows, table).filter(move |(id, values)| {
        let row = Tested { table, id: *id, values };
        readable::row(rows, caller, table, values)
            && query.filter.as_ref().is_none_or(|f| filter::holds(rows, caller, f, row))
    })
}

fn project(rows: &dyn Rows, table: &Table, query: &Query, id: RowId, values: &Values) -> Answer {
    let row = Tested { table, id, values };
    let value = |column: &str, key: &str| Some((key.to_owned(), row.value(rows, column)?));
    let values = match &query.columns {
        Columns::All => table.columns().iter().filter_map(|c| value(&c.name, &c.name)).collect(),
        Columns::Listed(listed) => {
            listed.iter().filter_map(|selected| value(&selected.column, &selected.key)).collect()
        }
    };
    Answer { id, values }
}
