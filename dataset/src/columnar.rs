//! Rows as columns and sets of rows as bitmaps: a row is evaluated once, not once for each device.
//!
//! [`Columnar`] holds all rows of an environment at one offset and is told of every row that changes
//! ([`Columnar::put`]) and of every catalog ([`Columnar::set_catalog`]). What belongs on a user's
//! device ([`Columnar::device_rows`]) is evaluated once and then caught up from what changed when it is
//! asked for; predicates that name nobody are evaluated once for everybody. The evaluator that is
//! meant to be read, [`Obvious`](crate::Obvious), is its oracle.

mod ask;
mod changes;
mod clock;
mod column;
mod condition;
mod dataset;
mod delta;
mod dictionary;
mod difference;
mod ids;
mod items;
mod numbers;
mod reach;
mod references;
mod shared;
mod table;
mod tables;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use haversack_core::{
    Name, Row, RowId, Timestamp,
    catalog::Catalog,
    event::RowKey,
    profile::{Member, ProfileItem},
};
use haversack_dsl::{plan::Plan, query::Query};

pub use self::difference::{Departure, DeviceRows, Difference};
use self::{
    ask::Ask,
    changes::Change,
    clock::ALWAYS,
    dataset::{Evaluated, Sets, catch_up, evaluate, republish},
    delta::Delta,
    ids::RowNumber,
    items::Item,
    references::TableNumber,
    shared::{SharedSets, since},
    tables::Tables,
};
use crate::{Caller, Dataset, Rows};

/// All rows of an environment as columns, with what follows from them.
#[derive(Debug)]
pub struct Columnar {
    tables: Tables,
    shared: SharedSets,
    users: Mutex<BTreeMap<RowId, Kept>>,
    /// What changed lately, as users are caught up from it: from, to, and the change.
    deltas: Mutex<Option<(u64, u64, Arc<Delta>)>>,
    profiles: Mutex<BTreeMap<String, Arc<Profile>>>,
    /// The profile that each user has, once somebody asks.
    assigned: OnceLock<BTreeMap<RowId, String>>,
    /// How many catalogs there were,
    catalogs: u64,
    /// and how many of them changed who may do what, or settings.
    peoples: u64,
    /// How often rows were numbered anew.
    generation: u64,
}

/// A published profile's items as they are evaluated.
#[derive(Debug)]
struct Profile {
    /// As they were published,
    published: Vec<ProfileItem>,
    /// and as they are evaluated.
    items: Vec<Item>,
    /// Whether what the user may read of a table hangs on rows of others.
    has_pairs: bool,
}

/// What is kept of a user.
#[derive(Clone, Debug)]
struct Kept {
    evaluated: Evaluated,
    total: Arc<Sets>,
    profile: Option<Arc<Profile>>,
    /// It holds up to this change,
    at: u64,
    /// of this catalog,
    catalogs: u64,
    /// of these people and settings,
    peoples: u64,
    /// from this time,
    from: Timestamp,
    /// and until that.
    until: Timestamp,
}

impl Kept {
    /// Whether it may be caught up for this caller: nobody may do anything else than then, and what
    /// its profile asks of the clock has not moved.
    fn is_usable(&self, peoples: u64, caller: &Caller) -> bool {
        self.peoples == peoples && self.from <= caller.now && caller.now < self.until
    }
}

/// Bytes in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Columns, ids, versions, look-ups by pointer.
    pub tables: usize,
    /// Sets that callers share.
    pub shared: usize,
    /// What is kept of users.
    pub users: usize,
}

impl Columnar {
    /// All rows as they stand. The seed spreads what devices name, so that nobody can make look-ups
    /// slow; it shows in no answer.
    #[must_use]
    pub fn build(rows: &dyn Rows, catalog: &Arc<Catalog>, seed: u64) -> Self {
        Self {
            tables: Tables::build(rows, catalog, seed),
            shared: SharedSets::default(),
            users: Mutex::default(),
            deltas: Mutex::default(),
            profiles: Mutex::default(),
            assigned: OnceLock::new(),
            catalogs: 0,
            peoples: 0,
            generation: 0,
        }
    }

    /// Takes a row as it stands now; none: it is gone. Rows of tables that the catalog does not know
    /// are left out.
    pub fn put(&mut self, key: &RowKey, row: Option<&Row>) {
        let Some(table) = self.tables.find(&key.table) else { return };
        let (row, is_structural, mut moved) = self.tables.put(table, key.id, row);
        moved.sort_unstable();
        moved.dedup();
        let moved = moved.into_boxed_slice();
        self.shared.changes.push(Change { table, row, moved, is_structural });
    }

    /// Takes another catalog. Rows are read again only if tables or relationships are not the same.
    pub fn set_catalog(&mut self, rows: &dyn Rows, catalog: &Arc<Catalog>) {
        if Arc::ptr_eq(&self.tables.catalog, catalog) {
            return;
        }
        if !self.tables.has_schema_of(catalog) {
            let mut anew = Self::build(rows, catalog, self.tables.seed());
            anew.generation = self.generation + 1;
            *self = anew;
            return;
        }
        self.catalogs += 1;
        if self.tables.has_people_of(catalog) {
            self.tables.catalog = Arc::clone(catalog);
        } else {
            self.tables.set_catalog(rows, catalog);
            self.peoples += 1;
            // Settings say what predicates mean; rows of the system belong to no change.
            self.shared.clear();
        }
        let is_same = |name: &String, profile: &mut Arc<Profile>| {
            let now = catalog.profiles.get(name).and_then(|now| now.published.as_ref());
            now.is_some_and(|now| now.draft.items == profile.published)
        };
        locked(&self.profiles).retain(is_same);
        self.assigned = OnceLock::new();
    }

    /// The rows that a query's filter selects for the caller, before any join.
    #[must_use]
    pub fn select(&self, caller: &Caller, query: &Query) -> Vec<RowId> {
        let Some(table) = self.tables.find(&query.table) else { return Vec::new() };
        let ask = self.ask(caller);
        let rows = self.tables.table(table);
        let readable = ask.readable(table, rows.live.clone());
        let found = ask.step(table, &Plan::of(query).rows, &readable);
        let mut ids: Vec<RowId> = found.iter().map(|row| rows.id(row)).collect();
        ids.sort_unstable();
        ids
    }

    fn ask<'a>(&'a self, caller: &'a Caller) -> Ask<'a> {
        Ask::new(&self.tables, caller, &self.shared)
    }

    /// What belongs on the device of the caller, who is a user.
    #[must_use]
    pub fn device_rows(&self, caller: &Caller) -> DeviceRows {
        let Some(user) = caller.user else { return DeviceRows::default() };
        let now = self.shared.changes.now();
        let rows = |kept: &Kept| DeviceRows {
            sets: Arc::clone(&kept.total),
            at: now,
            generation: self.generation,
        };
        let kept = match locked(&self.users).get(&user) {
            Some(kept)
                if kept.at == now
                    && kept.catalogs == self.catalogs
                    && kept.is_usable(self.peoples, caller) =>
            {
                return rows(kept);
            }
            kept => kept.cloned(),
        };
        let kept = self.up_to_date(caller, user, kept, now);
        let rows = rows(&kept);
        locked(&self.users).insert(user, kept);
        rows
    }

    fn up_to_date(&self, caller: &Caller, user: RowId, kept: Option<Kept>, now: u64) -> Kept {
        let ask = self.ask(caller);
        let profile = match &kept {
            Some(kept) if kept.catalogs == self.catalogs => kept.profile.clone(),
            _ => self.profile(user),
        };
        let usable = kept.filter(|kept| kept.is_usable(self.peoples, caller));
        let caught_up = usable.and_then(|kept| self.caught_up(&ask, kept, profile.as_ref()));
        let mut kept = caught_up.unwrap_or_else(|| {
            let evaluated = evaluate(&ask, items_of(profile.as_ref()));
            let total = Arc::new(evaluated.total.clone());
            let (from, until) = (Timestamp(i64::MIN), ALWAYS);
            Kept { evaluated, total, profile, at: 0, catalogs: 0, peoples: 0, from, until }
        });
        let until = ask.take_until();
        kept.from = kept.from.max(since(&ask, until));
        kept.until = kept.until.min(until);
        Kept { at: now, catalogs: self.catalogs, peoples: self.peoples, ..kept }
    }

    /// What is kept of a user, with what changed since, and with another profile if there is one.
    fn caught_up(
        &self,
        ask: &Ask<'_>,
        mut kept: Kept,
        profile: Option<&Arc<Profile>>,
    ) -> Option<Kept> {
        let before = kept.profile.take();
        let has_pairs = |profile: Option<&Arc<Profile>>| profile.is_some_and(|p| p.has_pairs);
        if has_pairs(before.as_ref()) || has_pairs(profile) {
            return None;
        }
        let delta = self.delta(kept.at)?;
        catch_up(ask, items_of(before.as_ref()), &mut kept.evaluated, &delta);
        if before.as_ref().map(Arc::as_ptr) != profile.map(Arc::as_ptr) {
            republish(ask, (items_of(before.as_ref()), items_of(profile)), &mut kept.evaluated);
        }
        if kept.evaluated.total != *kept.total {
            kept.total = Arc::new(kept.evaluated.total.clone());
        }
        Some(Kept { profile: profile.cloned(), ..kept })
    }

    /// What changed since, made once for all who were last asked at the same time.
    fn delta(&self, from: u64) -> Option<Arc<Delta>> {
        let to = self.shared.changes.now();
        let mut last = locked(&self.deltas);
        if let Some((begin, end, delta)) = &*last
            && (*begin, *end) == (from, to)
        {
            return Some(Arc::clone(delta));
        }
        let delta = Arc::new(Delta::since(&self.shared.changes, from)?);
        *last = Some((from, to, Arc::clone(&delta)));
        Some(delta)
    }

    /// The published profile of a user, planned once.
    fn profile(&self, user: RowId) -> Option<Arc<Profile>> {
        let catalog = &self.tables.catalog;
        let name = self.assigned.get_or_init(|| assigned(catalog)).get(&user)?;
        let published = catalog.profiles.get(name)?.published.as_ref()?;
        let mut profiles = locked(&self.profiles);
        if let Some(profile) = profiles.get(name) {
            return Some(Arc::clone(profile));
        }
        let profile = Arc::new(Profile::of(&self.tables, published.draft.items.clone()));
        profiles.insert(name.clone(), Arc::clone(&profile));
        Some(profile)
    }

    /// What belongs on the device of the caller, row by row.
    #[must_use]
    pub fn dataset(&self, caller: &Caller) -> Dataset {
        let rows = self.device_rows(caller);
        let mut dataset = Dataset::new();
        for (table, set) in rows.sets.iter() {
            let of = self.tables.table(*table);
            let version = |row| Some((self.key(*table, row), of.version(row)?));
            dataset.extend(set.iter().filter_map(version));
        }
        dataset
    }

    fn key(&self, table: TableNumber, row: RowNumber) -> RowKey {
        let table = self.tables.table(table);
        let name: Name = table.name.clone();
        RowKey { table: name, id: table.id(row) }
    }

    /// How often a row was held against a predicate that callers share, so far. What a write adds does
    /// not depend on how many users there are.
    #[must_use]
    pub fn rows_evaluated(&self) -> u64 {
        self.shared.evaluated()
    }

    /// Bytes in memory.
    #[must_use]
    pub fn memory(&self) -> Memory {
        let users = locked(&self.users);
        let sets = |sets: &Sets| sets.values().map(|set| set.serialized_size()).sum::<usize>();
        let users = users.values().map(|kept| {
            sets(&kept.evaluated.direct) + sets(&kept.evaluated.total) + sets(&kept.total)
        });
        Memory { tables: self.tables.bytes(), shared: self.shared.bytes(), users: users.sum() }
    }
}

impl Profile {
    fn of(tables: &Tables, published: Vec<ProfileItem>) -> Self {
        let items: Vec<Item> = published.iter().filter_map(|item| Item::of(tables, item)).collect();
        let has_pairs = items.iter().any(|item| tables.is_of_pairs(item.table));
        Self { published, items, has_pairs }
    }
}

/// The profile of each user: of the assignments that cover them the last.
fn assigned(catalog: &Catalog) -> BTreeMap<RowId, String> {
    let mut profiles = BTreeMap::new();
    for assignment in catalog.assignments.iter() {
        let mut assign = |user| profiles.insert(user, assignment.profile.clone());
        match assignment.member {
            Member::User(user) => {
                assign(user);
            }
            Member::Team(_) => {
                let covered = catalog.users.keys().filter(|u| catalog.covers(assignment, **u));
                covered.for_each(|user| {
                    assign(*user);
                });
            }
        }
    }
    profiles
}

fn items_of(profile: Option<&Arc<Profile>>) -> &[Item] {
    profile.map_or(&[], |profile| &profile.items)
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
