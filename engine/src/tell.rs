//! Answers as JSON, in one place: what the command prints is what the server sends.

pub mod conflict;
pub mod delivery;
pub mod device;
pub mod event;
pub mod explain;
pub mod line;
pub mod query;
pub mod row;

use serde_json::{Map, Value as Json};

/// One answer.
pub type Line = Map<String, Json>;

/// An answer from pairs, those without a value left out.
#[must_use]
pub fn line<const N: usize>(entries: [(&str, Option<Json>); N]) -> Line {
    entries.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
}
