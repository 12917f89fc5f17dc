//! `explain`.

use std::process::ExitCode;

use haversack_core::{Value, event::RowKey, json::bare_json, schema::Table};
use haversack_dataset::{Check, Columnar, Explanation, FilterTruth, LinkedTruth, Offered};
use haversack_engine::{
    in_parallel,
    tell::{
        self,
        explain::{reason, value},
    },
};
use haversack_replay::Turn;
use serde_json::Value as Json;

use crate::{
    cli::{Format, Moment},
    failure::Failure,
    output::{self, Line},
    session::{self, Session},
};

/// Spreads ids in look-ups of one run; it shows in no answer.
const SEED: u64 = 0;

/// `explain USER TABLE ID`.
pub fn explain(
    session: &Session,
    user: &str,
    (table, id): (&str, &str),
    (moment, changes): (&Moment, bool),
    format: Format,
) -> Result<ExitCode, Failure> {
    let at = session.moment(moment)?;
    let now = session.environment.state();
    let caller = session.caller(&at, user)?;
    let key = session::row_key(&now.catalog, table, id)?;
    let columnar = Columnar::build_with(at.state.as_ref(), &at.state.catalog, SEED, &in_parallel);
    let explanation = columnar.explain(at.state.as_ref(), &caller, &key.table, key.id);
    let table = session::table(&now.catalog, &key.table)?;
    let turns = match (changes, caller.user) {
        (true, Some(user)) => {
            let until = (at.state.cursor, at.now);
            let (turns, is_whole) = session.environment.timeline(user, &key, until)?;
            session::warn_of_cut(is_whole);
            Some(turn_lines(session, &turns)?)
        }
        _ => None,
    };
    if format == Format::Table {
        let turns = turns.as_deref().map(told_turns).unwrap_or_default();
        output::print_text(&(told(user, table, &key, &explanation) + &turns))?;
    } else {
        let result = tell::explain::explanation(table, &explanation, turns);
        output::print(format, &["included", "reasons", "changes"], &[result])?;
    }
    Ok(ExitCode::SUCCESS)
}

/// When the row came and went, each with the event that did it.
fn turn_lines(session: &Session, turns: &[Turn]) -> Result<Vec<Line>, Failure> {
    let state = session.environment.state();
    let of = |turn: &Turn| {
        let record = turn.offset.map(|offset| session.environment.event(offset)).transpose()?;
        Ok(tell::explain::turn(&state, turn, record.as_ref()))
    };
    turns.iter().map(of).collect()
}

fn told_turns(turns: &[Line]) -> String {
    if turns.is_empty() {
        return "It was never there.\n".to_owned();
    }
    let mut text = String::from("It came and went:\n");
    for turn in turns {
        let of = |key: &str| turn.get(key).and_then(Json::as_str).unwrap_or_default();
        let what = if turn.get("included") == Some(&Json::Bool(true)) { "came" } else { "went" };
        let offset = turn.get("offset").filter(|offset| !offset.is_null());
        let offset = offset.map(|offset| format!(" by event {offset}")).unwrap_or_default();
        let by = [of("kind"), of("on"), of("actor")].join(" ");
        text.push_str(&format!("  {what}{offset} at {}: {}\n", of("at"), by.trim_end()));
    }
    text
}

/// An explanation for people: a line a check.
pub fn told(user: &str, table: &Table, key: &RowKey, explanation: &Explanation) -> String {
    let is = if explanation.included { "is" } else { "is not" };
    let mut text = format!("{} {} {is} on the device of {user}:\n", key.table, key.id);
    for check in &explanation.checks {
        let reason = reason(table, check);
        let holds = reason.get("holds") == Some(&Json::Bool(true));
        let what = reason.get("message").and_then(Json::as_str).unwrap_or_default();
        text.push_str(&format!("  {} {what}\n", if holds { "yes" } else { "no " }));
        if let Check::Criterion { offered: Offered::Custom(truth), .. } = check {
            condition_lines(table, truth, 6, &mut text);
        }
    }
    text
}

fn condition_lines(table: &Table, truth: &FilterTruth, indent: usize, text: &mut String) {
    let mut say = |holds: bool, what: &str| {
        let mark = if holds { "yes" } else { "no " };
        text.push_str(&format!("{:indent$}{mark} {what}\n", ""));
    };
    match truth {
        FilterTruth::And(holds, parts) | FilterTruth::Or(holds, parts) => {
            let all = matches!(truth, FilterTruth::And(..));
            say(*holds, if all { "all of:" } else { "one of:" });
            parts.iter().for_each(|part| condition_lines(table, part, indent + 2, text));
        }
        FilterTruth::Condition(found) => {
            let value = value(table, found);
            say(found.holds, &format!("{} (found {value})", found.condition));
        }
        FilterTruth::Comparison(found) => {
            let json = |value: &Option<Value>| value.as_ref().map_or(Json::Null, bare_json);
            let (one, other) = (json(&found.values.0), json(&found.values.1));
            say(found.holds, &format!("{} (found {one} and {other})", found.comparison));
        }
        FilterTruth::Linked(found) => {
            let quantifier = found.quantifier.name();
            say(
                found.holds,
                &format!("{quantifier} {} (found {})", found.table, linked_rows(found)),
            );
        }
    }
}

fn linked_rows(truth: &LinkedTruth) -> String {
    let mut named: Vec<String> = truth.found.iter().map(ToString::to_string).collect();
    if truth.found_more {
        named.push("and more".to_owned());
    }
    if named.is_empty() { "none".to_owned() } else { named.join(", ") }
}
