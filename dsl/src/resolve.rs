//! Looks up the names of a query in a catalog, and reads its values by the types of their columns.

mod comparison;
mod filter;
mod link;
mod literal;
mod operand;
mod option;
mod order;
mod paging;
mod parameter;
mod scope;
mod select;

use std::cell::RefCell;

use haversack_core::{
    Name,
    catalog::Catalog,
    nearest,
    schema::{Column, Table},
    settings::Compatibility,
};

pub(crate) use self::{filter::literal_key, parameter::has_form};
use crate::{
    Resolved,
    ast::{self, Spanned},
    diagnostic::{Diagnostic, Severity, code},
    findings::Findings,
    query,
    resolve::scope::{Known, Scope},
    source::Source,
};

/// Names that a message lists at the most.
const NAMES_LISTED_MAX: usize = 8;

/// Resolves a query.
pub(crate) fn resolve(fetch: &ast::Fetch, catalog: &Catalog) -> Result<Resolved, Vec<Diagnostic>> {
    let (query, findings) = run(fetch, None, catalog);
    match query {
        Some(query) if !findings.has_errors() => {
            Ok(Resolved { query, warnings: findings.finish(&fetch.source) })
        }
        _ => Err(findings.finish(&fetch.source)),
    }
}

/// What is wrong with a query, or may not be meant, whatever is given for its parameters; and the
/// query, if nothing is wrong and all parameters have values.
pub(crate) fn check(
    definition: &ast::Definition,
    catalog: &Catalog,
) -> (Option<query::Query>, Vec<Diagnostic>) {
    let fetch = &definition.fetch;
    let (query, findings) = run(fetch, Some(&definition.parameters), catalog);
    (query, findings.finish(&fetch.source))
}

/// The wrong names, types and values in what was read of a query with other mistakes. What may be
/// wrong only because something else is missing is not among them.
pub(crate) fn check_names(definition: &ast::Definition, catalog: &Catalog) -> Vec<Diagnostic> {
    let mut definition = definition.clone();
    // It may name what columns that were not read would give.
    definition.fetch.body.order.clear();
    let (_, mut found) = check(&definition, catalog);
    found.retain(|found| NAMES.contains(&found.code));
    found
}

/// Codes of mistakes that stand for themselves.
const NAMES: [&str; 5] = [
    code::UNKNOWN_TABLE,
    code::UNKNOWN_COLUMN,
    code::WRONG_TYPE,
    code::BAD_VALUE,
    code::AMBIGUOUS_LABEL,
];

fn run(
    fetch: &ast::Fetch,
    declared: Option<&[ast::Parameter]>,
    catalog: &Catalog,
) -> (Option<query::Query>, Findings) {
    let findings = RefCell::new(found_in_reading(fetch, catalog.settings.compatibility));
    let links = RefCell::default();
    let resolver = Resolver { catalog, source: &fetch.source, declared, findings, links };
    let query = resolver.query(fetch);
    (query, resolver.findings.into_inner())
}

/// What the reading found: as an error, what it found of classic in classic, else as a warning.
fn found_in_reading(fetch: &ast::Fetch, compatibility: Compatibility) -> Findings {
    let notes = &fetch.notes;
    let mut findings = Findings::new(notes.warnings.clone());
    for error in &notes.in_classic {
        match compatibility {
            Compatibility::Classic => findings.add(Severity::Error, || error.clone()),
            Compatibility::Extended => findings.add(Severity::Warning, || Diagnostic {
                code: code::CLASSIC_REFUSES,
                severity: Severity::Warning,
                message: format!("classic would refuse {}", error.message),
                ..error.clone()
            }),
        };
    }
    findings
}

/// One resolving of one query. Each step gives nothing where it has reported an error.
struct Resolver<'a> {
    catalog: &'a Catalog,
    source: &'a Source,
    /// The parameters for which values may be missing; none: none may.
    declared: Option<&'a [ast::Parameter]>,
    findings: RefCell<Findings>,
    /// The links of the query, by their numbers.
    links: RefCell<Vec<Known<'a>>>,
}

impl<'a> Resolver<'a> {
    /// Notes an error, made only if there is room.
    fn report(&self, make: impl FnOnce(&Source) -> Diagnostic) {
        self.findings.borrow_mut().add(Severity::Error, || make(self.source));
    }

    /// Notes a warning, made only if there is room.
    fn advise(&self, make: impl FnOnce(&Source) -> Diagnostic) {
        self.findings.borrow_mut().add(Severity::Warning, || make(self.source));
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
            raw_order: fetch.raw_order.is_some(),
            distinct: fetch.distinct.is_some(),
            top: self.number("top", fetch.paging.top.as_ref())?,
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
            self.report(|source| self.of_a_link(table, name, unknown_column(source, table, name)));
        }
        found
    }
}

impl Resolver<'_> {
    /// The same; without a near name, with the link whose table has the column, or with the columns
    /// that there are.
    fn of_a_link(&self, table: &Table, name: &Spanned<Name>, error: Diagnostic) -> Diagnostic {
        if error.help.is_some() {
            return error;
        }
        let links = self.links.borrow();
        let has = |known: &&Known<'_>| {
            let other = known.table.filter(|other| other.name != table.name);
            other.is_some_and(|other| other.column(&name.node).is_some())
        };
        match links.iter().find(has) {
            Some(known) => {
                error.help(format!("link `{}` has a column of that name", known.name.node))
            }
            None => {
                error.expected(one_of(table.columns().iter().map(|column| column.name.as_str())))
            }
        }
    }
}

/// Names as messages list them, cut if there are many.
fn one_of<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let mut names = names.map(|name| format!("`{name}`"));
    let first: Vec<String> = names.by_ref().take(NAMES_LISTED_MAX).collect();
    match (first.len(), names.count()) {
        (1, _) => first.join(""),
        (_, 0) => format!("one of {}", first.join(", ")),
        (_, left) => format!("one of {} and {left} more", first.join(", ")),
    }
}

fn unknown_column(source: &Source, table: &Table, name: &Spanned<Name>) -> Diagnostic {
    let message = format!("table `{}` has no column `{}`", table.name, name.node);
    let known = table.columns().iter().map(|column| column.name.as_str());
    source
        .error(code::UNKNOWN_COLUMN, name.span.clone(), message)
        .did_you_mean(nearest(&name.node, known))
}
