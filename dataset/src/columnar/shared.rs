//! Sets of rows that callers share: predicates that name nobody, kept and kept up.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use haversack_dsl::plan::Shared;
use roaring::RoaringBitmap;

use super::{ask::Ask, changes::Changes, references::TableNumber};

/// A predicate's key, the zone if it counts, and the table.
type Key = (TableNumber, Option<String>, String);

/// Sets kept at the most. The one that was asked for longest ago makes room.
const SETS_MAX: usize = 4_096;

/// The sets, each as of some change.
#[derive(Debug, Default)]
pub(super) struct SharedSets {
    sets: Mutex<Kept>,
    pub(super) changes: Changes,
    evaluated: AtomicU64,
}

#[derive(Debug, Default)]
struct Kept {
    sets: BTreeMap<Key, Set>,
    /// How often anything was asked for.
    asked: u64,
}

#[derive(Clone, Debug)]
struct Set {
    rows: Arc<RoaringBitmap>,
    /// It holds up to this change.
    at: u64,
    asked: u64,
}

impl SharedSets {
    /// The rows of a table that a predicate selects.
    pub(super) fn rows(
        &self,
        ask: &Ask<'_>,
        table: TableNumber,
        shared: &Shared,
    ) -> Arc<RoaringBitmap> {
        let zone = shared.needs.zone.then(|| zone_name(ask));
        let key = (table, zone, shared.key.clone());
        let mut kept = self.sets.lock().unwrap_or_else(PoisonError::into_inner);
        kept.asked += 1;
        let Kept { sets, asked } = &mut *kept;
        let now = self.changes.now();
        let rows = match sets.remove(&key) {
            Some(set) if set.at == now => set.rows,
            Some(set) => match self.changes.rows_since(set.at, table) {
                Some(changed) if changed.is_empty() => set.rows,
                Some(changed) => {
                    let live = &changed & &ask.tables.table(table).live;
                    let selected = self.selected(ask, table, shared, &live);
                    let mut rows = Arc::unwrap_or_clone(set.rows);
                    rows -= changed;
                    rows |= selected;
                    Arc::new(rows)
                }
                None => Arc::new(self.all_selected(ask, table, shared)),
            },
            None => Arc::new(self.all_selected(ask, table, shared)),
        };
        if sets.len() >= SETS_MAX {
            let oldest = sets.iter().min_by_key(|(_, set)| set.asked).map(|(key, _)| key.clone());
            oldest.map(|key| sets.remove(&key));
        }
        sets.insert(key, Set { rows: Arc::clone(&rows), at: now, asked: *asked });
        rows
    }

    fn all_selected(&self, ask: &Ask<'_>, table: TableNumber, shared: &Shared) -> RoaringBitmap {
        self.selected(ask, table, shared, &ask.tables.table(table).live)
    }

    fn selected(
        &self,
        ask: &Ask<'_>,
        table: TableNumber,
        shared: &Shared,
        among: &RoaringBitmap,
    ) -> RoaringBitmap {
        self.evaluated.fetch_add(among.len(), Ordering::Relaxed);
        ask.predicate(table, &shared.predicate, among)
    }

    /// How often a row was held against a predicate.
    pub(super) fn evaluated(&self) -> u64 {
        self.evaluated.load(Ordering::Relaxed)
    }

    /// Forgets all sets: the schema, and so what predicates mean, may have changed.
    pub(super) fn clear(&mut self) {
        self.sets.get_mut().unwrap_or_else(PoisonError::into_inner).sets.clear();
    }

    /// Bytes in memory.
    pub(super) fn bytes(&self) -> usize {
        let kept = self.sets.lock().unwrap_or_else(PoisonError::into_inner);
        kept.sets.iter().map(|((_, _, key), set)| key.len() + set.rows.serialized_size()).sum()
    }
}

/// The zone by what tells it from others: two zones without a name are never taken for one.
fn zone_name(ask: &Ask<'_>) -> String {
    let zone = &ask.caller.time_zone;
    zone.iana_name().map_or_else(|| format!("{zone:?}"), str::to_owned)
}
