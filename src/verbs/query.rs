//! `query`, `check`, `fmt`, `convert`.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use haversack_core::{catalog::Catalog, schema::Table};
use haversack_dataset::{Answers, Caller, Evaluator, Obvious};
use haversack_dsl::{
    Diagnostic, Syntax,
    algebra::Predicate,
    ast::{Fetch, QueryFile},
    plan::Plan,
    query::{Columns, Filter, Query},
};
use haversack_engine::{catalog_for, tell};
use serde_json::Value as Json;

use crate::{
    cli::{Chosen, Format, Moment, Stage, SyntaxArg},
    failure::Failure,
    input,
    output::{self, Line, line},
    report,
    session::{self, Session},
};

fn failure(file: &Path, text: &str, diagnostics: &[Diagnostic]) -> Failure {
    Failure::diagnosed(&input::name(file), text, diagnostics)
}

fn read(file: &Path) -> Result<QueryFile, Failure> {
    let text = input::text(file)?;
    haversack_dsl::parse_file(&text).map_err(|all| failure(file, &text, &all))
}

/// The same of queries that are to be run: what is wrong with names is told with what can't be read.
fn read_for(file: &Path, catalog: &Catalog) -> Result<QueryFile, Failure> {
    let text = input::text(file)?;
    haversack_dsl::parse_file(&text)
        .map_err(|_| failure(file, &text, &haversack_dsl::check(&text, catalog)))
}

/// The chosen query of a file, with what is given for its parameters.
fn bound(file: &Path, queries: &QueryFile, chosen: &Chosen) -> Result<Fetch, Failure> {
    haversack_engine::bound(queries, chosen.name.as_deref(), &chosen.parameters)
        .map_err(|all| failure(file, queries.source.text(), &all))
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
    let mut caller = match user {
        Some(user) => session.caller(&at, user)?,
        None => Caller::administrator(&at.state.catalog, at.now),
    };
    caller.reads_everything |= ignore_security;
    let head = session.environment.state();
    let fetch = bound(file, &read_for(file, &head.catalog)?, chosen)?;
    let catalog = catalog_for(&fetch, &at.state.catalog, &head.catalog);
    let query = resolve(file, &fetch, catalog)?;
    let table = session::table(catalog, &query.table)?;
    let answers = Obvious::new(at.state.as_ref()).answers(&caller, &query);
    let lines: Vec<Line> = answers.rows.iter().map(tell::query::row).collect();
    output::print(format, &keys(table, &query), &lines)?;
    tell_pages(&query, &answers);
    Ok(ExitCode::SUCCESS)
}

/// `query FILE --explain STAGE`.
pub fn explain(
    session: &Session,
    file: &Path,
    chosen: &Chosen,
    moment: &Moment,
    stage: Stage,
) -> Result<ExitCode, Failure> {
    let at = session.moment(moment)?;
    let fetch = bound(file, &read(file)?, chosen)?;
    if stage == Stage::Ast {
        output::print_text(&haversack_dsl::print_dsl(&fetch))?;
        return Ok(ExitCode::SUCCESS);
    }
    let head = session.environment.state();
    let catalog = catalog_for(&fetch, &at.state.catalog, &head.catalog);
    let mut query = resolve(file, &fetch, catalog)?;
    if stage == Stage::Plan {
        output::print_text(&Plan::of(&query).to_string())?;
        return Ok(ExitCode::SUCCESS);
    }
    let predicate = Predicate::of(query.filter.as_ref());
    query.filter = (predicate != Predicate::Constant(true)).then(|| Filter::from(&predicate));
    output::print_text(&query.to_string())?;
    Ok(ExitCode::SUCCESS)
}

fn resolve(file: &Path, fetch: &Fetch, catalog: &Catalog) -> Result<Query, Failure> {
    let resolved = haversack_dsl::resolve(fetch, catalog)
        .map_err(|all| failure(file, fetch.source.text(), &all))?;
    Ok(resolved.query)
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
fn tell_pages(query: &Query, answers: &Answers) {
    if query.counts_all {
        output::tell(&format!("rows in all: {}\n", answers.total));
    }
    if let (Some(page), Some(next)) = (&query.page, &answers.next) {
        let number = page.number.saturating_add(1);
        output::tell(&format!("next page: {number}, cookie: {next}\n"));
    }
}

/// `check FILE…`.
pub fn check(session: &Session, files: &[PathBuf], format: Format) -> Result<ExitCode, Failure> {
    let state = session.environment.state();
    let (mut lines, mut reports) = (Vec::new(), String::new());
    let mut wrong = false;
    for file in files {
        let text = input::text(file)?;
        let found = haversack_dsl::check(&text, &state.catalog);
        wrong |= found.iter().any(Diagnostic::is_error);
        if format == Format::Table {
            reports += &report::for_results(&input::name(file), &text, &found);
        } else {
            lines.extend(found.iter().map(|diagnostic| diagnostic_line(file, diagnostic)));
        }
    }
    if format == Format::Table {
        output::print_text(&reports)?;
    } else {
        let columns = ["file", "line", "column", "severity", "code", "message", "expected", "help"];
        output::print(format, &columns, &lines)?;
    }
    Ok(if wrong { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

fn diagnostic_line(file: &Path, diagnostic: &Diagnostic) -> Line {
    let mut line = line([("file", Some(Json::from(input::name(file))))]);
    line.extend(tell::query::diagnostic(diagnostic));
    line
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
