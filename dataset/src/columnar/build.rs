//! All rows into columns, in steps of jobs that don't depend on one another: tables are filled each by
//! itself, then it's looked up where pointers point, then those that point at a row are gathered. What
//! comes out does not depend on who runs the jobs, on how many threads, or in which order.

use std::sync::Arc;

use haversack_core::{catalog::Catalog, schema::Table};
use roaring::RoaringBitmap;

use super::{
    column::Data,
    filling::{Filled, Pointers, fill},
    ids::RowNumber,
    references::{References, TableNumber},
    tables::Tables,
};
use crate::Rows;

/// Work that may be done on any thread.
pub type Job<'j> = Box<dyn FnOnce() + Send + 'j>;

/// Does all jobs before it returns, in any order, on any threads.
pub type Runner<'r> = dyn for<'j> Fn(Vec<Job<'j>>) + 'r;

/// Stands for the number of a row that no table has.
const MISSING: RowNumber = RowNumber::MAX;

/// Stands for a job that the runner left out.
const RAN: &str = "a runner does all jobs before it returns";

/// The pointers of one column, on their way.
struct Pointing {
    /// The table that has them,
    from: TableNumber,
    pointers: Pointers,
    /// the tables that they are at, by the places of their names,
    tables: Vec<TableNumber>,
    /// by row the numbers of the rows that they are at,
    rows: Vec<RowNumber>,
    /// and at last what they are kept in.
    references: Option<References>,
}

impl Tables {
    /// All rows as they stand. The seed spreads what devices name; it shows in no answer.
    pub(super) fn build(rows: &dyn Rows, catalog: &Arc<Catalog>, seed: u64) -> Self {
        let filled = catalog.tables().map(|table| fill(rows, table, seed)).collect();
        Self::assembled(filled, catalog, seed, &|jobs| jobs.into_iter().for_each(|job| job()))
    }

    /// The same by a runner.
    pub(super) fn build_with(
        rows: &(dyn Rows + Sync),
        catalog: &Arc<Catalog>,
        seed: u64,
        run: &Runner<'_>,
    ) -> Self {
        let mut filled: Vec<(&Arc<Table>, Option<Filled>)> =
            catalog.tables().map(|table| (table, None)).collect();
        each(run, &mut filled, |(table, filled)| *filled = Some(fill(rows, table, seed)));
        let filled = filled.into_iter().map(|(_, filled)| filled.expect(RAN)).collect();
        Self::assembled(filled, catalog, seed, run)
    }

    fn assembled(filled: Vec<Filled>, catalog: &Arc<Catalog>, seed: u64, run: &Runner<'_>) -> Self {
        let mut tables = Self::empty(catalog, seed);
        let mut all = Vec::new();
        for Filled { rows, pointers } in filled {
            let from = tables.add(rows);
            all.extend(pointers.into_iter().map(|pointers| Pointing::new(from, pointers)));
        }
        for pointing in &mut all {
            let number = |name| tables.number(name);
            pointing.tables = pointing.pointers.names.iter().map(number).collect();
        }
        each(run, &mut all, |pointing| pointing.look_up(&tables));
        all.iter_mut().for_each(|pointing| pointing.number_missing(&mut tables));
        each(run, &mut all, |pointing| pointing.gather(&tables));
        for Pointing { from, pointers, references, .. } in all {
            let data = Data::References(references.expect(RAN));
            tables.table_mut(from).columns[pointers.column].1.data = data;
        }
        tables.know_units();
        tables.note_dangling();
        tables
    }
}

impl Pointing {
    fn new(from: TableNumber, pointers: Pointers) -> Self {
        Self { from, pointers, tables: Vec::new(), rows: Vec::new(), references: None }
    }

    fn present<'t>(&self, tables: &'t Tables) -> &'t RoaringBitmap {
        &tables.table(self.from).columns[self.pointers.column].1.present
    }

    /// The table that a row, which has a pointer, points at.
    fn table(&self, row: usize) -> TableNumber {
        self.tables[usize::from(self.pointers.places[row])]
    }

    /// Looks up the rows that pointers are at.
    fn look_up(&mut self, tables: &Tables) {
        self.rows = vec![0; self.pointers.ids.len()];
        for row in self.present(tables) {
            let row = row as usize;
            let there = &tables.table(self.table(row)).ids;
            self.rows[row] = there.find(self.pointers.ids[row]).unwrap_or(MISSING);
        }
    }

    /// Gives rows that are not there, and are pointed at, numbers.
    fn number_missing(&mut self, tables: &mut Tables) {
        for at in 0..self.rows.len() {
            if self.rows[at] == MISSING {
                let there = tables.table_mut(self.table(at));
                self.rows[at] = there.ids.number(self.pointers.ids[at]);
            }
        }
    }

    /// Gathers by row the rows that point at it.
    fn gather(&mut self, tables: &Tables) {
        let of = (0..self.rows.len()).map(|row| self.table(row)).collect();
        self.pointers.ids = Vec::new();
        let rows = std::mem::take(&mut self.rows);
        self.references = Some(References::of(self.present(tables), rows, of));
    }
}

/// Has a runner work on items, each by itself.
fn each<T: Send>(run: &Runner<'_>, items: &mut [T], work: impl Fn(&mut T) + Sync) {
    let work = &work;
    let job = |item| Box::new(move || work(item)) as Job<'_>;
    run(items.iter_mut().map(job).collect());
}
