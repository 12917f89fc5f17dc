//! Errors as devices and scripts get them: problem details (RFC 9457) with a stable code.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use haversack_engine::{AskError, EngineError, PullError, tell};
use haversack_replay::admin::Fault;
use haversack_store::StoreError;
use serde_json::{Map, Value as Json};

/// Every code that a problem can have.
pub const CODES: &[&str] = &[
    "bad_cursor",
    "bad_device_name",
    "bad_encoding",
    "bad_line",
    "bad_moment",
    "bad_query",
    "bad_request",
    "bad_token",
    "bad_value",
    "body_too_large",
    "bug",
    "busy",
    "closed",
    "cut_off",
    "disk_failed",
    "disk_full",
    "event_too_large",
    "forbidden",
    "internal",
    "load_unfinished",
    "log_behind",
    "mutation_gap",
    "mutation_reused",
    "no_privilege",
    "no_token",
    "not_logged",
    "read_only",
    "required",
    "row_exists",
    "stale_version",
    "too_deep",
    "too_long",
    "too_many_mutations",
    "too_slow",
    "unknown_column",
    "unknown_conflict",
    "unknown_device",
    "unknown_encoding",
    "unknown_method",
    "unknown_route",
    "unknown_row",
    "unknown_table",
    "unknown_token",
    "unknown_user",
];

/// An error answer.
#[derive(Clone, Debug)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
    more: Map<String, Json>,
}

impl Problem {
    /// A problem with a stable code, told to people by `detail`.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into(), more: Map::new() }
    }

    /// With a further member.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Json>) -> Self {
        self.more.insert(name.to_owned(), value.into());
        self
    }

    pub fn bad_request(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, detail)
    }

    pub fn not_found(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, detail)
    }

    /// What went wrong inside is for the log of the server, not for whoever asked.
    pub fn inside(error: &dyn std::fmt::Display) -> Self {
        tracing::error!(%error, "a request failed");
        let told = "the server could not do this; its log says why";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", told)
    }

    pub fn conflict(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, detail)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Self { status, code, detail, more } = self;
        let mut body = Map::from_iter([
            ("type".to_owned(), Json::from("about:blank")),
            ("title".to_owned(), Json::from(status.canonical_reason().unwrap_or("Error"))),
            ("status".to_owned(), Json::from(status.as_u16())),
            ("code".to_owned(), Json::from(code)),
            ("detail".to_owned(), Json::from(detail)),
        ]);
        body.extend(more);
        let kind = HeaderValue::from_static("application/problem+json");
        let mut response = (status, Json::Object(body).to_string()).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        if status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
        }
        response
    }
}

impl From<PullError> for Problem {
    fn from(error: PullError) -> Self {
        let detail = error.to_string();
        match error {
            PullError::UnknownDevice(_) => Self::not_found("unknown_device", detail),
            PullError::UnknownTable(_) => Self::bad_request("unknown_table", detail),
            PullError::BadCursor(_) => Self::bad_request("bad_cursor", detail),
            PullError::LogBehind { seen, head } => Self::conflict("log_behind", detail)
                .with("seen", seen.count())
                .with("head", head.count()),
            PullError::Engine(error) => error.into(),
        }
    }
}

impl From<EngineError> for Problem {
    fn from(error: EngineError) -> Self {
        let detail = error.to_string();
        let unavailable = |code| Self::new(StatusCode::SERVICE_UNAVAILABLE, code, detail.clone());
        match &error {
            EngineError::MutationGap { expected, .. } => {
                Self::conflict("mutation_gap", detail).with("expected", expected.get())
            }
            EngineError::MutationReused { expected, .. } => {
                Self::conflict("mutation_reused", detail).with("expected", expected.get())
            }
            EngineError::BadDeviceName { .. } => Self::bad_request("bad_device_name", detail),
            EngineError::Busy => unavailable("busy"),
            EngineError::NotLogged => unavailable("not_logged"),
            EngineError::Closed => unavailable("closed"),
            EngineError::LoadUnfinished => unavailable("load_unfinished"),
            EngineError::Store(StoreError::Full { .. }) => {
                Self::new(StatusCode::INSUFFICIENT_STORAGE, "disk_full", detail)
            }
            EngineError::Store(StoreError::SyncFailed { .. }) => unavailable("disk_failed"),
            EngineError::Store(StoreError::TooLarge { .. }) => {
                Self::new(StatusCode::PAYLOAD_TOO_LARGE, "event_too_large", detail)
            }
            _ => Self::inside(&error),
        }
    }
}

impl From<AskError> for Problem {
    fn from(error: AskError) -> Self {
        let detail = error.to_string();
        match error {
            AskError::BadQuery(found) => {
                let errors = found.iter().map(tell::query::diagnostic).map(Json::Object);
                Self::bad_request("bad_query", detail).with("errors", errors.collect::<Vec<_>>())
            }
            AskError::UnknownTable(_) => Self::not_found("unknown_table", detail),
            AskError::UnknownUser(_) => Self::not_found("unknown_user", detail),
            AskError::BadMoment(_) => Self::bad_request("bad_moment", detail),
            AskError::Engine(error) => error.into(),
        }
    }
}

/// Refusals of online edits.
impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        let status = match fault.code {
            "unknown_row" | "unknown_table" | "unknown_conflict" => StatusCode::NOT_FOUND,
            "no_privilege" => StatusCode::FORBIDDEN,
            "row_exists" => StatusCode::CONFLICT,
            "stale_version" => StatusCode::PRECONDITION_FAILED,
            _ => StatusCode::BAD_REQUEST,
        };
        Self::new(status, fault.code, fault.message)
    }
}
