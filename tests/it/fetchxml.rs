//! Runs `tests/data/fetchxml/*.case`, FetchXML as the tools of Dataverse write it, and the examples
//! of `docs/fetchxml.md`, on the tables and rows of `tests/data/dataverse.ndjson`.
//!
//! ```text
//! # what it is
//! as USER               who asks; without it all is read
//! classic               the environment has the limits of classic
//! bom                   the text begins with a byte order mark
//! crlf                  its lines end as on Windows
//! <fetch …              the text, up to the end of the case
//! ```
//!
//! What comes out: warnings, then errors or rows. In values `id:name` stands for the id of a name.

use std::fmt::Write as _;

use haversack_dsl::compile;
use haversack_engine::Environment;
use serde_json::json;

use crate::{
    cases,
    fixtures::{apply, environment, with_ids},
    queries::{answer, shown},
};

#[test]
fn fetchxml() {
    cases::check("fetchxml", run);
}

/// What each example gives stands below it. `UPDATE_EXPECT=1` writes it.
#[test]
fn fetchxml_document() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/fetchxml.md");
    let found = std::fs::read_to_string(path).expect("the document is there");
    let environment = filled();
    let (mut expected, mut examples) = (String::new(), 0);
    for part in found.split_inclusive("\n```xml\n") {
        match part.split_once("\n```\n\n```text\n") {
            // What comes before the first example.
            None => expected.push_str(part),
            Some((text, after)) => {
                let rest = &after[after.find("```\n").expect("the end of an answer")..];
                let given = given(&environment, "ann", text);
                write!(expected, "{text}\n```\n\n```text\n{given}{rest}").unwrap();
                examples += 1;
            }
        }
    }
    assert_eq!(examples, found.matches("\n```xml\n").count(), "an example has no answer below it");
    assert!(examples > 0, "the document has no examples");
    if std::env::var("UPDATE_EXPECT").is_ok() {
        std::fs::write(path, expected).unwrap();
    } else {
        assert_eq!(found, expected, "UPDATE_EXPECT=1 writes {path}");
    }
}

fn filled() -> Environment {
    let environment = environment();
    let lines = include_str!("../data/dataverse.ndjson").lines();
    let change = |line| serde_json::from_str(&with_ids(line)).expect("a change is JSON");
    apply(&environment, lines.map(change).collect());
    environment
}

fn run(script: &str) -> String {
    let environment = filled();
    let mut text = script;
    let (mut asks, mut before, mut line_end) = ("everything", "", "\n");
    while let Some((line, rest)) = text.split_once('\n') {
        match line.split_once(' ').unwrap_or((line, "")) {
            ("as", user) => asks = user,
            ("classic", "") => {
                apply(&environment, vec![json!({"put": "settings", "compatibility": "classic"})])
            }
            ("bom", "") => before = "\u{feff}",
            ("crlf", "") => line_end = "\r\n",
            ("#", _) => {}
            _ => break,
        }
        text = rest;
    }
    given(&environment, asks, &format!("{before}{}", text.replace('\n', line_end)))
}

/// What a text gives.
fn given(environment: &Environment, asks: &str, text: &str) -> String {
    let mut out = String::new();
    if let Ok(resolved) = compile(&with_ids(text), &environment.state().catalog) {
        for warning in resolved.warnings {
            writeln!(out, "warning[{}] {warning}", warning.code).unwrap();
        }
    }
    let lines = match answer(environment, asks, text) {
        Ok(answers) => shown(&answers),
        Err(errors) => errors,
    };
    for line in lines.lines() {
        writeln!(out, "{}", line.trim_start()).unwrap();
    }
    out
}
