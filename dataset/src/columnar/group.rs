//! Groups of joined rows, and what is known of each.

use haversack_core::Value;
use haversack_dsl::query::{Aggregate, By, Grouped};

use super::{
    classes::{Class, Classes, Numbered, numbered},
    fold::Folded,
    joined::{Joined, Place},
    order::{Sorter, compare_keys},
    run::{Run, slot_of},
};
use crate::{
    Answer, Answers,
    obvious::{date_part::date_part, key::Key},
};

/// The groups of joined rows.
struct Groups<'r> {
    run: &'r Run<'r>,
    aggregate: &'r Aggregate,
    joined: &'r Joined,
    /// By what rows are grouped: the slot, and the classes of its rows.
    by: Vec<(usize, Classes)>,
    /// By group: the first of its rows. One that is there without any has none.
    firsts: Vec<Option<Place>>,
    functions: Vec<Folded<'r>>,
}

impl Run<'_> {
    /// A line for each group of joined rows. Without anything to group by all are one group, also if
    /// there are none.
    pub(super) fn groups(&self, aggregate: &Aggregate, joined: &Joined) -> Answers {
        let groups = Groups::of(self, aggregate, joined);
        let positions: Vec<Vec<Key>> =
            (0..groups.firsts.len()).map(|group| groups.position(group)).collect();
        let descending = || self.query.order.iter().map(|order| order.descending);
        let part = self.part(positions.len(), |ended| {
            let is_up_to =
                |position: &&Vec<Key>| compare_keys(*position, ended, descending()).is_le();
            positions.iter().filter(is_up_to).count()
        });
        let mut order: Vec<usize> = (0..positions.len()).collect();
        order.sort_unstable_by(|one, other| {
            compare_keys(&positions[*one], &positions[*other], descending())
        });
        let given = &order[part.begin..part.end];
        let rows = given.iter().map(|group| groups.answer(*group)).collect();
        let next = given.last().and_then(|last| self.cookie(&part, || positions[*last].clone()));
        Answers { rows, total: positions.len(), next }
    }

    fn grouped_classes(&self, grouped: &Grouped, joined: &Joined) -> (usize, Classes) {
        let slot = slot_of(0, &grouped.column);
        let column = &grouped.column.column;
        let classes = match grouped.part {
            None => self.classes(joined, slot, column),
            Some(_) => self.classes_by(joined, slot, column, false, |value| {
                Key::of(value.and_then(|value| self.part_of(grouped, value)).as_ref())
            }),
        };
        (slot, classes)
    }

    /// What of a value rows are grouped by.
    fn part_of(&self, grouped: &Grouped, value: &Value) -> Option<Value> {
        let Some(part) = grouped.part else { return Some(value.clone()) };
        let zone = (!grouped.utc).then_some(&self.ask.caller.time_zone);
        let fiscal_year = &self.ask.tables.catalog.settings.fiscal_year;
        date_part(part, value, zone, fiscal_year).map(Value::Integer)
    }
}

impl<'r> Groups<'r> {
    fn of(run: &'r Run<'r>, aggregate: &'r Aggregate, joined: &'r Joined) -> Self {
        let by: Vec<(usize, Classes)> =
            aggregate.groups.iter().map(|grouped| run.grouped_classes(grouped, joined)).collect();
        let groups = numbered(joined, &by, run.ask.tables.seed());
        let sorter = Sorter::of_places(run, joined);
        let firsts = firsts(joined, &groups, &sorter);
        let functions = aggregate.functions.iter();
        let functions =
            functions.map(|applied| Folded::of(run, applied, joined, &groups, &sorter)).collect();
        Self { run, aggregate, joined, by, firsts, functions }
    }

    /// What the rows of a group have in common, as the first of them shows it.
    fn value(&self, group: usize, at: usize) -> Option<Value> {
        let grouped = &self.aggregate.groups[at];
        let column = &grouped.column;
        let value =
            self.run.value(self.joined, slot_of(0, column), self.firsts[group]?, &column.column)?;
        self.run.part_of(grouped, &value)
    }

    /// What a group is ordered by; its own keys break ties.
    fn position(&self, group: usize) -> Vec<Key> {
        let ordered = self.run.query.order.iter().map(|order| match order.by {
            By::Group(at) => self.sort_key(group, at),
            By::Function(at) => Key::of(self.functions[at].value(group).as_ref()),
            By::Column(_) => Key::Null,
        });
        let own = self.by.iter().map(|(slot, classes)| {
            let row = self.firsts[group].and_then(|first| self.joined.row(*slot, first));
            let class: Class = classes.of(row);
            classes.keys[class as usize].clone()
        });
        ordered.chain(own).collect()
    }

    fn sort_key(&self, group: usize, at: usize) -> Key {
        let (value, grouped) = (self.value(group, at), &self.aggregate.groups[at]);
        match grouped.part {
            Some(_) => Key::of(value.as_ref()),
            None => {
                let slot = slot_of(0, &grouped.column);
                self.run.sort_key(self.joined, slot, &grouped.column.column, value.as_ref())
            }
        }
    }

    fn answer(&self, group: usize) -> Answer {
        let groups = (0..self.by.len()).map(|at| self.value(group, at));
        let functions = self.functions.iter().map(|function| function.value(group));
        let values = self.aggregate.keys().zip(groups.chain(functions));
        let values = values.filter_map(|(key, value)| Some((key.to_owned(), value?))).collect();
        Answer { id: None, values }
    }
}

/// By group: the first of its rows.
fn firsts(joined: &Joined, groups: &Numbered, sorter: &Sorter<'_>) -> Vec<Option<Place>> {
    let mut firsts: Vec<Option<Place>> = vec![None; groups.count];
    for (at, group) in (0..).zip(&groups.of) {
        let first = &mut firsts[*group as usize];
        if first.is_none_or(|first| sorter.compare(at, first).is_lt()) {
            *first = Some(at);
        }
    }
    debug_assert_eq!(groups.of.len(), joined.len(), "a group for each");
    firsts
}
