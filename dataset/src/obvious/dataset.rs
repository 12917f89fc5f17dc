//! The rows that belong on a user's device: the least fixpoint over the items of their profile.

use std::collections::{BTreeMap, BTreeSet};

use haversack_core::{
    Name, RowId, RowVersion, Value, Values,
    catalog::Catalog,
    event::RowKey,
    profile::{Criterion, OwnRows, ProfileItem, RelatedTo},
    schema::{OWNERID, Relationship, RelationshipKind, Table},
};

use super::{query, readable};
use crate::{Caller, Dataset, Rows, rows::scan};

/// By what a row came on the device: the first way that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// The criterion of its table's item selects it.
    Criterion,
    /// A relationship joins it to this row, which is on the device.
    Joined { relationship: Name, to: RowKey },
}

/// Rows on the device, with their causes.
pub(super) type Included = BTreeMap<RowKey, Cause>;

/// The items of the caller's published profile whose tables may be taken offline.
pub(super) fn items<'c>(
    catalog: &'c Catalog,
    caller: &Caller,
) -> impl Iterator<Item = (&'c ProfileItem, &'c Table)> {
    let profile = caller.user.and_then(|user| catalog.published_profile_of(user));
    profile.into_iter().flat_map(|profile| &profile.draft.items).filter_map(|item| {
        let table = catalog.table(&item.table)?;
        table.can_be_taken_offline.then_some((item, table.as_ref()))
    })
}

/// The least set that holds the readable rows of each criterion, and every readable row that a
/// relationship of its item joins to a row of the set.
pub(super) fn offered(rows: &dyn Rows, caller: &Caller) -> Included {
    let mut included = Included::new();
    for (item, table) in items(rows.catalog(), caller) {
        for id in direct(rows, caller, item, table) {
            included.insert(RowKey { table: table.name.clone(), id }, Cause::Criterion);
        }
    }
    while add_related(rows, caller, &mut included) {}
    included
}

/// One round over all relationships; says whether it added a row.
fn add_related(rows: &dyn Rows, caller: &Caller, included: &mut Included) -> bool {
    let before = included.len();
    for (item, table) in items(rows.catalog(), caller) {
        for related in &item.related_to {
            for (id, to) in joined(rows, table, related, included) {
                let key = RowKey { table: table.name.clone(), id };
                if !included.contains_key(&key) && readable::by_id(rows, caller, &table.name, id) {
                    let relationship = related.relationship.clone();
                    included.insert(key, Cause::Joined { relationship, to });
                }
            }
        }
    }
    included.len() > before
}

/// The readable rows that an item's criterion selects.
pub(super) fn direct(
    rows: &dyn Rows,
    caller: &Caller,
    item: &ProfileItem,
    table: &Table,
) -> BTreeSet<RowId> {
    let catalog = rows.catalog();
    let chosen = |test: &dyn Fn(&Values) -> bool| {
        scan(rows, table)
            .filter(|(_, values)| test(values) && readable::row(rows, caller, table, values))
            .map(|(id, _)| id)
            .collect()
    };
    match item.criterion {
        Criterion::RelatedOnly => BTreeSet::new(),
        Criterion::All => chosen(&|_| true),
        Criterion::Other => chosen(&|values| {
            item.other.iter().any(|own| is_own(catalog, caller, *own, table, values))
        }),
        Criterion::Custom => {
            match haversack_dsl::compile(item.filter.as_deref().unwrap_or(""), catalog) {
                Ok(resolved) => query::select(rows, caller, table, &resolved.query).collect(),
                // A later change of the schema can leave a filter without its columns; it then
                // selects nothing, and `explain` says so.
                Err(_) => BTreeSet::new(),
            }
        }
    }
}

/// Whether a row is one of the user's, their teams' or their business unit's.
pub(super) fn is_own(
    catalog: &Catalog,
    caller: &Caller,
    own: OwnRows,
    table: &Table,
    values: &Values,
) -> bool {
    let owner = match values.get(OWNERID) {
        Some(Value::Reference(owner)) => Some(owner.id),
        _ => None,
    };
    match own {
        OwnRows::User => owner.is_some() && owner == caller.user,
        OwnRows::Team => owner.is_some_and(|owner| caller.teams(catalog).contains(&owner)),
        OwnRows::BusinessUnit => {
            let unit = catalog.owning_business_unit(table, values);
            unit.is_some() && unit == caller.business_unit(catalog)
        }
    }
}

/// The rows of `table` that a relationship joins to included rows of the table at its other end,
/// each with one row that it is joined to.
pub(super) fn joined(
    rows: &dyn Rows,
    table: &Table,
    related: &RelatedTo,
    included: &Included,
) -> BTreeMap<RowId, RowKey> {
    let Some(relationship) = rows.catalog().relationship(&related.relationship) else {
        return BTreeMap::new();
    };
    let mut joined = BTreeMap::new();
    for (one, other) in related_to(rows, relationship, &table.name, &related.table) {
        let to = RowKey { table: related.table.clone(), id: other };
        if included.contains_key(&to) {
            joined.entry(one).or_insert(to);
        }
    }
    joined
}

/// All pairs that a relationship joins: a row of `table`, a row of `other`, whichever side holds the
/// lookup. A relationship of a table with itself joins in both directions.
pub fn related_to(
    rows: &dyn Rows,
    relationship: &Relationship,
    table: &str,
    other: &str,
) -> BTreeSet<(RowId, RowId)> {
    let pairs = pairs(rows, relationship);
    let forward = relationship.table == table && relationship.target == other;
    let backward = relationship.target == table && relationship.table == other;
    let mut joined = BTreeSet::new();
    for (from, to) in pairs {
        if forward {
            joined.insert((from, to));
        }
        if backward {
            joined.insert((to, from));
        }
    }
    joined
}

/// Pairs of a row of the relationship's table and a row of its target.
fn pairs(rows: &dyn Rows, relationship: &Relationship) -> Vec<(RowId, RowId)> {
    let Some(holder) = rows.catalog().table(match relationship.kind {
        RelationshipKind::ManyToOne => &relationship.table,
        RelationshipKind::ManyToMany => {
            relationship.intersect.as_ref().unwrap_or(&relationship.table)
        }
    }) else {
        return Vec::new();
    };
    let end = |id, values: &Values, column: &str, target: &str| match rows
        .catalog()
        .column_value(holder, id, values, column)
    {
        Some(Value::Reference(to)) if to.table == target => Some(to.id),
        _ => None,
    };
    scan(rows, holder)
        .filter_map(|(id, values)| match (relationship.kind, &relationship.target_column) {
            (RelationshipKind::ManyToOne, _) => {
                Some((id, end(id, &values, &relationship.column, &relationship.target)?))
            }
            (RelationshipKind::ManyToMany, Some(target_column)) => Some((
                end(id, &values, &relationship.column, &relationship.table)?,
                end(id, &values, target_column, &relationship.target)?,
            )),
            (RelationshipKind::ManyToMany, None) => None,
        })
        .collect()
}

/// The rows with their versions.
pub(super) fn versions(rows: &dyn Rows, included: &Included) -> Dataset {
    let version = |key: &RowKey| -> Option<RowVersion> {
        rows.row(&key.table, key.id).map(|row| row.version)
    };
    included.keys().filter_map(|key| Some((key.clone(), version(key)?))).collect()
}
