//! What is wrong with stored bytes, before it is known whose they are.

use haversack_core::Offset;

/// A mismatch between what is stored and what was written.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Flaw {
    /// The first event that it concerns, if that is known.
    pub(crate) offset: Option<Offset>,
    /// What was found.
    pub(crate) what: String,
}

impl Flaw {
    pub(crate) fn new(offset: Option<Offset>, what: impl Into<String>) -> Self {
        Self { offset, what: what.into() }
    }
}
