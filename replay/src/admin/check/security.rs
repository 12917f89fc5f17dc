//! Business units, positions, roles, users, teams, apps, settings.

use haversack_core::{
    RowId,
    catalog::Catalog,
    limits::{BUSINESS_UNIT_DEPTH_MAX, HIERARCHY_DEPTH_MAX},
    profile::App,
    schema::Ownership,
    security::{BusinessUnit, Depth, Position, Privilege, Role, Team, User},
    settings::Settings,
};

use super::{super::Fault, unknown};

fn named(name: &str) -> Result<(), Fault> {
    if name.trim().is_empty() {
        return Err(Fault::new("required", "\"name\" is empty"));
    }
    Ok(())
}

fn unit_exists(catalog: &Catalog, id: RowId) -> Result<(), Fault> {
    if catalog.business_units.contains_key(&id) {
        return Ok(());
    }
    Err(unknown("unknown_business_unit", "business unit", &id.to_string(), []))
}

/// Trees: every parent there, no ring.
pub(in super::super) fn business_unit(catalog: &Catalog, unit: &BusinessUnit) -> Result<(), Fault> {
    named(&unit.name)?;
    let Some(parent) = unit.parent else { return Ok(()) };
    unit_exists(catalog, parent)?;
    let parent = |id: &RowId| catalog.business_units.get(id).and_then(|unit| unit.parent);
    let levels = std::iter::successors(unit.parent, parent).take(BUSINESS_UNIT_DEPTH_MAX + 1);
    if levels.clone().any(|id| id == unit.id) || levels.count() > BUSINESS_UNIT_DEPTH_MAX {
        let message = format!(
            "business unit {:?} lies below itself, or more than {BUSINESS_UNIT_DEPTH_MAX} deep",
            unit.name
        );
        return Err(Fault::new("cycle", message));
    }
    Ok(())
}

pub(in super::super) fn position(catalog: &Catalog, position: &Position) -> Result<(), Fault> {
    named(&position.name)?;
    match position.parent.filter(|parent| !catalog.positions.contains_key(parent)) {
        Some(parent) => Err(unknown("unknown_position", "position", &parent.to_string(), [])),
        None => Ok(()),
    }
}

pub(in super::super) fn role(catalog: &Catalog, role: &Role) -> Result<(), Fault> {
    named(&role.name)?;
    for (name, privileges) in &role.privileges {
        let known = catalog.tables().map(|table| table.name.as_str());
        let table =
            catalog.table(name).ok_or_else(|| unknown("unknown_table", "table", name, known))?;
        let unowned = matches!(table.ownership, Ownership::Organization | Ownership::None);
        for privilege in [Privilege::Read, Privilege::Write, Privilege::Create, Privilege::Delete] {
            let depth = privileges.depth(privilege);
            if unowned && !matches!(depth, Depth::None | Depth::Organization) {
                let message = format!(
                    "role {:?} gives depth {:?} on table `{name}`, whose rows have no owner; \
                     expected none or organization",
                    role.name,
                    depth.name()
                );
                return Err(Fault::new("bad_depth", message));
            }
        }
    }
    Ok(())
}

fn roles_exist(catalog: &Catalog, roles: &[String]) -> Result<(), Fault> {
    match roles.iter().find(|role| !catalog.roles.contains_key(*role)) {
        Some(role) => {
            Err(unknown("unknown_role", "role", role, catalog.roles.keys().map(String::as_str)))
        }
        None => Ok(()),
    }
}

fn time_zone(name: &str) -> Result<(), Fault> {
    haversack_dataset::check_time_zone(name).map_err(|message| Fault::new("bad_value", message))
}

pub(in super::super) fn user(catalog: &Catalog, user: &User) -> Result<(), Fault> {
    named(&user.name)?;
    unit_exists(catalog, user.business_unit)?;
    roles_exist(catalog, &user.roles)?;
    user.time_zone.as_deref().map_or(Ok(()), time_zone)?;
    if let Some(manager) = user.manager.filter(|id| !catalog.users.contains_key(id)) {
        return Err(unknown("unknown_user", "user", &manager.to_string(), []));
    }
    if let Some(position) = user.position.filter(|id| !catalog.positions.contains_key(id)) {
        return Err(unknown("unknown_position", "position", &position.to_string(), []));
    }
    not_both(catalog, user.id)
}

pub(in super::super) fn team(catalog: &Catalog, team: &Team) -> Result<(), Fault> {
    named(&team.name)?;
    unit_exists(catalog, team.business_unit)?;
    roles_exist(catalog, &team.roles)?;
    if let Some(member) = team.members.iter().find(|id| !catalog.users.contains_key(*id)) {
        return Err(unknown("unknown_user", "user", &member.to_string(), []));
    }
    not_both(catalog, team.id)
}

/// A bare id in an owner column is read as a user's or a team's, so no id may be both.
fn not_both(catalog: &Catalog, id: RowId) -> Result<(), Fault> {
    if catalog.users.contains_key(&id) && catalog.team(id).is_some() {
        return Err(Fault::new("bad_value", format!("{id} is the id of a user and of a team")));
    }
    Ok(())
}

pub(in super::super) fn app(catalog: &Catalog, app: &App) -> Result<(), Fault> {
    named(&app.name)?;
    match app.profiles.iter().find(|name| !catalog.profiles.contains_key(*name)) {
        Some(name) => {
            let known = catalog.profiles.keys().map(String::as_str);
            Err(unknown("unknown_profile", "profile", name, known))
        }
        None => Ok(()),
    }
}

pub(in super::super) fn settings(settings: &Settings) -> Result<(), Fault> {
    time_zone(&settings.time_zone)?;
    if settings.hierarchy.depth > HIERARCHY_DEPTH_MAX {
        let message =
            format!("hierarchy depth {} is beyond {HIERARCHY_DEPTH_MAX}", settings.hierarchy.depth);
        return Err(Fault::new("bad_value", message));
    }
    // Any year without a leap day will do: a fiscal year can't start on 29 February.
    let start = format!("2001-{}", settings.fiscal_year.start);
    match start.parse::<haversack_core::Date>() {
        Ok(_) => Ok(()),
        Err(_) => Err(Fault::new(
            "bad_value",
            format!("fiscal year starts on {:?}, expected MM-DD", settings.fiscal_year.start),
        )),
    }
}
