//! What belongs on a user's device, as sets: evaluated once, then caught up from what changed.
//!
//! Catching up deletes and derives anew: rows that may have lost their last reason are taken out
//! together with all that came by them, then each is put back that still has one.

use std::{collections::BTreeMap, sync::Arc};

use haversack_core::{
    profile::OwnRows,
    schema::{OWNERID, OWNINGBUSINESSUNIT},
};
use roaring::RoaringBitmap;

use super::{
    ask::Ask,
    delta::Delta,
    items::{Direct, Item},
    references::{Gathered, TableNumber},
};

/// Sets of rows, by table. A table without rows need not be there.
pub(super) type Sets = BTreeMap<TableNumber, RoaringBitmap>;

/// What an evaluation found.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Evaluated {
    /// What the criteria select, as far as it may be read.
    pub(super) direct: Sets,
    /// All that belongs on the device.
    pub(super) total: Arc<Sets>,
}

/// Evaluates all items from nothing.
pub(super) fn evaluate(ask: &Ask<'_>, items: &[Item]) -> Evaluated {
    let mut direct = Sets::new();
    for item in items {
        let live = &ask.tables.table(item.table).live;
        *direct.entry(item.table).or_default() |= selected(ask, item, live);
    }
    let mut total = direct.clone();
    spread(ask, items, direct.clone(), &mut total);
    Evaluated { direct, total: Arc::new(total) }
}

/// The rows among these that an item's criterion selects and that the caller may read.
fn selected(ask: &Ask<'_>, item: &Item, among: &RoaringBitmap) -> RoaringBitmap {
    item.criterion.selected(ask, item.table, among)
}

impl Direct {
    /// The rows among these of a table that it selects and that the caller may read.
    pub(super) fn selected(
        &self,
        ask: &Ask<'_>,
        table: TableNumber,
        among: &RoaringBitmap,
    ) -> RoaringBitmap {
        let rows = match self {
            Self::Nothing => return RoaringBitmap::new(),
            Self::All => among.clone(),
            Self::Own(own) => owned(ask, table, own) & among,
            Self::Custom(step) => ask.step(table, step, among),
        };
        ask.readable(table, rows)
    }
}

/// The rows of the user, their teams or their business unit.
fn owned(ask: &Ask<'_>, table: TableNumber, own: &[OwnRows]) -> RoaringBitmap {
    let (rows, catalog) = (ask.tables.table(table), &ask.tables.catalog);
    let mut found = Gathered::default();
    let mut add = |column, id| ask.tables.add_pointing(rows, column, id, &mut found);
    for own in own {
        match own {
            OwnRows::User => ask.caller.user.iter().for_each(|id| add(OWNERID, *id)),
            OwnRows::Team => {
                ask.caller.teams(catalog).iter().for_each(|id| add(OWNERID, *id));
            }
            OwnRows::BusinessUnit => {
                let unit = ask.caller.business_unit(catalog);
                unit.iter().for_each(|id| add(OWNINGBUSINESSUNIT, *id));
            }
        }
    }
    found.set()
}

/// Adds whatever relationships join to the rows of the frontier, and so on.
fn spread(ask: &Ask<'_>, items: &[Item], mut frontier: Sets, total: &mut Sets) {
    while frontier.values().any(|rows| !rows.is_empty()) {
        let mut next = Sets::new();
        for item in items {
            let mut joined = joined_to(ask, item, &frontier);
            if joined.is_empty() {
                continue;
            }
            let there = total.entry(item.table).or_default();
            joined &= &ask.tables.table(item.table).live;
            joined -= &*there;
            let new = ask.readable(item.table, joined);
            *there |= &new;
            *next.entry(item.table).or_default() |= new;
        }
        frontier = next;
    }
}

/// The rows of an item's table that its relationships join to rows of the frontier; some may not be
/// there.
fn joined_to(ask: &Ask<'_>, item: &Item, frontier: &Sets) -> RoaringBitmap {
    let mut joined = Gathered::default();
    for way in &item.ways {
        if let Some(others) = frontier.get(&way.other) {
            way.add_joined(ask.tables, item.table, others, &mut joined);
        }
    }
    joined.set()
}

/// Brings an evaluation up to date with what changed since.
pub(super) fn catch_up(ask: &Ask<'_>, items: &[Item], kept: &mut Evaluated, delta: &Delta) {
    let empty = RoaringBitmap::new();
    let (mut suspects, mut gained) = (Sets::new(), Sets::new());
    for table in tables_of(items) {
        let rows = ask.tables.table(table);
        let mut doubtful = RoaringBitmap::new();
        for item in items.iter().filter(|item| item.table == table) {
            doubtful |= delta.doubtful(ask, item);
        }
        let among = &doubtful & &rows.live;
        let mut selected_now = RoaringBitmap::new();
        for item in items.iter().filter(|item| item.table == table) {
            selected_now |= selected(ask, item, &among);
        }
        let direct = kept.direct.entry(table).or_default();
        let before = &*direct & &doubtful;
        *direct -= &doubtful;
        *direct |= &selected_now;
        let lost = &before - &selected_now;
        let touched = delta.touched.get(&table).unwrap_or(&empty);
        let had = kept.total.get(&table).unwrap_or(&empty);
        suspects.insert(table, (lost | touched) & had);
        gained.insert(table, (selected_now - before) | touched);
    }
    let removed = take_out(ask, items, suspects, Arc::make_mut(&mut kept.total));
    for (table, rows) in removed {
        *gained.entry(table).or_default() |= rows;
    }
    let back = with_reasons(ask, items, &gained, kept);
    let total = Arc::make_mut(&mut kept.total);
    for (table, rows) in &back {
        *total.entry(*table).or_default() |= rows;
    }
    spread(ask, items, back, total);
}

/// Brings an evaluation of some items to what others say: criteria that are the same are not evaluated
/// again.
pub(super) fn republish(ask: &Ask<'_>, (before, items): (&[Item], &[Item]), kept: &mut Evaluated) {
    let criteria = |items: &[Item], table| -> Vec<Direct> {
        let of = items.iter().filter(|item| item.table == table);
        of.map(|item| item.criterion.clone()).collect()
    };
    let mut direct = Sets::new();
    for table in tables_of(items) {
        let rows = match kept.direct.remove(&table) {
            Some(rows) if criteria(before, table) == criteria(items, table) => rows,
            _ => {
                let live = &ask.tables.table(table).live;
                let of = items.iter().filter(|item| item.table == table);
                of.map(|item| selected(ask, item, live)).fold(RoaringBitmap::new(), |a, b| a | b)
            }
        };
        direct.insert(table, rows);
    }
    let mut total = direct.clone();
    spread(ask, items, direct.clone(), &mut total);
    *kept = Evaluated { direct, total: Arc::new(total) };
}

fn tables_of(items: &[Item]) -> std::collections::BTreeSet<TableNumber> {
    items.iter().map(|item| item.table).collect()
}

/// Takes rows out, with all that may have come by them. Gives what was taken out.
fn take_out(ask: &Ask<'_>, items: &[Item], suspects: Sets, total: &mut Sets) -> Sets {
    let mut removed = Sets::new();
    let mut frontier = suspects;
    while frontier.values().any(|rows| !rows.is_empty()) {
        for (table, rows) in &frontier {
            *total.entry(*table).or_default() -= rows;
            *removed.entry(*table).or_default() |= rows;
        }
        let mut next = Sets::new();
        for item in items {
            if let Some(there) = total.get(&item.table) {
                *next.entry(item.table).or_default() |= joined_to(ask, item, &frontier) & there;
            }
        }
        frontier = next;
    }
    removed
}

/// The rows among these, not there now, that the criterion or a row that is there brings in.
fn with_reasons(ask: &Ask<'_>, items: &[Item], among: &Sets, kept: &Evaluated) -> Sets {
    let empty = RoaringBitmap::new();
    let mut back = Sets::new();
    for item in items {
        let Some(candidates) = among.get(&item.table) else { continue };
        let there = kept.total.get(&item.table).unwrap_or(&empty);
        let direct = kept.direct.get(&item.table).unwrap_or(&empty);
        let candidates = (candidates & &ask.tables.table(item.table).live) - there;
        let has_reason = |row: &u32| {
            direct.contains(*row)
                || item.ways.iter().any(|way| {
                    let others = kept.total.get(&way.other);
                    others.is_some_and(|others| way.joins(ask.tables, item.table, *row, others))
                })
        };
        let found: RoaringBitmap = candidates.iter().filter(has_reason).collect();
        *back.entry(item.table).or_default() |= ask.readable(item.table, found);
    }
    back
}
