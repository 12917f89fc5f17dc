//! A filter on one row: groups, conditions, comparisons, and linked rows that the caller may read.

use std::cmp::Ordering;

use haversack_core::{RowId, Value};
use haversack_dsl::{
    operator::Operator,
    query::{Comparison, Filter, Linked, Quantifier},
};

pub(crate) use super::row::Tested;
use super::{condition, key::Key, readable, row::Found};
use crate::{Caller, Rows, rows::scan};

/// Whether the filter holds for the row.
pub(crate) fn holds(rows: &dyn Rows, caller: &Caller, filter: &Filter, row: Tested<'_>) -> bool {
    match filter {
        Filter::And(parts) => parts.iter().all(|part| holds(rows, caller, part, row)),
        Filter::Or(parts) => parts.iter().any(|part| holds(rows, caller, part, row)),
        Filter::Condition(condition) => {
            let value = row.column(rows, &condition.column);
            condition::holds(rows, caller, condition, value.as_ref())
        }
        Filter::Comparison(comparison) => {
            let value = row.column(rows, &comparison.column);
            let other = row.column(rows, &comparison.other);
            compares(comparison, value.as_ref(), other.as_ref())
        }
        Filter::Linked(linked) => quantified(rows, caller, linked, row),
    }
}

/// Whether two columns stand to each other as their comparison says.
///
/// Null compares with nothing, but for `ne` whose left side is null: Dataverse adds that side's null
/// and not the other's, so `ne` is not the opposite of `eq` here.
pub(crate) fn compares(
    comparison: &Comparison,
    value: Option<&Value>,
    other: Option<&Value>,
) -> bool {
    let operator = comparison.operator;
    let (Some(one), Some(two)) = (Key::joining(value), Key::joining(other)) else {
        return operator == Operator::Ne && value.is_none();
    };
    let order = match operator {
        Operator::Eq => return one == two,
        Operator::Ne => return one != two,
        // Trailing spaces count for order, and only for order.
        _ => Key::of(value).cmp(&Key::of(other)),
    };
    match operator {
        Operator::Gt => order == Ordering::Greater,
        Operator::Ge => order != Ordering::Less,
        Operator::Lt => order == Ordering::Less,
        Operator::Le => order != Ordering::Greater,
        _ => false,
    }
}

/// Whether the linked rows are there that must be, and those are not that must not.
pub(super) fn quantified(
    rows: &dyn Rows,
    caller: &Caller,
    linked: &Linked,
    row: Tested<'_>,
) -> bool {
    let is_selected = linked_rows(rows, caller, linked, row).next().is_some();
    match linked.quantifier {
        Quantifier::Any | Quantifier::NotAll => is_selected,
        Quantifier::NotAny => !is_selected,
        Quantifier::All => {
            let every = Linked { filter: None, ..linked.clone() };
            !is_selected && linked_rows(rows, caller, &every, row).next().is_some()
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
    row: Tested<'a>,
) -> Box<dyn Iterator<Item = RowId> + 'a> {
    let key = Key::joining(row.value(rows, &linked.to).as_ref());
    let (Some(key), Some(table)) = (key, rows.catalog().table(&linked.table)) else {
        return Box::new(std::iter::empty());
    };
    let ids = scan(rows, table).filter_map(move |(id, values)| {
        let child = Found { table, id, values };
        let from = Key::joining(child.value(rows, &linked.from).as_ref());
        let counts = from.as_ref() == Some(&key)
            && readable::row(rows, caller, table, &child.values)
            && linked
                .filter
                .as_ref()
                .is_none_or(|filter| holds(rows, caller, filter, child.among(row.links)));
        counts.then_some(id)
    });
    Box::new(ids)
}
