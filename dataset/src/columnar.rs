//! Rows as columns and sets of rows as bitmaps: a row is evaluated once, not once for each device.
//!
//! [`Columnar`] holds all rows of an environment at one offset and is told of every row that changes
//! ([`Columnar::put`]) and of every catalog ([`Columnar::set_catalog`]). What belongs on a user's
//! device ([`Columnar::device_rows`]) is evaluated once and then caught up from what changed when it is
//! asked for; predicates that name nobody are evaluated once for everybody. The evaluator that is
//! meant to be read, [`Obvious`](crate::Obvious), is its oracle.

mod ask;
mod changes;
mod classes;
mod column;
mod condition;
mod dataset;
mod delta;
mod dictionary;
mod difference;
mod fold;
mod group;
mod ids;
mod items;
mod join;
mod joined;
mod kept;
mod numbers;
mod order;
mod partners;
mod reach;
mod references;
mod run;
mod shared;
mod table;
mod tables;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use haversack_core::{Name, Row, RowId, Timestamp, catalog::Catalog, event::RowKey};
use haversack_dsl::{plan::Plan, query::Query};

pub use self::difference::{Departure, DeviceRows, Difference};
use self::{
    ask::Ask,
    changes::Change,
    dataset::{Evaluated, Sets, catch_up, evaluate},
    delta::Delta,
    ids::RowNumber,
    items::{Direct, Item},
    references::TableNumber,
    shared::SharedSets,
    tables::Tables,
};
use crate::{Answers, Caller, Dataset, Rows};

/// All rows of an environment as columns, with what follows from them.
#[derive(Debug)]
pub struct Columnar {
    tables: Tables,
    shared: SharedSets,
    users: Mutex<BTreeMap<RowId, Kept>>,
    /// What changed lately, as users are caught up from it: from, to, and the change.
    deltas: Mutex<Option<(u64, u64, Arc<Delta>)>>,
    profiles: Mutex<BTreeMap<String, Arc<Profile>>>,
    /// How many catalogs there were.
    catalogs: u64,
    /// How often rows were numbered anew.
    generation: u64,
}

/// A published profile's items as they are evaluated.
#[derive(Debug)]
struct Profile {
    items: Vec<Item>,
    /// Whether a filter reads the clock.
    reads_clock: bool,
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
    /// and, if its profile reads the clock, at this time.
    now: Timestamp,
}

impl Kept {
    /// Whether it may be caught up for this caller: it was made of this catalog and, if its profile
    /// reads the clock, at this time.
    fn is_of(&self, catalogs: u64, caller: &Caller) -> bool {
        let reads_clock = self.profile.as_ref().is_some_and(|profile| profile.reads_clock);
        self.catalogs == catalogs && (!reads_clock || self.now == caller.now)
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
            catalogs: 0,
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
        let is_same = self.tables.has_people_of(catalog);
        self.tables.set_catalog(rows, catalog);
        self.catalogs += 1;
        if !is_same {
            // Settings say what predicates mean; rows of the system belong to no change.
            self.shared.clear();
        }
        locked(&self.profiles).clear();
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

    /// What a query returns for the caller: all of it, or a page.
    #[must_use]
    pub fn answers(&self, caller: &Caller, query: &Query) -> Answers {
        run::answers(self.ask(caller), query)
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
            Some(kept) if kept.at == now && kept.is_of(self.catalogs, caller) => return rows(kept),
            kept => kept.cloned(),
        };
        let kept = self.up_to_date(caller, user, kept, now);
        let rows = rows(&kept);
        locked(&self.users).insert(user, kept);
        rows
    }

    fn up_to_date(&self, caller: &Caller, user: RowId, kept: Option<Kept>, now: u64) -> Kept {
        let usable = kept.filter(|kept| kept.is_of(self.catalogs, caller));
        let profile = match &usable {
            Some(kept) => kept.profile.clone(),
            None => self.profile(user),
        };
        let (ask, items) = (self.ask(caller), profile.as_ref().map_or(&[][..], |p| &p.items));
        let has_pairs = profile.as_ref().is_some_and(|profile| profile.has_pairs);
        let caught_up = usable.filter(|_| !has_pairs).and_then(|mut kept| {
            let delta = self.delta(kept.at)?;
            catch_up(&ask, items, &mut kept.evaluated, &delta);
            if kept.evaluated.total != *kept.total {
                kept.total = Arc::new(kept.evaluated.total.clone());
            }
            Some(kept)
        });
        if let Some(kept) = caught_up {
            return Kept { at: now, now: caller.now, ..kept };
        }
        let evaluated = evaluate(&ask, items);
        let total = Arc::new(evaluated.total.clone());
        Kept { evaluated, total, profile, at: now, catalogs: self.catalogs, now: caller.now }
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
        let of_user = self.tables.catalog.profile_of(user)?;
        let (published, name) = (of_user.published.as_ref()?, of_user.draft.name.clone());
        let mut profiles = locked(&self.profiles);
        if let Some(profile) = profiles.get(&name) {
            return Some(Arc::clone(profile));
        }
        let items = published.draft.items.iter();
        let profile = Arc::new(Profile::of(&self.tables, items.collect()));
        profiles.insert(name, Arc::clone(&profile));
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
    fn of(tables: &Tables, items: Vec<&haversack_core::profile::ProfileItem>) -> Self {
        let items: Vec<Item> =
            items.into_iter().filter_map(|item| Item::of(tables, item)).collect();
        let reads_clock = items.iter().any(|item| match &item.criterion {
            Direct::Custom(step) => step.needs().clock,
            _ => false,
        });
        let has_pairs = items.iter().any(|item| tables.is_of_pairs(item.table));
        Self { items, reads_clock, has_pairs }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
