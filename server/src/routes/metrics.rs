//! How the server does, for Prometheus.

use axum::{
    extract::State,
    http::{HeaderName, header},
};

use crate::app::App;

pub(crate) async fn metrics(State(app): State<App>) -> ([(HeaderName, &'static str); 1], String) {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], app.metrics.text(&app))
}
