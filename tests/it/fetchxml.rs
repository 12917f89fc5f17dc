//! Runs `tests/data/fetchxml/*.case`, FetchXML as the tools of Dataverse write it, on the tables and
//! rows of `tests/data/dataverse.ndjson`.
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
