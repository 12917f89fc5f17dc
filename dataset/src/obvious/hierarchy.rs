//! The tree that the rows of a table form by its hierarchy column, as far as the caller may read it.
//!
//! A row that may not be read ends the walk: what lies behind it is neither above nor below.

use std::collections::BTreeSet;

use haversack_core::{Reference, RowId, Value, limits::HIERARCHY_LEVELS_MAX, schema::Table};
use haversack_dsl::{
    operator::Operator,
    query::{Literal, Operand},
};

use super::{filter::Tested, readable};
use crate::{Caller, Rows, rows};

/// Whether a row stands to the operator's row as the operator says. A row that is not there, or may
/// not be read, has nothing below, above or at it.
pub(super) fn stands(
    rows: &dyn Rows,
    caller: &Caller,
    operator: Operator,
    operand: &Operand,
    id: RowId,
) -> bool {
    let Operand::One(Literal::Value(Value::Reference(anchor))) = operand else { return false };
    let Some(table) = rows.catalog().table(&anchor.table) else { return false };
    if !readable::by_id(rows, caller, &anchor.table, anchor.id) {
        return false;
    }
    let is_self = id == anchor.id;
    let is_above = |above: RowId, below: RowId| {
        !is_self && ancestors(rows, caller, table, below).contains(&above)
    };
    match operator {
        Operator::Under => is_above(anchor.id, id),
        Operator::EqOrUnder => is_self || is_above(anchor.id, id),
        Operator::Above => is_above(id, anchor.id),
        Operator::EqOrAbove => is_self || is_above(id, anchor.id),
        _ => false,
    }
}

/// The rows above a row that the caller may read, up to the first that they may not. In a ring the
/// row itself is among them.
fn ancestors(rows: &dyn Rows, caller: &Caller, table: &Table, id: RowId) -> BTreeSet<RowId> {
    let mut found = BTreeSet::new();
    let mut at = id;
    for _ in 0..HIERARCHY_LEVELS_MAX {
        let Some(parent) = parent(rows, table, at) else { break };
        let may_be_read = readable::by_id(rows, caller, &table.name, parent);
        if !may_be_read || !found.insert(parent) {
            break;
        }
        at = parent;
    }
    found
}

fn parent(rows: &dyn Rows, table: &Table, id: RowId) -> Option<RowId> {
    let column = table.hierarchy_column.as_ref()?;
    let values = rows::values(rows, table, id)?;
    match Tested::alone(table, id, &values).value(rows, column)? {
        Value::Reference(Reference { table: to, id }) if to == table.name => Some(id),
        _ => None,
    }
}
