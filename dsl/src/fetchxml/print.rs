//! Prints a query in FetchXML, in the one form that `fmt` gives.

use std::fmt::Write as _;

use crate::ast::{Body, ColumnRef, Columns, Fetch, Function, Grouped, Link, Order, Selected, Term};

/// Prints a query, with a line break at its end.
pub(crate) fn print(fetch: &Fetch) -> String {
    let mut printer = Printer { out: String::new(), depth: 0, is_aggregate: fetch.is_aggregate() };
    let numbers =
        [("top", &fetch.paging.top), ("count", &fetch.paging.size), ("page", &fetch.paging.page)];
    let numbers =
        numbers.map(|(name, number)| number.as_ref().map(|number| (name, number.node.to_string())));
    let mut attributes: Vec<(&str, &str)> =
        numbers.iter().flatten().map(|(name, number)| (*name, number.as_str())).collect();
    attributes.extend(fetch.paging.cookie.as_ref().map(|c| ("paging-cookie", c.node.as_str())));
    let flags = [
        ("returntotalrecordcount", fetch.paging.total.is_some()),
        ("distinct", fetch.distinct.is_some()),
        ("aggregate", printer.is_aggregate),
        ("useraworderby", fetch.raw_order),
    ];
    attributes.extend(flags.into_iter().filter(|(_, set)| *set).map(|(name, _)| (name, "true")));
    printer.element("fetch", &attributes, |printer| {
        let table = &fetch.table.node;
        printer.element("entity", &[("name", table)], |printer| printer.body(table, &fetch.body));
    });
    printer.out
}

pub(super) struct Printer {
    out: String,
    depth: usize,
    is_aggregate: bool,
}

impl Printer {
    pub(super) fn line(&mut self, text: &str) {
        let indent = "  ".repeat(self.depth);
        writeln!(self.out, "{indent}{text}").expect("a String takes all writes");
    }

    pub(super) fn element(
        &mut self,
        name: &str,
        attributes: &[(&str, &str)],
        body: impl FnOnce(&mut Self),
    ) {
        self.line(&format!("<{}>", tag(name, attributes)));
        self.depth += 1;
        body(self);
        self.depth -= 1;
        self.line(&format!("</{name}>"));
    }

    pub(super) fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.line(&format!("<{} />", tag(name, attributes)));
    }

    fn body(&mut self, table: &str, body: &Body) {
        body.groups.iter().for_each(|grouped| self.grouped(grouped));
        match &body.columns {
            Columns::All => self.empty("all-attributes", &[]),
            Columns::Listed(listed) => {
                listed.iter().for_each(|selected| self.selected(table, selected));
            }
        }
        if let Some(group) = &body.filter {
            self.group(group);
        }
        body.links.iter().for_each(|link| self.link(link));
        body.order.iter().for_each(|order| self.order(order));
    }

    fn grouped(&mut self, grouped: &Grouped) {
        let mut attributes: Vec<(&str, &str)> = vec![("name", &grouped.column.node)];
        attributes.extend(grouped.alias.as_ref().map(|alias| ("alias", alias.node.as_str())));
        attributes.push(("groupby", "true"));
        if let Some(part) = &grouped.part {
            attributes.push(("dategrouping", part.node.name()));
            attributes.extend(grouped.utc.then_some(("usertimezone", "false")));
        }
        self.empty("attribute", &attributes);
    }

    fn selected(&mut self, table: &str, selected: &Selected) {
        // What counts rows needs no column, and FetchXML wants one: the key, by its usual name.
        let key = format!("{table}id");
        let column = selected.term.column().map_or(key.as_str(), |column| &column.node);
        let mut attributes = vec![("name", column)];
        attributes.extend(selected.alias.as_ref().map(|alias| ("alias", alias.node.as_str())));
        if let Term::Function { function, distinct, .. } = &selected.term {
            attributes.push(("aggregate", function.node.aggregate()));
            let distinct = *distinct && function.node != Function::Rows;
            attributes.extend(distinct.then_some(("distinct", "true")));
        }
        self.empty("attribute", &attributes);
    }

    fn order(&mut self, order: &Order) {
        let ColumnRef { link, column } = &order.column;
        let key = order.column.to_string();
        let mut attributes: Vec<(&str, &str)> = match self.is_aggregate {
            true => vec![("alias", &key)],
            false => vec![("attribute", &column.node)],
        };
        if let (Some(link), false) = (link, self.is_aggregate) {
            attributes.push(("entityname", &link.node));
        }
        if order.descending {
            attributes.push(("descending", "true"));
        }
        self.empty("order", &attributes);
    }

    fn link(&mut self, link: &Link) {
        let mut attributes: Vec<(&str, &str)> = vec![("name", &link.table.node)];
        if let Some(join) = &link.join {
            attributes.extend([("from", join.from.node.as_str()), ("to", &join.to.node)]);
        }
        attributes.extend(link.alias.as_ref().map(|alias| ("alias", alias.node.as_str())));
        attributes.push(("link-type", link.kind.node.link_type()));
        if link.body == Body::default() {
            return self.empty("link-entity", &attributes);
        }
        self.element("link-entity", &attributes, |printer| {
            printer.body(&link.table.node, &link.body);
        });
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
pub(super) fn escaped(text: &str) -> String {
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
