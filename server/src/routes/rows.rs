//! Rows, one by one: read, and edited by somebody who is connected.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use haversack_core::{Offset, RowId, event::Operation};
use haversack_engine::{EngineError, OnlineEdit, Written, random_id};
use haversack_replay::admin::RowChange;
use haversack_store::SystemEntropy;
use serde_json::{Map, Value, json};
use tokio::sync::oneshot;

use crate::{
    app::App,
    asked::{Named, id, if_match, json as read_json},
    auth::Principal,
    body::Whole,
    problem::Problem,
};

/// Makes an online edit; the answer comes when it is durable.
pub(super) async fn edited(app: &App, edit: OnlineEdit) -> Result<Written, Problem> {
    let (answer, answered) = oneshot::channel();
    app.environment().edit_then(edit, move |edited| {
        // Nobody may be waiting any more; the edit stands all the same.
        let _ = answer.send(edited);
    })?;
    Ok(answered.await.map_err(|_| EngineError::Closed)???)
}

pub(super) fn told(status: StatusCode, written: Written) -> Response {
    let Written { id, version } = written;
    let body = Json(json!({"id": id, "version": version}));
    let mut response = (status, body).into_response();
    response.headers_mut().insert(header::ETAG, tag(version));
    response
}

fn tag(version: Offset) -> HeaderValue {
    HeaderValue::from_str(&format!("\"{version}\"")).expect("digits are plain")
}

struct Edit {
    table: String,
    id: RowId,
    operation: Operation,
    values: Map<String, Value>,
    if_version: Option<Offset>,
}

async fn make(app: &App, principal: &Principal, edit: Edit) -> Result<Written, Problem> {
    let Edit { table, id, operation, values, if_version } = edit;
    let user = principal.editor()?.map(|user| user.to_string());
    let change = RowChange { table, operation, id, values, user, if_version };
    edited(app, OnlineEdit::Change(change)).await
}

pub(crate) async fn create(
    State(app): State<App>,
    principal: Principal,
    Named(table): Named<String>,
    Whole(body): Whole,
) -> Result<Response, Problem> {
    let mut values: Map<String, Value> = read_json(&body)?;
    let id = match values.remove("id") {
        None | Some(Value::Null) => random_id(&SystemEntropy)?,
        Some(Value::String(text)) => id(&text)?,
        Some(other) => {
            let detail = format!("found \"id\": {other}, expected a UUID as text");
            return Err(Problem::bad_request("bad_value", detail));
        }
    };
    let (operation, if_version) = (Operation::Create, None);
    let edit = Edit { table, id, operation, values, if_version };
    Ok(told(StatusCode::CREATED, make(&app, &principal, edit).await?))
}

pub(crate) async fn update(
    State(app): State<App>,
    principal: Principal,
    Named((table, row)): Named<(String, String)>,
    headers: HeaderMap,
    Whole(body): Whole,
) -> Result<Response, Problem> {
    let (id, values, if_version) = (id(&row)?, read_json(&body)?, if_match(&headers)?);
    let edit = Edit { table, id, operation: Operation::Update, values, if_version };
    Ok(told(StatusCode::OK, make(&app, &principal, edit).await?))
}

pub(crate) async fn delete(
    State(app): State<App>,
    principal: Principal,
    Named((table, row)): Named<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (id, values, if_version) = (id(&row)?, Map::new(), if_match(&headers)?);
    let edit = Edit { table, id, operation: Operation::Delete, values, if_version };
    Ok(told(StatusCode::OK, make(&app, &principal, edit).await?))
}

pub(crate) async fn read(
    State(app): State<App>,
    principal: Principal,
    Named((table, row)): Named<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let id = id(&row)?;
    let found = app.environment().row_for(principal.editor()?, &table, id)?;
    let Some(version) = found.version else { return Ok(Json(found.row).into_response()) };
    let tag = tag(version);
    let mut response = match headers.get(header::IF_NONE_MATCH) {
        Some(known) if *known == tag => StatusCode::NOT_MODIFIED.into_response(),
        _ => Json(found.row).into_response(),
    };
    response.headers_mut().insert(header::ETAG, tag);
    Ok(response)
}
