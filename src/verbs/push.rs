//! `push`.

use std::{path::Path, process::ExitCode};

use haversack_core::{
    BaseVersion, MutationNumber, Offset, event::Operation, limits::PUSH_MUTATIONS_MAX,
};
use haversack_engine::push::{Mutation, Outcome};
use serde_json::{Map, Value as Json};

use crate::{
    cli::Format,
    failure::Failure,
    input,
    output::{self, Line},
    session::{self, Session},
};

/// `push FILE --as USER --device NAME`.
pub fn push(
    session: &Session,
    file: &Path,
    user: &str,
    device: &str,
    format: Format,
) -> Result<ExitCode, Failure> {
    let mut mutations = Vec::new();
    for (number, json) in input::json_lines(file)? {
        let mutation = mutation(json).map_err(|message| input::at(file, number, 1, &message))?;
        mutations.push(mutation);
    }
    if mutations.len() > PUSH_MUTATIONS_MAX {
        let found = mutations.len();
        let message = format!("{found} mutations, expected at most {PUSH_MUTATIONS_MAX} a push");
        return Err(input::at(file, PUSH_MUTATIONS_MAX + 1, 1, &message));
    }
    let user = session::user(&session.environment.state().catalog, user)?;
    let outcomes = send(session, user, device, mutations)?;
    let lines: Vec<Line> =
        outcomes.iter().filter_map(|outcome| outcome.to_json().as_object().cloned()).collect();
    output::print(format, &["n", "outcome", "winner", "offset", "code", "message"], &lines)?;
    Ok(ExitCode::SUCCESS)
}

/// Sends edits as a user's device, which is made known on first use.
pub fn send(
    session: &Session,
    user: haversack_core::RowId,
    device: &str,
    mutations: Vec<Mutation>,
) -> Result<Vec<Outcome>, Failure> {
    Ok(session.environment.push_as(user, device, "command line", mutations)?.outcomes)
}

/// Reads a mutation.
pub fn mutation(json: Json) -> Result<Mutation, String> {
    let Json::Object(mut object) = json else {
        return Err(format!("found {json}, expected an object"));
    };
    let number = object.remove("n").and_then(|n| n.as_u64()).and_then(MutationNumber::new);
    let number = number.ok_or("\"n\" must be a whole number from 1")?;
    let operation = match text(&mut object, "op")?.as_str() {
        "create" => Operation::Create,
        "update" => Operation::Update,
        "delete" => Operation::Delete,
        other => return Err(format!("found \"op\": {other:?}, expected create, update or delete")),
    };
    let table = text(&mut object, "table")?;
    let table = table.parse().map_err(|error: haversack_core::NameError| error.to_string())?;
    let id = text(&mut object, "id")?;
    let id = id.parse().map_err(|error: haversack_core::RowIdError| error.to_string())?;
    let base = base(object.remove("base"))?;
    let values = match object.remove("values") {
        None | Some(Json::Null) => Map::new(),
        Some(Json::Object(values)) => values,
        Some(other) => return Err(format!("found \"values\": {other}, expected an object")),
    };
    match object.keys().next() {
        Some(key) => {
            Err(format!("unexpected key {key:?}, expected n, op, table, id, base and values"))
        }
        None => Ok(Mutation { number, operation, table, id, base, values }),
    }
}

fn text(object: &mut Map<String, Json>, key: &str) -> Result<String, String> {
    match object.remove(key) {
        Some(Json::String(text)) => Ok(text),
        Some(other) => Err(format!("found {key:?}: {other}, expected text")),
        None => Err(format!("{key:?} is missing")),
    }
}

fn base(json: Option<Json>) -> Result<BaseVersion, String> {
    match json {
        None | Some(Json::Null) => Ok(BaseVersion::NONE),
        Some(json) => match json.as_u64() {
            Some(base) => Ok(Offset::new(base).map_or(BaseVersion::NONE, BaseVersion::seen)),
            None => Err(format!("found \"base\": {json}, expected an offset or null")),
        },
    }
}
