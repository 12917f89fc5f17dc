//! A filter on one row: groups, conditions, and linked rows that the caller may read.

use haversack_core::{RowId, Value, Values, schema::Table};
use haversack_dsl::query::{Filter, Linked, Quantifier};

use super::{condition, readable};
use crate::{Caller, Rows, rows::scan};

/// A row under test.
#[derive(Clone, Copy)]
pub(super) struct Tested<'a> {
    pub table: &'a Table,
    pub id: RowId,
    pub values: &'a Values,
}

impl Tested<'_> {
    /// What the row has in a column, derived columns included.
    pub(super) fn value(&self, rows: &dyn Rows, column: &str) -> Option<Value> {
        rows.catalog().column_value(self.table, self.id, self.values, column)
    }
}

/// Whether the filter holds for the row.
pub(super) fn holds(rows: &dyn Rows, caller: &Caller, filter: &Filter, row: Tested<'_>) -> bool {
    match filter {
        Filter::And(parts) => parts.iter().all(|part| holds(rows, caller, part, row)),
        Filter::Or(parts) => parts.iter().any(|part| holds(rows, caller, part, row)),
        Filter::Condition(condition) => {
            let value = row.value(rows, &condition.column);
            condition::holds(rows.catalog(), caller, condition, value.as_ref())
        }
        Filter::Linked(linked) => {
            let found = linked_rows(rows, caller, linked, row).next().is_some();
            match linked.quantifier {
                Quantifier::Any => found,
                Quantifier::NotAny => !found,
            }
        }
    }
}

/// The linked rows that the caller may read and that satisfy the link's own filter.
///
/// What the caller may not read does not count, on the side of `not any` either: a filter must not
/// tell of rows that its user may not read.
pub(super) fn linked_rows<'a>(
    rows: &'a dyn Rows,
    caller: &'a Caller,
    linked: &'a Linked,
    row: Tested<'_>,
) -> Box<dyn Iterator<Item = RowId> + 'a> {
    let key = row.value(rows, &linked.to).map(join_key);
    let (Some(key), Some(table)) = (key, rows.catalog().table(&linked.table)) else {
        return Box::new(std::iter::empty());
    };
    let ids = scan(rows, table).filter_map(move |(id, values)| {
        let child = Tested { table, id, values: &values };
        let joined = child.value(rows, &linked.from).map(join_key).is_some_and(|from| from == key);
        let counts = joined
            && readable::row(rows, caller, table, &values)
            && linked.filter.as_ref().is_none_or(|filter| holds(rows, caller, filter, child));
        counts.then_some(id)
    });
    Box::new(ids)
}

/// What joins: references by their id alone, so that a lookup joins a key; text as `eq` reads it.
fn join_key(value: Value) -> Value {
    match value {
        Value::Reference(reference) => Value::Id(reference.id),
        Value::Text(text) => Value::Text(haversack_core::text::equality_key(&text)),
        other => other,
    }
}
