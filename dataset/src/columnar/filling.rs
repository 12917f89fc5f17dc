//! One table on its way into columns. Rows come in the order of their ids and get their numbers in that
//! order, so nothing is looked up; where pointers point is found when all tables are there.

use std::sync::Arc;

use haversack_core::{
    Lent, Name, RowId, RowVersion,
    schema::{Table, TableKind},
};
use roaring::RoaringBitmap;

use super::{
    column::{Column, Data},
    dictionary::Filling,
    ids::{Ids, RowNumber},
    numbers::Numbers,
    references::References,
    table::TableRows,
};
use crate::{Rows, rows::scan};

/// The rows of a table, and its pointers, whose places are not known yet.
pub(super) struct Filled {
    pub(super) rows: TableRows,
    pub(super) pointers: Vec<Pointers>,
}

/// The pointers of one column, by row.
#[derive(Default)]
pub(super) struct Pointers {
    /// Where the column is in its table.
    pub(super) column: usize,
    /// The tables that they are at,
    pub(super) names: Vec<Name>,
    /// and by row which of these, and the id.
    pub(super) places: Vec<u16>,
    pub(super) ids: Vec<RowId>,
}

/// Puts a table's rows in columns. This is the one place where all rows are read.
pub(super) fn fill(rows: &dyn Rows, table: &Arc<Table>, seed: u64) -> Filled {
    let mut filling = FillingTable::new(table, seed);
    if table.kind == TableKind::System {
        let mut all: Vec<_> = scan(rows, table).collect();
        all.sort_by_key(|(id, _)| *id);
        all.iter().for_each(|(id, values)| filling.push(*id, None, values.lent()));
    } else {
        rows.lend(&table.name, &mut |id, version, values| filling.push(id, Some(version), values));
    }
    filling.finish()
}

struct FillingTable {
    rows: TableRows,
    ids: Vec<RowId>,
    versions: Vec<Option<RowVersion>>,
    columns: Vec<FillingColumn>,
    /// The columns that the last row had values for, in its order: the next one has the same, mostly.
    seen: Vec<(Name, Option<usize>)>,
}

impl FillingTable {
    fn new(table: &Arc<Table>, seed: u64) -> Self {
        let rows = TableRows::new(table.name.clone(), Some(Arc::clone(table)), seed);
        let filling = |(_, column): &(Name, Column)| FillingColumn::new(column, seed);
        let columns = rows.columns.iter().map(filling).collect();
        let (ids, versions, seen) = (Vec::new(), Vec::new(), Vec::new());
        Self { rows, ids, versions, columns, seen }
    }

    /// Adds the next row.
    fn push<'v>(
        &mut self,
        id: RowId,
        version: Option<RowVersion>,
        values: impl Iterator<Item = (&'v Name, Lent<'v>)>,
    ) {
        assert!(self.ids.last().is_none_or(|last| *last < id), "rows come by id, each once");
        let row = RowNumber::try_from(self.ids.len()).expect("a table has fewer rows than 2^32");
        self.ids.push(id);
        self.versions.push(version);
        for (at, (name, value)) in values.enumerate() {
            if let Some(place) = self.place(at, name) {
                self.columns[place].push(row, &value);
            }
        }
    }

    /// Where the column is that a row has its nth value for.
    fn place(&mut self, at: usize, name: &Name) -> Option<usize> {
        if let Some((seen, place)) = self.seen.get(at)
            && seen == name
        {
            return *place;
        }
        let place = self.rows.columns.binary_search_by(|(column, _)| column.cmp(name)).ok();
        let seen = (name.clone(), place);
        // What a row has is by name, each once: it has no more values than a catalog has columns.
        match self.seen.get_mut(at) {
            Some(last) => *last = seen,
            None => self.seen.push(seen),
        }
        place
    }

    fn finish(self) -> Filled {
        let Self { mut rows, ids, mut versions, columns, .. } = self;
        let mut pointers = Vec::new();
        for (place, filling) in columns.into_iter().enumerate() {
            let (column, pointing) = filling.finish();
            rows.columns[place].1 = column;
            pointers.extend(pointing.map(|pointing| Pointers { column: place, ..pointing }));
        }
        versions.shrink_to_fit();
        rows.take(Ids::of(rows.seed, ids), versions);
        Filled { rows, pointers }
    }
}

struct FillingColumn {
    /// Rows that have a value,
    present: RoaringBitmap,
    /// and the last of them, as far as none between them has none.
    run: std::ops::Range<RowNumber>,
    data: FillingData,
}

enum FillingData {
    Numbers(Numbers),
    Ids(Vec<RowId>),
    Texts(Filling<String>),
    Lists(Filling<Vec<i32>>),
    Pointers(Pointers),
}

impl FillingColumn {
    fn new(column: &Column, seed: u64) -> Self {
        let data = match &column.data {
            Data::Texts(_) => FillingData::Texts(Filling::new(seed)),
            Data::Lists(_) => FillingData::Lists(Filling::new(seed)),
            Data::References(_) => FillingData::Pointers(Pointers::default()),
            Data::Numbers(numbers) => FillingData::Numbers(numbers.clone()),
            Data::Ids(_) => FillingData::Ids(Vec::new()),
        };
        Self { present: RoaringBitmap::new(), run: 0..0, data }
    }

    /// Puts a value in the cell of a row, which comes after all that have one. A value of another type,
    /// which a column that was dropped and made anew can hold, is none.
    fn push(&mut self, row: RowNumber, value: &Lent<'_>) {
        match (&mut self.data, value) {
            (FillingData::Texts(texts), Lent::Text(text)) => texts.push(row, *text),
            (FillingData::Pointers(pointers), Lent::Reference(table, id)) => {
                pointers.push(row, table, *id);
            }
            (FillingData::Ids(ids), Lent::Id(id)) => push_at(ids, row, *id),
            (FillingData::Numbers(numbers), value) => {
                if !numbers.set(row, value) {
                    return;
                }
            }
            (FillingData::Lists(lists), Lent::Choices(options)) => lists.push(row, options),
            _ => return,
        }
        if self.run.end != row {
            self.present.insert_range(self.run.clone());
            self.run.start = row;
        }
        self.run.end = row + 1;
    }

    fn finish(mut self) -> (Column, Option<Pointers>) {
        self.present.insert_range(self.run);
        // Rows are put in and taken out one by one from now on.
        self.present.remove_run_compression();
        let (data, pointers) = match self.data {
            FillingData::Numbers(mut numbers) => {
                numbers.shrink();
                (Data::Numbers(numbers), None)
            }
            FillingData::Ids(mut ids) => {
                ids.shrink_to_fit();
                (Data::Ids(ids), None)
            }
            FillingData::Texts(texts) => (Data::Texts(texts.finish()), None),
            FillingData::Lists(lists) => (Data::Lists(lists.finish()), None),
            FillingData::Pointers(pointers) => {
                (Data::References(References::default()), Some(pointers))
            }
        };
        (Column { present: self.present, data }, pointers)
    }
}

impl Pointers {
    fn push(&mut self, row: RowNumber, table: &Name, id: RowId) {
        let place = match self.places.last() {
            Some(last) if self.names[usize::from(*last)] == *table => *last,
            _ => self.place(table),
        };
        push_at(&mut self.places, row, place);
        push_at(&mut self.ids, row, id);
    }

    fn place(&mut self, name: &Name) -> u16 {
        let place = self.names.iter().position(|known| known == name).unwrap_or_else(|| {
            self.names.push(name.clone());
            self.names.len() - 1
        });
        u16::try_from(place).expect("fewer tables than 2^16")
    }
}

/// Puts a value in the place of a row, which comes after all that have one.
fn push_at<T: Clone + Default>(values: &mut Vec<T>, row: RowNumber, value: T) {
    if values.len() < row as usize {
        values.resize(row as usize, T::default());
    }
    values.push(value);
}
