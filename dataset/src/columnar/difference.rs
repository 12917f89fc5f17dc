//! What a device must be sent and told to drop, from what it holds to what belongs on it now.

use std::sync::Arc;

use haversack_core::{Name, RowId, RowVersion};
use roaring::RoaringBitmap;

use super::{Columnar, ask::Ask, dataset::Sets, references::TableNumber};
use crate::{Caller, Departure, Difference};

/// What belongs on a device at some moment. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct DeviceRows {
    pub(super) sets: Arc<Sets>,
    pub(super) at: u64,
    /// Row numbers mean something within one generation only.
    pub(super) generation: u64,
}

impl DeviceRows {
    /// How many rows.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.sets.values().map(RoaringBitmap::len).sum()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sets.values().all(RoaringBitmap::is_empty)
    }
}

/// Rows of one table: its name, and id and version of each.
pub type RowsOfTable<'a> = (&'a Name, Vec<(RowId, RowVersion)>);

impl Columnar {
    /// The rows that belong on a device, by table and in no order within it. Versions are those of this
    /// moment, so the rows must be too.
    pub fn rows_of<'a>(&'a self, rows: &'a DeviceRows) -> impl Iterator<Item = RowsOfTable<'a>> {
        rows.sets.iter().map(|(table, set)| {
            let of = self.tables.table(*table);
            let numbers: Vec<_> = set.iter().collect();
            let row = |number: &_| Some((of.id(*number), of.version(*number)?));
            // They lie anywhere in memory: the less is done for each, the more are waited for at once.
            let mut rows = Vec::with_capacity(numbers.len());
            rows.extend(numbers.iter().filter_map(row));
            (&of.name, rows)
        })
    }

    /// The tables of which rows belong on a device.
    pub fn tables_of<'a>(&'a self, rows: &'a DeviceRows) -> impl Iterator<Item = &'a Name> {
        rows.sets.keys().map(|table| &self.tables.table(*table).name)
    }

    /// Whether a row was among those that belonged on a device; none: rows were numbered anew
    /// since, or there is no such table.
    #[must_use]
    pub fn is_among(&self, rows: &DeviceRows, table: &str, id: RowId) -> Option<bool> {
        if rows.generation != self.generation {
            return None;
        }
        let number = self.tables.find(table)?;
        let row = self.tables.table(number).ids.find(id);
        let set = rows.sets.get(&number);
        Some(set.zip(row).is_some_and(|(set, row)| set.contains(row)))
    }

    /// The difference from what a device held to what belongs on it now, both of this engine; none:
    /// one of them is too old, or rows were numbered anew or changed since, and they must be asked
    /// for again, or compared row by row ([`Difference::between`]).
    #[must_use]
    pub fn difference(
        &self,
        caller: &Caller,
        held: &DeviceRows,
        now: &DeviceRows,
    ) -> Option<Difference> {
        let mut difference = Difference::default();
        if held.generation != self.generation || now.generation != self.generation {
            return None;
        }
        if held.at == now.at && Arc::ptr_eq(&held.sets, &now.sets) {
            return Some(difference);
        }
        // Versions are those of this moment, so the sets must be too.
        if now.at != self.shared.changes.now() {
            return None;
        }
        let delta = self.delta(held.at)?;
        let (empty, ask) = (RoaringBitmap::new(), self.ask(caller));
        for (table, belongs) in now.sets.iter() {
            let had = held.sets.get(table).unwrap_or(&empty);
            let changed = delta.changed.get(table).unwrap_or(&empty);
            let rows = self.tables.table(*table);
            let kept_and_written = (belongs & had) & changed;
            for row in (belongs - had) | kept_and_written {
                if let Some(version) = rows.version(row) {
                    difference.put.push((self.key(*table, row), version));
                }
            }
        }
        for (table, had) in held.sets.iter() {
            let belongs = now.sets.get(table).unwrap_or(&empty);
            for row in had - belongs {
                let why = self.departure(&ask, *table, row);
                difference.del.push((self.key(*table, row), why));
            }
        }
        Some(difference)
    }

    fn departure(&self, ask: &Ask<'_>, table: TableNumber, row: u32) -> Departure {
        let rows = self.tables.table(table);
        if !rows.live.contains(row) {
            Departure::Deleted
        } else if ask.reach(table).has(&self.tables, rows, row) {
            Departure::Left
        } else {
            Departure::Revoked
        }
    }
}
