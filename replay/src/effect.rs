//! What an event does to a row: one place for the fold, and for rebuilding a row of the past.

use std::collections::BTreeSet;

use haversack_core::{
    BaseVersion, Name, Offset, Reference, Row, RowId, RowVersion, Timestamp, Value, Values,
    catalog::Catalog,
    event::{DeviceEdit, EditRequest, Event, Operation, RowKey, RowWrite, Sequenced},
    schema::{CREATEDON, MODIFIEDON, OWNERID, Ownership, SYSTEMUSER},
};

use crate::{Past, PastError, State};

/// A row as it stood after one of its versions.
#[derive(Clone, Debug)]
pub struct Image {
    /// The version's offset.
    pub offset: Offset,
    /// The device that wrote it; none: an online edit.
    pub device: Option<RowId>,
    /// The row; none: the version was a delete.
    pub row: Option<Row>,
}

/// The row as it stood at `offset`, in the fold that made `state`.
///
/// Reads the row's events alone, so its cost grows with their number and with nothing else.
///
/// # Errors
/// If the log can't be read.
pub fn row_at(
    state: &State,
    key: &RowKey,
    offset: Offset,
    past: &(impl Past + ?Sized),
) -> Result<Option<Row>, PastError> {
    let images = images(state, key, past)?;
    Ok(images.into_iter().rev().find(|image| image.offset <= offset).and_then(|image| image.row))
}

/// Every version of a row, oldest first, in the fold that made `state`.
///
/// # Errors
/// If the log can't be read.
pub fn images(
    state: &State,
    key: &RowKey,
    past: &(impl Past + ?Sized),
) -> Result<Vec<Image>, PastError> {
    let mut images: Vec<Image> = Vec::new();
    let versions = state.touches(key).oldest_first().into_iter().filter(|touch| touch.is_version);
    for touch in versions {
        let Sequenced { offset, at, inner } = past.record(touch.offset)?;
        let now = images.last().and_then(|image| image.row.as_ref());
        let when = When { offset, at };
        let row = match &inner.event {
            Event::RowWritten(write) => online(now, write, when),
            Event::DeviceEdited(edit) => {
                let base = seen(&images, edit.base, edit.device);
                let nothing = BTreeSet::new();
                let spared = touch.spared.as_deref().unwrap_or(&nothing);
                Some(applied(&state.catalog, now, base, edit, spared, when))
            }
            _ => None,
        };
        images.push(Image { offset, device: touch.device, row: row.flatten() });
    }
    Ok(images)
}

/// The row as a device had seen it: at its base version, or as it last wrote it itself.
#[must_use]
pub fn seen(images: &[Image], base: BaseVersion, device: RowId) -> Option<&Row> {
    let mut newest_first = images.iter().rev();
    let image = match base.offset() {
        Some(base) => newest_first.find(|image| image.offset <= base),
        None => newest_first.find(|image| image.device == Some(device) && image.row.is_some()),
    };
    image.and_then(|image| image.row.as_ref())
}

/// The columns that writers other than the device changed above its base.
pub(crate) fn changed_by_others(
    images: &[Image],
    base: BaseVersion,
    device: RowId,
) -> BTreeSet<Name> {
    let nothing = Values::default();
    let mut changed = BTreeSet::new();
    let mut before = &nothing;
    for image in images {
        let after = image.row.as_ref().map_or(&nothing, |row| &row.values);
        if !base.covers(image.offset) && image.device != Some(device) {
            changed.extend(differing_columns(before, after));
        }
        before = after;
    }
    changed
}

/// The columns in which two rows differ, but for the times at which they were written.
pub(crate) fn differing_columns(one: &Values, other: &Values) -> BTreeSet<Name> {
    let names = one.iter().chain(other.iter()).map(|(name, _)| name);
    names
        .filter(|name| **name != CREATEDON && **name != MODIFIEDON)
        .filter(|name| one.get(name) != other.get(name))
        .cloned()
        .collect()
}

/// Where and when an event was logged.
#[derive(Clone, Copy)]
pub(crate) struct When {
    pub offset: Offset,
    pub at: Timestamp,
}

/// What an online edit makes of a row. None: nothing, for in this fold the row is not there.
pub(crate) fn online(now: Option<&Row>, write: &RowWrite, when: When) -> Option<Option<Row>> {
    match (write.operation, now) {
        (Operation::Create, _) => Some(Some(made(&write.values, when))),
        (Operation::Update, Some(row)) => Some(Some(patched(row, &write.values, when))),
        (Operation::Delete, Some(_)) => Some(None),
        (Operation::Update | Operation::Delete, None) => None,
    }
}

/// What a device's edit makes of a row when it is applied, but for the columns in `spared`. `seen`
/// is the row as the device had seen it: what is brought back if it was deleted since.
pub(crate) fn applied(
    catalog: &Catalog,
    now: Option<&Row>,
    seen: Option<&Row>,
    edit: &DeviceEdit,
    spared: &BTreeSet<Name>,
    when: When,
) -> Option<Row> {
    let EditRequest::Fits { operation, values } = &edit.request else { return now.cloned() };
    // A device's clock does not say when the server's row was written.
    let entries = values
        .iter()
        .filter(|(name, _)| **name != CREATEDON && **name != MODIFIEDON && !spared.contains(*name));
    let values: Values = entries.map(|(name, value)| (name.clone(), value.cloned())).collect();
    match operation {
        Operation::Create => Some(made(&owned_values(catalog, edit, &values), when)),
        Operation::Update => now.or(seen).map(|row| patched(row, &values, when)),
        Operation::Delete => None,
    }
}

/// The values of a row that a device makes: an owner not given is its user.
pub(crate) fn owned_values(catalog: &Catalog, edit: &DeviceEdit, values: &Values) -> Values {
    let mut values = values.without_nulls();
    let has_owner = catalog
        .table(&edit.key.table)
        .is_some_and(|table| table.ownership == Ownership::UserOrTeam);
    if has_owner && !values.contains(OWNERID) {
        let owner = Reference { table: Name::known(SYSTEMUSER), id: edit.user };
        values.set(Name::known(OWNERID), Some(Value::Reference(owner)));
    }
    values
}

fn made(values: &Values, when: When) -> Row {
    let times = Times::at(when);
    let entries = made_values(values, &times);
    let values = entries.map(|(name, value)| (name.clone(), value.cloned())).collect();
    Row { version: RowVersion(when.offset), values }
}

/// The times that a row is given if it does not say them itself.
pub(crate) struct Times([(Name, Value); 2]);

impl Times {
    pub fn at(When { at, .. }: When) -> Self {
        Self([CREATEDON, MODIFIEDON].map(|time| (Name::known(time), Value::Timestamp(at))))
    }
}

/// The values of a row that is made, in the order of their columns.
pub(crate) fn made_values<'v>(
    values: &'v Values,
    Times(times): &'v Times,
) -> impl Iterator<Item = (&'v Name, Option<&'v Value>)> {
    let mut given = values.iter().filter(|(_, value)| value.is_some()).peekable();
    let is_given = |name: &Name| values.get(name).is_some();
    let mut times = times.iter().filter(move |(name, _)| !is_given(name)).peekable();
    std::iter::from_fn(move || {
        let time = times.next_if(|(time, _)| given.peek().is_none_or(|(name, _)| time < *name));
        time.map(|(name, value)| (name, Some(value))).or_else(|| given.next())
    })
}

fn patched(row: &Row, patch: &Values, When { offset, at }: When) -> Row {
    let mut values = row.values.clone();
    values.set(Name::known(MODIFIEDON), Some(Value::Timestamp(at)));
    values.patch(patch);
    Row { version: RowVersion(offset), values }
}
