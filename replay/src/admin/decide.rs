//! From a change to the events that it makes, or the reason why it makes none.

use std::{collections::BTreeSet, sync::Arc};

use haversack_core::{
    RowId,
    catalog::Catalog,
    event::{Actor, Event, Record},
    profile::{Member, ProfileDraft},
    schema::TableDefinition,
};

use super::{Change, Fault, Warning, check, row};
use crate::{State, fold_catalog};

/// What a change comes to.
#[derive(Clone, Debug, Default)]
pub struct Decision {
    /// The events to log; none: the change changes nothing.
    pub records: Vec<Record>,
    /// What is accepted and yet worth saying.
    pub warnings: Vec<Warning>,
}

/// Judges a change as the next after `state`.
///
/// # Errors
/// Why it is refused.
pub fn decide(state: &State, change: &Change) -> Result<Decision, Fault> {
    let catalog = state.catalog.as_ref();
    let (event, unchanged) = match change {
        Change::Misfit(fault) => return Err(fault.clone()),
        Change::Row(change) => return row::decide(state, change),
        Change::Member { profile, member, add, moves } => {
            return membership(catalog, profile, *member, *add, *moves);
        }
        Change::Publish(profile) => return publish(state, profile),
        Change::Unpublish(profile) => {
            let found = known_profile(catalog, profile)?;
            let event = Event::ProfileUnpublished { profile: profile.clone() };
            (event, found.published.is_none())
        }
        Change::BusinessUnit(unit) => {
            let same = catalog.business_units.get(&unit.id).is_some_and(|now| **now == *unit);
            (Event::BusinessUnitPut(unit.clone()), same)
        }
        Change::Position(position) => {
            let same = catalog.positions.get(&position.id).is_some_and(|now| **now == *position);
            (Event::PositionPut(position.clone()), same)
        }
        Change::Role(role) => {
            let same = catalog.roles.get(&role.name).is_some_and(|now| **now == *role);
            (Event::RolePut(role.clone()), same)
        }
        Change::User(user) => {
            let same = catalog.users.get(&user.id).is_some_and(|now| **now == *user);
            (Event::UserPut(user.clone()), same)
        }
        Change::Team(team) => {
            let same = catalog.team(team.id).is_some_and(|now| **now == *team);
            (Event::TeamPut(team.clone()), same)
        }
        Change::Table(table) => {
            keeps_what_is_fixed(catalog, table)?;
            let same = catalog.definition(&table.name).is_some_and(|now| **now == *table);
            (Event::TablePut(table.clone()), same)
        }
        Change::Relationship(relationship) => {
            let now = catalog.relationship(&relationship.name);
            let same = now.is_some_and(|now| **now == *relationship);
            if !same && now.is_some_and(|now| now.intersect != relationship.intersect) {
                let message = "the table of pairs of a relationship can't be changed";
                return Err(Fault::new("fixed", message));
            }
            (Event::RelationshipPut(relationship.clone()), same)
        }
        Change::App(app) => {
            let same = catalog.apps.get(&app.name).is_some_and(|now| **now == *app);
            (Event::AppPut(app.clone()), same)
        }
        Change::Settings(settings) => {
            (Event::SettingsChanged(settings.clone()), catalog.settings == *settings)
        }
        Change::Profile(draft) => {
            let same = catalog.profiles.get(&draft.name).is_some_and(|now| now.draft == *draft);
            (Event::ProfileDrafted(draft.clone()), same)
        }
    };
    let warnings = checked(catalog, &event)?;
    let records = if unchanged { Vec::new() } else { vec![by_administrator(event)] };
    Ok(Decision { records, warnings })
}

fn by_administrator(event: Event) -> Record {
    Record { actor: Actor::Administrator, event }
}

/// Checks an object in the catalog that would have it.
fn checked(catalog: &Catalog, event: &Event) -> Result<Vec<Warning>, Fault> {
    let mut next = catalog.clone();
    fold_catalog(&mut next, event);
    let next = &next;
    match event {
        Event::BusinessUnitPut(unit) => check::business_unit(next, unit)?,
        Event::PositionPut(position) => check::position(next, position)?,
        Event::RolePut(role) => check::role(next, role)?,
        Event::UserPut(user) => check::user(next, user)?,
        Event::TeamPut(team) => check::team(next, team)?,
        Event::AppPut(app) => check::app(next, app)?,
        Event::SettingsChanged(settings) => {
            check::settings(settings)?;
            nothing_breaks(next)?;
        }
        Event::ProfileDrafted(draft) => return check::profile(next, draft),
        Event::TablePut(table) => {
            check::table(next, table)?;
            nothing_breaks(next)?;
        }
        Event::RelationshipPut(relationship) => {
            check::relationship(next, relationship)?;
            nothing_breaks(next)?;
        }
        _ => {}
    }
    Ok(Vec::new())
}

/// Relationships and published profiles go on to fit a changed schema.
fn nothing_breaks(next: &Catalog) -> Result<(), Fault> {
    let in_use = |what: String, fault: Fault| {
        Fault::new("in_use", format!("{what} would break: {}", fault.message))
    };
    for relationship in next.relationships() {
        check::relationship(next, relationship)
            .map_err(|fault| in_use(format!("relationship `{}`", relationship.name), fault))?;
    }
    let published = next.profiles.values().filter_map(|profile| profile.published.as_ref());
    for profile in published {
        check::profile_parts(next, &profile.draft)
            .map_err(|fault| in_use(format!("profile {:?}", profile.draft.name), fault))?;
    }
    Ok(())
}

/// Ownership, key and column types are fixed once a table is there: rows hold values of them.
fn keeps_what_is_fixed(catalog: &Catalog, table: &TableDefinition) -> Result<(), Fault> {
    let Some(now) = catalog.definition(&table.name) else { return Ok(()) };
    if now.ownership != table.ownership || now.primary_key != table.primary_key {
        let message =
            format!("ownership and primary key of table `{}` can't be changed", table.name);
        return Err(Fault::new("fixed", message));
    }
    let retyped = table.columns.iter().find(|column| {
        let before = catalog.column_type(&table.name, &column.name);
        before.is_some_and(|before| before != column.column_type)
    });
    match retyped {
        Some(column) => Err(Fault::new(
            "fixed",
            format!("the type of column `{}.{}` can't be changed", table.name, column.name),
        )),
        None => Ok(()),
    }
}

fn known_profile<'c>(
    catalog: &'c Catalog,
    name: &str,
) -> Result<&'c Arc<haversack_core::profile::Profile>, Fault> {
    catalog.profiles.get(name).ok_or_else(|| {
        let known = catalog.profiles.keys().map(String::as_str);
        let help = haversack_core::name::nearest_help(name, known);
        Fault::new("unknown_profile", format!("there is no profile {name:?}{help}"))
    })
}

fn publish(state: &State, name: &str) -> Result<Decision, Fault> {
    let catalog = state.catalog.as_ref();
    let profile = known_profile(catalog, name)?;
    let mut warnings = check::profile(catalog, &profile.draft)?;
    warnings.extend(too_many_rows(state, &profile.draft));
    let same = profile.published.as_ref().is_some_and(|now| now.draft == profile.draft);
    let event = Event::ProfilePublished { profile: name.to_owned() };
    let records = if same { Vec::new() } else { vec![by_administrator(event)] };
    Ok(Decision { records, warnings })
}

/// Counts only if there could be too many, since other writers wait.
fn too_many_rows(state: &State, draft: &ProfileDraft) -> Option<Warning> {
    let catalog = state.catalog.as_ref();
    check::too_many_rows(catalog, draft, |table| state.row_count_at_most(table))?;
    check::too_many_rows(catalog, draft, |table| state.row_count(table))
}

fn membership(
    catalog: &Catalog,
    profile: &str,
    member: Member,
    add: bool,
    moves: bool,
) -> Result<Decision, Fault> {
    known_profile(catalog, profile)?;
    let concerned = concerned(catalog, member)?;
    let is_member = catalog.assignments.iter().any(|a| a.profile == profile && a.member == member);
    if !add {
        let event = Event::MemberRemoved { profile: profile.to_owned(), member };
        let records = if is_member { vec![by_administrator(event)] } else { Vec::new() };
        return Ok(Decision { records, warnings: Vec::new() });
    }
    let elsewhere: BTreeSet<(&str, &str)> = concerned
        .iter()
        .filter_map(|user| {
            let other = catalog.profile_of(*user).filter(|p| p.draft.name != profile)?;
            Some((catalog.users.get(user)?.name.as_str(), other.draft.name.as_str()))
        })
        .collect();
    let mut decision = Decision::default();
    if !elsewhere.is_empty() {
        let all: Vec<String> = elsewhere.iter().map(|(u, p)| format!("{u} has {p:?}")).collect();
        let message = format!("already in another profile: {}", all.join(", "));
        if !moves {
            let message = format!("{message}; add \"move\": true to move them");
            return Err(Fault::new("already_in_profile", message));
        }
        decision.warnings.push(Warning::new("already_in_profile", message));
    }
    if !is_member || !elsewhere.is_empty() {
        let event = Event::MemberAdded { profile: profile.to_owned(), member };
        decision.records.push(by_administrator(event));
    }
    Ok(decision)
}

/// The users whose profile a membership touches.
fn concerned(catalog: &Catalog, member: Member) -> Result<Vec<RowId>, Fault> {
    match member {
        Member::User(id) if catalog.users.contains_key(&id) => Ok(vec![id]),
        Member::User(id) => Err(Fault::new("unknown_user", format!("there is no user {id}"))),
        Member::Team(id) => match catalog.team(id) {
            Some(team) => Ok(team.members.clone()),
            None => Err(Fault::new("unknown_team", format!("there is no team {id}"))),
        },
    }
}
