//! Looks up the names of a query in a catalog, and reads its values by the types of their columns.

mod filter;
mod link;
mod literal;

use std::{cell::RefCell, collections::BTreeSet};

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
    source::Source,
};

/// Diagnostics of one query at the most: enough to mend it, and a bound on the work.
const DIAGNOSTICS_MAX: usize = 50;

/// Resolves a query.
pub(crate) fn resolve(fetch: &ast::Fetch, catalog: &Catalog) -> Result<Resolved, Vec<Diagnostic>> {
    let resolver = Resolver { catalog, source: &fetch.source, diagnostics: RefCell::default() };
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
}

impl<'a> Resolver<'a> {
    /// Notes an error or a warning. It is made only if there is room, since that takes time.
    /// Errors may take the place of warnings, so that no mistake is ever let through.
    fn report(&self, make: impl FnOnce(&Source) -> Diagnostic) {
        let mut diagnostics = self.diagnostics.borrow_mut();
        if diagnostics.len() < DIAGNOSTICS_MAX {
            diagnostics.push(make(self.source));
        } else if let Some(warning) = diagnostics.iter_mut().find(|found| !found.is_error()) {
            let diagnostic = make(self.source);
            if diagnostic.is_error() {
                *warning = diagnostic;
            }
        }
    }

    fn query(&self, fetch: &ast::Fetch) -> Option<query::Query> {
        let table = self.table(&fetch.table)?;
        let columns = self.columns(table, &fetch.columns);
        let filter = fetch.filter.as_ref().map(|group| self.group(table, group));
        let order = fetch.order.iter().map(|order| self.order(table, order));
        // Every part is resolved before any is missed, so that all mistakes are found in one run.
        let order: Vec<_> = order.collect();
        Some(query::Query {
            table: table.name.clone(),
            columns: columns?,
            filter: match filter {
                Some(filter) => Some(filter?),
                None => None,
            },
            order: order.into_iter().collect::<Option<_>>()?,
            top: fetch.top.as_ref().map(|top| top.node),
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

    fn columns(&self, table: &Table, columns: &ast::Columns) -> Option<query::Columns> {
        let ast::Columns::Listed(listed) = columns else { return Some(query::Columns::All) };
        let mut keys = BTreeSet::new();
        let selected: Vec<_> =
            listed.iter().map(|selected| self.selected(table, selected, &mut keys)).collect();
        Some(query::Columns::Listed(selected.into_iter().collect::<Option<_>>()?))
    }

    fn selected<'f>(
        &self,
        table: &Table,
        selected: &'f ast::Selected,
        keys: &mut BTreeSet<&'f str>,
    ) -> Option<query::Selected> {
        let key = selected.alias.as_ref().unwrap_or(&selected.column);
        if !keys.insert(key.node.as_str()) {
            self.report(|source| {
                let message = format!("found `{}` twice among the columns", key.node);
                source
                    .error(code::DUPLICATE, key.span.clone(), message)
                    .expected("each column under a name of its own")
            });
        }
        let column = self.column(table, &selected.column)?;
        Some(query::Selected { column: column.name.clone(), key: key.node.to_string() })
    }

    fn order(&self, table: &Table, order: &ast::Order) -> Option<query::Order> {
        let column = self.column(table, &order.column)?;
        Some(query::Order { column: column.name.clone(), descending: order.descending })
    }
}

fn unknown_column(source: &Source, table: &Table, name: &Spanned<Name>) -> Diagnostic {
    let message = format!("table `{}` has no column `{}`", table.name, name.node);
    let known = table.columns().iter().map(|column| column.name.as_str());
    source
        .error(code::UNKNOWN_COLUMN, name.span.clone(), message)
        .did_you_mean(nearest(&name.node, known))
}
