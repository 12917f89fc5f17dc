//! What a change would add to devices and take from them, before it is made.

use std::{collections::BTreeMap, sync::Arc};

use haversack_core::{Name, RowId, Timestamp, catalog::Catalog, event::RowKey};
use roaring::RoaringBitmap;

use super::{Columnar, dataset::Sets, difference::DeviceRows, references::TableNumber};
use crate::{Caller, Dataset, Rows};

/// Rows and catalog of one moment, or as they would be.
#[derive(Clone, Copy)]
pub struct Side<'a> {
    /// The rows.
    pub rows: &'a dyn Rows,
    /// The catalog.
    pub catalog: &'a Arc<Catalog>,
}

/// What changes on a user's device, of one table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shift {
    /// The user.
    pub user: RowId,
    /// The table.
    pub table: Name,
    /// Rows that come.
    pub added: u64,
    /// Rows that go.
    pub removed: u64,
    /// Rows that stay.
    pub kept: u64,
    /// Bytes of the rows that come.
    pub bytes: u64,
    /// Bytes of the rows that go.
    pub removed_bytes: u64,
}

/// On which side of a change a row is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names say it")]
pub enum When {
    Before,
    After,
}

/// Asks how many bytes a row takes: one that goes as it was before, one that comes as it is after.
pub type SizeOf<'a> = &'a mut dyn FnMut(&RowKey, When) -> u64;

/// What a change would do to the devices of all users, by user and table. `written` are the rows that it
/// writes. Tables of which a user has nothing before and after are left out.
#[must_use]
pub fn preview(
    (before, after): (Side<'_>, Side<'_>),
    written: &[RowKey],
    now: Timestamp,
    seed: u64,
    size_of: SizeOf<'_>,
) -> Vec<Shift> {
    let mut columnar = Columnar::build(before.rows, before.catalog, seed);
    if columnar.tables.has_schema_of(after.catalog) {
        let change = |columnar: &mut Columnar| {
            for key in written {
                columnar.put(key, after.rows.row(&key.table, key.id).as_deref());
            }
            columnar.set_catalog(after.rows, after.catalog);
        };
        return columnar.preview(&users(before, after), (before.catalog, now), change, size_of);
    }
    // Numbers of rows and tables mean others then.
    let changed = Columnar::build(after.rows, after.catalog, seed);
    let of =
        |columnar: &Columnar, catalog, user| columnar.dataset(&Caller::user(catalog, user, now));
    // Many users have the same rows.
    let mut known: BTreeMap<(RowKey, When), u64> = BTreeMap::new();
    let mut once = |key: &RowKey, when| {
        *known.entry((key.clone(), when)).or_insert_with(|| size_of(key, when))
    };
    let users = users(before, after);
    let shifts = users.into_iter().flat_map(|user| {
        let had = of(&columnar, before.catalog, user);
        by_rows(user, &had, &of(&changed, after.catalog, user), &mut once)
    });
    shifts.collect()
}

/// The users there are before or after.
fn users(before: Side<'_>, after: Side<'_>) -> Vec<RowId> {
    let mut users: Vec<RowId> =
        before.catalog.users.keys().chain(after.catalog.users.keys()).copied().collect();
    users.sort_unstable();
    users.dedup();
    users
}

fn by_rows(user: RowId, had: &Dataset, has: &Dataset, size_of: SizeOf<'_>) -> Vec<Shift> {
    let mut shifts: BTreeMap<Name, Shift> = BTreeMap::new();
    let mut count = |key: &RowKey, of: &mut dyn FnMut(&mut Shift)| {
        of(shifts.entry(key.table.clone()).or_insert_with(|| Shift {
            user,
            table: key.table.clone(),
            added: 0,
            removed: 0,
            kept: 0,
            bytes: 0,
            removed_bytes: 0,
        }));
    };
    for key in has.keys() {
        if had.contains_key(key) {
            count(key, &mut |shift| shift.kept += 1);
        } else {
            let bytes = size_of(key, When::After);
            count(key, &mut |shift| {
                shift.added += 1;
                shift.bytes += bytes;
            });
        }
    }
    for key in had.keys().filter(|key| !has.contains_key(*key)) {
        let bytes = size_of(key, When::Before);
        count(key, &mut |shift| {
            shift.removed += 1;
            shift.removed_bytes += bytes;
        });
    }
    shifts.into_values().collect()
}

impl Columnar {
    /// Makes a change that leaves the schema as it is, and tells what it did to the devices of these
    /// users, by user and table. Each row's size is asked for once on each side.
    pub fn preview(
        &mut self,
        users: &[RowId],
        (before, now): (&Catalog, Timestamp),
        change: impl FnOnce(&mut Self),
        size_of: SizeOf<'_>,
    ) -> Vec<Shift> {
        let rows = |columnar: &Self, catalog, user: &RowId| {
            columnar.device_rows(&Caller::user(catalog, *user, now))
        };
        let held: Vec<DeviceRows> = users.iter().map(|user| rows(self, before, user)).collect();
        change(self);
        let catalog = Arc::clone(&self.tables.catalog);
        let mut sizes = Sizes { columnar: self, known: BTreeMap::new(), size_of };
        let mut shifts = Vec::new();
        for (user, held) in users.iter().zip(&held) {
            let now = rows(self, &catalog, user);
            sizes.add_shifts(*user, (&held.sets, &now.sets), &mut shifts);
        }
        shifts
    }
}

/// Sizes of rows that are known, by table and row; none is zero.
struct Sizes<'a> {
    columnar: &'a Columnar,
    known: BTreeMap<(TableNumber, When), Vec<u64>>,
    size_of: SizeOf<'a>,
}

impl Sizes<'_> {
    fn add_shifts(&mut self, user: RowId, (had, has): (&Sets, &Sets), shifts: &mut Vec<Shift>) {
        let empty = RoaringBitmap::new();
        let mut tables: Vec<TableNumber> = had.keys().chain(has.keys()).copied().collect();
        tables.sort_unstable();
        tables.dedup();
        for table in tables {
            let (had, has) = (had.get(&table).unwrap_or(&empty), has.get(&table).unwrap_or(&empty));
            let kept = had.intersection_len(has);
            let bytes = self.bytes((table, When::After), &(has - had));
            let removed_bytes = self.bytes((table, When::Before), &(had - has));
            let (added, removed) = (has.len() - kept, had.len() - kept);
            if added + removed + kept > 0 {
                let table = self.columnar.tables.table(table).name.clone();
                shifts.push(Shift { user, table, added, removed, kept, bytes, removed_bytes });
            }
        }
    }

    fn bytes(&mut self, (table, when): (TableNumber, When), rows: &RoaringBitmap) -> u64 {
        let known = self.known.entry((table, when)).or_default();
        let numbers = rows.max().map_or(0, |last| last as usize + 1);
        known.resize(known.len().max(numbers), 0);
        let size = |row: u32| {
            let size = &mut known[row as usize];
            if *size == 0 {
                *size = (self.size_of)(&self.columnar.key(table, row), when);
            }
            *size
        };
        rows.iter().map(size).sum()
    }
}
