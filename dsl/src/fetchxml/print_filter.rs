//! Prints filters in FetchXML: groups, conditions, links that test for rows.

use super::print::{Printer, escaped};
use crate::{
    ast::{Condition, Group, Linked, Part},
    operator::Arity,
};

impl Printer {
    pub(super) fn group(&mut self, group: &Group) {
        let attributes = [("type", group.connective.node.name())];
        if group.parts.is_empty() {
            return self.empty("filter", &attributes);
        }
        self.element("filter", &attributes, |printer| {
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
        match &linked.filter {
            Some(group) => self.element("link-entity", &attributes, |printer| printer.group(group)),
            None => self.empty("link-entity", &attributes),
        }
    }

    fn condition(&mut self, condition: &Condition) {
        let operator = condition.operator.node;
        let mut attributes: Vec<(&str, &str)> = Vec::new();
        attributes.extend(condition.column.link.as_ref().map(|l| ("entityname", l.node.as_str())));
        attributes.push(("attribute", &condition.column.column.node));
        attributes.push(("operator", operator.name()));
        if let Some(other) = &condition.valueof {
            let other = other.to_string();
            attributes.push(("valueof", &other));
            return self.empty("condition", &attributes);
        }
        match (operator.info().arity, condition.values.first()) {
            (Arity::Two | Arity::Many, _) => self.element("condition", &attributes, |printer| {
                for value in &condition.values {
                    printer.line(&format!("<value>{}</value>", escaped(&value.node)));
                }
            }),
            (Arity::One, Some(value)) => {
                attributes.push(("value", &value.node));
                self.empty("condition", &attributes);
            }
            _ => self.empty("condition", &attributes),
        }
    }
}
