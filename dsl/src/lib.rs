//! The query language of Haversack.
//!
//! Two syntaxes say the same: **FetchXML**, as Dataverse writes it, and the **DSL**, with less
//! noise. Text becomes an [`ast`], the ast is resolved against a catalog, and what comes out is a
//! typed [`query`], whose filters have a canonical form in the [`algebra`] and are cut for engines in
//! a [`plan`]. Every step says what is wrong as [`Diagnostic`]s: where, what was found, what
//! was expected, how to mend it.
//!
//! This crate never sees a row: what operators do to values is the evaluator's matter.

pub mod algebra;
pub mod ast;
mod bind;
mod comment;
mod custom_filter;
pub mod diagnostic;
mod dsl;
mod explain;
mod fetchxml;
mod findings;
mod lint;
pub mod operator;
mod page;
pub mod plan;
pub mod query;
mod reading;
mod resolve;
mod shape;
mod source;

use haversack_core::{catalog::Catalog, limits::QUERY_BYTES_MAX, settings::Compatibility};

pub use diagnostic::{Diagnostic, Severity};
pub use dsl::{RESERVED, SECTIONS};
use reading::Broken;

/// One of the two syntaxes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// Haversack's own.
    Dsl,
    /// Dataverse's.
    FetchXml,
}

impl Syntax {
    /// The syntax that a text is in, by its first character: `<` is FetchXML.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if text.trim_start().starts_with('<') { Self::FetchXml } else { Self::Dsl }
    }
}

/// A query that can be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// The query.
    pub query: query::Query,
    /// What may not be meant as it is written.
    pub warnings: Vec<Diagnostic>,
}

/// Reads a text in either syntax: in the DSL one query, or several that have names and parameters;
/// in FetchXML one query.
///
/// # Errors
/// Every mistake that was found, in the order of the text.
pub fn parse_file(text: &str) -> Result<ast::QueryFile, Vec<Diagnostic>> {
    read_file(text).map_err(|broken| broken.errors)
}

fn read_file(text: &str) -> Result<ast::QueryFile, Broken<ast::QueryFile>> {
    if text.len() > QUERY_BYTES_MAX {
        let message = format!("a query of {} bytes", text.len());
        let error = ast::Source::default().error(diagnostic::code::LIMIT, 0..0, message);
        let errors = vec![error.expected(format!("{QUERY_BYTES_MAX} at the most"))];
        return Err(Broken { errors, read: None });
    }
    let file = |fetch: ast::Fetch| {
        let source = fetch.source.clone();
        let definition = ast::Definition { name: None, parameters: Vec::new(), fetch };
        ast::QueryFile { source, definitions: vec![definition] }
    };
    match Syntax::of(text) {
        Syntax::Dsl => dsl::parse(text),
        Syntax::FetchXml => match fetchxml::parse(text) {
            Ok(fetch) => Ok(file(fetch)),
            Err(Broken { errors, read }) => {
                Err(Broken { errors, read: read.map(|fetch| Box::new(file(*fetch))) })
            }
        },
    }
}

/// Reads a text that is one query, in either syntax. Where it has parameters their defaults stand.
///
/// # Errors
/// Every mistake that was found, in the order of the text; one if there are several queries, or
/// parameters without defaults.
pub fn parse(text: &str) -> Result<ast::Fetch, Vec<Diagnostic>> {
    only(parse_file(text)?)
}

/// The one query of a text.
fn only(mut file: ast::QueryFile) -> Result<ast::Fetch, Vec<Diagnostic>> {
    if let [only] = file.definitions.as_slice()
        && only.parameters.is_empty()
    {
        return Ok(file.definitions.remove(0).fetch);
    }
    file.find(None).map_err(|error| vec![*error])?.bind(&[])
}

/// Looks up every name of a query and reads its values by the types of their columns.
///
/// # Errors
/// Every mistake that was found, in the order of the text. A parameter without a value is one.
pub fn resolve(fetch: &ast::Fetch, catalog: &Catalog) -> Result<Resolved, Vec<Diagnostic>> {
    resolve::resolve(fetch, catalog)
}

/// Reads and resolves a query in either syntax.
///
/// # Errors
/// As [`parse`] and [`resolve`]: of a text that can't be read also the wrong names in what could.
pub fn compile(text: &str, catalog: &Catalog) -> Result<Resolved, Vec<Diagnostic>> {
    match read_file(text) {
        Ok(file) => resolve(&only(file)?, catalog),
        Err(broken) => Err(all_wrong(broken, catalog)),
    }
}

/// The mistakes of a text that can't be read, and the wrong names in what was read of it.
fn all_wrong(broken: Broken<ast::QueryFile>, catalog: &Catalog) -> Vec<Diagnostic> {
    let Broken { mut errors, read } = broken;
    // What is not supported may say what is meant by the names beside it.
    let is_understood = errors.iter().all(|error| error.code != diagnostic::code::UNSUPPORTED);
    let definitions = read.iter().filter(|_| is_understood).flat_map(|file| &file.definitions);
    errors.extend(definitions.flat_map(|one| resolve::check_names(one, catalog)));
    errors.sort_by_key(|error| error.span.start);
    errors.truncate(findings::LISTED_MAX + 1);
    errors
}

/// Looks for what can be run and may not be meant: filters that no row or every row passes, rows
/// without values, outer links that act as inner ones. In the order of the text.
///
/// `query` is what `fetch` was resolved to, by the same catalog.
#[must_use]
pub fn lint(fetch: &ast::Fetch, query: &query::Query, catalog: &Catalog) -> Vec<Diagnostic> {
    lint::lint(fetch, query, catalog)
}

/// All that is to be said of the queries of a text: of each its errors, or else its warnings, in the
/// order of the text. Parameters need no values.
#[must_use]
pub fn check(text: &str, catalog: &Catalog) -> Vec<Diagnostic> {
    match read_file(text) {
        Err(broken) => all_wrong(broken, catalog),
        Ok(file) => {
            file.definitions.iter().flat_map(|one| check_definition(one, catalog)).collect()
        }
    }
}

/// Looks up every name of a query, compares its parameters with the columns and operators that they
/// are used with, before any has a value, and lints it if all have one.
#[must_use]
pub fn check_definition(definition: &ast::Definition, catalog: &Catalog) -> Vec<Diagnostic> {
    let (query, mut found) = resolve::check(definition, catalog);
    if let Some(query) = query.filter(|_| !found.iter().any(Diagnostic::is_error)) {
        found.extend(lint(&definition.fetch, &query, catalog));
        found.sort_by_key(|warning| warning.span.start);
    }
    found
}

/// Prints a text in the DSL, in canonical form: what [`parse_file`] reads as the same trees.
#[must_use]
pub fn print_file(file: &ast::QueryFile) -> String {
    let printed: Vec<String> = file.definitions.iter().map(dsl::print_definition).collect();
    printed.join("\n")
}

/// Prints a query in the DSL, in canonical form: what [`parse`] reads as the same tree.
#[must_use]
pub fn print_dsl(fetch: &ast::Fetch) -> String {
    dsl::print(fetch)
}

/// Prints a query in FetchXML, in canonical form: what [`parse`] reads as the same tree.
///
/// FetchXML has no parameters: one that still lacks its value is printed as its name after `$`, which
/// is read back as that text.
#[must_use]
pub fn print_fetchxml(fetch: &ast::Fetch) -> String {
    fetchxml::print(fetch)
}

/// Checks a query that is to be the custom filter of a profile's item of a table.
///
/// Errors: another table, `top`; in classic also operators that it does not list, and groups more
/// than three levels deep. Warnings: columns and order, which have no effect; outside of classic,
/// what classic would refuse.
#[must_use]
pub fn check_custom_filter(
    fetch: &ast::Fetch,
    table: &str,
    compatibility: Compatibility,
) -> Vec<Diagnostic> {
    custom_filter::check(fetch, table, compatibility)
}
