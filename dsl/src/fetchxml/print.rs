//! Prints a query in FetchXML, in the one form that `fmt` gives.

use std::fmt::Write as _;

use crate::{
    ast::{Columns, Condition, Fetch, Group, Linked, Order, Part, Selected},
    operator::Arity,
};

/// Prints a query, with a line break at its end.
pub(crate) fn print(fetch: &Fetch) -> String {
    let mut printer = Printer::default();
    let top = fetch.top.as_ref().map(|top| top.node.to_string());
    let attributes: Vec<_> = top.iter().map(|top| ("top", top.as_str())).collect();
    printer.element("fetch", &attributes, |printer| {
        printer.element("entity", &[("name", &fetch.table.node)], |printer| printer.entity(fetch));
    });
    printer.out
}

#[derive(Default)]
struct Printer {
    out: String,
    depth: usize,
}

impl Printer {
    fn line(&mut self, text: &str) {
        let indent = "  ".repeat(self.depth);
        writeln!(self.out, "{indent}{text}").expect("a String takes all writes");
    }

    fn element(&mut self, name: &str, attributes: &[(&str, &str)], body: impl FnOnce(&mut Self)) {
        self.line(&format!("<{}>", tag(name, attributes)));
        self.depth += 1;
        body(self);
        self.depth -= 1;
        self.line(&format!("</{name}>"));
    }

    fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.line(&format!("<{} />", tag(name, attributes)));
    }

    fn entity(&mut self, fetch: &Fetch) {
        match &fetch.columns {
            Columns::All => self.empty("all-attributes", &[]),
            Columns::Listed(listed) => listed.iter().for_each(|column| self.selected(column)),
        }
        if let Some(group) = &fetch.filter {
            self.group(group);
        }
        fetch.order.iter().for_each(|order| self.order(order));
    }

    fn selected(&mut self, selected: &Selected) {
        let mut attributes: Vec<(&str, &str)> = vec![("name", &selected.column.node)];
        if let Some(alias) = &selected.alias {
            attributes.push(("alias", &alias.node));
        }
        self.empty("attribute", &attributes);
    }

    fn order(&mut self, order: &Order) {
        let mut attributes: Vec<(&str, &str)> = vec![("attribute", &order.column.node)];
        if order.descending {
            attributes.push(("descending", "true"));
        }
        self.empty("order", &attributes);
    }

    fn group(&mut self, group: &Group) {
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
        let attributes: [(&str, &str); 4] = [
            ("name", &linked.table.node),
            ("from", &linked.from.node),
            ("to", &linked.to.node),
            ("link-type", linked.quantifier.node.name()),
        ];
        match &linked.filter {
            Some(group) => self.element("link-entity", &attributes, |printer| printer.group(group)),
            None => self.empty("link-entity", &attributes),
        }
    }

    fn condition(&mut self, condition: &Condition) {
        let operator = condition.operator.node;
        let mut attributes: Vec<(&str, &str)> =
            vec![("attribute", &condition.column.node), ("operator", operator.name())];
        match (operator.info().arity, condition.values.first()) {
            (Arity::Many, _) => self.element("condition", &attributes, |printer| {
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

fn tag(name: &str, attributes: &[(&str, &str)]) -> String {
    let mut out = name.to_owned();
    for (name, value) in attributes {
        write!(out, " {name}=\"{}\"", escaped(value)).expect("a String takes all writes");
    }
    out
}

/// A text as an attribute's value or an element's content. Line breaks and tabs are given by number,
/// since readers turn them into others where they stand bare.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            control if control.is_control() => {
                write!(out, "&#{};", u32::from(control)).expect("a String takes all writes");
            }
            other => out.push(other),
        }
    }
    out
}
