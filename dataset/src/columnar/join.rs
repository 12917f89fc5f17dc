//! Joining, a link at a time for all rows together.
//!
//! A link gives the pairs of joined row and partner; what its filter and the links in it leave of
//! them decides, by the link's kind, which joined rows stay and with whom.

use haversack_dsl::{plan::Join, query::LinkKind};

use super::{
    ids::RowNumber,
    joined::{Joined, Place},
    order::Sorter,
    partners::On,
    run::Run,
};

/// What came of joined rows, and of which each came: ascending places among those before.
pub(super) struct Followed {
    pub(super) joined: Joined,
    pub(super) of: Vec<Place>,
}

impl Followed {
    fn take(self, places: &[Place]) -> Self {
        let of = places.iter().map(|at| self.of[*at as usize]).collect();
        Self { joined: self.joined.take(places), of }
    }

    /// What came of these in turn.
    fn then(self, next: impl FnOnce(Joined) -> Self) -> Self {
        let next = next(self.joined);
        let of = next.of.iter().map(|at| self.of[*at as usize]).collect();
        Self { joined: next.joined, of }
    }
}

impl Run<'_> {
    /// Follows links of the row that a slot has, one after the other.
    pub(super) fn through_all(&self, joins: &[Join], own: usize, joined: Joined) -> Followed {
        let of = joined.places().collect();
        joins.iter().fold(Followed { joined, of }, |followed, join| {
            followed.then(|joined| self.through(join, own, &joined))
        })
    }

    fn through(&self, join: &Join, own: usize, joined: &Joined) -> Followed {
        let is_test = matches!(join.kind, LinkKind::Exists | LinkKind::In);
        let is_plain = join.after.is_always() && join.joins.is_empty();
        let found = self.found(join, own, joined, is_test && is_plain);
        match join.kind {
            LinkKind::Inner => found,
            LinkKind::First => self.first_of_each(join, found),
            LinkKind::Exists | LinkKind::In => {
                let mut of = found.of;
                of.dedup();
                Followed { joined: joined.take(&of), of }
            }
            LinkKind::Outer => with_those_that_found_none(joined, found),
        }
    }

    /// All that comes of the partners of each row; of one of them if one is enough.
    fn found(&self, join: &Join, own: usize, joined: &Joined, one_is_enough: bool) -> Followed {
        let on = On { table: &join.table, from: &join.from, to: &join.to };
        let pairs = self.pairs(&on, own, joined, &join.rows, one_is_enough);
        let slot = join.number + 1;
        let next = joined.take(&pairs.of).with(slot, pairs.rows);
        let mut found = Followed { joined: next, of: pairs.of };
        if !join.after.is_always() {
            let kept = self.kept(&join.after, slot, &found.joined);
            found = found.take(&kept);
        }
        found.then(|joined| self.through_all(&join.joins, slot, joined))
    }

    /// For each row the first that came of it, in the link's order.
    fn first_of_each(&self, join: &Join, found: Followed) -> Followed {
        let sorter = Sorter::of_link(self, &found.joined, join.number);
        let mut firsts: Vec<Place> = Vec::new();
        for at in found.joined.places() {
            let of = |at: Place| found.of[at as usize];
            match firsts.last_mut() {
                Some(first) if of(*first) == of(at) => {
                    if sorter.compare(at, *first).is_lt() {
                        *first = at;
                    }
                }
                _ => firsts.push(at),
            }
        }
        drop(sorter);
        found.take(&firsts)
    }
}

fn with_those_that_found_none(joined: &Joined, found: Followed) -> Followed {
    let mut of = found.of.iter().copied().peekable();
    // Where each one to be given stands: among those found, or behind them.
    let (mut places, mut alone): (Vec<Place>, Vec<Place>) = (Vec::new(), Vec::new());
    let mut at = 0..;
    for row in joined.places() {
        if of.peek() != Some(&row) {
            places.push(super::joined::place(found.joined.len() + alone.len()));
            alone.push(row);
        }
        while of.next_if_eq(&row).is_some() {
            places.extend(at.next());
        }
    }
    if alone.is_empty() {
        return found;
    }
    let all = Followed {
        joined: found.joined.chain(joined.take(&alone)),
        of: found.of.into_iter().chain(alone).collect(),
    };
    all.take(&places)
}

/// Pairs of a joined row, by its place, and a partner.
#[derive(Debug, Default)]
pub(super) struct Pairs {
    pub(super) of: Vec<Place>,
    pub(super) rows: Vec<RowNumber>,
}
