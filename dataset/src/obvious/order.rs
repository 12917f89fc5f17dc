//! The order of a query's rows.

use std::{borrow::Cow, cmp::Ordering};

use haversack_core::{
    Date, Double, RowId, Timestamp, Value, Values,
    schema::{Column, Table},
    text::text_key,
};
use haversack_dsl::query::Query;

use super::{filter::Tested, readable};
use crate::{Caller, Rows, rows};

/// What a value sorts by. Null comes first; kinds never mix within a column.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum SortKey {
    Null,
    Boolean(bool),
    Number(rust_decimal::Decimal),
    Double(Double),
    Text(String),
    Instant(Timestamp),
    Date(Date),
    Choices(Vec<i32>),
    Id(RowId),
}

/// Sorts rows as the query says. The key as text, ascending, breaks every tie.
pub(super) fn sort(
    rows: &dyn Rows,
    caller: &Caller,
    table: &Table,
    query: &Query,
    selected: &mut [(RowId, Cow<'_, Values>)],
) {
    selected.sort_by_cached_key(|(id, values)| {
        let row = Tested { table, id: *id, values };
        let keys = query.order.iter().map(|order| {
            let key = table.column(&order.column).map_or(SortKey::Null, |column| {
                sort_key(rows, caller, column, row.value(rows, &order.column))
            });
            Directed { key, descending: order.descending }
        });
        (keys.collect::<Vec<_>>(), *id)
    });
}

#[derive(PartialEq, Eq)]
struct Directed {
    key: SortKey,
    descending: bool,
}

impl Ord for Directed {
    fn cmp(&self, other: &Self) -> Ordering {
        let ascending = self.key.cmp(&other.key);
        if self.descending { ascending.reverse() } else { ascending }
    }
}

impl PartialOrd for Directed {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

fn sort_key(rows: &dyn Rows, caller: &Caller, column: &Column, value: Option<Value>) -> SortKey {
    match value {
        None => SortKey::Null,
        Some(Value::Reference(to)) => {
            primary_name(rows, caller, &to.table, to.id).unwrap_or(SortKey::Null)
        }
        Some(value) => plain_key(column, value),
    }
}

/// What a value sorts by that points at no row; an id for one that does.
fn plain_key(column: &Column, value: Value) -> SortKey {
    match value {
        Value::Boolean(flag) => SortKey::Boolean(flag),
        Value::Integer(number) => SortKey::Number(number.into()),
        Value::Decimal(number) => SortKey::Number(number.get()),
        Value::Double(number) => SortKey::Double(number),
        Value::Text(text) => SortKey::Text(text_key(&text)),
        Value::Timestamp(instant) => SortKey::Instant(instant),
        Value::Date(date) => SortKey::Date(date),
        Value::Choice(option) => match column.label(option) {
            Some(label) => SortKey::Text(text_key(label)),
            None => SortKey::Text(option.to_string()),
        },
        Value::Choices(options) => SortKey::Choices(options),
        Value::Id(id) => SortKey::Id(id),
        Value::Reference(to) => SortKey::Id(to.id),
    }
}

/// A lookup sorts by what people call its target; a target that may not be read sorts as null.
fn primary_name(rows: &dyn Rows, caller: &Caller, table: &str, id: RowId) -> Option<SortKey> {
    let table = rows.catalog().table(table)?;
    let values = rows::values(rows, table, id)?;
    if !readable::row(rows, caller, table, &values) {
        return None;
    }
    let row = Tested { table, id, values: &values };
    let column = table.column(table.primary_name.as_ref()?)?;
    Some(plain_key(column, row.value(rows, &column.name)?))
}
