//! Judging admin changes and online edits before they are logged. What the log holds was checked.

mod change;
mod check;
mod decide;
mod row;

pub use change::{Change, NotAChange, RowChange};
pub use check::{environment, too_many_rows};
pub use decide::{Decision, decide};

use haversack_core::Name;
use haversack_dsl::Diagnostic;

/// Why a change is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Fault {
    /// Stable kind.
    pub code: &'static str,
    /// What was found, what was expected, and a fix where one is evident.
    pub message: String,
    /// The table of the profile's item that it is in, if it is in one.
    pub item: Option<Name>,
    /// The same place by place, if it is in the text of a profile's filter.
    pub in_filter: Option<Box<InFilter>>,
}

/// What was found in a profile's filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InFilter {
    /// The profile.
    pub profile: String,
    /// The table of its item.
    pub table: Name,
    /// The filter.
    pub text: String,
    /// What was found in it.
    pub diagnostics: Vec<Diagnostic>,
}

impl Fault {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), item: None, in_filter: None }
    }

    pub(crate) fn of_item(self, table: &Name) -> Self {
        Self { item: Some(table.clone()), ..self }
    }
}

/// Something that is accepted and yet worth saying.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Stable kind.
    pub code: &'static str,
    /// What it is.
    pub message: String,
    /// The same with its place, if it is in the text of a profile's filter.
    pub in_filter: Option<Box<InFilter>>,
}

impl Warning {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), in_filter: None }
    }
}

/// A fault somewhere in an environment document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultAt {
    /// The way to it: a section, a place in its list, and so on.
    pub path: Vec<String>,
    /// The fault.
    pub fault: Fault,
}
