//! Why sections give no state.

use std::fmt;

use haversack_core::{Cursor, Offset, catalog::Disorder};

use super::STATE_FORMAT;

/// Why sections give no state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResumeError {
    /// The sections are of another version of the program.
    #[error("found format {found} of a stored state where {STATE_FORMAT} was expected")]
    Format {
        /// Their format.
        found: u32,
    },
    /// Something is not where it belongs, or comes twice.
    #[error("found {found} after {after}: a stored state is in order, each thing once")]
    Disorder {
        /// What was found.
        found: String,
        /// What came before it.
        after: String,
    },
    /// The same, in the catalog.
    #[error(transparent)]
    Catalog(#[from] Disorder),
    /// There are more or fewer things than the state has.
    #[error("found {found} {what} where {expected} were expected: a stored state is whole")]
    Count {
        /// What was counted.
        what: String,
        /// How many there are.
        found: u64,
        /// How many there should be.
        expected: u64,
    },
    /// Something refers to an event that the state has not seen.
    #[error("found event {found} in a stored state that has {end} events")]
    Beyond {
        /// The event.
        found: Offset,
        /// The state's last.
        end: Cursor,
    },
}

pub(super) fn disorder(found: impl fmt::Debug, after: impl fmt::Debug) -> ResumeError {
    ResumeError::Disorder { found: format!("{found:?}"), after: format!("{after:?}") }
}

/// Whether there are as many things as there should be.
pub(super) fn all(found: u64, expected: u64, what: impl fmt::Display) -> Result<(), ResumeError> {
    if found == expected {
        Ok(())
    } else {
        Err(ResumeError::Count { what: what.to_string(), found, expected })
    }
}

/// Whether a thing comes after the one before it.
pub(super) fn after<T: Ord + fmt::Debug>(before: Option<&T>, found: &T) -> Result<(), ResumeError> {
    match before {
        Some(before) if before >= found => Err(disorder(found, before)),
        _ => Ok(()),
    }
}

/// Whether a state that ends there has this event.
pub(super) fn within(found: Offset, end: Cursor) -> Result<(), ResumeError> {
    if found.get() <= end.count() { Ok(()) } else { Err(ResumeError::Beyond { found, end }) }
}
