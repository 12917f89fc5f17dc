//! What an address and a body say, with problem details for what can't be read.

use axum::{
    extract::{FromRequestParts, Path, Query},
    http::{HeaderMap, header, request::Parts},
};
use haversack_core::{Offset, RowId};
use serde::de::DeserializeOwned;

use crate::problem::Problem;

/// Arrays and objects of a body within each other. Nothing that is asked for needs more.
const JSON_DEPTH_MAX: usize = 32;

/// What stands behind the `?` of an address.
pub(crate) struct Asked<T>(pub T);

/// The parameters of a path.
pub(crate) struct Named<T>(pub T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let read = Query::<T>::try_from_uri(&parts.uri);
        read.map(|Query(asked)| Self(asked)).map_err(|error| {
            Problem::bad_request("bad_request", format!("in the address: {}", error.body_text()))
        })
    }
}

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Named<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let read = Path::<T>::from_request_parts(parts, state).await;
        read.map(|Path(named)| Self(named))
            .map_err(|error| Problem::bad_request("bad_request", error.body_text()))
    }
}

/// Reads a body of JSON, no deeper than there may be.
pub(crate) fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    object(body)?;
    serde_json::from_slice(body)
        .map_err(|error| Problem::bad_request("bad_request", error.to_string()))
}

/// Whether a text can be an object of JSON, no deeper than there may be.
pub(crate) fn object(text: &[u8]) -> Result<(), Problem> {
    shallow(text)?;
    let found = match text.trim_ascii_start().first() {
        Some(b'{') => return Ok(()),
        Some(b'[') => "an array",
        Some(_) => "something else",
        None => "nothing",
    };
    Err(Problem::bad_request("bad_request", format!("found {found}, expected an object of JSON")))
}

/// Whether a text, if it's JSON, is no deeper than there may be. Looked at before anything is built.
pub(crate) fn shallow(text: &[u8]) -> Result<(), Problem> {
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    for byte in text {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => depth += 1,
            b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > JSON_DEPTH_MAX {
            let detail = format!("more than {JSON_DEPTH_MAX} arrays and objects within each other");
            return Err(Problem::bad_request("too_deep", detail));
        }
    }
    Ok(())
}

/// A row's id.
pub(crate) fn id(text: &str) -> Result<RowId, Problem> {
    text.parse().map_err(|error: haversack_core::RowIdError| {
        Problem::bad_request("bad_request", error.to_string())
    })
}

/// The version that a row must still have, as `If-Match: "123"` says it; none: whichever.
pub(crate) fn if_match(headers: &HeaderMap) -> Result<Option<Offset>, Problem> {
    let Some(value) = headers.get(header::IF_MATCH) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    if text == "*" {
        return Ok(None);
    }
    let digits = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let version = digits.and_then(|digits| digits.parse().ok()).and_then(Offset::new);
    version.map(Some).ok_or_else(|| {
        let detail = format!("found If-Match: {text}, expected a row's version in double quotes");
        Problem::bad_request("bad_request", detail)
    })
}
