//! Conflicts, and the restoring of the side that lost.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use haversack_core::Offset;
use haversack_engine::{OnlineEdit, tell};
use haversack_replay::{Conflict, State as Environment};
use serde_json::Value;

use super::rows::{edited, told};
use crate::{
    app::App,
    asked::{Asked, Named},
    auth::Principal,
    lines,
    page::Page,
    problem::Problem,
};

/// Whether somebody may see a conflict: of an edit that their own device made, or any for the
/// administrator.
fn may_see(state: &Environment, principal: &Principal, conflict: &Conflict) -> bool {
    *principal == Principal::Administrator
        || state
            .devices
            .get(&conflict.device)
            .is_some_and(|known| principal.speaks_for(known.device.user, &known.device.name))
}

/// A conflict as somebody may see it: the server's side only if they may read the row now.
fn line(
    app: &App,
    state: &Environment,
    principal: &Principal,
    of: (Offset, &Conflict),
) -> tell::Line {
    let (offset, conflict) = of;
    let mut line = tell::conflict::conflict(&state.catalog, offset, conflict);
    let key = &conflict.key;
    let user = principal.editor().ok().flatten();
    let is_hidden =
        user.is_some_and(|user| app.environment().row_for(Some(user), &key.table, key.id).is_err());
    if is_hidden {
        line.insert("server".to_owned(), Value::Null);
    }
    line
}

pub(crate) async fn list(
    State(app): State<App>,
    principal: Principal,
    Asked(page): Asked<Page>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let limit = page.limit()?;
    let found = app.long(move |app| {
        let state = app.environment().state();
        let Some(first) = page.first() else { return Vec::new() };
        let behind = state.conflicts.range(first..);
        let seen = behind.filter(|(_, conflict)| may_see(&state, &principal, conflict));
        let of = |(offset, conflict): (&Offset, &std::sync::Arc<Conflict>)| {
            line(app, &state, &principal, (*offset, conflict))
        };
        seen.take(limit).map(of).collect::<Vec<_>>()
    });
    lines::respond(&app, &headers, found.await.into_iter())
}

pub(crate) async fn restore(
    State(app): State<App>,
    principal: Principal,
    Named(offset): Named<u64>,
) -> Result<Response, Problem> {
    let state = app.environment().state();
    let offset = Offset::new(offset).filter(|offset| {
        let conflict = state.conflicts.get(offset);
        conflict.is_some_and(|conflict| may_see(&state, &principal, conflict))
    });
    let conflict = offset.ok_or_else(|| {
        Problem::not_found("unknown_conflict", "there is no conflict of yours at this offset")
    })?;
    let user = principal.editor()?;
    let written = edited(&app, OnlineEdit::Restore { conflict, user }).await?;
    Ok(told(StatusCode::OK, written))
}
