//! Checks of edits before they are taken: what the server would refuse is refused at once.
//!
//! The server judges by the schema and the roles of its own time; so an edit that passes here may still be
//! refused there, and is then told to the app as a problem.

use haversack_core::{
    Row, Values,
    event::{Operation, Refusal, RowKey},
    json::read_row,
    name::nearest_help,
    schema::{Table, TableKind},
    security::Privilege,
};
use haversack_sync::{
    outbox::Wish,
    planted::{Bug, planted},
};

use crate::{
    DeviceError,
    rows::{Source, own},
};

fn refused(refusal: Refusal, message: impl Into<String>) -> DeviceError {
    DeviceError::refused(refusal.code(), message)
}

/// Whether an edit is possible as far as the device can tell.
pub(crate) fn check(source: Source<'_>, wish: &Wish) -> Result<(), DeviceError> {
    let RowKey { table, id } = &wish.key;
    let table = table_for_edits(source, table)?;
    let row = source.row(table, *id)?;
    match wish.operation {
        Operation::Create => {
            let values = fitting(source, table, wish)?.without_nulls();
            create(source, table, wish, row, values)
        }
        Operation::Update => {
            let values = fitting(source, table, wish)?;
            if let Some(column) = table.emptied_required(&values) {
                return Err(refused(Refusal::Required, format!("column `{column}` needs a value")));
            }
            change(source, table, wish, row.as_ref(), Privilege::Write)
        }
        Operation::Delete if !wish.values.is_empty() => {
            Err(refused(Refusal::BadValue, "a delete has no values"))
        }
        Operation::Delete => change(source, table, wish, row.as_ref(), Privilege::Delete),
    }
}

/// The table, if its rows are on the device and can be edited there.
fn table_for_edits<'a>(source: Source<'a>, name: &str) -> Result<&'a Table, DeviceError> {
    let table = source.catalog.table(name).ok_or_else(|| {
        let known = source.catalog.definitions().map(|table| table.name.as_str());
        let help = nearest_help(name, known);
        refused(Refusal::UnknownTable, format!("there is no table {name:?} on this device{help}"))
    })?;
    if table.kind != TableKind::Data {
        let message = format!("rows of `{name}` can't be written on devices");
        return Err(refused(Refusal::ReadOnly, message));
    }
    if !table.can_be_taken_offline {
        let message = format!("table `{name}` can't be taken offline");
        return Err(refused(Refusal::ReadOnly, message));
    }
    if !source.layers.replica().shown.tables.contains_key(name) {
        let message = format!("table `{name}` was not downloaded yet; sync first");
        return Err(DeviceError::refused("not_available", message));
    }
    Ok(table)
}

fn fitting(source: Source<'_>, table: &Table, wish: &Wish) -> Result<Values, DeviceError> {
    read_row(source.catalog, table, wish.key.id, &wish.values)
        .map_err(|misfit| refused(misfit.refusal, misfit.message))
}

fn create(
    source: Source<'_>,
    table: &Table,
    wish: &Wish,
    row: Option<Row>,
    mut values: Values,
) -> Result<(), DeviceError> {
    if let Some(column) = table.missing_required(&values) {
        return Err(refused(Refusal::Required, format!("column `{column}` needs a value")));
    }
    if row.is_some() {
        let message = format!("row {} of `{}` exists", wish.key.id, table.name);
        return Err(DeviceError::refused("row_exists", message));
    }
    own(table, source.user, &mut values);
    permit(source, table, Privilege::Create, &values)
}

fn change(
    source: Source<'_>,
    table: &Table,
    wish: &Wish,
    row: Option<&Row>,
    privilege: Privilege,
) -> Result<(), DeviceError> {
    let may_read =
        |row: &&Row| source.catalog.allows(source.user, Privilege::Read, table, &row.values);
    let row = row.filter(may_read).ok_or_else(|| {
        let message = format!("there is no row {} in `{}` on this device", wish.key.id, table.name);
        refused(Refusal::UnknownRow, message)
    })?;
    permit(source, table, privilege, &row.values)
}

fn permit(
    source: Source<'_>,
    table: &Table,
    privilege: Privilege,
    values: &Values,
) -> Result<(), DeviceError> {
    if source.catalog.allows(source.user, privilege, table, values) || planted(Bug::SkipPrivilege) {
        return Ok(());
    }
    let what = format!("{privilege:?}").to_lowercase();
    let message = format!("no role of the user lets them {what} this row of `{}`", table.name);
    Err(refused(Refusal::NoPrivilege, message))
}
