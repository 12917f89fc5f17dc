//! Prints filters in FetchXML: groups, conditions, links that test for rows.

use std::borrow::Cow;

use super::print::{Printer, escaped, join_spans};
use crate::{
    ast::{Condition, Group, Linked, Part, Value},
    operator::Arity,
};

impl Printer<'_> {
    pub(super) fn group(&mut self, group: &Group) {
        let attributes = [("type", group.connective.node.name())];
        let spans = vec![group.connective.span.clone()];
        self.element("filter", &attributes, spans, |printer| {
            for part in &group.parts {
                match part {
                    Part::Group(group) => printer.group(group),
                    Part::Condition(condition) => printer.condition(condition),
                    Part::Linked(linked) => printer.linked(linked),
                }
            }
        });
    }

    fn linked(&mut self, linked: &Linked) {
        let mut attributes: Vec<(&str, &str)> = vec![("name", &linked.table.node)];
        if let Some(join) = &linked.join {
            attributes.extend([("from", join.from.node.as_str()), ("to", &join.to.node)]);
        }
        attributes.push(("link-type", linked.quantifier.node.name()));
        let mut spans = vec![linked.quantifier.span.clone(), linked.table.span.clone()];
        spans.extend(join_spans(linked.join.as_ref()));
        self.element("link-entity", &attributes, spans, |printer| {
            linked.filter.iter().for_each(|group| printer.group(group));
        });
    }

    fn condition(&mut self, condition: &Condition) {
        let operator = condition.operator.node;
        let mut attributes: Vec<(&str, &str)> = Vec::new();
        let mut spans = vec![condition.column.column.span.clone(), condition.operator.span.clone()];
        if let Some(link) = &condition.column.link {
            attributes.push(("entityname", &link.node));
            spans.push(link.span.clone());
        }
        attributes.push(("attribute", &condition.column.column.node));
        attributes.push(("operator", operator.name()));
        if let Some(other) = &condition.valueof {
            let text = other.to_string();
            attributes.push(("valueof", &text));
            spans.push(other.span());
            return self.empty("condition", &attributes, spans);
        }
        match (operator.info().arity, condition.values.first()) {
            (Arity::Two | Arity::Many, _) => {
                self.element("condition", &attributes, spans, |printer| {
                    for found in &condition.values {
                        let line = format!("<value>{}</value>", escaped(&text(&found.node)));
                        printer.line(line, vec![found.span.clone()]);
                    }
                });
            }
            (Arity::One, Some(found)) => {
                let text = text(&found.node);
                attributes.push(("value", &text));
                spans.push(found.span.clone());
                self.empty("condition", &attributes, spans);
            }
            _ => self.empty("condition", &attributes, spans),
        }
    }
}

/// A value's text; a parameter's name after `$`.
fn text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Given(text) => Cow::Borrowed(text),
        Value::Parameter(name) => Cow::Owned(format!("${name}")),
    }
}
