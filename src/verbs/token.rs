//! Tokens: who may speak to a server.

use std::process::ExitCode;

use haversack_core::{
    RowId,
    name::nearest_help,
    token::{Holder, Token},
};
use haversack_engine::tell;
use haversack_store::SystemEntropy;
use serde_json::{Value as Json, json};

use crate::{
    cli::Format,
    failure::Failure,
    output::{self, Line, line},
    session::{self, Session},
};

/// `token create`. The token is printed once, and nowhere kept.
pub fn create(
    session: &Session,
    user: Option<&str>,
    device: Option<&str>,
    format: Format,
) -> Result<ExitCode, Failure> {
    let catalog = &session.environment.state().catalog;
    let holder = match user.map(|user| session::user(catalog, user)).transpose()? {
        None => Holder::Administrator,
        Some(user) => match device {
            None => Holder::User(user),
            Some(name) => Holder::Device { user, name: name.to_owned() },
        },
    };
    let token = session.environment.issue_token(holder, &SystemEntropy)?;
    let made = line([
        ("token", Some(Json::from(token.text))),
        ("id", Some(Json::from(token.id.to_string()))),
    ]);
    output::print(format, &["token", "id"], &[made])?;
    Ok(ExitCode::SUCCESS)
}

/// `token list`.
pub fn list(session: &Session, format: Format) -> Result<ExitCode, Failure> {
    let state = session.environment.state();
    let mut tokens: Vec<&Token> = state.catalog.tokens.values().map(AsRef::as_ref).collect();
    tokens.sort_by_key(|token| token.id);
    let lines: Vec<Line> =
        tokens.into_iter().map(|token| tell::device::token(&state, token)).collect();
    output::print(format, &["id", "holder", "user", "device"], &lines)?;
    Ok(ExitCode::SUCCESS)
}

/// `token revoke ID`.
pub fn revoke(session: &Session, id: &str, format: Format) -> Result<ExitCode, Failure> {
    let wrong = |error: haversack_core::RowIdError| Failure::bad_input(error.to_string());
    let id: RowId = id.parse().map_err(wrong)?;
    if !session.environment.revoke_token(id)? {
        let state = session.environment.state();
        let ids: Vec<String> =
            state.catalog.tokens.values().map(|token| token.id.to_string()).collect();
        let help = nearest_help(&id.to_string(), ids.iter().map(String::as_str));
        return Err(Failure::bad_input(format!("there is no token {id}{help}; see `token list`")));
    }
    let revoked: Line = json!({"id": id, "revoked": true}).as_object().cloned().unwrap_or_default();
    output::print(format, &["id", "revoked"], &[revoked])?;
    Ok(ExitCode::SUCCESS)
}
