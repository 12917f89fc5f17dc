//! Online edits: judged at the door, and facts once they are logged.

use haversack_core::{
    Name, Offset, Reference, RowId, Value, Values,
    catalog::Catalog,
    event::{Actor, Event, Operation, Record, Refusal, RowKey, RowWrite},
    json::read_row,
    schema::{OWNERID, Ownership, SYSTEMUSER, Table, TableKind},
    security::Privilege,
};
use haversack_dataset::{Caller, Evaluator, Obvious};

use super::{Decision, Fault, RowChange};
use crate::State;

fn refused(refusal: Refusal, message: impl Into<String>) -> Fault {
    Fault::new(refusal.code(), message)
}

/// Judges an online edit.
pub(super) fn decide(state: &State, change: &RowChange) -> Result<Decision, Fault> {
    let catalog = state.catalog.as_ref();
    let table = catalog.table(&change.table).ok_or_else(|| {
        let known = catalog.tables().map(|table| table.name.as_str());
        let help = haversack_core::name::nearest_help(&change.table, known);
        let message = format!("there is no table {:?}{help}", change.table);
        refused(Refusal::UnknownTable, message)
    })?;
    if table.kind == TableKind::System {
        let message = format!("rows of `{}` are written by admin changes", table.name);
        return Err(refused(Refusal::ReadOnly, message));
    }
    let user = change.user.as_deref().map(|user| known_user(catalog, user)).transpose()?;
    let values = read_row(catalog, table, change.id, &change.values)
        .map_err(|misfit| refused(misfit.refusal, misfit.message))?;
    let key = RowKey { table: table.name.clone(), id: change.id };
    let edit = Edit { state, table, user, key, if_version: change.if_version };
    let written = match change.operation {
        Operation::Create => Some(edit.create(values)?),
        Operation::Update => edit.update(values)?,
        Operation::Delete => Some(edit.delete(&values)?),
    };
    let actor = user.map_or(Actor::Administrator, Actor::User);
    let record = |values| {
        let operation = change.operation;
        let write = RowWrite { key: edit.key.clone(), operation, values };
        Record { actor: actor.clone(), event: Event::RowWritten(write) }
    };
    Ok(Decision { records: written.map(record).into_iter().collect(), warnings: Vec::new() })
}

fn known_user(catalog: &Catalog, user: &str) -> Result<RowId, Fault> {
    let found = catalog.find_user(user).map(|user| user.id);
    found.ok_or_else(|| Fault::new("unknown_user", catalog.no_user(user)))
}

struct Edit<'a> {
    state: &'a State,
    table: &'a Table,
    user: Option<RowId>,
    key: RowKey,
    if_version: Option<Offset>,
}

impl Edit<'_> {
    fn create(&self, values: Values) -> Result<Values, Fault> {
        let mut values = values.without_nulls();
        if let Some(column) = self.table.missing_required(&values) {
            let message = format!("column `{column}` needs a value");
            return Err(refused(Refusal::Required, message));
        }
        if self.if_version.is_some() {
            return Err(refused(Refusal::BadValue, "a row that is made has no version before"));
        }
        if let Some(row) = self.state.current(&self.key) {
            let over = [Privilege::Read, Privilege::Write];
            return match over.iter().all(|privilege| self.may(*privilege, &row.values)) {
                true => Err(Fault::new("row_exists", format!("row {} exists", self.key.id))),
                false => Err(self.no_privilege(Privilege::Create)),
            };
        }
        if let (Some(user), Ownership::UserOrTeam) = (self.user, self.table.ownership)
            && !values.contains(OWNERID)
        {
            let owner = Reference { table: Name::known(SYSTEMUSER), id: user };
            values.set(Name::known(OWNERID), Some(Value::Reference(owner)));
        }
        self.permit(Privilege::Create, &values)?;
        Ok(values)
    }

    /// The columns that change; none if none does.
    fn update(&self, values: Values) -> Result<Option<Values>, Fault> {
        if let Some(column) = self.table.emptied_required(&values) {
            let message = format!("column `{column}` needs a value");
            return Err(refused(Refusal::Required, message));
        }
        let now = self.existing()?;
        self.permit(Privilege::Write, &now.values)?;
        if self.table.kind == TableKind::Intersect {
            let mut next = now.values.clone();
            next.patch(&values);
            self.permit(Privilege::Write, &next)?;
        }
        self.is_as_seen(&now)?;
        let changes = values.iter().any(|(name, value)| now.values.get(name) != value);
        Ok(changes.then_some(values))
    }

    fn delete(&self, values: &Values) -> Result<Values, Fault> {
        if !values.is_empty() {
            return Err(refused(Refusal::BadValue, "a delete has no values"));
        }
        let now = self.existing()?;
        self.permit(Privilege::Delete, &now.values)?;
        self.is_as_seen(&now)?;
        Ok(Values::default())
    }

    fn existing(&self) -> Result<haversack_core::Row, Fault> {
        let row = self.state.current(&self.key);
        row.filter(|row| self.may(Privilege::Read, &row.values)).ok_or_else(|| {
            let message = format!("there is no row {} in `{}`", self.key.id, self.table.name);
            refused(Refusal::UnknownRow, message)
        })
    }

    /// Whoever names a version has not seen those after it.
    fn is_as_seen(&self, now: &haversack_core::Row) -> Result<(), Fault> {
        match self.if_version {
            Some(seen) if seen != now.version.0 => {
                let message = format!(
                    "row {} has version {}, expected {seen}; read it again first",
                    self.key.id, now.version.0
                );
                Err(Fault::new("stale_version", message))
            }
            _ => Ok(()),
        }
    }

    fn permit(&self, privilege: Privilege, values: &Values) -> Result<(), Fault> {
        if self.may(privilege, values) { Ok(()) } else { Err(self.no_privilege(privilege)) }
    }

    fn no_privilege(&self, privilege: Privilege) -> Fault {
        let name = self.user.and_then(|user| self.state.catalog.users.get(&user));
        let message = format!(
            "no role of {} lets them {} this row of `{}`",
            name.map_or("the user", |user| user.name.as_str()),
            format!("{privilege:?}").to_lowercase(),
            self.table.name
        );
        refused(Refusal::NoPrivilege, message)
    }

    /// A pair may be read by who may read both its ends, and written by who may write them.
    fn may(&self, privilege: Privilege, values: &Values) -> bool {
        let Some(user) = self.user else { return true };
        if self.table.kind != TableKind::Intersect {
            return self.state.catalog.allows(user, privilege, self.table, values);
        }
        let needed = match privilege {
            Privilege::Read => Privilege::Read,
            Privilege::Write | Privilege::Create | Privilege::Delete => Privilege::Write,
        };
        let caller = Caller::user(&self.state.catalog, user, self.state.at);
        let evaluator = Obvious::new(self.state);
        let mut ends = self.table.columns().iter().filter(|column| !column.targets.is_empty());
        ends.all(|column| match values.get(&column.name) {
            Some(Value::Reference(end)) => {
                evaluator.readable(&caller, &end.table, end.id) && self.may_end(user, needed, end)
            }
            _ => false,
        })
    }

    fn may_end(&self, user: RowId, privilege: Privilege, end: &Reference) -> bool {
        let key = RowKey { table: end.table.clone(), id: end.id };
        let table = self.state.catalog.table(&end.table);
        table.zip(self.state.current(&key)).is_some_and(|(table, row)| {
            self.state.catalog.allows(user, privilege, table, &row.values)
        })
    }
}
