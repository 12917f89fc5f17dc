//! `push`.

use std::{path::Path, process::ExitCode};

use haversack_core::limits::PUSH_MUTATIONS_MAX;
use haversack_engine::push::{Mutation, Outcome};

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
        let mutation =
            Mutation::read(json).map_err(|message| input::at(file, number, 1, &message))?;
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
