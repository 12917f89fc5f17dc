//! `history`, `conflicts`, `replay`.

use std::process::ExitCode;

use haversack_core::{
    Value,
    json::{row_object, value_json},
};
use haversack_engine::tell;
use haversack_replay::{Difference, Digest, Judging, State, diff};
use serde_json::{Value as Json, json};

use crate::{
    cli::{Format, PolicyArg},
    failure::Failure,
    output::{self, Line, line},
    session::{self, Session},
};

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
        lines.push(tell::event::on_row(&state, &session.environment.event(touch.offset)?));
    }
    let columns = ["offset", "at", "actor", "kind", "outcome", "winner", "code", "values"];
    output::print(format, &columns, &lines)?;
    Ok(ExitCode::SUCCESS)
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
        .map(|(offset, conflict)| tell::conflict::conflict(&state.catalog, *offset, conflict))
        .collect();
    let columns =
        ["offset", "mutation", "table", "id", "base", "outcome", "winner", "client", "server"];
    output::print(format, &columns, &lines)?;
    Ok(ExitCode::SUCCESS)
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
