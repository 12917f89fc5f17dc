//! Prints filters in the DSL: groups, conditions, links that test for rows.

use super::print::{Printer, column_ref, join, joined, name, value};
use crate::{
    ast::{Condition, Connective, Group, Linked, Part},
    operator::Arity,
};

impl Printer {
    /// A group after a head that leaves the usual `and` out.
    pub(super) fn group(&mut self, head: &str, group: &Group) {
        let head = match group.connective.node {
            Connective::And => head.to_owned(),
            Connective::Or => format!("{head} or"),
        };
        self.block(&head, group.parts.is_empty(), |printer| printer.parts(group));
    }

    fn parts(&mut self, group: &Group) {
        for (at, part) in group.parts.iter().enumerate() {
            match part {
                Part::Condition(found) => self.line(&condition(found)),
                Part::Group(group) => {
                    let connective = group.connective.node.name();
                    self.block(connective, group.parts.is_empty(), |printer| printer.parts(group));
                }
                Part::Linked(linked) => {
                    let is_before_group = matches!(group.parts.get(at + 1), Some(Part::Group(_)));
                    self.linked(linked, is_before_group);
                }
            }
        }
    }

    fn linked(&mut self, linked: &Linked, is_before_group: bool) {
        let head = format!(
            "{} {}{}",
            linked.quantifier.node.name(),
            name(&linked.table.node),
            join(linked.join.as_ref())
        );
        match &linked.filter {
            Some(group) => self.group(&head, group),
            // Without braces the group that follows would be read as the link's.
            None if is_before_group => self.block(&head, true, |_| {}),
            None => self.line(&head),
        }
    }
}

fn condition(condition: &Condition) -> String {
    let operator = condition.operator.node;
    let head = format!("{} {}", column_ref(&condition.column), operator.name());
    if let Some(other) = &condition.valueof {
        return format!("{head} column {}", column_ref(other));
    }
    let values = joined(&condition.values, |found| value(&found.node));
    match operator.info().arity {
        Arity::None => head,
        Arity::One => format!("{head} {values}"),
        Arity::Two | Arity::Many => format!("{head} ({values})"),
    }
}
