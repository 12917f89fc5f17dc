//! Prints a query in FetchXML, in the one form that `fmt` gives.

use std::fmt::Write as _;

use super::comments::written;
use crate::{
    ast::{
        Body, ColumnRef, Columns, Fetch, Function, Grouped, Join, Link, Order, Selected, Span,
        Spanned, Term, Value,
    },
    page::Page,
};

/// Prints a query, with a line break at its end.
pub(crate) fn print(fetch: &Fetch) -> String {
    let page = Page::new(&fetch.comments);
    let mut printer = Printer { page, is_aggregate: fetch.is_aggregate() };
    let (attributes, spans) = whole_query(fetch);
    printer.element("fetch", &attributes, spans, |printer| {
        let table = &fetch.table;
        let spans = vec![table.span.clone()];
        printer.element("entity", &[("name", table.node.to_string())], spans, |printer| {
            printer.body(&table.node, &fetch.body);
        });
    });
    printer.page.print(written)
}

/// The attributes of `fetch`.
fn whole_query(fetch: &Fetch) -> (Vec<(&'static str, String)>, Vec<Span>) {
    let paging = &fetch.paging;
    let mut attributes = Vec::new();
    let mut spans = vec![fetch.comments.start.clone()];
    for (name, number) in [("top", &paging.top), ("count", &paging.size), ("page", &paging.page)] {
        let Some(number) = number else { continue };
        attributes.push(match &number.node {
            Value::Given(number) => (name, number.to_string()),
            Value::Parameter(parameter) => (name, format!("${parameter}")),
        });
        spans.push(number.span.clone());
    }
    if let Some(cookie) = &paging.cookie {
        attributes.push(("paging-cookie", cookie.node.clone()));
        spans.push(cookie.span.clone());
    }
    let aggregate = fetch.is_aggregate().then(|| Spanned::nowhere(()));
    let flags = [
        ("returntotalrecordcount", &paging.total),
        ("distinct", &fetch.distinct),
        ("aggregate", &aggregate),
        ("useraworderby", &fetch.raw_order),
    ];
    for (name, flag) in flags {
        if let Some(flag) = flag {
            attributes.push((name, "true".to_owned()));
            spans.push(flag.span.clone());
        }
    }
    (attributes, spans)
}

pub(super) struct Printer<'a> {
    page: Page<'a>,
    is_aggregate: bool,
}

impl Printer<'_> {
    pub(super) fn line(&mut self, text: String, spans: Vec<Span>) {
        self.page.leaf(text, spans);
    }

    pub(super) fn element(
        &mut self,
        name: &str,
        attributes: &[(&str, impl AsRef<str>)],
        spans: Vec<Span>,
        body: impl FnOnce(&mut Self),
    ) {
        let tag = tag(name, attributes);
        let around = [format!("<{tag}>"), format!("</{name}>")];
        self.page.open(format!("<{tag} />"), around, spans);
        body(self);
        self.page.close();
    }

    pub(super) fn empty(
        &mut self,
        name: &str,
        attributes: &[(&str, impl AsRef<str>)],
        spans: Vec<Span>,
    ) {
        self.element(name, attributes, spans, |_| {});
    }

    fn body(&mut self, table: &str, body: &Body) {
        body.groups.iter().for_each(|grouped| self.grouped(grouped));
        match &body.columns {
            Columns::All(said) => {
                let none: [(&str, &str); 0] = [];
                self.empty("all-attributes", &none, vec![said.span.clone()]);
            }
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
        let mut spans = vec![grouped.column.span.clone()];
        spans.extend(grouped.part.as_ref().map(|part| part.span.clone()));
        spans.extend(grouped.alias.as_ref().map(|alias| alias.span.clone()));
        self.empty("attribute", &attributes, spans);
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
        let function = selected.term.function().map(|function| function.span.clone());
        let names = [selected.term.column(), selected.alias.as_ref()];
        let names = names.into_iter().flatten().map(|name| name.span.clone());
        self.empty("attribute", &attributes, function.into_iter().chain(names).collect());
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
        let mut spans = vec![column.span.clone()];
        spans.extend(link.as_ref().map(|link| link.span.clone()));
        self.empty("order", &attributes, spans);
    }

    fn link(&mut self, link: &Link) {
        let mut attributes: Vec<(&str, &str)> = vec![("name", &link.table.node)];
        if let Some(join) = &link.join {
            attributes.extend([("from", join.from.node.as_str()), ("to", &join.to.node)]);
        }
        attributes.extend(link.alias.as_ref().map(|alias| ("alias", alias.node.as_str())));
        attributes.push(("link-type", link.kind.node.link_type()));
        let mut spans = vec![link.kind.span.clone(), link.table.span.clone()];
        spans.extend(link.alias.as_ref().map(|alias| alias.span.clone()));
        spans.extend(join_spans(link.join.as_ref()));
        self.element("link-entity", &attributes, spans, |printer| {
            printer.body(&link.table.node, &link.body);
        });
    }
}

pub(super) fn join_spans(join: Option<&Join>) -> Vec<Span> {
    join.map(|join| vec![join.from.span.clone(), join.to.span.clone()]).unwrap_or_default()
}

fn tag(name: &str, attributes: &[(&str, impl AsRef<str>)]) -> String {
    let mut out = name.to_owned();
    for (name, value) in attributes {
        write!(out, " {name}=\"{}\"", escaped(value.as_ref())).expect("a String takes all writes");
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
