//! Folding the log.
//!
//! [`fold`] turns events into a [`State`]; judging a device's edit is part of it, so that a replay
//! under the other policy is the same code with another argument. Everything here is a function of
//! the log alone: no clock, no randomness, no file.

pub mod admin;
mod diff;
mod digest;
mod effect;
mod fold;
mod follow;
mod held;
mod judge;
mod rows;
pub mod snapshot;
mod state;
mod timeline;
mod touches;

pub use diff::{Difference, diff};
pub use digest::Digest;
pub use effect::{Image, images, row_at, seen};
pub use fold::{FoldError, Judging, apply_to_catalog as fold_catalog, fold};
pub use follow::written;
pub use held::{Held, Holdings};
pub use judge::judge;
pub use rows::PackedRow;
pub use state::{Conflict, DeviceState, LoadProgress, State};
pub use timeline::{Timeline, Turn};
pub use touches::{Touch, Touches};

use haversack_core::{
    Offset,
    event::{Record, Sequenced},
};

/// Events of the past, by offset: judging an edit of a row that was deleted since needs the row as
/// it stood, and the log is where that is kept.
pub trait Past {
    /// The event at `offset`, which is one that was folded.
    ///
    /// # Errors
    /// If the log can't be read there.
    fn record(&self, offset: Offset) -> Result<Sequenced<Record>, PastError>;
}

/// The log could not be read.
#[derive(Debug, thiserror::Error)]
#[error("event {offset} could not be read")]
pub struct PastError {
    /// Where.
    pub offset: Offset,
    /// Why.
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

/// A log in memory is its own past.
impl Past for [Sequenced<Record>] {
    fn record(&self, offset: Offset) -> Result<Sequenced<Record>, PastError> {
        let at = usize::try_from(offset.get() - 1).ok();
        let found = at.and_then(|at| self.get(at)).cloned();
        found.ok_or_else(|| PastError { offset, source: "the log ends before".into() })
    }
}
