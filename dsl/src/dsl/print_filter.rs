//! Prints filters in the DSL: groups, conditions, links that test for rows.

use super::print::{Printer, column_ref, column_spans, join, join_spans, joined, name, value};
use crate::{
    ast::{Condition, Connective, Group, Linked, Part, Span},
    operator::Arity,
};

impl Printer<'_> {
    /// A group after a head that leaves the usual `and` out.
    pub(super) fn group(&mut self, head: String, mut spans: Vec<Span>, group: &Group) {
        let head = match group.connective.node {
            Connective::And => head,
            Connective::Or => format!("{head} or"),
        };
        spans.push(group.connective.span.clone());
        self.block(head, spans, true, |printer| printer.parts(group));
    }

    fn parts(&mut self, group: &Group) {
        for (at, part) in group.parts.iter().enumerate() {
            match part {
                Part::Condition(found) => self.line(condition(found), condition_spans(found)),
                Part::Group(group) => {
                    let connective = group.connective.node.name().to_owned();
                    let spans = vec![group.connective.span.clone()];
                    self.block(connective, spans, true, |printer| printer.parts(group));
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
        let mut spans = vec![linked.quantifier.span.clone(), linked.table.span.clone()];
        spans.extend(join_spans(linked.join.as_ref()));
        match &linked.filter {
            Some(group) => self.group(head, spans, group),
            // Without braces the group that follows would be read as the link's.
            None => self.block(head, spans, is_before_group, |_| {}),
        }
    }
}

fn condition(condition: &Condition) -> String {
    let operator = condition.operator.node;
    let head = format!("{} {}", column_ref(&condition.column), operator.name());
    if let Some(other) = &condition.valueof {
        return format!("{head} column {}", column_ref(other));
    }
    match (operator.info().arity, condition.values.as_slice()) {
        (Arity::None, _) => head,
        (Arity::One, values) => format!("{head} {}", joined(values, value)),
        (Arity::Two, [from, to]) => format!("{head} {} and {}", value(from), value(to)),
        (Arity::Two | Arity::Many, values) => format!("{head} ({})", joined(values, value)),
    }
}

fn condition_spans(condition: &Condition) -> Vec<Span> {
    let mut spans = column_spans(&condition.column);
    spans.push(condition.operator.span.clone());
    spans.extend(condition.values.iter().map(|value| value.span.clone()));
    spans.extend(condition.valueof.iter().flat_map(column_spans));
    spans
}
