//! Runs `tests/data/queries/*.case`: rows and queries in, rows out.
//!
//! ```text
//! set {settings}                    or any other change
//! row TABLE ROW [column=value …]    values are JSON; `id:name` stands for the id of a name
//! as USER                           who asks from here on; `everything` reads everything
//! ? QUERY                           on one line; `cookie NEXT` takes up the last page
//! ```
//!
//! Every query is also asked in the other syntax, and its answer is the same.

use haversack_core::{Value, limits::TOP_MAX};
use haversack_dataset::{Answers, Caller, Evaluator, Obvious};
use haversack_dsl::{compile, parse, print_dsl, print_fetchxml};
use haversack_engine::Environment;
use serde_json::{Map, Value as Json, json};

use crate::{
    cases,
    fixtures::{NOW, apply, caller, environment, name_of, row, with_ids},
};

#[test]
fn queries() {
    assert_eq!(TOP_MAX, 5_000);
    cases::check("queries", run);
}

fn run(script: &str) -> String {
    let environment = environment();
    let (mut asks, mut cookie, mut out) = ("everything".to_owned(), String::new(), String::new());
    for line in cases::lines(script) {
        let (verb, rest) = line.split_once(' ').expect("a verb and more");
        match verb {
            "set" => {
                let mut change: Json =
                    serde_json::from_str(&with_ids(rest)).expect("a change is JSON");
                if change.get("put").is_none() {
                    change["put"] = json!("settings");
                }
                apply(&environment, vec![change]);
            }
            "row" => {
                let words: Vec<&str> = rest.splitn(3, ' ').collect();
                let values = values(&with_ids(words.get(2).copied().unwrap_or_default()));
                apply(&environment, vec![row("create", words[0], words[1], values)]);
            }
            "as" => asks = rest.to_owned(),
            "?" => {
                let text = rest.replace("cookie NEXT", &format!("cookie \"{cookie}\""));
                out.push_str(&format!("{rest}\n"));
                match answer(&environment, &asks, &text) {
                    Ok(answers) => {
                        out.push_str(&shown(&answers));
                        cookie = answers.next.map(|next| next.to_string()).unwrap_or_default();
                    }
                    Err(errors) => out.push_str(&errors),
                }
            }
            other => panic!("no verb {other:?}"),
        }
    }
    out
}

/// `name=value` pairs; a value is JSON up to the next pair.
fn values(text: &str) -> Json {
    let mut values = Map::new();
    let mut rest = text.trim();
    while let Some((name, after)) = rest.split_once('=') {
        let mut stream = serde_json::Deserializer::from_str(after).into_iter::<Json>();
        let value = stream.next().expect("a value").expect("JSON");
        rest = after[stream.byte_offset()..].trim_start();
        values.insert(name.to_owned(), value);
    }
    Json::Object(values)
}

/// The answer of a query, which is the same in both syntaxes.
pub fn answer(environment: &Environment, asks: &str, text: &str) -> Result<Answers, String> {
    let state = environment.state();
    let text = with_ids(text);
    let query = |text: &str| match compile(text, &state.catalog) {
        Ok(resolved) => Ok(resolved.query),
        Err(errors) => Err(errors.iter().map(|e| format!("  error[{}] {e}\n", e.code)).collect()),
    };
    let asked: haversack_dsl::query::Query = query(&text).map_err(|errors: String| errors)?;
    let tree = parse(&text).expect("it was resolved");
    for printed in [print_fetchxml(&tree), print_dsl(&tree)] {
        assert_eq!(query(&printed).as_ref(), Ok(&asked), "{printed}");
    }
    let caller = match asks {
        "everything" => Caller::administrator(&state.catalog, NOW),
        user => caller(&state, user),
    };
    Ok(Obvious::new(state.as_ref()).answers(&caller, &asked))
}

/// Rows, a line each; ids by the names that they are made of.
pub fn shown(answers: &Answers) -> String {
    let text = |value: &Value| match value {
        Value::Id(id) => name_of(*id),
        Value::Reference(to) => name_of(to.id),
        other => haversack_core::json::bare_json(other).to_string(),
    };
    let mut out = String::new();
    for row in &answers.rows {
        let values = row.values.iter().map(|(key, value)| format!(" {key}={}", text(value)));
        let values: String = values.collect();
        out.push_str(&format!(" {}\n", if values.is_empty() { " (nulls)" } else { &values }));
    }
    if answers.rows.is_empty() {
        out.push_str("  none\n");
    }
    if answers.next.is_some() || answers.total != answers.rows.len() {
        let more = if answers.next.is_some() { ", more follow" } else { "" };
        out.push_str(&format!("  of {}{more}\n", answers.total));
    }
    out
}
