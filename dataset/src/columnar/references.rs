//! Columns that point at rows, lookups and owners, with the way back: which rows point at a row.

use std::collections::BTreeMap;

use roaring::RoaringBitmap;

use super::ids::RowNumber;

/// Number of a table; pointers may be at rows of several.
pub(crate) type TableNumber = u16;

/// A row of some table.
pub(crate) type Target = (TableNumber, RowNumber);

/// Rows that point at one row are a list up to so many, then a bitmap.
const LIST_MAX: usize = 64;

/// A column of pointers.
#[derive(Clone, Debug, Default)]
pub(super) struct References {
    rows: Vec<RowNumber>,
    /// The tables of the rows, if not all are of one.
    tables: Tables,
    /// By table and row: which rows point there.
    sources: BTreeMap<TableNumber, Vec<Sources>>,
}

#[derive(Clone, Debug, Default)]
enum Tables {
    #[default]
    None,
    One(TableNumber),
    Several(Vec<TableNumber>),
}

/// The rows that point at one row.
#[derive(Clone, Debug)]
pub(super) enum Sources {
    /// Ascending.
    List(Vec<RowNumber>),
    Bitmap(Box<RoaringBitmap>),
}

impl References {
    /// Puts a pointer in a row's cell. A cell that had one must have been cleared.
    pub(super) fn set(&mut self, row: RowNumber, (table, to): Target) {
        let at = row as usize;
        if self.rows.len() <= at {
            self.rows.resize(at + 1, 0);
        }
        self.rows[at] = to;
        self.set_table(at, table);
        let sources = self.sources.entry(table).or_default();
        let to = to as usize;
        if sources.len() <= to {
            sources.resize_with(to + 1, || Sources::List(Vec::new()));
        }
        sources[to].insert(row);
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
            sources[to as usize].remove(row);
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
    pub(super) fn sources(&self, (table, to): Target) -> Option<&Sources> {
        self.sources.get(&table)?.get(to as usize)
    }

    /// The tables at whose rows anything points or has pointed.
    pub(super) fn tables(&self) -> impl Iterator<Item = TableNumber> {
        self.sources.keys().copied()
    }

    /// Gives back memory that nothing is kept in.
    pub(super) fn shrink(&mut self) {
        self.rows.shrink_to_fit();
        for sources in self.sources.values_mut() {
            sources.shrink_to_fit();
            for sources in sources {
                if let Sources::List(list) = sources {
                    list.shrink_to_fit();
                }
            }
        }
    }

    /// Bytes in memory.
    pub(super) fn bytes(&self) -> usize {
        let tables = match &self.tables {
            Tables::Several(tables) => tables.capacity() * size_of::<TableNumber>(),
            _ => 0,
        };
        let sources = self.sources.values().map(|all| {
            all.capacity() * size_of::<Sources>() + all.iter().map(Sources::bytes).sum::<usize>()
        });
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

    pub(super) fn add_sources(&mut self, sources: Option<&Sources>) {
        match sources {
            Some(Sources::List(list)) => self.rows.extend_from_slice(list),
            Some(Sources::Bitmap(bitmap)) => self.sets |= bitmap.as_ref(),
            None => {}
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

impl Sources {
    fn insert(&mut self, row: RowNumber) {
        match self {
            Self::List(list) => {
                if let Err(at) = list.binary_search(&row) {
                    list.insert(at, row);
                }
                if list.len() > LIST_MAX {
                    let sorted = RoaringBitmap::from_sorted_iter(list.iter().copied());
                    *self = Self::Bitmap(Box::new(sorted.expect("it is ascending")));
                }
            }
            Self::Bitmap(bitmap) => {
                bitmap.insert(row);
            }
        }
    }

    fn remove(&mut self, row: RowNumber) {
        match self {
            Self::List(list) => {
                if let Ok(at) = list.binary_search(&row) {
                    list.remove(at);
                }
            }
            Self::Bitmap(bitmap) => {
                bitmap.remove(row);
            }
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::List(list) => list.capacity() * 4,
            Self::Bitmap(bitmap) => bitmap.serialized_size() + size_of::<RoaringBitmap>(),
        }
    }
}
