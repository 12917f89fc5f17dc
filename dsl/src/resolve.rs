//! Looks up the names of a query in a catalog, and reads its values by the types of their columns.

mod comparison;
mod filter;
mod link;
mod literal;
mod operand;
mod order;
mod paging;
mod scope;
mod select;

use std::cell::RefCell;

use haversack_core::{
    Name,
    catalog::Catalog,
    nearest,
    schema::{Column, Table},
};

use crate::{
    Resolved,
    ast::{self, Spanned},
    diagnostic::{Diagnostic, code},
    query,
    resolve::scope::{Known, Scope},
    source::Source,
};

/// Diagnostics of one query at the most: enough to mend it, and a bound on the work.
const DIAGNOSTICS_MAX: usize = 50;

/// Resolves a query.
pub(crate) fn resolve(fetch: &ast::Fetch, catalog: &Catalog) -> Result<Resolved, Vec<Diagnostic>> {
    let diagnostics = RefCell::new(fetch.notes.warnings().to_vec());
    let links = RefCell::default();
    let resolver = Resolver { catalog, source: &fetch.source, diagnostics, links };
    let query = resolver.query(fetch);
    let mut diagnostics = resolver.diagnostics.into_inner();
    diagnostics.sort_by_key(|diagnostic| diagnostic.span.start);
    match query {
        Some(query) if !diagnostics.iter().any(Diagnostic::is_error) => {
            Ok(Resolved { query, warnings: diagnostics })
        }
        _ => {
            diagnostics.retain(Diagnostic::is_error);
            Err(diagnostics)
        }
    }
}

/// One resolving of one query. Each step gives nothing where it has reported an error.
struct Resolver<'a> {
    catalog: &'a Catalog,
    source: &'a Source,
    diagnostics: RefCell<Vec<Diagnostic>>,
    /// The links of the query, by their numbers.
    links: RefCell<Vec<Known<'a>>>,
}

impl<'a> Resolver<'a> {
    /// Notes an error. It is made only if there is room, since that takes time. Errors take the place
    /// of warnings, so that no mistake is ever let through.
    fn report(&self, make: impl FnOnce(&Source) -> Diagnostic) {
        let mut diagnostics = self.diagnostics.borrow_mut();
        if diagnostics.len() < DIAGNOSTICS_MAX {
            diagnostics.push(make(self.source));
        } else if let Some(warning) = diagnostics.iter_mut().find(|found| !found.is_error()) {
            *warning = make(self.source);
        }
    }

    /// Notes a warning, if there is room.
    fn warn(&self, make: impl FnOnce(&Source) -> Diagnostic) {
        if self.diagnostics.borrow().len() < DIAGNOSTICS_MAX {
            self.diagnostics.borrow_mut().push(make(self.source));
        }
    }

    fn query(&self, fetch: &ast::Fetch) -> Option<query::Query> {
        let table = self.table(&fetch.table)?;
        self.know_links(&fetch.body.links, None);
        // Every part is resolved before any is missed, so that all mistakes are found in one run.
        let (columns, aggregate) = (self.columns(table, fetch), self.aggregate(table, fetch));
        let scope = Scope { table, link: None };
        let filter = match &fetch.body.filter {
            Some(group) => self.group(scope, group).map(Some),
            None => Some(None),
        };
        let links = self.links(Some(table), &fetch.body.links, &mut 0);
        let aggregate = aggregate?;
        let order = self.orders(scope, fetch, aggregate.as_ref());
        let ties = match &aggregate {
            Some(aggregate) => aggregate.groups.len(),
            None => 1 + self.links.borrow().len(),
        };
        let page = self.page(fetch, order.as_ref().map_or(0, Vec::len) + ties);
        Some(query::Query {
            table: table.name.clone(),
            columns: columns?,
            aggregate,
            links: links?,
            filter: filter?,
            order: order?,
            raw_order: fetch.raw_order,
            distinct: fetch.distinct.is_some(),
            top: fetch.paging.top.as_ref().map(|top| top.node),
            page: page?,
            counts_all: fetch.paging.total.is_some(),
        })
    }

    fn table(&self, name: &Spanned<Name>) -> Option<&'a Table> {
        let found = self.catalog.table(&name.node);
        if found.is_none() {
            self.report(|source| {
                let message = format!("unknown table `{}`", name.node);
                let known = self.catalog.tables().map(|table| table.name.as_str());
                source
                    .error(code::UNKNOWN_TABLE, name.span.clone(), message)
                    .did_you_mean(nearest(&name.node, known))
            });
        }
        found.map(AsRef::as_ref)
    }

    fn column<'t>(&self, table: &'t Table, name: &Spanned<Name>) -> Option<&'t Column> {
        let found = table.column(&name.node);
        if found.is_none() {
            self.report(|source| unknown_column(source, table, name));
        }
        found
    }
}

fn unknown_column(source: &Source, table: &Table, name: &Spanned<Name>) -> Diagnostic {
    let message = format!("table `{}` has no column `{}`", table.name, name.node);
    let known = table.columns().iter().map(|column| column.name.as_str());
    source
        .error(code::UNKNOWN_COLUMN, name.span.clone(), message)
        .did_you_mean(nearest(&name.node, known))
}
