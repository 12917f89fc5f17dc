//! What the administrator does: changes, devices, tokens.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use haversack_core::{
    catalog::Catalog,
    limits::LINE_BYTES_MAX,
    token::{Holder, Token},
};
use haversack_engine::{EngineError, tell};
use haversack_replay::{DeviceState, admin::Change};
use haversack_store::SystemEntropy;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    app::App,
    asked::{Named, id, json as read_json, shallow},
    body::Whole,
    lines,
    problem::Problem,
};

/// Lines of one request.
const CHANGES_MAX: usize = 100_000;

/// The lines of a body that are not empty, with their numbers. All are changes, or none is taken.
fn changes(body: &[u8]) -> Result<Vec<(usize, Value)>, Problem> {
    let text = std::str::from_utf8(body)
        .map_err(|_| Problem::bad_request("bad_request", "the body is not UTF-8"))?;
    let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    let mut found = Vec::new();
    for (number, line) in lines {
        let bad = |message: String| {
            let detail = format!("line {number}: {message}; nothing was applied");
            Problem::bad_request("bad_line", detail).with("line", number)
        };
        if line.len() > LINE_BYTES_MAX || found.len() >= CHANGES_MAX {
            let expected =
                format!("expected at most {CHANGES_MAX} lines of {LINE_BYTES_MAX} bytes");
            return Err(bad(expected));
        }
        shallow(line.as_bytes())?;
        let json: Value = serde_json::from_str(line).map_err(|error| bad(error.to_string()))?;
        let is_step = json == json!({"begin": true}) || json == json!({"commit": true});
        if !is_step && let Err(error) = Change::read(json.clone(), &Catalog::default()) {
            return Err(bad(error.to_string()));
        }
        found.push((number, json));
    }
    Ok(found)
}

pub(crate) async fn apply(
    State(app): State<App>,
    headers: HeaderMap,
    Whole(body): Whole,
) -> Result<Response, Problem> {
    let lines = changes(&body)?;
    // Not one of the few long questions: it waits for the committer and takes no time itself.
    let for_apply = app.clone();
    let applied = tokio::task::spawn_blocking(move || for_apply.environment().apply(lines));
    let answers = applied.await.expect("applying does not panic")?;
    lines::respond(&app, &headers, answers.into_iter().map(|answer| tell::line::answer(&answer)))
}

pub(crate) async fn devices(
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let told = app.long(|app| {
        let state = app.environment().state();
        let mut known: Vec<&DeviceState> = state.devices.values().collect();
        let name = |id| tell::device::user_name(&state, id);
        known.sort_by_cached_key(|known| (name(known.device.user), known.device.name.clone()));
        let of = |known: &&DeviceState| -> Result<tell::Line, EngineError> {
            let last = known.edits.last().map(|last| app.environment().event(*last)).transpose()?;
            Ok(tell::device::device(&state, known, last.map(|record| record.at)))
        };
        known.iter().map(of).collect::<Result<Vec<_>, _>>()
    });
    lines::respond(&app, &headers, told.await?.into_iter())
}

pub(crate) async fn tokens(
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let state = app.environment().state();
    let mut tokens: Vec<&Token> = state.catalog.tokens.values().map(AsRef::as_ref).collect();
    tokens.sort_by_key(|token| token.id);
    let told: Vec<_> = tokens.iter().map(|token| tell::device::token(&state, token)).collect();
    lines::respond(&app, &headers, told.into_iter())
}

/// For whom a token is made: the administrator, a user, or one device of a user.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenRequest {
    /// The user, by id or name.
    user: Option<String>,
    /// The one device, by its name.
    device: Option<String>,
    /// True: for the administrator.
    #[serde(default)]
    admin: bool,
}

fn holder(app: &App, asked: TokenRequest) -> Result<Holder, Problem> {
    let wrong = || {
        let detail = "expected {\"user\"}, {\"user\", \"device\"} or {\"admin\": true}";
        Problem::bad_request("bad_request", detail)
    };
    let TokenRequest { user, device, admin } = asked;
    let Some(named) = user else {
        return if admin && device.is_none() { Ok(Holder::Administrator) } else { Err(wrong()) };
    };
    if admin {
        return Err(wrong());
    }
    let catalog = &app.environment().state().catalog;
    let user = catalog.find_user(&named).map(|user| user.id);
    let user = user.ok_or_else(|| Problem::not_found("unknown_user", catalog.no_user(&named)))?;
    Ok(device.map_or(Holder::User(user), |name| Holder::Device { user, name }))
}

pub(crate) async fn issue(State(app): State<App>, Whole(body): Whole) -> Result<Response, Problem> {
    let holder = holder(&app, read_json(&body)?)?;
    let issuer = app.clone();
    let issued = tokio::task::spawn_blocking(move || {
        issuer.environment().issue_token(holder, &SystemEntropy)
    });
    let token = issued.await.expect("issuing does not panic")?;
    let body = Json(json!({"token": token.text, "id": token.id}));
    Ok((StatusCode::CREATED, body).into_response())
}

pub(crate) async fn revoke(
    State(app): State<App>,
    Named(token): Named<String>,
) -> Result<Json<Value>, Problem> {
    let id = id(&token)?;
    let revoked = tokio::task::spawn_blocking(move || app.environment().revoke_token(id));
    if revoked.await.expect("revoking does not panic")? {
        return Ok(Json(json!({"id": id, "revoked": true})));
    }
    Err(Problem::not_found("unknown_token", format!("there is no token {id}")))
}
