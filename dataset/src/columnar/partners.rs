//! Finding partners: rows whose column equals that of another row.

use std::collections::BTreeMap;

use haversack_core::Name;
use haversack_dsl::plan::Step;
use roaring::RoaringBitmap;

use super::{
    column::Data,
    ids::RowNumber,
    join::Pairs,
    joined::Joined,
    references::{References, TableNumber},
    run::Run,
    sources::Sources,
    table::TableRows,
    tables::Tables,
};
use crate::obvious::key::Key;

/// Partners are looked for near the rows where there are so many times fewer rows.
const FEW_ROWS: u64 = 8;

/// What makes rows partners.
pub(super) struct On<'a> {
    /// The table of the partners.
    pub(super) table: &'a str,
    /// Their column,
    pub(super) from: &'a Name,
    /// and that of the row at hand, which it must equal.
    pub(super) to: &'a Name,
}

/// How the partners of a row are found.
enum Way<'a> {
    /// They point at the row.
    Sources { references: &'a References, from: TableNumber },
    /// The row points at the one.
    Target { partners: TableNumber },
    /// By what joins: any types.
    Keys(BTreeMap<Key, Vec<RowNumber>>),
}

/// Finds the partners of rows of one table among rows of another.
struct Finder<'a> {
    tables: &'a Tables,
    table: &'a TableRows,
    to: &'a Name,
    way: Way<'a>,
    /// The rows that may be partners, a bit each.
    bits: Vec<u64>,
}

impl Run<'_> {
    /// The pairs of a joined row and a partner of the row that a slot has; partners are rows that the
    /// caller may read and the filter selects. One partner of each row is enough if that is so.
    pub(super) fn pairs(
        &self,
        on: &On<'_>,
        own: usize,
        joined: &Joined,
        filter: &Step,
        one_is_enough: bool,
    ) -> Pairs {
        let mut pairs = Pairs::default();
        let ends = joined.table(own).zip(self.ask.tables.find(on.table));
        let Some((parents, partners)) = ends else { return pairs };
        let candidates = self.candidates(on, own, joined, (parents, partners), filter);
        if candidates.is_empty() {
            return pairs;
        }
        let finder = Finder::new(self.ask.tables, on, (parents, partners), &candidates);
        for at in joined.places() {
            let Some(row) = joined.row(own, at) else { continue };
            let before = pairs.rows.len();
            finder.add(row, &mut pairs.rows);
            if one_is_enough {
                pairs.rows.truncate(before + 1);
            }
            pairs.of.resize(pairs.rows.len(), at);
        }
        pairs
    }

    /// The rows that may be partners of any.
    fn candidates(
        &self,
        on: &On<'_>,
        own: usize,
        joined: &Joined,
        (parents, partners): (TableNumber, TableNumber),
        filter: &Step,
    ) -> RoaringBitmap {
        let tables = self.ask.tables;
        let (there, of) = (tables.table(parents), tables.table(partners));
        let is_few = (joined.len() as u64).saturating_mul(FEW_ROWS) < of.live.len();
        let near = if is_few && there.is_key(on.to) && points(of, on.from) {
            tables.pointing_at(of, on.from, (parents, &joined.set(own)))
        } else if is_few && of.is_key(on.from) && points(there, on.to) {
            tables.pointed_at(there, on.to, &joined.set(own), partners) & &of.live
        } else {
            of.live.clone()
        };
        self.ask.step(partners, filter, &self.ask.readable(partners, near))
    }
}

impl<'a> Finder<'a> {
    fn new(
        tables: &'a Tables,
        on: &On<'a>,
        (parents, partners): (TableNumber, TableNumber),
        candidates: &RoaringBitmap,
    ) -> Self {
        let (table, of) = (tables.table(parents), tables.table(partners));
        let kept = of.column(on.from).filter(|_| !of.is_derived_unit(on.from));
        let way = match kept.map(|column| &column.data) {
            Some(Data::References(references)) if table.is_key(on.to) => {
                Way::Sources { references, from: parents }
            }
            _ if of.is_key(on.from) && points(table, on.to) => Way::Target { partners },
            _ => Way::Keys(by_key(tables, of, on.from, candidates)),
        };
        let bits = match way {
            Way::Keys(_) => Vec::new(),
            Way::Sources { .. } | Way::Target { .. } => bits(candidates),
        };
        Self { tables, table, to: on.to, way, bits }
    }

    /// Adds the partners of a row.
    fn add(&self, row: RowNumber, found: &mut Vec<RowNumber>) {
        match &self.way {
            Way::Sources { references, from } => {
                self.add_sources(references.sources((*from, row)), found);
                // A pointer joins by the id alone, whatever table it is said to be of.
                for other in references.tables().filter(|other| other != from) {
                    let target = self.tables.table(other).ids.find(self.table.id(row));
                    let target = target.map(|target| (other, target));
                    self.add_sources(target.and_then(|to| references.sources(to)), found);
                }
            }
            Way::Target { partners } => {
                let target = self.tables.points_at(self.table, row, self.to);
                let target = target.and_then(|(there, target)| match there == *partners {
                    true => Some(target),
                    false => {
                        let id = self.tables.table(there).id(target);
                        self.tables.table(*partners).ids.find(id)
                    }
                });
                found.extend(target.filter(|target| self.is_candidate(*target)));
            }
            Way::Keys(keys) => {
                let value = self.tables.value(self.table, row, self.to);
                let partners = Key::joining(value.as_ref()).and_then(|key| keys.get(&key));
                found.extend(partners.into_iter().flatten());
            }
        }
    }

    fn add_sources(&self, sources: Option<Sources<'_>>, found: &mut Vec<RowNumber>) {
        match sources {
            Some(Sources::List(list)) => {
                found.extend(list.iter().filter(|row| self.is_candidate(**row)));
            }
            Some(Sources::Bitmap(set)) => {
                found.extend(set.iter().filter(|row| self.is_candidate(*row)));
            }
            None => {}
        }
    }

    fn is_candidate(&self, row: RowNumber) -> bool {
        let word = self.bits.get(row as usize / 64);
        word.is_some_and(|word| word >> (row % 64) & 1 == 1)
    }
}

fn points(table: &TableRows, column: &str) -> bool {
    matches!(table.column(column).map(|column| &column.data), Some(Data::References(_)))
}

/// Rows by what joins them; those that have null there join nothing.
fn by_key(
    tables: &Tables,
    table: &TableRows,
    column: &str,
    rows: &RoaringBitmap,
) -> BTreeMap<Key, Vec<RowNumber>> {
    let mut by_key: BTreeMap<Key, Vec<RowNumber>> = BTreeMap::new();
    for row in rows {
        if let Some(key) = Key::joining(tables.value(table, row, column).as_ref()) {
            by_key.entry(key).or_default().push(row);
        }
    }
    by_key
}

/// A set as bits, which are faster to test one by one.
fn bits(set: &RoaringBitmap) -> Vec<u64> {
    let mut bits = vec![0; set.max().map_or(0, |last| last as usize / 64 + 1)];
    for row in set {
        bits[row as usize / 64] |= 1 << (row % 64);
    }
    bits
}
