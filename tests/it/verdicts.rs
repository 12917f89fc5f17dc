//! Runs `tests/data/verdicts/*.case`: a history in, verdicts and rows out.
//!
//! ```text
//! set client-wins | server-wins | row | column
//! admin {json}
//! online create|update|delete TABLE ROW [as=USER] [column=value …]
//! push USER/DEVICE [n=N] OP TABLE ROW [base=@K|head|beyond] [column=value …] [; OP …]
//! replay client-wins | server-wins
//! dataset USER
//! ```
//!
//! `tests/data/datasets/*.case` has scripts of the same verbs that end in datasets.
//!
//! `@K` is the K-th event after those of the fixtures. Values are JSON, or else text; those of
//! `ownerid`, `u` and `parent` are names. No `base` is base *none*.

use std::fmt::Write;

use haversack_core::{
    BaseVersion, RowId, Value,
    event::{Operation, RowKey, Verdict},
    json::{row_object, value_json},
    settings::Policy,
};
use haversack_dataset::{Evaluator, Obvious};
use haversack_engine::{
    EngineError, Environment,
    push::{Mutation, Outcome},
};
use haversack_replay::{Judging, State, diff};
use serde_json::{Map, Value as Json, json};

use crate::{
    cases,
    fixtures::{
        base, caller, device, environment, head, id, key, mutation, name_of, next_number, prelude,
        send, with_ids,
    },
};

#[test]
fn verdicts() {
    cases::check("verdicts", |script| {
        let mut script_run = Script::new();
        script_run.run(script);
        let state = script_run.environment.state();
        script_run.state("", &state);
        script_run.out
    });
}

#[test]
fn datasets() {
    cases::check("datasets", |script| {
        let mut script_run = Script::new();
        script_run.run(script);
        script_run.out
    });
}

struct Script {
    environment: Environment,
    prelude: u64,
    out: String,
}

impl Script {
    fn new() -> Self {
        Self { environment: environment(), prelude: prelude(), out: String::new() }
    }

    fn run(&mut self, script: &str) {
        for line in cases::lines(script) {
            self.line(line);
        }
    }

    fn say(&mut self, line: &str) {
        self.out.push_str(line);
        self.out.push('\n');
    }

    fn line(&mut self, line: &str) {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        match verb {
            "set" => self.set(rest),
            "admin" => {
                self.admin(serde_json::from_str(&with_ids(rest)).expect("a change is JSON"));
            }
            "online" => self.online(rest),
            "push" => self.push(rest),
            "replay" => self.replay(rest),
            "dataset" => self.dataset(rest),
            other => panic!("no verb {other:?}"),
        }
    }

    fn set(&mut self, what: &str) {
        let change = match what {
            "client-wins" | "server-wins" => {
                json!({"put": "settings", "conflict_detection": what == "server-wins"})
            }
            _ => json!({"put": "settings", "conflict_granularity": what}),
        };
        self.admin(change);
    }

    fn admin(&mut self, change: Json) {
        let answer = send(&self.environment, vec![change]).remove(0);
        let outcome = format!("{:?}", answer.outcome).to_lowercase();
        let place = answer.offset.map_or(String::new(), |at| format!("{} ", self.at(at.get())));
        let fault = answer.fault.map(|fault| format!(" {}: {}", fault.code, names(&fault.message)));
        let warnings = answer.warnings.iter();
        let warnings: String = warnings.map(|w| format!(", warning {}", w.code)).collect();
        self.say(&format!("{place}{outcome}{}{warnings}", fault.unwrap_or_default()));
    }

    fn at(&self, offset: u64) -> String {
        match offset.checked_sub(self.prelude) {
            Some(at) => format!("@{at}"),
            None => "@early".to_owned(),
        }
    }

    fn online(&mut self, rest: &str) {
        let edit = Words::read(rest);
        let mut change = crate::fixtures::row(
            edit.operation.name(),
            &edit.key.table,
            &name_of(edit.key.id),
            Json::Object(edit.values),
        );
        change["row"]["as"] = json!(edit.user);
        self.admin(change);
    }

    fn push(&mut self, rest: &str) {
        let (sender, edits) = rest.split_once(' ').expect("a sender and edits");
        let (user, name) = sender.split_once('/').expect("a user and a device");
        let device = device(&self.environment, user, name);
        let next = next_number(&self.environment, device);
        let sent: Vec<Mutation> = (next..)
            .zip(edits.split(" ; "))
            .map(|(next, words)| {
                let Words { number, operation, key, base, values, .. } = Words::read(words);
                let base = self.base(base.as_deref());
                mutation(number.unwrap_or(next), operation, &key, base, values)
            })
            .collect();
        let before = head(&self.environment);
        match self.environment.push(device, sent) {
            Ok(pushed) => pushed.outcomes.iter().for_each(|outcome| self.outcome(outcome)),
            Err(error) => {
                assert_eq!(head(&self.environment), before, "nothing of the push is taken");
                let code = match error {
                    EngineError::MutationGap { expected, .. } => {
                        format!("mutation_gap, expected {expected}")
                    }
                    EngineError::MutationReused { expected, .. } => {
                        format!("mutation_reused, expected {expected}")
                    }
                    other => panic!("{other}"),
                };
                self.say(&code);
            }
        }
    }

    fn base(&self, text: Option<&str>) -> BaseVersion {
        match text {
            None => BaseVersion::NONE,
            Some("head") => base(head(&self.environment).count()),
            Some("beyond") => base(head(&self.environment).count() + 1),
            Some(at) => {
                let at: u64 = at.strip_prefix('@').and_then(|at| at.parse().ok()).expect("@K");
                base(self.prelude + at)
            }
        }
    }

    fn outcome(&mut self, outcome: &Outcome) {
        let verdict = verdict(outcome.verdict);
        let duplicate = if outcome.duplicate { "duplicate of " } else { "" };
        let mut line = format!("{} {duplicate}{verdict}", self.at(outcome.offset.get()));
        if let Some(message) = &outcome.message {
            write!(line, ": {}", names(message)).unwrap();
        }
        if let Some(server) = &outcome.server {
            write!(line, "; server {}", object(server)).unwrap();
        }
        self.say(&line);
    }

    fn replay(&mut self, policy: &str) {
        let policy = match policy {
            "client-wins" => Policy::ClientWins,
            _ => Policy::ServerWins,
        };
        let until = head(&self.environment);
        let actual = self.environment.state();
        let replayed = self.environment.fold_anew(Judging::Under(policy), until).unwrap();
        for found in diff(&actual, &replayed) {
            let because = found.because.map_or(String::new(), |at| self.at(at.get()));
            let row = name_of(found.key.id);
            let what = match &found.column {
                Some(column) => {
                    let table = actual.catalog.table(&found.key.table).unwrap();
                    let show = |value: &Option<Value>| {
                        let value = value.as_ref();
                        let json =
                            value.map(|value| value_json(table.column(column).unwrap(), value));
                        json.map_or("null".to_owned(), |json| names(&json.to_string()))
                    };
                    format!("{column}: {} -> {}", show(&found.actual), show(&found.replayed))
                }
                None if found.exists.0 => "only in the actual state".to_owned(),
                None => "only in the replay".to_owned(),
            };
            self.say(&format!("differs {row} {what} because {because}"));
        }
        self.state("  ", &replayed);
    }

    /// What belongs on a user's device; every row is explained to the same effect.
    fn dataset(&mut self, user: &str) {
        let state = self.environment.state();
        let caller = caller(&state, user);
        let evaluator = Obvious::new(state.as_ref());
        let dataset = evaluator.dataset(&caller);
        for (key, row, _) in state.slots() {
            let explanation = evaluator.explain(&caller, &key.table, key.id);
            assert_eq!(explanation.included, dataset.contains_key(&key), "{key:?} {explanation:?}");
            assert!(!dataset.contains_key(&key) || evaluator.readable(&caller, &key.table, key.id));
            assert_eq!(
                dataset.get(&key).copied(),
                row.map(|row| row.version).filter(|_| explanation.included)
            );
        }
        let rows: Vec<String> =
            dataset.keys().map(|key| format!("{} {}", key.table, name_of(key.id))).collect();
        let rows = if rows.is_empty() { "nothing".to_owned() } else { rows.join(", ") };
        self.say(&format!("{user}: {rows}"));
    }

    /// The conflicts and rows of a state.
    fn state(&mut self, indent: &str, state: &State) {
        for (offset, conflict) in &state.conflicts {
            let table = state.catalog.table(&conflict.key.table).unwrap();
            let server = conflict.server.as_ref().map_or("none".to_owned(), |row| {
                object(&row_object(&state.catalog, table, conflict.key.id, &row.values))
            });
            let base = conflict.base.offset().map_or("none".to_owned(), |at| self.at(at.get()));
            let line = format!(
                "{indent}conflict {} of {}: base {base}, {}, over {server}",
                self.at(offset.get()),
                name_of(conflict.key.id),
                verdict(conflict.verdict),
            );
            self.say(&line);
        }
        for (key, row, touches) in state.slots() {
            let events = touches.oldest_first();
            let versions = events.iter().filter(|touch| touch.is_version);
            let versions: Vec<String> = versions.map(|t| self.at(t.offset.get())).collect();
            let versions = versions.join(" ");
            let line = match (row, state.catalog.table(&key.table)) {
                (Some(row), Some(table)) => {
                    let values = row_object(&state.catalog, table, key.id, &row.values);
                    let (name, at) = (name_of(key.id), self.at(row.version.0.get()));
                    format!(
                        "{indent}{} {name} {at} {} versions {versions}",
                        key.table,
                        object(&values)
                    )
                }
                _ => format!(
                    "{indent}{} {} is not there, versions {versions}",
                    key.table,
                    name_of(key.id)
                ),
            };
            self.say(line.trim_end());
        }
    }
}

/// An edit as a script writes it.
struct Words {
    number: Option<u64>,
    operation: Operation,
    key: RowKey,
    base: Option<String>,
    user: Option<String>,
    values: Map<String, Json>,
}

impl Words {
    fn read(text: &str) -> Self {
        let (mut plain, mut set) = (Vec::new(), Vec::new());
        for word in text.split_whitespace() {
            match word.split_once('=') {
                Some(pair) => set.push(pair),
                None => plain.push(word),
            }
        }
        let [operation, table, row] = plain[..] else { panic!("{text:?} is no edit") };
        let operation = match operation {
            "create" => Operation::Create,
            "update" => Operation::Update,
            "delete" => Operation::Delete,
            other => panic!("no operation {other:?}"),
        };
        let (number, base, user) = (None, None, None);
        let key = key(table, row);
        let mut words = Self { number, operation, key, base, user, values: Map::new() };
        for (name, value) in set {
            match name {
                "n" => words.number = Some(value.parse().expect("n is a number")),
                "base" => words.base = Some(value.to_owned()),
                "as" => words.user = Some(value.to_owned()),
                _ => drop(words.values.insert(name.to_owned(), json_of(name, value))),
            }
        }
        words
    }
}

fn json_of(column: &str, text: &str) -> Json {
    match (column, text) {
        (_, "null") => Json::Null,
        ("ownerid" | "u" | "parent" | "tid" | "pid", name) => json!(id(name)),
        _ => serde_json::from_str(text).unwrap_or_else(|_| json!(text)),
    }
}

fn verdict(verdict: Verdict) -> String {
    match verdict {
        Verdict::Applied => "applied".to_owned(),
        Verdict::Conflict { winner } => format!("conflict, {winner:?} wins").to_lowercase(),
        Verdict::Refused(refusal) => format!("refused {}", refusal.code()),
    }
}

/// Values but for the key, the unit and the times, with names in place of ids.
fn object(values: &Map<String, Json>) -> String {
    let shown = values.iter().filter(|(name, _)| {
        !["createdon", "modifiedon", "owningbusinessunit", "tid", "pid"].contains(&name.as_str())
    });
    let shown = shown.map(|(name, value)| {
        let value = value.get("id").unwrap_or(value);
        format!("{name}={}", names(value.to_string().trim_matches('"')))
    });
    format!("{{{}}}", shown.collect::<Vec<_>>().join(" "))
}

/// The text with names in place of the ids that are made of them.
pub fn names(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let found = rest.get(..36).and_then(|word| word.parse::<RowId>().ok());
        let length = match found {
            Some(found) => {
                out.push_str(&name_of(found));
                36
            }
            None => {
                let next = rest.chars().next().expect("not empty");
                out.push(next);
                next.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    out
}
