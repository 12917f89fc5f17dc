//! `explain`.

use std::process::ExitCode;

use haversack_core::{
    Value,
    event::{Event, RowKey},
    json::{bare_json, value_json},
    schema::Table,
};
use haversack_dataset::{
    Check, Columnar, ConditionTruth, Explanation, FilterTruth, LinkedTruth, Offered,
};
use haversack_engine::in_parallel;
use haversack_replay::Turn;
use serde_json::{Value as Json, json};

use super::audit;
use crate::{
    cli::{Format, Moment},
    failure::Failure,
    output::{self, Line, line},
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
        let reasons: Vec<Json> =
            explanation.checks.iter().map(|check| Json::Object(reason(table, check))).collect();
        let result = line([
            ("included", Some(json!(explanation.included))),
            ("reasons", Some(Json::Array(reasons))),
            ("changes", turns.map(|turns| turns.into_iter().map(Json::Object).collect())),
        ]);
        output::print(format, &["included", "reasons", "changes"], &[result])?;
    }
    Ok(ExitCode::SUCCESS)
}

/// When the row came and went, each with the event that did it.
fn turn_lines(session: &Session, turns: &[Turn]) -> Result<Vec<Line>, Failure> {
    let state = session.environment.state();
    let of = |turn: &Turn| {
        let record = turn.offset.map(|offset| session.environment.event(offset)).transpose()?;
        let of_event = record.as_ref().map(|record| &record.inner);
        Ok(line([
            ("offset", Some(json!(turn.offset))),
            ("at", Some(Json::from(turn.at.to_string()))),
            ("actor", of_event.map(|record| audit::actor(&state, &record.actor))),
            (
                "kind",
                Some(Json::from(of_event.map_or("time_passed", |record| record.event.kind()))),
            ),
            ("on", of_event.and_then(|record| subject(&record.event))),
            ("included", Some(json!(turn.included))),
        ]))
    };
    turns.iter().map(of).collect()
}

/// The row that an event is about, or the profile.
fn subject(event: &Event) -> Option<Json> {
    let row = |key: &RowKey| Some(Json::from(format!("{} {}", key.table, key.id)));
    match event {
        Event::RowWritten(write) => row(&write.key),
        Event::DeviceEdited(edit) => row(&edit.key),
        Event::ProfilePublished { profile }
        | Event::ProfileUnpublished { profile }
        | Event::MemberAdded { profile, .. }
        | Event::MemberRemoved { profile, .. } => Some(Json::from(profile.as_str())),
        Event::UserPut(user) => Some(Json::from(user.name.as_str())),
        Event::TeamPut(team) => Some(Json::from(team.name.as_str())),
        Event::RolePut(role) => Some(Json::from(role.name.as_str())),
        Event::BusinessUnitPut(unit) => Some(Json::from(unit.name.as_str())),
        _ => None,
    }
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

fn value(table: &Table, found: &ConditionTruth) -> Json {
    let json = |value: &Value| {
        table.column(&found.condition.column.column).map(|column| value_json(column, value))
    };
    found.value.as_ref().and_then(json).unwrap_or(Json::Null)
}

fn linked_rows(truth: &LinkedTruth) -> String {
    let mut named: Vec<String> = truth.found.iter().map(ToString::to_string).collect();
    if truth.found_more {
        named.push("and more".to_owned());
    }
    if named.is_empty() { "none".to_owned() } else { named.join(", ") }
}

fn filter_json(table: &Table, truth: &FilterTruth) -> Json {
    let all = |parts: &[FilterTruth]| -> Vec<Json> {
        parts.iter().map(|part| filter_json(table, part)).collect()
    };
    match truth {
        FilterTruth::And(holds, parts) => json!({"holds": holds, "and": all(parts)}),
        FilterTruth::Or(holds, parts) => json!({"holds": holds, "or": all(parts)}),
        FilterTruth::Condition(found) => json!({
            "holds": found.holds,
            "condition": found.condition.to_string(),
            "value": value(table, found),
        }),
        FilterTruth::Comparison(found) => {
            let (one, other) = &found.values;
            json!({
                "holds": found.holds,
                "condition": found.comparison.to_string(),
                "value": one.as_ref().map(bare_json),
                "other": other.as_ref().map(bare_json),
            })
        }
        FilterTruth::Linked(found) => json!({
            "holds": found.holds,
            "linked": format!("{} {}", found.quantifier.name(), found.table),
            "found": found.found,
            "found_more": found.found_more,
        }),
    }
}

fn reason(table: &Table, check: &Check) -> Line {
    let reason = |check: &str, holds: bool, message: String| {
        line([
            ("check", Some(json!(check))),
            ("holds", Some(json!(holds))),
            ("message", Some(json!(message))),
        ])
    };
    match check {
        Check::Profile { name, version, team } => {
            let through = team.as_ref().map(|team| format!(", through team {team}"));
            let message = match (name, version) {
                (None, _) => "the user is in no profile".to_owned(),
                (Some(name), None) => format!("the user's profile {name:?} is not published"),
                (Some(name), Some(version)) => {
                    let through = through.unwrap_or_default();
                    format!("the user has profile {name:?}, version {version}{through}")
                }
            };
            reason("profile", version.is_some(), message)
        }
        Check::Table { exists, can_be_taken_offline, in_profile } => {
            let message = match (exists, can_be_taken_offline, in_profile) {
                (false, ..) => format!("there is no table `{}`", table.name),
                (true, false, _) => format!("table `{}` can't be taken offline", table.name),
                (true, true, false) => format!("the profile has no item for `{}`", table.name),
                (true, true, true) => format!("the profile has an item for `{}`", table.name),
            };
            reason("table", *exists && *can_be_taken_offline && *in_profile, message)
        }
        Check::Row { exists } => {
            let message = if *exists { "the row is there" } else { "there is no such row" };
            reason("row", *exists, message.to_owned())
        }
        Check::Readable { holds, depth, roles } => {
            let named: Vec<String> = roles
                .iter()
                .map(|(role, team)| match team {
                    Some(team) => format!("{role} (through team {team})"),
                    None => role.clone(),
                })
                .collect();
            let may = if *holds { "may" } else { "may not" };
            let message = format!(
                "the user {may} read the row: depth {} by {}",
                depth.name(),
                if named.is_empty() { "no role".to_owned() } else { named.join(", ") }
            );
            reason("readable", *holds, message)
        }
        Check::Criterion { holds, offered } => criterion(table, *holds, offered, reason),
        Check::Relationship { holds, relationship, table: other, path } => {
            let joined = if *holds { "joins" } else { "does not join" };
            let steps: Vec<String> =
                path.iter().map(|key| format!("{} {}", key.table, key.id)).collect();
            let message = format!(
                "relationship `{relationship}` {joined} it to a row of `{other}` on the device{}",
                if steps.is_empty() { String::new() } else { format!(": {}", steps.join(" <- ")) }
            );
            let mut line = reason("relationship", *holds, message);
            let path = path.iter().map(|key| json!({"table": key.table, "id": key.id})).collect();
            line.insert("relationship".to_owned(), json!(relationship));
            line.insert("path".to_owned(), Json::Array(path));
            line
        }
    }
}

fn criterion(
    table: &Table,
    holds: bool,
    offered: &Offered,
    reason: impl Fn(&str, bool, String) -> Line,
) -> Line {
    let message = match offered {
        Offered::RelatedOnly => "the item has related rows only".to_owned(),
        Offered::All => "the item has all rows".to_owned(),
        Offered::Other(own) => {
            let said: Vec<String> = own
                .iter()
                .map(|(own, holds)| format!("{own:?}: {}", if *holds { "yes" } else { "no" }))
                .collect();
            format!("the item has rows of {}", said.join(", ").to_lowercase())
        }
        Offered::Custom(_) => {
            format!(
                "the item's filter {} the row",
                if holds { "selects" } else { "does not select" }
            )
        }
        Offered::BrokenFilter(why) => format!("the item's filter no longer resolves: {why}"),
    };
    let mut line = reason("criterion", holds, message);
    if let Offered::Custom(truth) = offered {
        line.insert("filter".to_owned(), filter_json(table, truth));
    }
    line
}
