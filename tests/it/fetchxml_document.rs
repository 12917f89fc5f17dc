//! `docs/fetchxml.md` has examples, and each does what the line above it says.
//!
//! That its tables are what the parser knows is tested beside the parser's own tables.

use std::sync::Arc;

use haversack_dataset::{Caller, Evaluator, Obvious};
use haversack_dsl::{Diagnostic, check, check_custom_filter, compile, parse, print_fetchxml};
use haversack_engine::{Environment, FixedClock};
use haversack_replay::State;

use crate::fixtures::NOW;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The examples: what is said of each, and its text.
fn examples(text: &str) -> Vec<(&str, &str)> {
    let fenced = text.split("\n```xml ").skip(1);
    let example = |text| -> Option<_> {
        let (about, rest) = str::split_once(text, '\n')?;
        Some((about, rest.split_once("\n```")?.0))
    };
    fenced.map(|text| example(text).expect("an example ends")).collect()
}

/// Finds what an example is said to give, or else what it gives.
fn verify(state: &State, about: &str, text: &str) -> Result<(), String> {
    if let Some(rows) = about.strip_prefix("gives ") {
        let found = check(text, &state.catalog);
        let query = compile(text, &state.catalog).map_err(|errors| format!("{errors:?}"))?.query;
        let caller = Caller::administrator(&state.catalog, NOW);
        let answers = Obvious::new(state).answers(&caller, &query);
        let actual = format!("{} rows", answers.rows.len());
        let fetch = parse(text).expect("it was compiled");
        assert_eq!(parse(&print_fetchxml(&fetch)).as_ref(), Ok(&fetch), "{text}");
        return if found.is_empty() && actual == rows {
            Ok(())
        } else {
            Err(actual + &said(&found))
        };
    }
    let (is_error, code, filter_of) = match about.split(' ').collect::<Vec<_>>()[..] {
        ["refused", "with", code] => (true, code, None),
        ["warned", "of", code] => (false, code, None),
        ["refused", "with", code, "as", "the", "filter", "of", table] => (true, code, Some(table)),
        _ => return Err("nothing that an example can do".to_owned()),
    };
    let found = match filter_of {
        None => check(text, &state.catalog),
        Some(table) => {
            let fetch = parse(text).map_err(|errors| said(&errors))?;
            check_custom_filter(&fetch, table, state.catalog.settings.compatibility)
        }
    };
    let is_it = |one: &Diagnostic| one.code == code && one.is_error() == is_error;
    if !found.is_empty() && found.iter().all(is_it) { Ok(()) } else { Err(said(&found)) }
}

fn said(found: &[Diagnostic]) -> String {
    found.iter().map(|one| format!(" [{}] {one}", one.code)).collect()
}

fn northwind() -> Environment {
    let directory = format!("{ROOT}/examples/northwind");
    let document = haversack_engine::load::read(directory.as_ref()).unwrap();
    let environment = Environment::in_memory(Arc::new(FixedClock(NOW)));
    haversack_engine::load::load(&environment, document, |_| ()).unwrap();
    environment
}

#[test]
fn examples_do_what_is_said_of_them() {
    let text = std::fs::read_to_string(format!("{ROOT}/docs/fetchxml.md")).unwrap();
    let environment = northwind();
    let state = environment.state();
    let examples = examples(&text);
    assert_eq!(examples.len(), text.matches("\n```xml").count(), "an example says nothing");
    let wrong: Vec<String> = examples
        .iter()
        .filter_map(|(about, text)| {
            let error = verify(&state, about, text).err()?;
            Some(format!("{about}: {error}\n{text}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(examples.len() > 9, "{}", examples.len());
}
