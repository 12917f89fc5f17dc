//! Why a row is, or is not, on a user's device: every check, with what it found.

mod truth;

use haversack_core::{
    Name, RowId, Values,
    catalog::Catalog,
    event::RowKey,
    limits::{EXPLAIN_LINKED_ROWS_MAX, EXPLAIN_WAY_MAX},
    profile::{Assignment, Criterion, Member, OwnRows, ProfileItem, RelatedTo},
    schema::Table,
    security::{Depth, Privilege},
};
use haversack_dsl::query::{Filter, Linked};

use self::truth::truth;
pub use self::truth::{ComparisonTruth, ConditionTruth, FilterTruth, LinkedTruth};
use super::{
    dataset::{self, Cause, Included},
    filter::{self, Tested},
    readable,
};
use crate::{Caller, Rows, rows};

/// Why a row is, or is not, on a device.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// Whether it is.
    pub included: bool,
    /// What was checked, in the order in which it decides.
    pub checks: Vec<Check>,
}

/// One thing that was checked.
#[derive(Clone, Debug)]
pub enum Check {
    /// The profile that the user has, and whether it is published.
    Profile {
        /// Its name; none: the user has none.
        name: Option<String>,
        /// The version in force; none: not published.
        version: Option<u32>,
        /// The team through which the user has it; none: directly.
        team: Option<String>,
    },
    /// Whether the table exists and may be taken offline.
    Table {
        /// Whether it does.
        exists: bool,
        /// Whether it may.
        can_be_taken_offline: bool,
        /// Whether the profile has an item for it.
        in_profile: bool,
    },
    /// Whether the row is there.
    Row {
        /// Whether it is.
        exists: bool,
    },
    /// Whether the user may read the row.
    Readable {
        /// Whether they may.
        holds: bool,
        /// The widest depth that their roles give.
        depth: Depth,
        /// The roles that give it, each with the team it comes through.
        roles: Vec<(String, Option<String>)>,
    },
    /// Whether the item's criterion selects the row.
    Criterion {
        /// Whether it does.
        holds: bool,
        /// What it offered.
        offered: Offered,
    },
    /// Whether a relationship joins the row to one on the device.
    Relationship {
        /// Whether it does.
        holds: bool,
        /// The relationship.
        relationship: Name,
        /// The table at its other end.
        table: Name,
        /// The rows on the way to one that a criterion selects, the nearest first; of a long way its
        /// beginning.
        path: Vec<RowKey>,
    },
}

/// A criterion, with what it found.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names are the criteria's")]
pub enum Offered {
    RelatedOnly,
    All,
    Other(Vec<(OwnRows, bool)>),
    Custom(FilterTruth),
    /// The filter does not resolve against the schema as it is now.
    BrokenFilter(String),
}

/// What an explanation asks that only a look at other rows can tell.
pub(crate) trait Lookup {
    /// Whether a row is on the device.
    fn is_included(&self, key: &RowKey) -> bool;

    /// The first of the linked rows, by id, one more than are named if there are as many, and whether
    /// there are those that must be there.
    fn linked(&self, linked: &Linked, row: Tested<'_>) -> (Vec<RowId>, bool);

    /// From a row on the device to which a relationship joins this one, the way back to one that a
    /// criterion selects; empty if there is none.
    fn way(&self, table: &Table, id: RowId, related: &RelatedTo) -> Vec<RowKey>;
}

/// The look at every row.
struct Obviously<'a> {
    rows: &'a dyn Rows,
    caller: &'a Caller,
    included: Included,
}

impl Lookup for Obviously<'_> {
    fn is_included(&self, key: &RowKey) -> bool {
        self.included.contains_key(key)
    }

    fn linked(&self, linked: &Linked, row: Tested<'_>) -> (Vec<RowId>, bool) {
        let found = filter::linked_rows(self.rows, self.caller, linked, row);
        let found = found.take(EXPLAIN_LINKED_ROWS_MAX + 1).collect();
        (found, filter::quantified(self.rows, self.caller, linked, row))
    }

    fn way(&self, table: &Table, id: RowId, related: &RelatedTo) -> Vec<RowKey> {
        let to = dataset::joined(self.rows, table, related, &self.included).remove(&id);
        to.map(|to| path(to, &self.included)).unwrap_or_default()
    }
}

/// Explains one row.
pub(super) fn explain(rows: &dyn Rows, caller: &Caller, name: &Name, id: RowId) -> Explanation {
    let included = dataset::offered(rows, caller);
    explain_by(&Obviously { rows, caller, included }, rows, caller, (name, id))
}

/// Explains one row by what is looked up so.
pub(crate) fn explain_by(
    lookup: &dyn Lookup,
    rows: &dyn Rows,
    caller: &Caller,
    (name, id): (&Name, RowId),
) -> Explanation {
    let catalog = rows.catalog();
    let key = RowKey { table: name.clone(), id };
    let table = catalog.table(name);
    let item = dataset::items(catalog, caller).find(|(item, _)| item.table == *name);
    let values = table.and_then(|table| rows::values(rows, table, id));
    let mut checks = vec![
        profile(catalog, caller),
        Check::Table {
            exists: table.is_some(),
            can_be_taken_offline: table.is_some_and(|table| table.can_be_taken_offline),
            in_profile: in_profile(catalog, caller, name),
        },
        Check::Row { exists: values.is_some() },
    ];
    if let (Some(table), Some(values)) = (table, values) {
        checks.push(readable_check(rows, caller, table, &values));
        if let Some((item, _)) = item {
            let row = Tested::alone(table, id, &values);
            checks.push(criterion(lookup, rows, caller, (item, row)));
            checks.extend(item.related_to.iter().map(|related| {
                let mut path = lookup.way(table, id, related);
                path.truncate(EXPLAIN_WAY_MAX);
                Check::Relationship {
                    holds: !path.is_empty(),
                    relationship: related.relationship.clone(),
                    table: related.table.clone(),
                    path,
                }
            }));
        }
    }
    Explanation { included: lookup.is_included(&key), checks }
}

fn in_profile(catalog: &Catalog, caller: &Caller, table: &Name) -> bool {
    let profile = caller.user.and_then(|user| catalog.published_profile_of(user));
    profile.is_some_and(|profile| profile.draft.items.iter().any(|item| item.table == *table))
}

fn profile(catalog: &Catalog, caller: &Caller) -> Check {
    let covering = |user| catalog.assignments.iter().rev().find(|a| catalog.covers(a, user));
    let assignment: Option<&Assignment> = caller.user.and_then(covering);
    let profile = assignment.and_then(|assignment| catalog.profiles.get(&assignment.profile));
    let team = assignment.and_then(|assignment| match assignment.member {
        Member::Team(id) => catalog.team(id).map(|team| team.name.clone()),
        Member::User(_) => None,
    });
    Check::Profile {
        name: profile.map(|profile| profile.draft.name.clone()),
        version: profile.and_then(|profile| Some(profile.published.as_ref()?.version)),
        team,
    }
}

fn readable_check(rows: &dyn Rows, caller: &Caller, table: &Table, values: &Values) -> Check {
    let catalog = rows.catalog();
    let roles: Vec<_> = caller.user.into_iter().flat_map(|user| catalog.roles_of(user)).collect();
    let read = |role: &haversack_core::security::Role| {
        role.privileges.get(&table.name).map(|p| p.depth(Privilege::Read)).unwrap_or_default()
    };
    let depth = roles.iter().map(|(role, _)| read(role)).max().unwrap_or_default();
    let widest = roles.iter().filter(|(role, _)| depth > Depth::None && read(role) == depth);
    let team_name = |id: RowId| catalog.team(id).map(|team| team.name.clone());
    Check::Readable {
        holds: readable::row(rows, caller, table, values),
        depth,
        roles: widest.map(|(role, team)| (role.name.clone(), team.and_then(team_name))).collect(),
    }
}

fn criterion(
    lookup: &dyn Lookup,
    rows: &dyn Rows,
    caller: &Caller,
    (item, row): (&ProfileItem, Tested<'_>),
) -> Check {
    let catalog = rows.catalog();
    let own = |own| dataset::is_own(catalog, caller, own, row.table, row.values);
    let offered = match item.criterion {
        Criterion::RelatedOnly => Offered::RelatedOnly,
        Criterion::All => Offered::All,
        Criterion::Other => Offered::Other(item.other.iter().map(|o| (*o, own(*o))).collect()),
        Criterion::Custom => {
            match haversack_dsl::compile(item.filter.as_deref().unwrap_or(""), catalog) {
                Ok(resolved) => {
                    let everything = Filter::And(Vec::new());
                    let filter = resolved.query.filter.as_ref().unwrap_or(&everything);
                    Offered::Custom(truth(lookup, rows, caller, (filter, row)))
                }
                Err(errors) => Offered::BrokenFilter(
                    errors.first().map_or_else(String::new, ToString::to_string),
                ),
            }
        }
    };
    let holds = match &offered {
        Offered::RelatedOnly | Offered::BrokenFilter(_) => false,
        Offered::All => true,
        Offered::Other(own) => own.iter().any(|(_, holds)| *holds),
        Offered::Custom(truth) => truth.holds(),
    };
    Check::Criterion { holds, offered }
}

/// From a row on the device the way back to one that a criterion selects. Causes were found
/// outwards from there, so it ends.
fn path(from: RowKey, included: &Included) -> Vec<RowKey> {
    let next = |key: &RowKey| match included.get(key) {
        Some(Cause::Joined { to, .. }) => Some(to.clone()),
        Some(Cause::Criterion) | None => None,
    };
    std::iter::successors(Some(from), next).collect()
}
