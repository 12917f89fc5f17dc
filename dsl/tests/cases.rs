//! Runs `tests/cases/*.case`: texts and what comes of them.
//!
//! A case is an input, a line `----`, and what is expected; a line `====` stands between cases.
//! `UPDATE_EXPECT=1 cargo test -p haversack-dsl` writes what comes out into the files.
#![allow(clippy::disallowed_methods, reason = "tests read their case files")]

mod common;

use std::path::PathBuf;

use haversack_core::settings::Compatibility;
use haversack_dsl::{
    Diagnostic, algebra::Predicate, check_custom_filter, compile, parse, parse_file, plan::Plan,
    print_dsl, print_fetchxml, print_file, query::Filter,
};

#[test]
fn print() {
    check("print", printed);
    check("print_shapes", printed);
}

fn printed(text: &str) -> String {
    match parse(text) {
        Err(errors) => listed(&errors),
        Ok(fetch) => {
            let (dsl, fetchxml) = (print_dsl(&fetch), print_fetchxml(&fetch));
            assert_eq!(parse(&dsl).expect("the DSL is read back"), fetch, "{dsl}");
            assert_eq!(parse(&fetchxml).expect("FetchXML is read back"), fetch, "{fetchxml}");
            format!("{dsl}\n{fetchxml}")
        }
    }
}

#[test]
fn resolve() {
    check("resolve", compiled);
}

/// The canonical form of the filter, then the plan.
#[test]
fn plan() {
    check("plan", |text| match compile(text, &common::catalog()) {
        Ok(resolved) => {
            let predicate = Predicate::of(resolved.query.filter.as_ref());
            assert_eq!(
                Predicate::of(Some(&Filter::from(&predicate))),
                predicate,
                "it is canonical"
            );
            format!("{predicate}--\n{}", Plan::of(&resolved.query))
        }
        Err(errors) => listed(&errors),
    });
}

#[test]
fn errors() {
    check("errors", compiled);
    check("errors_fetchxml", compiled);
    check("errors_resolve", compiled);
    check("errors_shapes", compiled);
    check("operators", compiled);
}

/// Queries as the tools of Dataverse write them, and as people get them wrong.
#[test]
fn real_life() {
    check("real_life", compiled);
}

/// All that `check` says, in an environment that is not classic.
#[test]
fn lint() {
    let mut catalog = common::catalog();
    catalog.settings.compatibility = Compatibility::Extended;
    check("lint", |text| {
        let found = haversack_dsl::check(text, &catalog);
        let others = found.iter().map(|one| match &one.other {
            Some(other) => format!("  {}: {}\n", other.label, &text[other.span.clone()]),
            None => String::new(),
        });
        let at = |one: &Diagnostic| format!("  at {}\n", &text[one.span.clone()]);
        let all = found.iter().zip(others);
        all.map(|(one, other)| listed(std::slice::from_ref(one)) + &at(one) + &other).collect()
    });
}

#[test]
fn custom_filter() {
    check("custom_filter", |text| match parse(text) {
        Err(errors) => listed(&errors),
        Ok(fetch) => [Compatibility::Classic, Compatibility::Extended]
            .map(|mode| {
                format!("{mode:?}\n{}", listed(&check_custom_filter(&fetch, "account", mode)))
            })
            .concat(),
    });
}

#[test]
fn parameters() {
    check("parameters", |text| match parse_file(text) {
        Err(errors) => listed(&errors),
        Ok(file) => {
            let catalog = common::catalog();
            let check = |one| listed(&haversack_dsl::check_definition(one, &catalog));
            let found: String = file.definitions.iter().map(check).collect();
            format!("{}{found}", print_file(&file))
        }
    });
}

fn compiled(text: &str) -> String {
    match compile(text, &common::catalog()) {
        Ok(resolved) => format!("{}{}", resolved.query, listed(&resolved.warnings)),
        Err(errors) => listed(&errors),
    }
}

fn listed(diagnostics: &[Diagnostic]) -> String {
    let line = |found: &Diagnostic| {
        let severity = if found.is_error() { "error" } else { "warning" };
        format!("{severity}[{}] {found}\n", found.code)
    };
    diagnostics.iter().map(line).collect()
}

fn check(file: &str, run: impl Fn(&str) -> String) {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests", "cases", file].iter().collect();
    let path = path.with_extension("case");
    let text = std::fs::read_to_string(&path).expect("the case file is there");
    let mut actual = Vec::new();
    for case in text.split("\n====\n") {
        let input = case.split_once("\n----\n").map_or(case, |(input, _)| input).trim_end();
        actual.push(format!("{input}\n----\n{}", run(input).trim_end()));
    }
    let actual = actual.join("\n====\n") + "\n";
    if std::env::var("UPDATE_EXPECT").is_ok() {
        std::fs::write(&path, actual).expect("the case file can be written");
    } else {
        assert_eq!(actual, text, "{}; UPDATE_EXPECT=1 takes it over", path.display());
    }
}
