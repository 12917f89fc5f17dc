//! Sets of rows that callers share: predicates that name nobody, kept and kept up.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use haversack_core::Timestamp;
use haversack_dsl::plan::Shared;
use roaring::RoaringBitmap;

use super::{ask::Ask, changes::Changes, clock::ALWAYS, references::TableNumber};

/// A predicate's key, the zone if it counts, and the table.
type Key = (TableNumber, Option<String>, String);

/// Sets kept at the most. The one that was asked for longest ago makes room.
const SETS_MAX: usize = 4_096;
/// Bytes of sets kept at the most,
const BYTES_MAX: usize = 64 << 20;
/// or so many for each row, if that is more: the sets of a hundred filters over all rows.
const BYTES_PER_ROW_MAX: usize = 16;

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
    /// What they take, keys included.
    bytes: usize,
    /// How often anything was asked for.
    asked: u64,
}

impl Kept {
    fn take(&mut self, key: &Key) -> Option<Set> {
        let set = self.sets.remove(key)?;
        self.bytes -= set.bytes + key.2.len();
        Some(set)
    }

    /// Puts a set in, over others if there is no room.
    fn put(&mut self, key: Key, set: Set, bytes_max: usize) {
        let bytes = set.bytes + key.2.len();
        while self.sets.len() >= SETS_MAX || self.bytes + bytes > bytes_max {
            let oldest = self.sets.iter().min_by_key(|(_, set)| set.asked);
            let Some(oldest) = oldest.map(|(key, _)| key.clone()) else { break };
            self.take(&oldest);
        }
        self.bytes += bytes;
        self.sets.insert(key, set);
    }

    fn retain(&mut self, is_kept: impl Fn(&Key, &Set) -> bool) {
        self.sets.retain(|key, set| is_kept(key, set));
        self.bytes = self.sets.iter().map(|(key, set)| set.bytes + key.2.len()).sum();
    }
}

#[derive(Clone, Debug)]
struct Set {
    rows: Arc<RoaringBitmap>,
    /// What they take.
    bytes: usize,
    /// It holds up to this change,
    at: u64,
    asked: u64,
    /// from this time,
    from: Timestamp,
    /// and until that.
    until: Timestamp,
}

impl Set {
    fn holds_at(&self, now: Timestamp) -> bool {
        self.from <= now && now < self.until
    }
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
        let now = self.changes.now();
        let set = match kept.take(&key).filter(|set| set.holds_at(ask.caller.now)) {
            Some(set) if set.at == now => set,
            Some(set) => match self.changes.rows_since(set.at, table) {
                Some(changed) if changed.is_empty() => set,
                Some(changed) => self.caught_up(ask, table, shared, set, &changed),
                None => self.anew(ask, table, shared),
            },
            None => self.anew(ask, table, shared),
        };
        ask.holds_until(set.until);
        let rows = Arc::clone(&set.rows);
        let set = Set { at: now, asked: kept.asked, ..set };
        let rows_max = usize::try_from(ask.tables.row_count()).unwrap_or(usize::MAX);
        kept.put(key, set, BYTES_MAX.max(rows_max.saturating_mul(BYTES_PER_ROW_MAX)));
        rows
    }

    fn anew(&self, ask: &Ask<'_>, table: TableNumber, shared: &Shared) -> Set {
        let live = &ask.tables.table(table).live;
        let (rows, until) = self.selected(ask, table, shared, live);
        let bytes = rows.serialized_size();
        Set { rows: Arc::new(rows), bytes, at: 0, asked: 0, from: since(ask, until), until }
    }

    fn caught_up(
        &self,
        ask: &Ask<'_>,
        table: TableNumber,
        shared: &Shared,
        set: Set,
        changed: &RoaringBitmap,
    ) -> Set {
        let live = changed & &ask.tables.table(table).live;
        let (selected, until) = self.selected(ask, table, shared, &live);
        let mut rows = Arc::unwrap_or_clone(set.rows);
        rows -= changed;
        rows |= selected;
        let (from, until) = (set.from.max(since(ask, until)), set.until.min(until));
        let bytes = rows.serialized_size();
        Set { rows: Arc::new(rows), bytes, from, until, ..set }
    }

    /// The rows among these that a predicate selects, and until when.
    fn selected(
        &self,
        ask: &Ask<'_>,
        table: TableNumber,
        shared: &Shared,
        among: &RoaringBitmap,
    ) -> (RoaringBitmap, Timestamp) {
        self.evaluated.fetch_add(among.len(), Ordering::Relaxed);
        let before = ask.take_until();
        let rows = ask.predicate(table, &shared.predicate, among);
        let until = ask.take_until();
        ask.holds_until(before);
        (rows, until)
    }

    /// How often a row was held against a predicate.
    pub(super) fn evaluated(&self) -> u64 {
        self.evaluated.load(Ordering::Relaxed)
    }

    /// Forgets the sets of other predicates than these.
    pub(super) fn keep(&mut self, used: &BTreeSet<(TableNumber, String)>) {
        let kept = self.sets.get_mut().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(table, _, key), _| used.contains(&(*table, key.clone())));
    }

    /// Forgets the sets that nobody asked for during so many changes.
    pub(super) fn let_go(&self, changes: u64) {
        let now = self.changes.now();
        let mut kept = self.sets.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|_, set| now - set.at <= changes);
    }

    /// Forgets all sets: the schema, and so what predicates mean, may have changed.
    pub(super) fn clear(&mut self) {
        self.sets.get_mut().unwrap_or_else(PoisonError::into_inner).retain(|_, _| false);
    }

    /// Bytes in memory.
    pub(super) fn bytes(&self) -> usize {
        self.sets.lock().unwrap_or_else(PoisonError::into_inner).bytes
    }
}

/// From when what holds until then does: always, or from when it was found out.
pub(super) fn since(ask: &Ask<'_>, until: Timestamp) -> Timestamp {
    if until == ALWAYS { Timestamp(i64::MIN) } else { ask.caller.now }
}

/// The zone by what tells it from others: two zones without a name are never taken for one.
fn zone_name(ask: &Ask<'_>) -> String {
    let zone = &ask.caller.time_zone;
    zone.iana_name().map_or_else(|| format!("{zone:?}"), str::to_owned)
}
