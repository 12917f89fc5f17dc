//! Joining: from a row of the query's table to the rows that its links find, link by link.
//!
//! A link that lies in another belongs to that one: where an `outer` link has an `inner` one in it,
//! a partner that fails the inner link is no partner, and the row stays without one.

use haversack_dsl::query::{Link, LinkKind, Query};

use super::{
    filter,
    key::Key,
    order, readable,
    row::{Found, Joined},
};
use crate::{Caller, Rows, rows::scan};

/// The links of a query, each with the rows that could be partners.
pub(super) struct Join<'r> {
    rows: &'r dyn Rows,
    caller: &'r Caller,
    query: &'r Query,
    /// By the number of the link: rows that the caller may read, with what joins them. Rows that
    /// have null there join nothing.
    sides: Vec<Vec<(Key, Found<'r>)>>,
}

impl<'r> Join<'r> {
    pub(super) fn new(rows: &'r dyn Rows, caller: &'r Caller, query: &'r Query) -> Self {
        let sides = query.all_links().into_iter().map(|link| side(rows, caller, query, link));
        Self { rows, caller, query, sides: sides.collect() }
    }

    /// What comes of a row of the query's table: no row, one, or several.
    pub(super) fn joined<'s>(&'s self, row: &'s Found<'s>) -> Vec<Joined<'s>> {
        let alone = Joined { row, links: vec![None; self.sides.len()] };
        self.through_all(&self.query.links, row, alone)
    }

    fn through_all<'s>(
        &'s self,
        links: &'s [Link],
        parent: &'s Found<'s>,
        joined: Joined<'s>,
    ) -> Vec<Joined<'s>> {
        links.iter().fold(vec![joined], |all, link| {
            all.into_iter().flat_map(|joined| self.through(link, parent, joined)).collect()
        })
    }

    fn through<'s>(
        &'s self,
        link: &'s Link,
        parent: &'s Found<'s>,
        joined: Joined<'s>,
    ) -> Vec<Joined<'s>> {
        let mut partners = self.partners(link, parent, &joined);
        match link.kind {
            LinkKind::Inner => partners.collect(),
            LinkKind::First => partners.next().into_iter().collect(),
            LinkKind::Exists | LinkKind::In => {
                let exists = partners.next().is_some();
                drop(partners);
                if exists { vec![joined] } else { Vec::new() }
            }
            LinkKind::Outer => {
                let all: Vec<_> = partners.collect();
                if all.is_empty() { vec![joined] } else { all }
            }
        }
    }

    /// What comes of each partner: rows that join, that the link's filter selects, and that the links
    /// in the link let through.
    fn partners<'s>(
        &'s self,
        link: &'s Link,
        parent: &'s Found<'s>,
        joined: &Joined<'s>,
    ) -> Box<dyn Iterator<Item = Joined<'s>> + 's> {
        let key = Key::joining(parent.value(self.rows, &link.to).as_ref());
        let joined = joined.clone();
        let joins = move |(from, _): &&(Key, Found<'_>)| Some(from) == key.as_ref();
        let partners = self.sides[link.number].iter().filter(joins).flat_map(move |(_, row)| {
            let mut next = joined.clone();
            next.links[link.number] = Some(row);
            let is_one = link.filter.as_ref().is_none_or(|filter| {
                filter::holds(self.rows, self.caller, filter, row.among(&next.links))
            });
            if is_one { self.through_all(&link.links, row, next) } else { Vec::new() }
        });
        Box::new(partners)
    }
}

/// The rows that could be partners, by id; for a `first` link the first comes first.
fn side<'r>(
    rows: &'r dyn Rows,
    caller: &'r Caller,
    query: &'r Query,
    link: &'r Link,
) -> Vec<(Key, Found<'r>)> {
    let Some(table) = rows.catalog().table(&link.table) else { return Vec::new() };
    let readable =
        scan(rows, table).filter(|(_, values)| readable::row(rows, caller, table, values));
    let mut side: Vec<(Key, Found<'r>)> = readable
        .filter_map(|(id, values)| {
            let row = Found { table, id, values };
            Some((Key::joining(row.value(rows, &link.from).as_ref())?, row))
        })
        .collect();
    if !link.order.is_empty() {
        let sorter = order::Sorter { rows, caller, query };
        side.sort_by_cached_key(|(_, row)| sorter.partner(link, row));
    }
    side
}
