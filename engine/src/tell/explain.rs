//! Why a row is on a device or not, and when it came and went.

use haversack_core::{
    Value,
    event::{Event, RowKey},
    json::{bare_json, value_json},
    schema::Table,
};
use haversack_dataset::{Check, ConditionTruth, Explanation, FilterTruth, Offered};
use haversack_replay::{State, Turn};
use haversack_store::LogRecord;
use serde_json::{Value as Json, json};

use super::{Line, event::actor, line};

/// An explanation, with the turns of the row if they were asked for.
#[must_use]
pub fn explanation(table: &Table, explanation: &Explanation, turns: Option<Vec<Line>>) -> Line {
    let reasons = explanation.checks.iter().map(|check| Json::Object(reason(table, check)));
    line([
        ("included", Some(json!(explanation.included))),
        ("reasons", Some(Json::Array(reasons.collect()))),
        ("changes", turns.map(|turns| turns.into_iter().map(Json::Object).collect())),
    ])
}

/// A turn: when the row came or went, with the event that did it.
#[must_use]
pub fn turn(state: &State, turn: &Turn, record: Option<&LogRecord>) -> Line {
    let of_event = record.map(|record| &record.inner);
    line([
        ("offset", Some(json!(turn.offset))),
        ("at", Some(Json::from(turn.at.to_string()))),
        ("actor", of_event.map(|record| actor(state, &record.actor))),
        ("kind", Some(Json::from(of_event.map_or("time_passed", |record| record.event.kind())))),
        ("on", of_event.and_then(|record| subject(&record.event))),
        ("included", Some(json!(turn.included))),
    ])
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

/// The value that a condition found.
#[must_use]
pub fn value(table: &Table, found: &ConditionTruth) -> Json {
    let json = |value: &Value| {
        table.column(&found.condition.column.column).map(|column| value_json(column, value))
    };
    found.value.as_ref().and_then(json).unwrap_or(Json::Null)
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

/// One check, and a sentence about it.
#[must_use]
pub fn reason(table: &Table, check: &Check) -> Line {
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
