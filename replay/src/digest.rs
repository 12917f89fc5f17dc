//! The digest of a state: equal logs give equal digests, on every machine and every day.
//!
//! BLAKE3 over a canonical text of the state: one JSON line a thing, in the order of its key, as the
//! environment document and the command line write it. Anyone can compute it from those.

use std::fmt;

use haversack_core::{
    Row,
    event::{EditRequest, Refusal, Verdict},
    json::value_json,
    schema::Table,
};
use serde::Serialize;
use serde_json::{Value as Json, json};

use crate::{State, Touch};

/// Fingerprint of a state.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Digest(pub [u8; 32]);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Digest {
    /// The digest of all that a state holds.
    #[must_use]
    pub fn of(state: &State) -> Self {
        let mut lines = Lines(blake3::Hasher::new());
        catalog(&mut lines, state);
        for device in state.devices.values() {
            let d = &device.device;
            let edits: Vec<u64> = device.edits.iter().map(|offset| offset.get()).collect();
            lines.add("device", &json!([d.id, d.user, d.name, d.platform, edits]));
        }
        for (key, row, touches) in state.slots() {
            let table = state.catalog.table(&key.table).map(AsRef::as_ref);
            let row = row.map(|row| row_json(table, row));
            let touches: Vec<Json> = touches.newest_first().map(touch_json).collect();
            lines.add("row", &json!([key.table, key.id, row, touches]));
        }
        conflicts(&mut lines, state);
        Self(*lines.0.finalize().as_bytes())
    }
}

struct Lines(blake3::Hasher);

impl Lines {
    fn add(&mut self, kind: &str, thing: &impl Serialize) {
        let text = serde_json::to_vec(thing).expect("the state has only text keys");
        self.0.update(kind.as_bytes()).update(b" ").update(&text).update(b"\n");
    }
}

fn catalog(lines: &mut Lines, state: &State) {
    let catalog = &state.catalog;
    let load =
        state.load.map(|load| json!([Digest(load.digest).to_string(), load.total, load.done]));
    let at = state.at.to_string();
    lines.add("log", &json!([state.cursor.count(), at, catalog.name, catalog.rules, load]));
    lines.add("settings", &catalog.settings);
    catalog.business_units.values().for_each(|unit| lines.add("business_unit", unit));
    catalog.positions.values().for_each(|position| lines.add("position", position));
    catalog.roles.values().for_each(|role| lines.add("role", role));
    catalog.users.values().for_each(|user| lines.add("user", user));
    catalog.teams().for_each(|team| lines.add("team", team));
    catalog.definitions().for_each(|table| lines.add("table", table));
    catalog.relationships().for_each(|relationship| lines.add("relationship", relationship));
    catalog.profiles.values().for_each(|profile| lines.add("profile", profile));
    catalog.assignments.iter().for_each(|assignment| lines.add("assignment", assignment));
    catalog.apps.values().for_each(|app| lines.add("app", app));
}

fn conflicts(lines: &mut Lines, state: &State) {
    for (offset, conflict) in &state.conflicts {
        let table = state.catalog.table(&conflict.key.table).map(AsRef::as_ref);
        let server = conflict.server.as_ref().map(|row| row_json(table, row));
        let (device, number) = (conflict.device, conflict.number);
        let client = match &conflict.client {
            EditRequest::Fits { operation, values } => {
                json!([operation, entries(table, values)])
            }
            EditRequest::Misfits { operation, values, .. } => json!([operation, values]),
        };
        lines.add("conflict", &json!([offset, device, number, conflict.base, client, server]));
    }
}

fn row_json(table: Option<&Table>, row: &Row) -> Json {
    json!([row.version, entries(table, &row.values)])
}

/// Columns with their values. Those that the schema no longer has are written as they are kept.
fn entries(table: Option<&Table>, values: &haversack_core::Values) -> Vec<Json> {
    let entry = |(name, value): (&haversack_core::Name, Option<&haversack_core::Value>)| {
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
