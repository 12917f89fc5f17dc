//! Moments of the log as people name them.

use haversack_core::{Cursor, Timestamp};

use crate::{EngineError, Environment};

/// Why a text names no moment of the log.
#[derive(Debug, thiserror::Error)]
pub enum MomentError {
    /// It is neither of what there is.
    #[error("found {0:?}, expected an offset, or an RFC 3339 time such as 2026-03-01T09:30:00Z")]
    Unreadable(String),
    /// The log is not that long.
    #[error("offset {found} lies beyond the log's end, which is {head}")]
    Beyond {
        /// What was asked for.
        found: u64,
        /// Where the log ends.
        head: Cursor,
    },
    /// The log.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl Environment {
    /// The position that an offset or a time names, and its time; the log's end and none if nothing
    /// is named.
    ///
    /// # Errors
    /// See [`MomentError`].
    pub fn moment(&self, at: Option<&str>) -> Result<(Cursor, Option<Timestamp>), MomentError> {
        let head = self.state().cursor;
        let Some(at) = at else { return Ok((head, None)) };
        if let Ok(found) = at.parse::<u64>() {
            let cursor = Cursor::after(found);
            if cursor > head {
                return Err(MomentError::Beyond { found, head });
            }
            let of = |offset| self.event(offset).map(|record| record.at);
            let time = cursor.last().map(of).transpose()?;
            return Ok((cursor, Some(time.unwrap_or_default())));
        }
        let time = at.parse().map_err(|_| MomentError::Unreadable(at.to_owned()))?;
        Ok((self.cursor_at(time)?, Some(time)))
    }
}
