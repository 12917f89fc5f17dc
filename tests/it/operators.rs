//! Runs `tests/data/operators/*.case`: rows and conditions in, ids out.
//!
//! ```text
//! set {settings}                or another change
//! row ROW [column=value …]      values are JSON; names stand for ids in columns of ids
//! as USER                       who asks from here on
//! now TIME                      when it is asked from here on
//! by roles                      from here on only what the roles of who asks let them read
//! ? CONDITION                   in the DSL
//! ```
//!
//! Every condition is also asked in FetchXML, and its answer is the same.

use haversack_core::Timestamp;
use haversack_dataset::{Caller, Evaluator, Obvious};
use haversack_dsl::{compile, operator::OPERATORS, parse, print_fetchxml, query::Query};
use haversack_engine::Environment;
use haversack_replay::State;
use serde_json::{Map, Value as Json, json};

use crate::{
    cases,
    fixtures::{NOW, apply, caller, environment, id, name_of, table, with_ids},
};

#[test]
fn operators() {
    cases::check("operators", run);
}

/// The environment of the cases: table `o`, which has a column of every type.
pub fn with_columns() -> Environment {
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
        {"name": "status", "type": "status", "options": options},
        column("file", "file"),
        column("image", "image"),
        {"name": "who", "type": "lookup", "targets": ["systemuser"]},
        {"name": "party", "type": "lookup", "targets": ["p", "systemuser"]},
        {"name": "look", "type": "lookup", "targets": ["p"]},
        {"name": "unit", "type": "lookup", "targets": ["businessunit"]},
        column("lang", "integer"),
        {"name": "up", "type": "lookup", "targets": ["o"]},
    ]);
    let mut table = table("o", "user_or_team", "text", columns);
    table["hierarchy_column"] = json!("up");
    apply(&environment, vec![table]);
    environment
}

/// Who asks, and when.
pub struct Asks {
    user: String,
    now: Timestamp,
    by_roles: bool,
}

impl Asks {
    pub fn caller(&self, state: &State) -> Caller {
        Caller { reads_everything: !self.by_roles, now: self.now, ..caller(state, &self.user) }
    }
}

fn run(script: &str) -> String {
    let mut out = String::new();
    walk(script, |environment, asks, condition| {
        out.push_str(&format!("{condition}: {}\n", answer(environment, asks, condition)));
    });
    out
}

/// Goes through a script, and does something with every condition that is asked.
pub fn walk(script: &str, mut ask: impl FnMut(&Environment, &Asks, &str)) {
    let environment = with_columns();
    let mut asks = Asks { user: "bob".to_owned(), now: NOW, by_roles: false };
    for line in cases::lines(script) {
        let (verb, rest) = line.split_once(' ').expect("a verb and more");
        match verb {
            "set" => {
                let mut change: Json =
                    serde_json::from_str(&with_ids(rest)).expect("a change is JSON");
                if change.get("put").or(change.get("row")).is_none() {
                    change["put"] = json!("settings");
                }
                apply(&environment, vec![change]);
            }
            "row" => {
                let mut words = rest.splitn(2, ' ');
                let row = words.next().expect("a row's name");
                let values = values(&with_ids(words.next().unwrap_or_default()));
                apply(&environment, vec![crate::fixtures::row("create", "o", row, values)]);
            }
            "as" => asks.user = rest.to_owned(),
            "now" => asks.now = rest.parse().expect("a time"),
            "by" => asks.by_roles = true,
            "?" => ask(&environment, &asks, rest),
            other => panic!("no verb {other:?}"),
        }
    }
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
            ("guid" | "look" | "unit" | "up" | "who" | "ownerid", Json::String(name)) => {
                json!(id(&name))
            }
            (_, value) => value,
        };
        values.insert(name.to_owned(), value);
    }
    Json::Object(values)
}

fn answer(environment: &Environment, asks: &Asks, condition: &str) -> String {
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
    let rows = Obvious::new(state.as_ref()).query(&asks.caller(&state), &query_dsl);
    let names: Vec<String> = rows.into_iter().filter_map(|row| row.id).map(name_of).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(" ") }
}

/// Rows that between them have, and have not, what the conditions below ask for.
const ROWS: [&str; 8] = [
    "row null",
    r#"row a text="a" int=1 many=[] time="2026-03-01T09:30:00Z" date="2026-03-01" ownerid="bob""#,
    r#"row b text="Ab" int=2 many=[1] time="2026-02-28T00:00:00Z" unit="west" guid="bob""#,
    r#"row c text="ba" int=3 many=[1, 2] date="2026-04-01" unit="root" up="a" ownerid="crew""#,
    r#"row d text="" int=0 many=[2] up="c" guid="ann" choice=1"#,
    r#"row e text="%" dec=1.5 bool=true up="e" choice=2"#,
    r#"row f text="b%" dec=2.5 bool=false ownerid="eve""#,
    r#"row g text="a]" double=1.5 up="d""#,
];

/// A positive operator, its negative one, and columns and values that both are asked on.
type Opposites = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

const OPPOSITES: [Opposites; 12] = [
    ("eq", "ne", &[("text", "\"a\""), ("int", "1"), ("bool", "1"), ("many", "1"), ("choice", "2")]),
    ("like", "not-like", &[("text", "\"%a%\""), ("text", "\"[%]\""), ("text", "\"[a\"")]),
    ("in", "not-in", &[("text", "(\"a\", \"b\")"), ("int", "(1, 3)"), ("many", "(1, 2)")]),
    ("between", "not-between", &[("int", "(1, 2)"), ("int", "(2, 1)"), ("dec", "(1, 2)")]),
    ("not-null", "null", &[("text", ""), ("many", ""), ("up", ""), ("oid", "")]),
    ("begins-with", "not-begin-with", &[("text", "\"a\""), ("text", "\"\"")]),
    ("ends-with", "not-end-with", &[("text", "\"a\""), ("text", "\"\"")]),
    ("contain-values", "not-contain-values", &[("many", "(1)"), ("many", "(1, 2)")]),
    ("eq-userid", "ne-userid", &[("ownerid", ""), ("guid", "")]),
    ("eq-businessid", "ne-businessid", &[("unit", ""), ("owningbusinessunit", "")]),
    ("under", "not-under", &[("oid", "\"id:a\""), ("oid", "\"id:e\""), ("oid", "\"id:no\"")]),
    ("between", "not-between", &[("time", "(\"2026-02-28\", \"2026-03-01\")")]),
];

/// A row that a negative operator leaves out is one that its positive operator has.
#[test]
fn opposites_share_the_rows() {
    let ask = |condition: String| {
        let answer = run(&format!("{}\n? {condition}", ROWS.join("\n")));
        let names = answer.trim_end().rsplit(": ").next().unwrap().to_owned();
        names.split(' ').filter(|name| *name != "none").map(str::to_owned).collect::<Vec<_>>()
    };
    for (positive, negative, asked) in OPPOSITES {
        for (column, values) in asked {
            let mut both = ask(format!("{column} {positive} {values}"));
            both.extend(ask(format!("{column} {negative} {values}")));
            both.sort();
            let all = ["a", "b", "c", "d", "e", "f", "g", "null"];
            assert_eq!(both, all, "{column} {positive} {values}");
        }
    }
    let negative = OPERATORS.iter().filter(|info| info.negative || info.name == "null");
    for info in negative {
        assert!(OPPOSITES.iter().any(|(_, name, _)| *name == info.name), "{}", info.name);
    }
}

/// As many levels as the walk has are found, up and down, and no more.
#[test]
fn hierarchies_are_walked_100_levels() {
    let rows = (1..=102).map(|level| format!("row r{level} up=\"r{}\"\n", level - 1));
    let script = format!("row r0\n{}", rows.collect::<String>());
    let count = |condition: &str| {
        let answer = run(&format!("{script}? {condition}"));
        answer.split_once(": ").unwrap().1.split_whitespace().count()
    };
    assert_eq!(count("oid under \"id:r0\""), 100);
    assert_eq!(count("oid above \"id:r102\""), 100);
    assert_eq!(count("oid eq-or-above \"id:r50\""), 51);
    assert_eq!(count("oid not-under \"id:r0\""), 3);
}
