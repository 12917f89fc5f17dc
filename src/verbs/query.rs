//! `query`, `check`, `fmt`, `convert`.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use haversack_core::{json::bare_json, schema::Table};
use haversack_dataset::{Answer, Answers, Caller, Evaluator, Obvious};
use haversack_dsl::{
    Diagnostic, Severity, Syntax,
    ast::{Fetch, QueryFile},
    query::{Columns, Query},
};
use serde_json::Value as Json;

use crate::{
    cli::{Chosen, Format, Moment, SyntaxArg},
    failure::Failure,
    input,
    output::{self, Line, line},
    session::{self, Session},
};

fn failure(file: &Path, diagnostics: &[Diagnostic]) -> Failure {
    let name = input::name(file);
    let all: Vec<String> = diagnostics.iter().map(|d| format!("{name}:{d}")).collect();
    Failure::bad_input(all.join("\nerror: "))
}

fn read(file: &Path) -> Result<QueryFile, Failure> {
    haversack_dsl::parse_file(&input::text(file)?).map_err(|all| failure(file, &all))
}

/// The chosen query of a file, with what is given for its parameters.
fn bound(file: &Path, queries: &QueryFile, chosen: &Chosen) -> Result<Fetch, Failure> {
    let found = queries.find(chosen.name.as_deref());
    let definition = found.map_err(|error| failure(file, &[*error]))?;
    definition.bind(&chosen.parameters).map_err(|all| failure(file, &all))
}

/// `query FILE`.
pub fn query(
    session: &Session,
    file: &Path,
    chosen: &Chosen,
    (user, ignore_security): (Option<&str>, bool),
    moment: &Moment,
    format: Format,
) -> Result<ExitCode, Failure> {
    let at = session.moment(moment)?;
    let catalog = &at.state.catalog;
    let mut caller = match user {
        Some(user) => session.caller(&at, user)?,
        None => Caller::administrator(catalog, at.now),
    };
    caller.reads_everything |= ignore_security;
    let fetch = bound(file, &read(file)?, chosen)?;
    // A table that was not there yet had no rows; it is no mistake to ask.
    let head = session.environment.state();
    let links = fetch.body.all_links().map(|link| &link.table);
    let then = links.chain([&fetch.table]).all(|table| catalog.table(&table.node).is_some());
    let catalog = if then { catalog } else { &head.catalog };
    let resolved = haversack_dsl::resolve(&fetch, catalog).map_err(|all| failure(file, &all))?;
    let query = resolved.query;
    let table = session::table(catalog, &query.table)?;
    let answers = Obvious::new(at.state.as_ref()).answers(&caller, &query);
    let lines: Vec<Line> = answers.rows.iter().map(row).collect();
    output::print(format, &keys(table, &query), &lines)?;
    tell_pages(&query, &answers);
    Ok(ExitCode::SUCCESS)
}

/// A row of an answer; lookups are bare ids.
fn row(answer: &Answer) -> Line {
    answer.values.iter().map(|(key, value)| (key.clone(), bare_json(value))).collect()
}

/// The keys of a row, in their order.
fn keys<'a>(table: &'a Table, query: &'a Query) -> Vec<&'a str> {
    if let Some(aggregate) = &query.aggregate {
        return aggregate.keys().collect();
    }
    match &query.columns {
        Columns::All => table.columns().iter().map(|column| column.name.as_str()).collect(),
        Columns::Listed(listed) => listed.iter().map(|selected| selected.key.as_str()).collect(),
    }
}

/// Says on standard error how many rows there are in all, and how to ask for the next page.
#[expect(clippy::print_stderr, reason = "standard output has rows and nothing else")]
fn tell_pages(query: &Query, answers: &Answers) {
    if query.counts_all {
        eprintln!("rows in all: {}", answers.total);
    }
    if let (Some(page), Some(next)) = (&query.page, &answers.next) {
        eprintln!("next page: {}, cookie: {next}", page.number.saturating_add(1));
    }
}

/// `check FILE…`.
pub fn check(session: &Session, files: &[PathBuf], format: Format) -> Result<ExitCode, Failure> {
    let state = session.environment.state();
    let mut lines = Vec::new();
    let mut wrong = false;
    for file in files {
        let text = input::text(file)?;
        let found: Vec<Diagnostic> = match haversack_dsl::parse_file(&text) {
            Ok(queries) => {
                let of = |definition| haversack_dsl::check(definition, &state.catalog);
                queries.definitions.iter().flat_map(of).collect()
            }
            Err(errors) => errors,
        };
        wrong |= found.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
        lines.extend(found.iter().map(|diagnostic| diagnostic_line(file, diagnostic)));
    }
    let columns = ["file", "line", "column", "severity", "code", "message", "expected", "help"];
    if !lines.is_empty() || format != Format::Table {
        output::print(format, &columns, &lines)?;
    }
    Ok(if wrong { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

fn diagnostic_line(file: &Path, diagnostic: &Diagnostic) -> Line {
    let severity = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let text = |text: &Option<String>| text.as_deref().map(Json::from);
    line([
        ("file", Some(Json::from(input::name(file)))),
        ("line", Some(Json::from(diagnostic.line))),
        ("column", Some(Json::from(diagnostic.column))),
        ("severity", Some(Json::from(severity))),
        ("code", Some(Json::from(diagnostic.code))),
        ("message", Some(Json::from(diagnostic.message.as_str()))),
        ("expected", text(&diagnostic.expected)),
        ("help", text(&diagnostic.help)),
    ])
}

/// `fmt FILE…`: each in the syntax that it is in.
pub fn fmt(files: &[PathBuf]) -> Result<ExitCode, Failure> {
    for file in files {
        let queries = read(file)?;
        output::print_text(
            &match (Syntax::of(queries.source.text()), queries.definitions.first()) {
                (Syntax::FetchXml, Some(only)) => haversack_dsl::print_fetchxml(&only.fetch),
                _ => haversack_dsl::print_file(&queries),
            },
        )?;
    }
    Ok(ExitCode::SUCCESS)
}

/// `convert FILE --to SYNTAX`. To the DSL a file is taken whole, unless one of its queries is chosen.
pub fn convert(file: &Path, chosen: &Chosen, to: SyntaxArg) -> Result<ExitCode, Failure> {
    let queries = read(file)?;
    let is_whole = chosen.name.is_none() && chosen.parameters.is_empty();
    output::print_text(&match to {
        SyntaxArg::Dsl if is_whole => haversack_dsl::print_file(&queries),
        SyntaxArg::Dsl => haversack_dsl::print_dsl(&bound(file, &queries, chosen)?),
        SyntaxArg::Fetchxml => haversack_dsl::print_fetchxml(&bound(file, &queries, chosen)?),
    })?;
    Ok(ExitCode::SUCCESS)
}
