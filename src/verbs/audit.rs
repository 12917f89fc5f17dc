//! `history`, `conflicts`, `replay`.

use std::process::ExitCode;

use haversack_core::{
    Offset, Value, Values,
    catalog::Catalog,
    event::{Actor, EditRequest, Event, Operation, RowKey, Side, Verdict},
    json::{row_object, value_json},
    schema::Table,
};
use haversack_replay::{Conflict, Difference, Digest, Judging, State, diff};
use serde_json::{Map, Value as Json, json};

use crate::{
    cli::{Format, PolicyArg},
    failure::Failure,
    output::{self, Line, line},
    session::{self, Session},
};

/// Values as they were written: nulls are columns that were emptied.
fn written(table: Option<&Table>, values: &Values) -> Json {
    let json = |(name, value): (&haversack_core::Name, Option<&Value>)| {
        let column = table.and_then(|table| table.column(name))?;
        let value = value.map_or(Json::Null, |value| value_json(column, value));
        Some((name.to_string(), value))
    };
    Json::Object(values.iter().filter_map(json).collect::<Map<_, _>>())
}

pub fn requested(table: Option<&Table>, request: &EditRequest) -> Json {
    match request {
        EditRequest::Fits { operation: Operation::Delete, .. }
        | EditRequest::Misfits { operation: Operation::Delete, .. } => Json::Null,
        EditRequest::Fits { values, .. } => written(table, values),
        EditRequest::Misfits { values, .. } => serde_json::from_str(values).unwrap_or(Json::Null),
    }
}

pub fn actor(state: &State, actor: &Actor) -> Json {
    let name =
        |id| state.catalog.users.get(&id).map_or_else(|| format!("{id}"), |u| u.name.clone());
    match actor {
        Actor::Administrator => json!("administrator"),
        Actor::Load => json!("load"),
        Actor::User(id) => json!(name(*id)),
        Actor::Device(id) => match state.devices.get(id) {
            Some(known) => json!(format!("{} ({})", name(known.device.user), known.device.name)),
            None => json!(id),
        },
    }
}

fn winner(verdict: Verdict) -> Option<Json> {
    verdict.winner().map(|side| json!(if side == Side::Client { "client" } else { "server" }))
}

/// `history TABLE ID`.
pub fn history(
    session: &Session,
    table: &str,
    id: &str,
    format: Format,
) -> Result<ExitCode, Failure> {
    let state = session.environment.state();
    let key = session::row_key(&state.catalog, table, id)?;
    let mut lines = Vec::new();
    for touch in state.touches(&key).oldest_first() {
        lines.push(event_line(session, &state, &key, touch.offset)?);
    }
    let columns = ["offset", "at", "actor", "kind", "outcome", "winner", "code", "values"];
    output::print(format, &columns, &lines)?;
    Ok(ExitCode::SUCCESS)
}

fn event_line(
    session: &Session,
    state: &State,
    key: &RowKey,
    offset: Offset,
) -> Result<Line, Failure> {
    let record = session.environment.event(offset)?;
    let table = state.catalog.table(&key.table).map(AsRef::as_ref);
    let mut event = line([
        ("offset", Some(Json::from(offset.get()))),
        ("at", Some(Json::from(record.at.to_string()))),
        ("actor", Some(actor(state, &record.inner.actor))),
    ]);
    let described = match &record.inner.event {
        Event::RowWritten(write) => line([
            ("kind", Some(json!(write.operation.name()))),
            ("outcome", Some(json!("applied"))),
            (
                "values",
                Some(match write.operation {
                    Operation::Delete => Json::Null,
                    Operation::Create | Operation::Update => written(table, &write.values),
                }),
            ),
        ]),
        Event::DeviceEdited(edit) => line([
            ("kind", Some(json!(edit.request.operation().name()))),
            ("outcome", Some(json!(edit.verdict.outcome()))),
            ("winner", winner(edit.verdict)),
            (
                "code",
                match edit.verdict {
                    Verdict::Refused(refusal) => Some(json!(refusal.code())),
                    Verdict::Applied | Verdict::Conflict { .. } => None,
                },
            ),
            ("base", Some(json!(edit.base))),
            ("mutation", Some(json!(edit.number))),
            ("values", Some(requested(table, &edit.request))),
        ]),
        _ => Line::new(),
    };
    event.extend(described);
    Ok(event)
}

/// `conflicts`.
pub fn conflicts(
    session: &Session,
    policy: Option<PolicyArg>,
    format: Format,
) -> Result<ExitCode, Failure> {
    let state = session.replayed(policy, None)?;
    let lines: Vec<Line> = state
        .conflicts
        .iter()
        .map(|(offset, conflict)| conflict_line(&state.catalog, *offset, conflict))
        .collect();
    let columns =
        ["offset", "mutation", "table", "id", "base", "outcome", "winner", "client", "server"];
    output::print(format, &columns, &lines)?;
    Ok(ExitCode::SUCCESS)
}

fn conflict_line(catalog: &Catalog, offset: Offset, conflict: &Conflict) -> Line {
    let table = catalog.table(&conflict.key.table).map(AsRef::as_ref);
    let server = conflict.server.as_ref().zip(table).map_or(Json::Null, |(row, table)| {
        Json::Object(row_object(catalog, table, conflict.key.id, &row.values))
    });
    line([
        ("offset", Some(Json::from(offset.get()))),
        ("mutation", Some(json!(conflict.number))),
        ("device", Some(json!(conflict.device))),
        ("table", Some(json!(conflict.key.table))),
        ("id", Some(json!(conflict.key.id))),
        ("base", Some(json!(conflict.base))),
        ("outcome", Some(json!(conflict.verdict.outcome()))),
        ("winner", winner(conflict.verdict)),
        ("client", Some(requested(table, &conflict.client))),
        ("server", Some(server)),
    ])
}

/// `replay`.
pub fn replay(
    session: &Session,
    policy: Option<PolicyArg>,
    at: Option<&str>,
    differences: bool,
    check: bool,
    format: Format,
) -> Result<ExitCode, Failure> {
    let (cursor, _) = session.cursor(at)?;
    let judging = session::judging(policy);
    let replayed = session.environment.fold_anew(judging, cursor)?;
    if !differences {
        let policy = match judging {
            Judging::InForce => replayed.catalog.settings.policy(),
            Judging::Under(policy) => policy,
        };
        let result = line([
            ("policy", Some(json!(policy.name()))),
            ("offset", Some(json!(replayed.cursor.count()))),
            ("digest", Some(json!(Digest::of(&replayed).to_string()))),
        ]);
        output::print(format, &["policy", "offset", "digest"], &[result])?;
        return Ok(ExitCode::SUCCESS);
    }
    let actual = session.environment.fold(Judging::InForce, cursor)?;
    let found = diff(&actual, &replayed);
    let lines: Vec<Line> = found.iter().map(|d| difference_line(&actual, &replayed, d)).collect();
    let columns = ["table", "id", "column", "actual", "replayed", "because"];
    output::print(format, &columns, &lines)?;
    Ok(if check && !lines.is_empty() { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

/// One difference; of a row that only one fold has, its whole content on the side that has it.
pub fn difference_line(actual: &State, replayed: &State, difference: &Difference) -> Line {
    let key = &difference.key;
    let table = actual.catalog.table(&key.table).map(AsRef::as_ref);
    let value = |value: &Option<Value>| {
        let column = difference.column.as_deref().and_then(|name| table?.column(name));
        let both = value.as_ref().zip(column);
        both.map_or(Json::Null, |(value, column)| value_json(column, value))
    };
    let whole = |state: &State| {
        let both = state.current(key).zip(table);
        both.map_or(Json::Null, |(row, table)| {
            Json::Object(row_object(&state.catalog, table, key.id, &row.values))
        })
    };
    let (one, other) = match difference.column {
        Some(_) => (value(&difference.actual), value(&difference.replayed)),
        None => (whole(actual), whole(replayed)),
    };
    line([
        ("table", Some(json!(key.table))),
        ("id", Some(json!(key.id))),
        ("column", Some(json!(difference.column))),
        ("actual", Some(one)),
        ("replayed", Some(other)),
        ("because", Some(json!(difference.because))),
    ])
}
