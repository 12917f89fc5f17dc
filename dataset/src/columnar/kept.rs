//! Which joined rows a filter keeps that looks at what links found.

use haversack_core::Value;
use haversack_dsl::{
    algebra::{Any, Predicate},
    operator::Operator,
    plan::Step,
    query::{Comparison, Condition},
};

use super::{
    joined::{Joined, Place},
    partners::On,
    run::{Run, slot_of},
};
use crate::obvious::filter::compares;

impl Run<'_> {
    /// The places of the joined rows that a step keeps. The row at hand is that of a slot, which
    /// every one of them has.
    pub(super) fn kept(&self, step: &Step, own: usize, joined: &Joined) -> Vec<Place> {
        let holds = self.holds(step, own, joined);
        joined.places().filter(|at| holds[*at as usize]).collect()
    }

    /// For each joined row whether a step holds.
    fn holds(&self, step: &Step, own: usize, joined: &Joined) -> Vec<bool> {
        if !step.needs().links {
            return self.holds_for_own(step, own, joined);
        }
        match step {
            Step::And(steps) => self.all(steps.iter(), own, joined, true),
            Step::Or(steps) => self.all(steps.iter(), own, joined, false),
            Step::Any { any, filter } => self.has_partner(any, filter, own, joined),
            Step::Own(Predicate::Condition(condition), _) => {
                self.condition_holds(condition, own, joined)
            }
            Step::Own(Predicate::Comparison(comparison), _) => {
                self.comparison_holds(comparison, own, joined)
            }
            // A step that looks at links is none of these.
            Step::Shared(_) | Step::Own(..) => self.holds_for_own(step, own, joined),
        }
    }

    /// Whether all of the steps hold, or whether one does.
    fn all<'s>(
        &self,
        steps: impl Iterator<Item = &'s Step>,
        own: usize,
        joined: &Joined,
        is_and: bool,
    ) -> Vec<bool> {
        let mut all = vec![is_and; joined.len()];
        for step in steps {
            for (all, one) in all.iter_mut().zip(self.holds(step, own, joined)) {
                *all = if is_and { *all && one } else { *all || one };
            }
        }
        all
    }

    fn holds_for_own(&self, step: &Step, own: usize, joined: &Joined) -> Vec<bool> {
        let Some(table) = joined.table(own) else { return vec![false; joined.len()] };
        let found = self.ask.step(table, step, &joined.set(own));
        let row = |at| joined.row(own, at);
        joined.places().map(|at| row(at).is_some_and(|row| found.contains(row))).collect()
    }

    fn condition_holds(&self, condition: &Condition, own: usize, joined: &Joined) -> Vec<bool> {
        let slot = slot_of(own, &condition.column);
        let Condition { operator, .. } = condition;
        let holds_for_null = operator.info().negative || *operator == Operator::Null;
        let holds_for_null = holds_for_null && operator.opposite().is_some();
        let Some(table) = joined.table(slot) else { return vec![holds_for_null; joined.len()] };
        let rows = self.ask.tables.table(table);
        let found = self.ask.condition(rows, condition, &joined.set(slot));
        let holds = |at| match joined.row(slot, at) {
            Some(row) => found.contains(row),
            None => holds_for_null,
        };
        joined.places().map(holds).collect()
    }

    fn comparison_holds(&self, comparison: &Comparison, own: usize, joined: &Joined) -> Vec<bool> {
        let value = |at, column| -> Option<Value> {
            let slot = slot_of(own, column);
            self.value(joined, slot, at, &column.column)
        };
        let holds = |at| {
            let (one, other) = (value(at, &comparison.column), value(at, &comparison.other));
            compares(comparison, one.as_ref(), other.as_ref())
        };
        joined.places().map(holds).collect()
    }

    /// Whether there are, or are not, rows that join the row at hand and that the filter, which looks
    /// at links, selects.
    fn has_partner(&self, any: &Any, filter: &Step, own: usize, joined: &Joined) -> Vec<bool> {
        let mut has = vec![any.negated; joined.len()];
        let Some(table) = self.ask.tables.find(&any.table) else { return has };
        let on = On { table: &any.table, from: &any.from, to: &any.to };
        let every = Step::of(Predicate::Constant(true));
        let pairs = self.pairs(&on, own, joined, &every, false);
        let (paired, slot) = joined.take(&pairs.of).and(table, pairs.rows);
        for at in self.kept(filter, slot, &paired) {
            has[pairs.of[at as usize] as usize] = !any.negated;
        }
        has
    }
}
