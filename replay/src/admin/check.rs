//! Whether an object fits the catalog that it is part of. The same checks serve a change, made in a
//! copy of the catalog, and a whole document.

mod classic;
mod profile;
mod schema;
mod security;

pub use classic::too_many_rows;
pub(super) use profile::{profile, profile_parts};
pub(super) use schema::{relationship, table};
pub(super) use security::{app, business_unit, position, role, settings, team, user};

use haversack_core::{catalog::Catalog, name::nearest_help};

use super::{Fault, FaultAt, Warning};

/// Checks everything in a catalog, in the order of the document's sections.
#[must_use]
pub fn environment(catalog: &Catalog) -> (Vec<FaultAt>, Vec<Warning>) {
    let mut faults = Vec::new();
    let mut warnings = Vec::new();
    let mut add = |section: &str, name: &str, result: Result<(), Fault>| {
        if let Err(fault) = result {
            let mut path = vec![section.to_owned(), name.to_owned()];
            if let Some(table) = &fault.item {
                path.extend(["items".to_owned(), table.to_string()]);
            }
            if fault.in_filter.is_some() {
                path.push("filter".to_owned());
            }
            faults.push(FaultAt { path, fault });
        }
    };
    add("settings", "", settings(&catalog.settings));
    for unit in catalog.business_units.values() {
        add("business_units", &unit.id.to_string(), business_unit(catalog, unit));
    }
    for position_ in catalog.positions.values() {
        add("positions", &position_.id.to_string(), position(catalog, position_));
    }
    catalog.roles.values().for_each(|r| add("roles", &r.name, role(catalog, r)));
    catalog.users.values().for_each(|u| add("users", &u.id.to_string(), user(catalog, u)));
    catalog.teams().for_each(|t| add("teams", &t.id.to_string(), team(catalog, t)));
    catalog.definitions().for_each(|t| add("tables", &t.name, table(catalog, t)));
    catalog.relationships().for_each(|r| add("relationships", &r.name, relationship(catalog, r)));
    for found in catalog.profiles.values() {
        let name = &found.draft.name;
        match profile(catalog, &found.draft) {
            Ok(found) => warnings.extend(found),
            Err(fault) => add("profiles", name, Err(fault)),
        }
    }
    catalog.apps.values().for_each(|a| add("apps", &a.name, app(catalog, a)));
    (faults, warnings)
}

/// A fault of something that is named and not there.
fn unknown<'a>(
    code: &'static str,
    what: &str,
    found: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Fault {
    Fault::new(code, format!("there is no {what} {found:?}{}", nearest_help(found, known)))
}
