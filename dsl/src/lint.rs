//! Warnings about queries that can be run and may not do what was meant.
//!
//! Both trees are walked side by side: the resolved query says what is meant, the other one where
//! it is written. A group that is all its parent says is looked at with its parent.

mod claim;
mod condition;
mod group;
mod link;
mod nulls;
mod pair;
mod value;

use haversack_core::{
    catalog::Catalog,
    schema::{Column, Table},
};

use crate::{
    Syntax,
    ast::{self, LinkKind},
    diagnostic::{Diagnostic, Severity, code},
    findings::Findings,
    lint::group::Member,
    operator::Arity,
    query::{self, ColumnRef, Filter, Query},
    source::{Source, Span},
};

/// What may not be meant as it is written, in the order of the text. The query is what the tree was
/// resolved to, by the same catalog.
pub(crate) fn lint(fetch: &ast::Fetch, query: &Query, catalog: &Catalog) -> Vec<Diagnostic> {
    let Some(table) = catalog.table(&query.table) else { return Vec::new() };
    let links = known(query);
    let mut lint = Lint { source: &fetch.source, catalog, links, found: Findings::default() };
    lint.top(fetch);
    if let (Some(group), Some(filter)) = (&fetch.body.filter, &query.filter) {
        lint.filter(table, group, filter);
        lint.after_the_join(group, filter);
    }
    for (link, resolved) in fetch.body.all_links().zip(query.all_links()) {
        lint.link(link, resolved);
    }
    lint.found.finish(&fetch.source)
}

/// A link of the query.
struct Known<'a> {
    link: &'a query::Link,
    /// Whether its partner may be missing: it, or a link around it, is an outer one.
    may_be_missing: bool,
}

fn known(query: &Query) -> Vec<Known<'_>> {
    fn push<'a>(links: &'a [query::Link], around: bool, all: &mut Vec<Known<'a>>) {
        for link in links {
            let may_be_missing = around || link.kind == LinkKind::Outer;
            all.push(Known { link, may_be_missing });
            push(&link.links, may_be_missing, all);
        }
    }
    let mut all = Vec::new();
    push(&query.links, false, &mut all);
    all
}

struct Lint<'a> {
    source: &'a Source,
    catalog: &'a Catalog,
    /// The links of the query, by their numbers.
    links: Vec<Known<'a>>,
    found: Findings,
}

impl<'a> Lint<'a> {
    /// Notes a warning; it is made only if there is room, since that takes time.
    fn warn(
        &mut self,
        code: &'static str,
        span: Span,
        make: impl FnOnce() -> (String, Option<String>),
    ) -> Option<&mut Diagnostic> {
        let source = self.source;
        self.found.add(Severity::Warning, || {
            let (message, help) = make();
            let warning = source.warning(code, span, message);
            match help {
                Some(help) => warning.help(help),
                None => warning,
            }
        })
    }

    /// The column that is named, on the table at hand or on a link's.
    fn column(&self, table: &'a Table, named: &ColumnRef) -> Option<&'a Column> {
        let table = match &named.link {
            None => table,
            Some(link) => self.catalog.table(&self.links.get(link.number)?.link.table)?,
        };
        table.column(&named.column)
    }

    /// Whether a column is null where a link has found no partner.
    fn may_be_missing(&self, named: &ColumnRef) -> bool {
        let link = named.link.as_ref().and_then(|link| self.links.get(link.number));
        link.is_some_and(|known| known.may_be_missing)
    }

    fn top(&mut self, fetch: &ast::Fetch) {
        let Some(top) = &fetch.paging.top else { return };
        let is_ordered = !fetch.body.order.is_empty()
            || fetch.body.all_links().any(|link| !link.body.order.is_empty());
        if !is_ordered {
            let by = if fetch.is_aggregate() { "groups by name" } else { "rows by key" };
            self.warn(code::TOP_WITHOUT_ORDER, top.span.clone(), || {
                let message = format!("`top` without an order takes the first {by}");
                (message, Some("say by what they are ordered".to_owned()))
            });
        }
    }

    /// A whole filter, with those in it.
    fn filter(&mut self, table: &'a Table, group: &ast::Group, filter: &Filter) {
        self.group(table, group, filter, &[]);
    }

    /// What is joined by columns of which neither is an id, and old names of joins.
    fn link(&mut self, link: &ast::Link, resolved: &query::Link) {
        let catalog = self.catalog;
        let Some(table) = catalog.table(&resolved.table) else { return };
        self.old_name(&link.kind.span, "natural", link.kind.node.name());
        if let Some(join) = &link.join {
            self.join(join, table.column(&resolved.from));
        }
        if let (Some(group), Some(filter)) = (&link.body.filter, &resolved.filter) {
            self.filter(table, group, filter);
        }
    }

    /// Warns if the text at a place is an old name. Trees made by programs have no text.
    fn old_name(&mut self, span: &Span, old: &str, name: &str) {
        if self.source.text().get(span.clone()) == Some(old) {
            self.warn(code::OLD_NAME, span.clone(), || {
                (format!("`{old}` is an old name of `{name}`"), Some(format!("write `{name}`")))
            });
        }
    }
}

impl Lint<'_> {
    /// The place of what a condition says of its column: in the DSL its operator and values, in
    /// FetchXML, where attributes stand in any order, its value or else its operator.
    fn said(&self, condition: &ast::Condition) -> Span {
        let operator = condition.operator.span.clone();
        let text = self.source.text();
        if Syntax::of(text) == Syntax::FetchXml {
            return match condition.values.as_slice() {
                [value] => value.span.clone(),
                _ => operator,
            };
        }
        let values = condition.values.iter().map(|value| value.span.end);
        let others = condition.valueof.iter().map(|other| other.span().end);
        let end = values.chain(others).max().unwrap_or_default().max(operator.end);
        let rest = text.get(end..).unwrap_or_default();
        let is_list = matches!(condition.operator.node.info().arity, Arity::Two | Arity::Many);
        let closed = rest.trim_start().strip_prefix(')').filter(|_| is_list);
        operator.start..closed.map_or(end, |after| text.len() - after.len())
    }

    /// The place of a member, as small as says what it is.
    fn place(&self, member: &Member<'_>) -> Span {
        match member {
            Member::Condition(condition, _) | Member::Comparison(condition, _) => {
                self.said(condition)
            }
            Member::Linked(linked, _) => linked.quantifier.span.clone(),
            Member::Group(group, _) => group.connective.span.clone(),
        }
    }
}
