//! Runs `tests/data/operators/*.case`: rows and conditions in, ids out.
//!
//! ```text
//! set {settings}
//! row ROW [column=value …]      values are JSON; names stand for ids in columns of ids
//! as USER                       who asks from here on
//! ? CONDITION                   in the DSL
//! ```
//!
//! Every condition is also asked in FetchXML, and its answer is the same.

use haversack_dataset::{Evaluator, Obvious};
use haversack_dsl::{compile, operator::OPERATORS, parse, print_fetchxml, query::Query};
use haversack_engine::Environment;
use serde_json::{Map, Value as Json, json};

use crate::{
    cases,
    fixtures::{apply, caller, environment, id, name_of, table, with_ids},
};

#[test]
fn operators() {
    cases::check("operators", run);
}

/// Each of the operators has a case.
#[test]
fn every_operator_is_asked() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/operators");
    let files = std::fs::read_dir(directory).unwrap();
    let all: String =
        files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect();
    for operator in OPERATORS {
        let asked = all
            .lines()
            .filter(|line| line.starts_with("? "))
            .any(|line| line.split([' ', '(']).any(|word| word == operator.name));
        assert!(asked, "{} has no case", operator.name);
    }
}

fn with_columns() -> Environment {
    let environment = environment();
    let options = json!([{"value": 1, "label": "Red"}, {"value": 2, "label": "Blue"}]);
    let column = |name: &str, kind: &str| json!({"name": name, "type": kind});
    let columns = json!([
        column("text", "string"),
        column("memo", "memo"),
        column("int", "integer"),
        column("big", "bigint"),
        column("dec", "decimal"),
        column("money", "money"),
        column("double", "double"),
        column("bool", "boolean"),
        {"name": "choice", "type": "choice", "options": options},
        {"name": "many", "type": "choices", "options": options},
        {"name": "state", "type": "state", "options": options},
        column("time", "datetime"),
        column("date", "date"),
        column("guid", "uniqueidentifier"),
        {"name": "look", "type": "lookup", "targets": ["p"]},
        {"name": "unit", "type": "lookup", "targets": ["businessunit"]},
        column("lang", "integer"),
    ]);
    apply(&environment, vec![table("o", "user_or_team", "text", columns)]);
    environment
}

fn run(script: &str) -> String {
    let environment = with_columns();
    let mut asks = "bob".to_owned();
    let mut out = String::new();
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
                let mut words = rest.splitn(2, ' ');
                let row = words.next().expect("a row's name");
                let values = values(words.next().unwrap_or_default());
                apply(&environment, vec![crate::fixtures::row("create", "o", row, values)]);
            }
            "as" => asks = rest.to_owned(),
            "?" => {
                out.push_str(&format!("{rest}: {}\n", answer(&environment, &asks, rest)));
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
        let value = match (name, value) {
            ("guid" | "look" | "unit" | "ownerid", Json::String(name)) => json!(id(&name)),
            (_, value) => value,
        };
        values.insert(name.to_owned(), value);
    }
    Json::Object(values)
}

fn answer(environment: &Environment, asks: &str, condition: &str) -> String {
    let text = format!("fetch o {{ columns oid filter {{ {} }} }}", with_ids(condition));
    let state = environment.state();
    let query = |text: &str| -> Result<Query, String> {
        match compile(text, &state.catalog) {
            Ok(resolved) => Ok(resolved.query),
            Err(errors) => Err(errors.iter().map(|e| format!("error[{}]", e.code)).collect()),
        }
    };
    let query_dsl = match query(&text) {
        Ok(query) => query,
        Err(errors) => return errors,
    };
    let fetchxml = print_fetchxml(&parse(&text).expect("it was resolved"));
    assert_eq!(query(&fetchxml).as_ref(), Ok(&query_dsl), "{fetchxml}");
    let mut caller = caller(&state, asks);
    caller.reads_everything = true;
    let rows = Obvious::new(state.as_ref()).query(&caller, &query_dsl);
    let names: Vec<String> = rows.into_iter().map(|row| name_of(row.id)).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(" ") }
}
