//! What a query returns: rows found as sets, joined by number, then ordered, grouped and cut.

use std::collections::{BTreeMap, BTreeSet};

use haversack_core::schema::Table;
use haversack_dsl::{
    ast::LinkKind,
    plan::{Join, Plan},
    query::{Link, Query},
};
use roaring::RoaringBitmap;

use super::{
    Columnar,
    ask::{Ask, points},
    first::first,
    ids::RowNumber,
    references::TableNumber,
    table::TableRows,
};
use crate::{
    Answers, Caller, Rows,
    obvious::{
        filter::holds,
        key::Key,
        order::Sorter,
        query::finish,
        row::{Found, Joined},
    },
    rows::values,
};

/// A row of the query's table, and the row that each link found.
type Tuple = Vec<Option<RowNumber>>;
/// A row of some table.
type At = (TableNumber, RowNumber);

impl Columnar {
    /// What a query returns for the caller: all of it, or a page. `rows` are those that this engine holds.
    #[must_use]
    pub fn answers(&self, rows: &dyn Rows, caller: &Caller, query: &Query) -> Answers {
        let (Some(number), Some(table)) =
            (self.tables.find(&query.table), rows.catalog().table(&query.table))
        else {
            return Answers::default();
        };
        let (ask, plan) = (self.ask(caller), Plan::of(query));
        let live = self.tables.table(number).live.clone();
        let selected = ask.step(number, &plan.rows, &ask.readable(number, live));
        // By id: of texts that are equal, and of groups, the first that comes is shown.
        let of = self.tables.table(number);
        let total = selected.len();
        let selected = first(of, query, joining_order(of, selected));
        let is_cut = total > selected.len() as u64;
        let joining = Joining::new(&ask, rows, query, &plan);
        let tuples: Vec<(RowNumber, Tuple)> = selected
            .into_iter()
            .flat_map(|row| {
                let joined = joining.all(&plan.joins, (number, row), joining.nothing());
                joined.into_iter().map(move |tuple| (row, tuple))
            })
            .collect();
        let own: BTreeSet<RowNumber> = tuples.iter().map(|(row, _)| *row).collect();
        let own = joining.found(table, number, own);
        let linked = joining.found_by_links(&tuples);
        let joined = tuples.iter().filter_map(|(row, tuple)| {
            let links = tuple.iter().zip(&linked);
            let links = links.map(|(row, found)| row.and_then(|row| found.get(&row))).collect();
            Some(Joined { row: own.get(row)?, links })
        });
        let joined = joined.filter(|joined| {
            plan.after.is_always()
                || query.filter.as_ref().is_none_or(|f| holds(rows, caller, f, joined.tested()))
        });
        let answers = finish(Sorter { rows, caller, query }, table, joined);
        match usize::try_from(total) {
            Ok(total) if is_cut => Answers { total, ..answers },
            _ => answers,
        }
    }
}

/// Rows by id, as they are joined.
fn joining_order(table: &TableRows, rows: RoaringBitmap) -> Vec<RowNumber> {
    let mut rows: Vec<RowNumber> = rows.into_iter().collect();
    rows.sort_unstable_by_key(|row| table.id(*row));
    rows
}

/// The rows that can be partners of a link.
struct Side {
    table: TableNumber,
    rows: RoaringBitmap,
    /// By what joins them, where no pointer does.
    by_key: Option<BTreeMap<Key, Vec<RowNumber>>>,
}

struct Joining<'a> {
    ask: &'a Ask<'a>,
    rows: &'a dyn Rows,
    query: &'a Query,
    /// By number: the link, and its side; none: there is no such table.
    links: Vec<(&'a Link, Option<Side>)>,
}

impl<'a> Joining<'a> {
    fn new(ask: &'a Ask<'a>, rows: &'a dyn Rows, query: &'a Query, plan: &Plan) -> Self {
        let links = query.all_links().into_iter().map(|link| (link, None)).collect();
        let mut joining = Self { ask, rows, query, links };
        if let Some(table) = ask.tables.find(&query.table) {
            joining.add_sides(&plan.joins, table);
        }
        joining
    }

    fn add_sides(&mut self, joins: &[Join], around: TableNumber) {
        for join in joins {
            let Some(table) = self.ask.tables.find(&join.table) else { continue };
            let (of, parents) = (self.ask.tables.table(table), self.ask.tables.table(around));
            let readable = self.ask.readable(table, of.live.clone());
            let rows = self.ask.step(table, &join.rows, &readable);
            let is_pointed = parents.is_key(&join.to) && points(of, &join.from)
                || of.is_key(&join.from) && points(parents, &join.to);
            let by_key = (!is_pointed).then(|| {
                let mut by_key: BTreeMap<Key, Vec<RowNumber>> = BTreeMap::new();
                for row in &rows {
                    if let Some(key) = self.key((table, row), &join.from) {
                        by_key.entry(key).or_default().push(row);
                    }
                }
                by_key
            });
            self.links[join.number].1 = Some(Side { table, rows, by_key });
            self.add_sides(&join.joins, table);
        }
    }

    fn key(&self, (table, row): At, column: &str) -> Option<Key> {
        let value = self.ask.tables.value(self.ask.tables.table(table), row, column);
        Key::joining(value.as_ref())
    }

    fn nothing(&self) -> Tuple {
        vec![None; self.links.len()]
    }

    /// What comes of a row by all of these links: no tuple, one, or several.
    fn all(&self, joins: &[Join], parent: At, tuple: Tuple) -> Vec<Tuple> {
        joins.iter().fold(vec![tuple], |tuples, join| {
            tuples.into_iter().flat_map(|tuple| self.one(join, parent, tuple)).collect()
        })
    }

    fn one(&self, join: &Join, parent: At, tuple: Tuple) -> Vec<Tuple> {
        let candidates = self.candidates(join, parent);
        let mut partners =
            candidates.into_iter().flat_map(|row| self.partner(join, row, tuple.clone()));
        match join.kind {
            LinkKind::Inner => partners.collect(),
            LinkKind::First => partners.next().into_iter().collect(),
            LinkKind::Exists | LinkKind::In => match partners.next() {
                Some(_) => vec![tuple],
                None => Vec::new(),
            },
            LinkKind::Outer => {
                let all: Vec<Tuple> = partners.collect();
                if all.is_empty() { vec![tuple] } else { all }
            }
        }
    }

    /// The rows that join a row and that the link's filter selects as far as it looks at no link.
    fn candidates(&self, join: &Join, parent: At) -> Vec<RowNumber> {
        let (link, Some(side)) = &self.links[join.number] else { return Vec::new() };
        let candidates: RoaringBitmap = match &side.by_key {
            Some(by_key) => {
                let key = self.key(parent, &join.to);
                let rows = key.and_then(|key| by_key.get(&key)).into_iter().flatten();
                rows.copied().collect()
            }
            None => {
                let it = RoaringBitmap::from_iter([parent.1]);
                let children = (side.table, join.from.as_str());
                let partners = self.ask.partners((parent.0, &it), children, &join.to);
                partners & &side.rows
            }
        };
        let mut candidates = joining_order(self.ask.tables.table(side.table), candidates);
        if !link.order.is_empty() {
            let sorter = Sorter { rows: self.rows, caller: self.ask.caller, query: self.query };
            candidates.sort_by_cached_key(|row| {
                let found = self.row(side.table, *row);
                found.map(|found| sorter.partner(link, &found))
            });
        }
        candidates
    }

    /// What comes of a partner: nothing, if what looks at links does not select it.
    fn partner(&self, join: &Join, row: RowNumber, mut tuple: Tuple) -> Vec<Tuple> {
        let (link, Some(side)) = &self.links[join.number] else { return Vec::new() };
        tuple[join.number] = Some(row);
        let counts = || {
            let found: Vec<Option<Found<'_>>> = tuple
                .iter()
                .zip(&self.links)
                .map(|(row, (_, side))| self.row(side.as_ref()?.table, (*row)?))
                .collect();
            let links: Vec<Option<&Found<'_>>> = found.iter().map(Option::as_ref).collect();
            let tested = links[join.number].map(|found| found.among(&links));
            tested.is_some_and(|tested| {
                let filter = link.filter.as_ref();
                filter.is_none_or(|filter| holds(self.rows, self.ask.caller, filter, tested))
            })
        };
        if join.after.is_always() || counts() {
            self.all(&join.joins, (side.table, row), tuple)
        } else {
            Vec::new()
        }
    }

    /// A row with its values.
    fn row(&self, table: TableNumber, row: RowNumber) -> Option<Found<'a>> {
        let rows = self.ask.tables.table(table);
        let definition = self.rows.catalog().table(&rows.name)?;
        let id = rows.id(row);
        Some(Found { table: definition, id, values: values(self.rows, definition, id)? })
    }

    fn found(
        &self,
        table: &'a Table,
        number: TableNumber,
        rows: BTreeSet<RowNumber>,
    ) -> BTreeMap<RowNumber, Found<'a>> {
        let of = self.ask.tables.table(number);
        let found = |row: RowNumber| {
            let id = of.id(row);
            Some((row, Found { table, id, values: values(self.rows, table, id)? }))
        };
        rows.into_iter().filter_map(found).collect()
    }

    /// The rows that each link found.
    fn found_by_links(&self, tuples: &[(RowNumber, Tuple)]) -> Vec<BTreeMap<RowNumber, Found<'a>>> {
        let of = |(at, (_, side)): (usize, &(&Link, Option<Side>))| {
            let Some(side) = side else { return BTreeMap::new() };
            let table = self.rows.catalog().table(&self.ask.tables.table(side.table).name);
            let rows = tuples.iter().filter_map(|(_, tuple)| tuple[at]).collect();
            table.map(|table| self.found(table, side.table, rows)).unwrap_or_default()
        };
        self.links.iter().enumerate().map(of).collect()
    }
}
