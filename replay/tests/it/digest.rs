//! The digest's value, written the obvious way.

use haversack_core::{
    Name, Row, Value, Values,
    event::{EditRequest, Refusal, Verdict},
    json::value_json,
    schema::Table,
};
use haversack_replay::{Digest, State, Touch};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::{
    few,
    history::{history, run},
};

fn line(text: &mut String, kind: &str, thing: &impl serde::Serialize) {
    text.push_str(&format!("{kind} {}\n", serde_json::to_string(thing).unwrap()));
}

/// The text of a state, of which the digest is the BLAKE3.
fn text(state: &State) -> String {
    let mut text = String::new();
    catalog(&mut text, state);
    for device in state.devices.values() {
        let d = &device.device;
        let edits: Vec<u64> = device.edits.iter().map(|offset| offset.get()).collect();
        line(&mut text, "device", &json!([d.id, d.user, d.name, d.platform, edits]));
        if let Some(app) = &device.app {
            line(&mut text, "device_app", &json!([d.id, app]));
        }
    }
    for (key, row, touches) in state.slots() {
        let table = state.catalog.table(&key.table).map(AsRef::as_ref);
        let row = row.map(|row| row_json(table, &row));
        let touches: Vec<Json> = touches.newest_first().map(touch_json).collect();
        line(&mut text, "row", &json!([key.table, key.id, row, touches]));
    }
    for (offset, c) in &state.conflicts {
        let table = state.catalog.table(&c.key.table).map(AsRef::as_ref);
        let server = c.server.as_ref().map(|row| row_json(table, row));
        let client = match &c.client {
            EditRequest::Fits { operation, values } => json!([operation, entries(table, values)]),
            EditRequest::Misfits { operation, values, .. } => json!([operation, values]),
        };
        line(&mut text, "conflict", &json!([offset, c.device, c.number, c.base, client, server]));
    }
    text
}

fn catalog(text: &mut String, state: &State) {
    let catalog = &state.catalog;
    let load =
        state.load.map(|load| json!([Digest(load.digest).to_string(), load.total, load.done]));
    let at = state.at.to_string();
    line(text, "log", &json!([state.cursor.count(), at, catalog.name, catalog.rules, load]));
    line(text, "settings", &catalog.settings);
    catalog.business_units.values().for_each(|unit| line(text, "business_unit", unit));
    catalog.positions.values().for_each(|position| line(text, "position", position));
    catalog.roles.values().for_each(|role| line(text, "role", role));
    catalog.users.values().for_each(|user| line(text, "user", user));
    catalog.teams().for_each(|team| line(text, "team", team));
    catalog.definitions().for_each(|table| line(text, "table", table));
    catalog.relationships().for_each(|relationship| line(text, "relationship", relationship));
    catalog.profiles.values().for_each(|profile| line(text, "profile", profile));
    catalog.assignments.iter().for_each(|assignment| line(text, "assignment", assignment));
    catalog.apps.values().for_each(|app| line(text, "app", app));
    catalog.tokens.values().for_each(|token| line(text, "token", token));
}

fn row_json(table: Option<&Table>, row: &Row) -> Json {
    json!([row.version, entries(table, &row.values)])
}

fn entries(table: Option<&Table>, values: &Values) -> Vec<Json> {
    let entry = |(name, value): (&Name, Option<&Value>)| {
        let column = table.and_then(|table| table.column(name));
        let value = value.map(|value| match column {
            Some(column) => value_json(column, value),
            None => Json::from(format!("{value:?}")),
        });
        json!([name, value])
    };
    values.iter().map(entry).collect()
}

fn touch_json(touch: &Touch) -> Json {
    let refusal = |verdict: Verdict| match verdict {
        Verdict::Refused(refusal) => Some(Refusal::code(refusal)),
        Verdict::Applied | Verdict::Conflict { .. } => None,
    };
    let verdict = touch.verdict.map(|v| json!([v.outcome(), v.winner(), refusal(v)]));
    let spared = touch.spared.as_deref();
    json!([touch.offset, touch.device, verdict, touch.is_version, spared])
}

fn assert_obvious(state: &State) {
    assert_eq!(Digest::of(state), Digest(*blake3::hash(text(state).as_bytes()).as_bytes()));
}

proptest! {
    #![proptest_config(few(96))]

    #[test]
    fn the_digest_is_that_of_the_obvious_text(history in history()) {
        assert_obvious(&run(&history).state);
    }
}

#[test]
fn the_digest_of_a_large_state_is_that_of_the_obvious_text() {
    assert_obvious(crate::large::large());
}
