//! Online edits of one row: by somebody at a desk, or to bring back the side of a conflict that lost.

use haversack_core::{
    Name, Offset, RowId, Values,
    event::{EditRequest, Operation, RowKey, Side},
    schema::{CREATEDON, MODIFIEDON, OWNERID, OWNINGBUSINESSUNIT},
};
use haversack_replay::{
    Conflict,
    admin::{Change, Decision, Fault, RowChange, decide},
    images, seen,
};

use crate::{EngineError, group::Group, tell::row::written};

/// An online edit.
#[derive(Clone, Debug)]
pub enum OnlineEdit {
    /// As it stands.
    Change(RowChange),
    /// The losing side of a conflict, made anew: what the device asked for if the server had won; what
    /// the device overwrote if it had.
    Restore {
        /// The device's edit.
        conflict: Offset,
        /// Who restores it; none: the administrator.
        user: Option<RowId>,
    },
}

/// A row as an edit left it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// The row.
    pub id: RowId,
    /// Its version; of a row that was deleted, that of the delete.
    pub version: Offset,
}

/// What became of an edit.
pub type Edited = Result<Written, Fault>;

/// Judges an edit as the next thing in the group.
pub(crate) fn run(group: &mut Group<'_>, edit: OnlineEdit) -> Result<Edited, EngineError> {
    let change = match edit {
        OnlineEdit::Change(change) => change,
        OnlineEdit::Restore { conflict, user } => match losing_side(group, conflict, user)? {
            Ok(change) => change,
            Err(fault) => return Ok(Err(fault)),
        },
    };
    let id = change.id;
    let key = change.table.parse().ok().map(|table: Name| RowKey { table, id });
    let Decision { records, .. } = match decide(&group.ahead, &Change::Row(change)) {
        Ok(decision) => decision,
        Err(fault) => return Ok(Err(fault)),
    };
    // An update that changes nothing leaves the row its version.
    let mut version = key.and_then(|key| group.ahead.version(&key)).map(|version| version.0);
    for record in records {
        version = Some(group.add(record)?);
    }
    let version = version.expect("only a row that is there is left as it is");
    Ok(Ok(Written { id, version }))
}

/// The edit that brings the losing side of a conflict back onto the row as it is now.
fn losing_side(
    group: &Group<'_>,
    offset: Offset,
    user: Option<RowId>,
) -> Result<Result<RowChange, Fault>, EngineError> {
    let state = &group.ahead;
    let Some(conflict) = state.conflicts.get(&offset).cloned() else {
        let message = format!("event {offset} is no conflict");
        return Ok(Err(Fault { code: "unknown_conflict", message, item: None, in_filter: None }));
    };
    let table = state.catalog.table(&conflict.key.table).map(AsRef::as_ref);
    let now = state.current(&conflict.key).map(|row| row.values);
    let (operation, values) = match conflict.verdict.winner() {
        Some(Side::Server) => devices_side(group, &conflict, now.as_ref())?,
        Some(Side::Client) | None => servers_side(&conflict, now.as_ref()),
    };
    let values = written(table, &values);
    let (table, id) = (conflict.key.table.to_string(), conflict.key.id);
    let user = user.map(|user| user.to_string());
    Ok(Ok(RowChange { table, operation, id, values, user, if_version: None }))
}

type Restored = (Operation, Values);

/// What the device asked for. A row that is gone is made again as the device had seen it.
fn devices_side(
    group: &Group<'_>,
    conflict: &Conflict,
    now: Option<&Values>,
) -> Result<Restored, EngineError> {
    let EditRequest::Fits { operation, values } = &conflict.client else {
        // What does not fit the schema is refused, and no conflict.
        return Ok((Operation::Update, Values::default()));
    };
    Ok(match (operation, now) {
        (Operation::Delete, _) => (Operation::Delete, Values::default()),
        (Operation::Update, Some(_)) => (Operation::Update, without_times(values)),
        (Operation::Create, Some(now)) => (Operation::Update, in_place_of(now, values)),
        (Operation::Create, None) => (Operation::Create, without_times(values)),
        (Operation::Update, None) => {
            let mut row = match &conflict.server {
                Some(row) => row.values.clone(),
                None => as_seen(group, conflict)?,
            };
            row.patch(values);
            (Operation::Create, without_times(&row))
        }
    })
}

/// What the device overwrote; nothing, if the row was not there.
fn servers_side(conflict: &Conflict, now: Option<&Values>) -> Restored {
    match (&conflict.server, now) {
        (None, _) => (Operation::Delete, Values::default()),
        (Some(row), None) => (Operation::Create, without_times(&row.values)),
        (Some(row), Some(now)) => match &conflict.client {
            EditRequest::Fits { operation: Operation::Update, values } => {
                let before = |(name, _): (&Name, _)| (name.clone(), row.values.get(name).cloned());
                (Operation::Update, without_times(&values.iter().map(before).collect()))
            }
            _ => (Operation::Update, in_place_of(now, &row.values)),
        },
    }
}

/// The row as the device had seen it when it edited.
fn as_seen(group: &Group<'_>, conflict: &Conflict) -> Result<Values, EngineError> {
    let images = images(&group.ahead, &conflict.key, &group.past())?;
    let row = seen(&images, conflict.base, conflict.device);
    Ok(row.map(|row| row.values.clone()).unwrap_or_default())
}

/// What a whole row changes of another: columns that it lacks are emptied.
fn in_place_of(now: &Values, row: &Values) -> Values {
    let is_kept = |name: &Name| [OWNERID, OWNINGBUSINESSUNIT].contains(&name.as_str());
    let emptied = now.iter().map(|(name, _)| name).filter(|name| !is_kept(name));
    let mut values: Values = emptied.map(|name| (name.clone(), None)).collect();
    row.iter().for_each(|(name, value)| values.set(name.clone(), value.cloned()));
    without_times(&values)
}

/// Times say when a row was written, and it's written now.
fn without_times(values: &Values) -> Values {
    let is_time = |name: &Name| [CREATEDON, MODIFIEDON].contains(&name.as_str());
    let entries = values.iter().filter(|(name, _)| !is_time(name));
    entries.map(|(name, value)| (name.clone(), value.cloned())).collect()
}
