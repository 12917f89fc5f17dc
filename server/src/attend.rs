//! Around every request: its id, its line in the log, its place in the counts, and no panic that goes
//! further than its answer.

use std::{
    panic::AssertUnwindSafe,
    time::{Duration, Instant},
};

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderName, HeaderValue, StatusCode},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures_util::FutureExt;
use haversack_engine::random_id;
use haversack_store::SystemEntropy;
use tracing::Instrument;

use crate::{app::App, auth::Principal, problem::Problem};

/// The id of a request: taken from whoever asks, or made; given back with the answer.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// How long an id may be that is taken over into the log.
const REQUEST_ID_LENGTH_MAX: usize = 64;

fn is_sane(id: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    (1..=REQUEST_ID_LENGTH_MAX).contains(&id.len()) && id.bytes().all(plain)
}

fn id_of(request: &Request) -> String {
    let given = request.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok());
    match given.filter(|id| is_sane(id)) {
        Some(id) => id.to_owned(),
        // Without randomness there are worse worries than a request without an id.
        None => random_id(&SystemEntropy).map(|id| id.to_string()).unwrap_or_default(),
    }
}

/// Attends to a request.
pub(crate) async fn attend(State(app): State<App>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let id = id_of(&request);
    let method = request.method().clone();
    // The route and not the address: addresses hold ids, and what is asked of rows.
    let matched = request.extensions().get::<MatchedPath>();
    let route = matched.map_or_else(|| "none".to_owned(), |path| path.as_str().to_owned());
    let span = tracing::info_span!("request", id = %id);
    let answered = AssertUnwindSafe(next.run(request)).catch_unwind().instrument(span.clone());
    let mut response = match answered.await {
        Ok(response) => response,
        Err(_) => panicked(&id),
    };
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    let took = began.elapsed();
    app.metrics.answered(&method, &route, response.status(), took);
    span.in_scope(|| tell(method.as_str(), &route, &response, took));
    response
}

/// What panicked said so on standard error; whoever asked learns by which id to ask about it.
fn panicked(id: &str) -> Response {
    tracing::error!(%id, "a request panicked");
    let told = "the server has a bug here; its log says which, under this request's id";
    let problem = Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "bug", told);
    problem.with("request_id", id).into_response()
}

/// The line of a request. Neither tokens nor what rows hold are in it.
fn tell(method: &str, route: &str, response: &Response, took: Duration) {
    let status = response.status().as_u16();
    let milliseconds = took.as_secs_f64() * 1_000.0;
    match response.extensions().get::<Principal>() {
        Some(Principal::User { user, device }) => {
            let device = device.as_deref().unwrap_or_default();
            tracing::info!(method, route, status, milliseconds, %user, ?device, "answered");
        }
        Some(Principal::Administrator) => {
            tracing::info!(method, route, status, milliseconds, user = "administrator", "answered");
        }
        _ => tracing::info!(method, route, status, milliseconds, "answered"),
    }
}
