//! Columns that point at rows, lookups and owners, with the way back: which rows point at a row.

use std::collections::{BTreeMap, BTreeSet};

use roaring::RoaringBitmap;

use super::{
    ids::RowNumber,
    sources::{Pointed, Sources},
};

/// Number of a table; pointers may be at rows of several.
pub(crate) type TableNumber = u16;

/// A row of some table.
pub(crate) type Target = (TableNumber, RowNumber);

/// Rows that are looked for together.
const WARMED: usize = 64;

/// A column of pointers.
#[derive(Clone, Debug, Default)]
pub(super) struct References {
    rows: Vec<RowNumber>,
    /// The tables of the rows, if not all are of one.
    tables: Tables,
    /// By table and row: which rows point there.
    sources: BTreeMap<TableNumber, Pointed>,
}

#[derive(Clone, Debug, Default)]
enum Tables {
    #[default]
    None,
    One(TableNumber),
    Several(Vec<TableNumber>),
}

impl References {
    /// Takes all pointers at once: the rows that have one, ascending, and by row where it points.
    pub(super) fn of(present: &RoaringBitmap, rows: Vec<RowNumber>, of: Vec<TableNumber>) -> Self {
        let used: BTreeSet<TableNumber> = present.iter().map(|row| of[row as usize]).collect();
        let pointed = |table: TableNumber| {
            let there = present.iter().filter(|row| of[*row as usize] == table);
            (table, Pointed::of(there.map(|row| (row, rows[row as usize]))))
        };
        let sources = used.iter().map(|table| pointed(*table)).collect();
        let tables = match (used.first(), used.len()) {
            (None, _) => Tables::None,
            (Some(table), 1) => Tables::One(*table),
            _ => Tables::Several(of),
        };
        let mut references = Self { rows, tables, sources };
        references.shrink();
        references
    }

    /// Puts a pointer in a row's cell. A cell that had one must have been cleared.
    pub(super) fn set(&mut self, row: RowNumber, (table, to): Target) {
        let at = row as usize;
        if self.rows.len() <= at {
            self.rows.resize(at + 1, 0);
        }
        self.rows[at] = to;
        self.set_table(at, table);
        self.sources.entry(table).or_default().insert(to, row);
    }

    fn set_table(&mut self, at: usize, table: TableNumber) {
        match &mut self.tables {
            Tables::One(one) if *one == table => {}
            Tables::None => self.tables = Tables::One(table),
            Tables::One(one) => {
                let mut tables = vec![*one; self.rows.len()];
                tables[at] = table;
                self.tables = Tables::Several(tables);
            }
            Tables::Several(tables) => {
                if tables.len() <= at {
                    tables.resize(at + 1, 0);
                }
                tables[at] = table;
            }
        }
    }

    /// Takes the pointer out of a row's cell, which has one.
    pub(super) fn clear(&mut self, row: RowNumber) {
        let (table, to) = self.get(row);
        if let Some(sources) = self.sources.get_mut(&table) {
            sources.remove(to, row);
        }
    }

    /// Where a row's cell, which is not null, points.
    pub(super) fn get(&self, row: RowNumber) -> Target {
        let at = row as usize;
        let table = match &self.tables {
            Tables::None => 0,
            Tables::One(table) => *table,
            Tables::Several(tables) => tables[at],
        };
        (table, self.rows[at])
    }

    /// The rows that point at a row; none: nothing does.
    pub(super) fn sources(&self, (table, to): Target) -> Option<Sources<'_>> {
        self.pointed(table)?.get(to)
    }

    /// For each row of a table which rows point there; none: nothing points into the table.
    pub(super) fn pointed(&self, table: TableNumber) -> Option<&Pointed> {
        self.sources.get(&table)
    }

    /// The tables at whose rows anything points or has pointed.
    pub(super) fn tables(&self) -> impl Iterator<Item = TableNumber> {
        self.sources.keys().copied()
    }

    fn shrink(&mut self) {
        self.rows.shrink_to_fit();
        if let Tables::Several(tables) = &mut self.tables {
            tables.shrink_to_fit();
        }
    }

    /// Bytes in memory.
    pub(super) fn bytes(&self) -> usize {
        let tables = match &self.tables {
            Tables::Several(tables) => tables.capacity() * size_of::<TableNumber>(),
            _ => 0,
        };
        let sources = self.sources.values().map(Pointed::bytes);
        self.rows.capacity() * 4 + tables + sources.sum::<usize>()
    }
}

/// Rows on the way into a set: put in one by one they would take longer than sorted at the end.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    rows: Vec<RowNumber>,
    sets: RoaringBitmap,
}

impl Gathered {
    pub(super) fn add(&mut self, row: RowNumber) {
        self.rows.push(row);
    }

    pub(super) fn add_sources(&mut self, sources: Option<Sources<'_>>) {
        match sources {
            Some(Sources::List(list)) => self.rows.extend_from_slice(list),
            Some(Sources::Bitmap(bitmap)) => self.sets |= bitmap,
            None => {}
        }
    }

    /// Adds the rows that point at any of these.
    pub(super) fn add_all_sources(
        &mut self,
        pointed: &Pointed,
        mut to: impl Iterator<Item = RowNumber>,
    ) {
        let mut room = [0; WARMED];
        loop {
            let some = room.iter_mut().zip(to.by_ref()).map(|(place, row)| *place = row).count();
            let some = &room[..some];
            if some.len() > 1 {
                pointed.warm(some);
            }
            some.iter().for_each(|to| self.add_sources(pointed.get(*to)));
            if some.len() < WARMED {
                return;
            }
        }
    }

    pub(super) fn add_set(&mut self, set: RoaringBitmap) {
        self.sets |= set;
    }

    /// All of them as a set.
    pub(super) fn set(mut self) -> RoaringBitmap {
        self.rows.sort_unstable();
        self.rows.dedup();
        let rows = RoaringBitmap::from_sorted_iter(self.rows).expect("they are sorted");
        if self.sets.is_empty() { rows } else { self.sets | rows }
    }
}
