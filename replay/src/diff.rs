//! Where two folds of one log differ.

use std::collections::BTreeSet;

use haversack_core::{Name, Offset, RowId, Value, Values, event::RowKey, schema::Table};

use crate::{State, Touches, effect::differing_columns, rows::Slot};

/// One column in which two folds differ, or a row that only one of them has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The row.
    pub key: RowKey,
    /// The column; none: the row is in one of the folds only.
    pub column: Option<Name>,
    /// The value under the policy in force; none: null, or no row.
    pub actual: Option<Value>,
    /// The value in the replay; none: null, or no row.
    pub replayed: Option<Value>,
    /// Whether the row is there under the policy in force, and in the replay.
    pub exists: (bool, bool),
    /// The first edit of the row that was judged differently.
    pub because: Option<Offset>,
}

/// The differences between two folds of the same events, by table, id and column; the times at
/// which rows were made and modified don't count.
#[must_use]
pub fn diff(actual: &State, replayed: &State) -> Vec<Difference> {
    let differs =
        |(key, slot): &(RowKey, Slot<'_>)| match (&slot.row, replayed.packed(&key.table, key.id)) {
            (Some(one), Some(other)) => !one.is_surely_alike(&other),
            (None, None) => false,
            _ => true,
        };
    let is_new = |(key, slot): &(RowKey, Slot<'_>)| {
        slot.row.is_some() && actual.packed(&key.table, key.id).is_none()
    };
    let of_one = actual.packed_slots().filter(differs);
    let of_other = replayed.packed_slots().filter(is_new);
    let keys: BTreeSet<RowKey> = of_one.chain(of_other).map(|(key, _)| key).collect();
    keys.iter().flat_map(|key| of_row(actual, replayed, key)).collect()
}

fn of_row(actual: &State, replayed: &State, key: &RowKey) -> Vec<Difference> {
    let (one, other) = (actual.current(key), replayed.current(key));
    let difference = |column, actual_value, replayed_value| Difference {
        key: key.clone(),
        column,
        actual: actual_value,
        replayed: replayed_value,
        exists: (one.is_some(), other.is_some()),
        because: judged_differently(&actual.touches(key), &replayed.touches(key)),
    };
    match (&one, &other) {
        (Some(one), Some(other)) => {
            let table = actual.catalog.table(&key.table);
            let value = |values: &Values, column: &str| -> Option<Value> {
                value(actual, table.map(AsRef::as_ref), key.id, values, column)
            };
            let mut columns = differing_columns(&one.values, &other.values);
            columns.extend(table.and_then(|table| {
                derived_difference(actual, table, key.id, &one.values, &other.values)
            }));
            columns
                .into_iter()
                .map(|column| {
                    let both = (value(&one.values, &column), value(&other.values, &column));
                    difference(Some(column), both.0, both.1)
                })
                .collect()
        }
        (None, None) => Vec::new(),
        _ => vec![difference(None, None, None)],
    }
}

fn value(
    state: &State,
    table: Option<&Table>,
    id: RowId,
    values: &Values,
    column: &str,
) -> Option<Value> {
    match table {
        Some(table) => state.catalog.column_value(table, id, values, column),
        None => values.get(column).cloned(),
    }
}

/// The owning business unit follows the owner, and so may differ without being written.
fn derived_difference(
    state: &State,
    table: &Table,
    id: RowId,
    one: &Values,
    other: &Values,
) -> Option<Name> {
    let column = haversack_core::schema::OWNINGBUSINESSUNIT;
    let of = |values| state.catalog.column_value(table, id, values, column);
    (table.column(column).is_some() && of(one) != of(other)).then(|| Name::known(column))
}

fn judged_differently(actual: &Touches, replayed: &Touches) -> Option<Offset> {
    let pairs = actual.oldest_first().into_iter().zip(replayed.oldest_first());
    pairs.into_iter().find(|(a, b)| a.verdict != b.verdict).map(|(touch, _)| touch.offset)
}
