//! What changed between two moments, in the form in which every user's sets are caught up from it.

use haversack_dsl::{
    algebra::{Any, Predicate},
    operator::Group,
    plan::Step,
};
use roaring::RoaringBitmap;

use super::{
    ask::Ask,
    changes::Changes,
    column::Data,
    dataset::Sets,
    items::{Direct, Item},
    references::TableNumber,
};

/// What changed.
#[derive(Clone, Debug, Default)]
pub(super) struct Delta {
    /// Rows that were written, by table.
    pub(super) changed: Sets,
    /// Rows that came, went, or changed in more than plain values, and rows that they pointed at
    /// before or after: whose reasons may have changed.
    pub(super) touched: Sets,
}

impl Delta {
    /// What changed after so many changes; none: not all of them are kept.
    pub(super) fn since(changes: &Changes, at: u64) -> Option<Self> {
        let mut delta = Self::default();
        for change in changes.since(at)? {
            delta.changed.entry(change.table).or_default().insert(change.row);
            if change.is_structural {
                delta.touched.entry(change.table).or_default().insert(change.row);
            }
            for (table, row) in &change.moved {
                delta.touched.entry(*table).or_default().insert(*row);
            }
        }
        Some(delta)
    }

    /// The rows for which an item's criterion may have another answer now.
    pub(super) fn doubtful(&self, ask: &Ask<'_>, item: &Item) -> RoaringBitmap {
        let mut doubtful = self.changed.get(&item.table).cloned().unwrap_or_default();
        if let Direct::Custom(step) = &item.criterion {
            self.add_doubtful(ask, item.table, step, &mut doubtful);
        }
        doubtful
    }

    fn add_doubtful(
        &self,
        ask: &Ask<'_>,
        table: TableNumber,
        step: &Step,
        doubtful: &mut RoaringBitmap,
    ) {
        match step {
            Step::Shared(_) => {}
            Step::Own(Predicate::Condition(condition), _)
                if condition.operator.info().group == Group::Hierarchy =>
            {
                if self.touched.get(&table).is_some_and(|rows| !rows.is_empty()) {
                    *doubtful |= &ask.tables.table(table).live;
                }
            }
            Step::Own(..) => {}
            Step::And(steps) | Step::Or(steps) => {
                steps.iter().for_each(|step| self.add_doubtful(ask, table, step, doubtful));
            }
            Step::Any { any, filter } => self.add_parents(ask, table, any, filter, doubtful),
        }
    }

    /// Adds the rows whose partners may have changed.
    fn add_parents(
        &self,
        ask: &Ask<'_>,
        table: TableNumber,
        any: &Any,
        filter: &Step,
        doubtful: &mut RoaringBitmap,
    ) {
        let Some(children) = ask.tables.find(&any.table) else { return };
        let mut partners = self.changed.get(&children).cloned().unwrap_or_default();
        self.add_doubtful(ask, children, filter, &mut partners);
        // Who may be read hangs on the ends of a pair.
        let is_pair = matches!(&*ask.reach(children), super::reach::Reach::Pairs(_));
        if partners.is_empty() && !is_pair {
            return;
        }
        let (parents, of) = (ask.tables.table(table), ask.tables.table(children));
        let points = |rows: &super::table::TableRows, column: &str| {
            let is_kept = !rows.is_derived_unit(column);
            let column = rows.column(column).map(|column| &column.data);
            is_kept && matches!(column, Some(Data::References(_)))
        };
        if is_pair {
            *doubtful |= &parents.live;
        } else if parents.is_key(&any.to) && points(of, &any.from) {
            *doubtful |= ask.tables.pointed_at(of, &any.from, &partners, table);
            // Those at which partners pointed before are touched, in whatever table they are.
            for (to, rows) in &self.touched {
                let there = ask.tables.table(*to);
                let by_id = rows.iter().filter_map(|row| parents.ids.find(there.id(row)));
                if *to == table {
                    *doubtful |= rows;
                } else {
                    doubtful.extend(by_id);
                }
            }
        } else if of.is_key(&any.from) && points(parents, &any.to) {
            *doubtful |= ask.tables.pointing_at(parents, &any.to, (children, &partners));
        } else {
            *doubtful |= &parents.live;
        }
    }
}
