//! Server-sent events: a poke as soon as a pull would bring something.

use std::{convert::Infallible, time::Duration};

use axum::{
    extract::State,
    response::sse::{Event, KeepAlive, Sse},
};
use futures_util::Stream;
use haversack_core::RowId;
use haversack_engine::PullAsk;
use serde::Deserialize;

use crate::{
    app::App,
    asked::Asked,
    auth::{Credential, Principal},
    poke::Waiter,
    problem::Problem,
};

/// How often a silent stream says that it is there.
const ALIVE_SECONDS: u64 = 30;

#[derive(Deserialize)]
pub(crate) struct Waits {
    device_id: RowId,
    cursor: Option<String>,
}

pub(crate) async fn live(
    State(app): State<App>,
    principal: Principal,
    credential: Credential,
    Asked(asked): Asked<Waits>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    principal.check_device(&app, asked.device_id)?;
    let (max_rows, tables) = (None, None);
    let cursor = asked.cursor.filter(|cursor| !cursor.is_empty());
    let ask = PullAsk { device: asked.device_id, cursor, max_rows, tables };
    app.caught_up().await;
    let (watch, brings) = match app.live.is_quick(&ask) {
        true => app.live.watch(&ask)?,
        false => app.long(move |app| app.live.watch(&ask)).await?,
    };
    let waiter = Waiter::new(app.clone(), watch);
    let begun = (app, waiter, brings);
    let pokes = futures_util::stream::unfold(begun, move |(app, waiter, is_due)| async move {
        if !is_due {
            waiter.poked().await;
        }
        // Whoever may not ask any more is told nothing, not even that there is something.
        if !credential.is_good(&app) {
            return None;
        }
        Some((Ok(Event::default().event("poke").data("{}")), (app, waiter, false)))
    });
    let alive = KeepAlive::new().interval(Duration::from_secs(ALIVE_SECONDS));
    Ok(Sse::new(pokes).keep_alive(alive))
}
