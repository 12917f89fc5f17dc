//! A device's edits.

use axum::{Json, extract::State};
use haversack_core::limits::PUSH_MUTATIONS_MAX;
use haversack_engine::push::Outcome;
use haversack_sync::message::PushRequest;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::{app::App, asked::object, auth::Principal, body::Whole, problem::Problem};

pub(crate) async fn push(
    State(app): State<App>,
    principal: Principal,
    Whole(body): Whole,
) -> Result<Json<Value>, Problem> {
    object(&body)?;
    let PushRequest { device_id, mutations } =
        PushRequest::read(&body).map_err(|message| Problem::bad_request("bad_request", message))?;
    if mutations.len() > PUSH_MUTATIONS_MAX {
        let found = mutations.len();
        let detail = format!("{found} mutations, expected at most {PUSH_MUTATIONS_MAX} a push");
        return Err(Problem::bad_request("too_many_mutations", detail));
    }
    principal.check_device(&app, device_id)?;
    let (answer, answered) = oneshot::channel();
    app.environment().push_then(device_id, mutations, move |pushed| {
        // Nobody may be waiting any more; the edits stand all the same.
        let _ = answer.send(pushed);
    })?;
    let pushed = answered.await.map_err(|_| haversack_engine::EngineError::Closed)??;
    let outcomes: Vec<Value> = pushed.outcomes.iter().map(Outcome::to_json).collect();
    Ok(Json(json!({"offset": app.environment().state().cursor, "outcomes": outcomes})))
}
