//! Long lists come in pages: those after an offset, so many at the most.

use haversack_core::Offset;
use serde::Deserialize;

use crate::problem::Problem;

/// How many there are of a page unless it says otherwise.
const LIMIT_DEFAULT: usize = 100;
/// How many there are at the most.
const LIMIT_MAX: usize = 1_000;

/// A page of a list by offset.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Page {
    /// Behind this offset.
    #[serde(default)]
    pub after: u64,
    limit: Option<usize>,
}

impl Page {
    /// How many at the most.
    pub fn limit(&self) -> Result<usize, Problem> {
        match self.limit {
            None => Ok(LIMIT_DEFAULT),
            Some(limit @ 1..=LIMIT_MAX) => Ok(limit),
            Some(other) => {
                let detail = format!("limit: found {other}, expected 1 to {LIMIT_MAX}");
                Err(Problem::bad_request("bad_request", detail))
            }
        }
    }

    /// The first offset of the page; none: there is none so high.
    pub fn first(&self) -> Option<Offset> {
        self.after.checked_add(1).and_then(Offset::new)
    }
}
