//! Rows as columns and sets of rows as bitmaps: a row is evaluated once, not once for each device.
//!
//! [`Columnar`] holds all rows of an environment at one offset and is told of every row that changes
//! ([`Columnar::put`]) and of every catalog ([`Columnar::set_catalog`]). What belongs on a user's
//! device ([`Columnar::device_rows`]) is evaluated once and then caught up from what changed when it is
//! asked for; predicates that name nobody are evaluated once for everybody. The evaluator that is
//! meant to be read, [`Obvious`](crate::Obvious), is its oracle.

mod ask;
mod build;
mod changes;
mod classes;
mod clock;
mod column;
mod condition;
mod dataset;
mod delta;
mod dictionary;
mod difference;
mod explain;
mod filling;
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
mod pieces;
mod preview;
mod reach;
mod references;
mod run;
mod shared;
mod sources;
mod table;
mod tables;
mod users;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use haversack_core::{Name, Row, RowId, catalog::Catalog, event::RowKey};
use haversack_dsl::{plan::Plan, query::Query};

use self::{
    ask::Ask,
    changes::Change,
    dataset::Sets,
    delta::Delta,
    ids::RowNumber,
    items::{Direct, add_shared},
    references::TableNumber,
    shared::SharedSets,
    tables::Tables,
    users::{Kept, Profile},
};
pub use self::{
    build::{Job, Runner},
    difference::{DeviceRows, RowsOfTable},
    preview::{Shift, Side, SizeOf, When, preview},
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
    /// The profile that each user has, once somebody asks.
    assigned: OnceLock<BTreeMap<RowId, String>>,
    /// How many catalogs there were,
    catalogs: u64,
    /// and how many of them changed who may do what, or settings.
    peoples: u64,
    /// How often rows were numbered anew.
    generation: u64,
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
        Self::of(Tables::build(rows, catalog, seed))
    }

    /// The same, with work that a runner does, which may have several threads. Nothing shows how it was
    /// done: rows have the same numbers, and questions the same answers.
    #[must_use]
    pub fn build_with(
        rows: &(dyn Rows + Sync),
        catalog: &Arc<Catalog>,
        seed: u64,
        run: &Runner<'_>,
    ) -> Self {
        Self::of(Tables::build_with(rows, catalog, seed, run))
    }

    fn of(tables: Tables) -> Self {
        Self {
            tables,
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
        let (number, is_structural, mut moved) = self.tables.put(table, key.id, row);
        moved.sort_unstable();
        moved.dedup();
        let moved = moved.into_boxed_slice();
        self.shared.changes.push(Change { table, row: number, moved, is_structural });
        self.tidy();
    }

    /// Whether more numbers of rows are of rows that are gone, or that were only pointed at, than of rows
    /// that are there. Sets get sparse then, and memory fills with what is not used: it is time to
    /// [`renumber`](Columnar::renumber).
    #[must_use]
    pub fn is_sparse(&self) -> bool {
        self.tables.gone_count() + self.tables.dangling_count() > self.tables.row_count()
    }

    /// Gives all rows numbers anew, in a new generation: what devices were known to hold
    /// ([`DeviceRows`]) must be told from their rows then.
    pub fn renumber(&mut self, rows: &dyn Rows, catalog: &Arc<Catalog>) {
        let generation = self.generation + 1;
        *self = Self { generation, ..Self::build(rows, catalog, self.tables.seed()) };
    }

    /// The same beside this one, which goes on answering meanwhile, with work that a runner does.
    #[must_use]
    pub fn renumbered(
        &self,
        rows: &(dyn Rows + Sync),
        catalog: &Arc<Catalog>,
        run: &Runner<'_>,
    ) -> Self {
        let generation = self.generation + 1;
        Self { generation, ..Self::build_with(rows, catalog, self.tables.seed(), run) }
    }

    /// Takes another catalog. Rows are read again only if tables or relationships are not the same.
    pub fn set_catalog(&mut self, rows: &dyn Rows, catalog: &Arc<Catalog>) {
        if Arc::ptr_eq(&self.tables.catalog, catalog) {
            return;
        }
        if !self.tables.has_schema_of(catalog) {
            self.renumber(rows, catalog);
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
        let mut profiles = locked(&self.profiles);
        profiles.retain(is_same);
        let mut used = BTreeSet::new();
        for item in profiles.values().flat_map(|profile| &profile.items) {
            if let Direct::Custom(step) = &item.criterion {
                add_shared(&self.tables, item.table, step, &mut used);
            }
        }
        drop(profiles);
        self.shared.keep(&used);
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

    /// What a query returns for the caller: all of it, or a page.
    #[must_use]
    pub fn answers(&self, caller: &Caller, query: &Query) -> Answers {
        run::answers(self.ask(caller), query)
    }

    fn ask<'a>(&'a self, caller: &'a Caller) -> Ask<'a> {
        Ask::new(&self.tables, caller, &self.shared)
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

    /// The tables that are known, system tables and tables of pairs among them: how many rows each
    /// has, and the bytes that it takes in memory. Together these are [`Memory::tables`], but for what
    /// is kept of tables that are only pointed at.
    pub fn tables(&self) -> impl Iterator<Item = (&Name, u64, usize)> {
        self.tables.known().map(|table| (&table.name, table.live.len(), table.bytes()))
    }

    /// Bytes in memory.
    #[must_use]
    pub fn memory(&self) -> Memory {
        let users = locked(&self.users);
        let sets = |sets: &Sets| sets.values().map(|set| set.serialized_size()).sum::<usize>();
        let users =
            users.values().map(|kept| sets(&kept.evaluated.direct) + sets(&kept.evaluated.total));
        Memory { tables: self.tables.bytes(), shared: self.shared.bytes(), users: users.sum() }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
