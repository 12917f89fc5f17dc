//! What every pull says of a profile, found once for each catalog.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use haversack_core::{
    Name, RowId,
    catalog::Catalog,
    profile::{Criterion, ProfileItem, PublishedProfile},
};
use haversack_dsl::compile;
use haversack_sync::{
    digest::{fingerprint_of, shared_sum},
    planted::{Bug, planted},
};

use super::units::Units;
use crate::live::{Live, locked};

/// What was found of a catalog's profiles so far.
pub(crate) struct Facts {
    catalog: Arc<Catalog>,
    profiles: BTreeMap<String, Arc<ProfileFacts>>,
    /// By user, and whether the profile is offered: an app may not offer it.
    metadata: BTreeMap<(RowId, bool), Arc<str>>,
    /// What all devices know besides rows, summed up.
    shared: Option<u64>,
    units: Option<Arc<Units>>,
}

/// What every pull says of a published profile.
pub(crate) struct ProfileFacts {
    /// Its tables, and in how many seconds each is due again.
    pub tables: BTreeMap<Name, u64>,
}

impl Facts {
    fn of(catalog: &Arc<Catalog>) -> Self {
        let catalog = Arc::clone(catalog);
        Self {
            catalog,
            profiles: BTreeMap::new(),
            metadata: BTreeMap::new(),
            shared: None,
            units: None,
        }
    }
}

impl Live {
    /// What is known of a published profile.
    pub(super) fn facts_of(
        &self,
        catalog: &Arc<Catalog>,
        profile: &PublishedProfile,
    ) -> Arc<ProfileFacts> {
        let mut facts = locked(&self.facts);
        let facts = current(&mut facts, catalog);
        let make = || {
            let tables = sync_seconds(catalog, &profile.draft.items);
            Arc::new(ProfileFacts { tables })
        };
        let name = &profile.draft.name;
        if let Some(known) = facts.profiles.get(name) {
            return Arc::clone(known);
        }
        Arc::clone(facts.profiles.entry(name.clone()).or_insert_with(make))
    }

    /// The fingerprint of what a device of the user must know besides rows.
    pub(super) fn metadata_of(
        &self,
        catalog: &Arc<Catalog>,
        user: RowId,
        tables: &BTreeSet<Name>,
    ) -> Arc<str> {
        let mut facts = locked(&self.facts);
        let facts = current(&mut facts, catalog);
        let Facts { metadata, shared, .. } = facts;
        let make = || {
            let all = || shared_sum(&catalog.metadata(RowId::default(), &BTreeSet::new()));
            let shared = *shared.get_or_insert_with(all);
            Arc::from(fingerprint_of(shared, &catalog.own_metadata(user, tables)))
        };
        Arc::clone(metadata.entry((user, !tables.is_empty())).or_insert_with(make))
    }

    /// The business units of owners.
    pub(super) fn units_of(&self, catalog: &Arc<Catalog>) -> Arc<Units> {
        let make = || Arc::new(Units::of(catalog, self.seed()));
        match &mut *locked(&self.facts) {
            Some(facts) if Arc::ptr_eq(&facts.catalog, catalog) => {
                Arc::clone(facts.units.get_or_insert_with(make))
            }
            // A stream of an older moment does not take from the others what is known of the newest catalog.
            _ => make(),
        }
    }
}

fn current<'f>(facts: &'f mut Option<Facts>, catalog: &Arc<Catalog>) -> &'f mut Facts {
    if facts.as_ref().is_none_or(|facts| !Arc::ptr_eq(&facts.catalog, catalog)) {
        let kept = facts.take();
        let facts = facts.insert(Facts::of(catalog));
        if let (true, Some(kept)) = (planted(Bug::StaleMetadata), kept) {
            facts.metadata = kept.metadata;
        }
    }
    facts.as_mut().expect("put in just above")
}

/// In how many seconds each table of a profile is due again: tables that are joined by relationships or
/// by links of filters, directly or by way of others of the profile, share the shortest interval.
fn sync_seconds(catalog: &Catalog, items: &[ProfileItem]) -> BTreeMap<Name, u64> {
    let compatibility = catalog.settings.compatibility;
    let own = |item: &ProfileItem| 60 * u64::from(item.effective_interval_minutes(compatibility));
    let mut seconds: BTreeMap<Name, u64> =
        items.iter().map(|item| (item.table.clone(), own(item))).collect();
    let joined: Vec<(Name, Name)> = items
        .iter()
        .flat_map(|item| joined_to(catalog, item).into_iter().map(|to| (item.table.clone(), to)))
        .filter(|(_, to)| seconds.contains_key(to))
        .collect();
    // Each round takes the shortest at least one step further, so there are no more than tables.
    loop {
        let mut has_changed = false;
        for (one, other) in &joined {
            let least = seconds[one].min(seconds[other]);
            for table in [one, other] {
                has_changed |= seconds.insert(table.clone(), least) != Some(least);
            }
        }
        if !has_changed {
            return seconds;
        }
    }
}

/// Tables that an item's rows hang on.
fn joined_to(catalog: &Catalog, item: &ProfileItem) -> BTreeSet<Name> {
    let mut tables: BTreeSet<Name> =
        item.related_to.iter().map(|related| related.table.clone()).collect();
    let filter = item.filter.as_deref().filter(|_| item.criterion == Criterion::Custom);
    // What is published was checked; a schema that changed since may have taken a name away.
    if let Some(Ok(resolved)) = filter.map(|text| compile(text, catalog)) {
        tables.extend(resolved.query.linked_tables());
    }
    tables.remove(&item.table);
    tables
}
