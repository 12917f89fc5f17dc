//! Whether the server is well.

use axum::{Json, extract::State};
use serde_json::{Value, json};

use crate::app::App;

pub(crate) async fn healthz() -> Json<Value> {
    Json(json!({"status": "ok"}))
}

pub(crate) async fn readyz(State(app): State<App>) -> Json<Value> {
    Json(json!({"status": "ok", "offset": app.live.cursor()}))
}
