//! Why a row is, or is not, on a user's device, without a look at every row.

use std::collections::BTreeMap;

use haversack_core::{
    Name, RowId, event::RowKey, limits::EXPLAIN_LINKED_ROWS_MAX, profile::RelatedTo, schema::Table,
};
use haversack_dsl::{
    algebra::Predicate,
    plan::Step,
    query::{Filter, Linked},
};
use roaring::RoaringBitmap;

use super::{
    Columnar,
    ask::Ask,
    dataset::Sets,
    ids::RowNumber,
    items::{Item, Way, ways},
    references::TableNumber,
    users::items_of,
};
use crate::{
    Caller, Explanation, Rows,
    obvious::{
        explain::{Lookup, explain_by},
        filter::Tested,
    },
};

impl Columnar {
    /// Why a row is, or is not, on the device of the caller. `rows` are those that this engine holds.
    #[must_use]
    pub fn explain(
        &self,
        rows: &dyn Rows,
        caller: &Caller,
        table: &Name,
        id: RowId,
    ) -> Explanation {
        let total = self.device_rows(caller).sets;
        let ask = self.ask(caller);
        let profile = caller.user.and_then(|user| self.profile(user));
        let of_sets = OfSets { ask: &ask, items: items_of(profile.as_ref()), total: &total };
        explain_by(&of_sets, rows, caller, (table, id))
    }
}

struct OfSets<'a> {
    ask: &'a Ask<'a>,
    items: &'a [Item],
    total: &'a Sets,
}

/// A row of some table.
type At = (TableNumber, RowNumber);

impl Lookup for OfSets<'_> {
    fn is_included(&self, key: &RowKey) -> bool {
        self.find(&key.table, key.id).is_some_and(|at| self.has(at))
    }

    fn linked(&self, linked: &Linked, row: Tested<'_>) -> (Vec<RowId>, bool) {
        let Some((table, number)) = self.find(&row.table.name, row.id) else {
            return (Vec::new(), false);
        };
        let it = RoaringBitmap::from_iter([number]);
        let step = Step::of(Predicate::of(Some(&Filter::Linked(linked.clone()))));
        let holds = !self.ask.step(table, &step, &it).is_empty();
        (self.found(linked, table, &it), holds)
    }

    fn way(&self, table: &Table, id: RowId, related: &RelatedTo) -> Vec<RowKey> {
        let Some(start) = self.find(&table.name, id) else { return Vec::new() };
        let first = ways(self.ask.tables, &table.name, related);
        self.shortest(start, &first).into_iter().map(|at| self.key(at)).collect()
    }
}

impl OfSets<'_> {
    fn find(&self, table: &str, id: RowId) -> Option<At> {
        let table = self.ask.tables.find(table)?;
        Some((table, self.ask.tables.table(table).ids.find(id)?))
    }

    fn key(&self, (table, row): At) -> RowKey {
        let table = self.ask.tables.table(table);
        RowKey { table: table.name.clone(), id: table.id(row) }
    }

    fn has(&self, (table, row): At) -> bool {
        self.total.get(&table).is_some_and(|rows| rows.contains(row))
    }

    /// Some of the linked rows that count for a row, by id.
    fn found(&self, linked: &Linked, table: TableNumber, it: &RoaringBitmap) -> Vec<RowId> {
        let Some(children) = self.ask.tables.find(&linked.table) else { return Vec::new() };
        let of = self.ask.tables.table(children);
        let partners = self.ask.partners((table, it), (children, &linked.from), &linked.to);
        let readable = self.ask.readable(children, partners & &of.live);
        let filter = Step::of(Predicate::of(linked.filter.as_deref()));
        let selected = self.ask.step(children, &filter, &readable);
        let mut ids: Vec<RowId> = selected.iter().map(|row| of.id(row)).collect();
        ids.sort_unstable();
        ids.truncate(EXPLAIN_LINKED_ROWS_MAX + 1);
        ids
    }

    /// The rows from one that is joined to `start` to one that a criterion selects, all on the device.
    fn shortest(&self, start: At, first: &[Way]) -> Vec<At> {
        // From which row each was reached.
        let mut from: BTreeMap<At, Option<At>> = BTreeMap::new();
        let mut level: Vec<At> = Vec::new();
        let mut reach = |at: At, ways: &[Way], back: Option<At>, next: &mut Vec<At>| {
            for way in ways {
                for row in way.partners(self.ask.tables, at.0, at.1) {
                    let other = (way.other, row);
                    if self.has(other) && !from.contains_key(&other) {
                        from.insert(other, back);
                        next.push(other);
                    }
                }
            }
        };
        reach(start, first, None, &mut level);
        let mut found = None;
        while found.is_none() && !level.is_empty() {
            found = level.iter().copied().find(|at| self.is_direct(*at));
            let mut next = Vec::new();
            for at in level {
                for item in self.items.iter().filter(|item| item.table == at.0) {
                    reach(at, &item.ways, Some(at), &mut next);
                }
            }
            level = next;
        }
        let mut path: Vec<At> =
            std::iter::successors(found, |at| from.get(at).copied().flatten()).collect();
        path.reverse();
        path
    }

    /// Whether a criterion selects a row that is on the device.
    fn is_direct(&self, (table, row): At) -> bool {
        let it = RoaringBitmap::from_iter([row]);
        let of_table = self.items.iter().filter(|item| item.table == table);
        of_table.into_iter().any(|item| !item.criterion.selected(self.ask, table, &it).is_empty())
    }
}
