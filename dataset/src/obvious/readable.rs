//! What a caller may read.

use haversack_core::{
    RowId, Value, Values,
    schema::{Table, TableKind},
    security::Privilege,
};

use crate::{Caller, Rows, rows};

/// Whether the caller may read the row with this id. A row that is not there may not be read.
pub(super) fn by_id(rows: &dyn Rows, caller: &Caller, table: &str, id: RowId) -> bool {
    let Some(table) = rows.catalog().table(table) else { return false };
    rows::values(rows, table, id).is_some_and(|values| row(rows, caller, table, &values))
}

/// Whether the caller may read this row, which is there.
pub(super) fn row(rows: &dyn Rows, caller: &Caller, table: &Table, values: &Values) -> bool {
    if caller.reads_everything {
        return true;
    }
    match table.kind {
        TableKind::Intersect => both_ends(rows, caller, table, values),
        TableKind::Data | TableKind::System => caller
            .user
            .is_some_and(|user| rows.catalog().allows(user, Privilege::Read, table, values)),
    }
}

/// A pair has no privileges of its own: it may be read when both its ends may.
fn both_ends(rows: &dyn Rows, caller: &Caller, table: &Table, values: &Values) -> bool {
    let mut ends = table.columns().iter().filter(|column| !column.targets.is_empty());
    ends.all(|column| match values.get(&column.name) {
        Some(Value::Reference(end)) => by_id(rows, caller, &end.table, end.id),
        _ => false,
    })
}
