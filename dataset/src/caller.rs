//! Who asks, and when: what caller-relative and clock-relative operators read.

use std::collections::{BTreeMap, BTreeSet};

use haversack_core::{RowId, Timestamp, catalog::Catalog, settings::HierarchyModel};
use jiff::tz::TimeZone;

/// Who asks, and when.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The user; none: the administrator, whom caller-relative operators never match.
    pub user: Option<RowId>,
    /// Whether everything may be read.
    pub reads_everything: bool,
    /// The time that clock-relative operators read.
    pub now: Timestamp,
    /// The zone of dates and times written without one.
    pub time_zone: TimeZone,
    /// The language (LCID) of `eq-userlanguage`.
    pub language: i32,
}

impl Caller {
    /// A user, who may read what their roles allow.
    #[must_use]
    pub fn user(catalog: &Catalog, user: RowId, now: Timestamp) -> Self {
        let mut caller = Self::administrator(catalog, now);
        caller.user = Some(user);
        caller.reads_everything = false;
        if let Some(user) = catalog.users.get(&user) {
            caller.language = user.language.unwrap_or(caller.language);
            if let Some(zone) = user.time_zone.as_deref() {
                caller.time_zone = time_zone(zone);
            }
        }
        caller
    }

    /// The administrator, who may read everything; zone and language are the environment's.
    #[must_use]
    pub fn administrator(catalog: &Catalog, now: Timestamp) -> Self {
        Self {
            user: None,
            reads_everything: true,
            now,
            time_zone: time_zone(&catalog.settings.time_zone),
            language: catalog.settings.language,
        }
    }

    /// The caller's business unit.
    pub(crate) fn business_unit(&self, catalog: &Catalog) -> Option<RowId> {
        self.user.and_then(|user| catalog.business_unit_of(user))
    }

    /// Ids of the caller's teams.
    pub(crate) fn teams(&self, catalog: &Catalog) -> BTreeSet<RowId> {
        self.user.into_iter().flat_map(|user| catalog.teams_of(user)).collect()
    }

    /// The caller and everyone below in the environment's hierarchy, as deep as it says.
    pub(crate) fn user_hierarchy(&self, catalog: &Catalog) -> BTreeSet<RowId> {
        let Some(user) = self.user else { return BTreeSet::new() };
        let depth = catalog.settings.hierarchy.depth;
        let mut users = match catalog.settings.hierarchy.model {
            HierarchyModel::None => BTreeSet::new(),
            HierarchyModel::Manager => {
                let managers = catalog.users.values().map(|u| (u.id, u.manager));
                below(user, &managers.collect(), depth)
            }
            HierarchyModel::Position => below_in_position(catalog, user, depth),
        };
        users.insert(user);
        users
    }
}

/// Zones are checked where they enter; a name that a later zone database dropped reads as UTC.
fn time_zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap_or(TimeZone::UTC)
}

fn below_in_position(catalog: &Catalog, user: RowId, depth: u32) -> BTreeSet<RowId> {
    let Some(own) = catalog.users.get(&user).and_then(|user| user.position) else {
        return BTreeSet::new();
    };
    let parents = catalog.positions.values().map(|p| (p.id, p.parent)).collect();
    let positions = below(own, &parents, depth);
    let held =
        |u: &haversack_core::security::User| u.position.is_some_and(|p| positions.contains(&p));
    catalog.users.values().filter(|user| held(user)).map(|user| user.id).collect()
}

/// Everything at most `depth` levels below `root`, without it, even in a ring.
fn below(root: RowId, parents: &BTreeMap<RowId, Option<RowId>>, depth: u32) -> BTreeSet<RowId> {
    let mut found = BTreeSet::new();
    let mut level = BTreeSet::from([root]);
    for _ in 0..depth {
        let under = |parent: &Option<RowId>| parent.is_some_and(|parent| level.contains(&parent));
        let next: BTreeSet<RowId> = parents
            .iter()
            .filter(|(id, parent)| under(parent) && **id != root && !found.contains(*id))
            .map(|(id, _)| *id)
            .collect();
        if next.is_empty() {
            break;
        }
        found.extend(next.iter().copied());
        level = next;
    }
    found
}

/// Whether an IANA time zone is known.
///
/// # Errors
/// A message that says what was found and what was expected.
pub fn check_time_zone(name: &str) -> Result<(), String> {
    let unknown =
        || format!("found time zone {name:?}, expected an IANA name such as Europe/Berlin");
    TimeZone::get(name).map(|_| ()).map_err(|_| unknown())
}
