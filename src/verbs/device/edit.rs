//! A device's edits: made, listed, tried again, taken back.

use std::path::Path;

use haversack_core::{RowId, RowIdError};
use haversack_device::Device;
use haversack_sync::outbox::Edit;
use serde_json::{Map, Value as Json, json};

use crate::{
    cli::{EditVerb, Format},
    failure::Failure,
    input,
    output::{self, Line, line},
};

/// Does what is asked with edits.
pub fn run(device: &Device, verb: EditVerb, format: Format) -> Result<(), Failure> {
    let made = |edit: u64, id: Option<RowId>| {
        let id = id.map(|id| Json::from(id.to_string()));
        let made = line([("edit", Some(Json::from(edit))), ("id", id)]);
        output::print(format, &["edit", "id"], &[made])
    };
    match verb {
        EditVerb::Create { table, row } => {
            let (id, text) = match row.as_slice() {
                [] => (None, "{}"),
                [text] if text.trim_start().starts_with('{') || text == "-" => {
                    (None, text.as_str())
                }
                [id] => (Some(row_id(id)?), "{}"),
                [id, text, ..] => (Some(row_id(id)?), text.as_str()),
            };
            let (id, edit) = device.create(&table, id, values(text)?)?;
            made(edit, Some(id))
        }
        EditVerb::Update { table, id, values: text } => {
            let id = row_id(&id)?;
            made(device.update(&table, id, values(&text)?)?, Some(id))
        }
        EditVerb::Delete { table, id } => {
            let id = row_id(&id)?;
            made(device.delete(&table, id)?, Some(id))
        }
        EditVerb::List => print(&device.edits(), format),
        EditVerb::Retry { edit } => made(device.retry(edit)?, None),
        EditVerb::Discard { edit } => Ok(device.discard(edit)?),
    }
}

/// `device conflicts`.
pub fn conflicts(device: &Device, format: Format) -> Result<(), Failure> {
    print(&device.problems(), format)
}

fn row_id(id: &str) -> Result<RowId, Failure> {
    id.parse().map_err(|error: RowIdError| Failure::bad_input(error.to_string()))
}

fn values(text: &str) -> Result<Map<String, Json>, Failure> {
    let read = if text == "-" { input::text(Path::new("-"))? } else { text.to_owned() };
    serde_json::from_str(&read).map_err(|error| {
        Failure::bad_input(format!("the values: expected a JSON object of columns: {error}"))
    })
}

fn print(edits: &[Edit], format: Format) -> Result<(), Failure> {
    let columns = ["edit", "op", "table", "id", "state", "winner", "code", "values"];
    let lines: Vec<Line> = edits.iter().map(edit_line).collect();
    output::print(format, &columns, &lines)
}

fn edit_line(edit: &Edit) -> Line {
    let outcome = edit.outcome.as_ref();
    let state = match outcome.map(|outcome| outcome.first.unwrap_or(outcome.outcome)) {
        Some(kind) => json!(kind),
        None if edit.was_sent => Json::from("sent"),
        None => Json::from("unsent"),
    };
    line([
        ("edit", Some(Json::from(edit.key))),
        ("n", Some(json!(edit.number))),
        ("op", Some(Json::from(edit.operation.name()))),
        ("table", Some(Json::from(edit.table.as_str()))),
        ("id", Some(Json::from(edit.id.to_string()))),
        ("base", Some(json!(edit.base))),
        ("at", Some(Json::from(edit.at.to_string()))),
        ("state", Some(state)),
        ("offset", outcome.map(|outcome| json!(outcome.offset))),
        ("winner", outcome.and_then(|outcome| outcome.winner.as_deref()).map(Json::from)),
        ("code", outcome.and_then(|outcome| outcome.code.as_deref()).map(Json::from)),
        ("message", outcome.and_then(|outcome| outcome.message.as_deref()).map(Json::from)),
        ("values", Some(Json::Object(edit.values.clone()))),
        ("server", outcome.and_then(|outcome| outcome.server.clone()).map(Json::Object)),
    ])
}
