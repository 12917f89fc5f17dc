//! When a row came to a device and went from it.

use haversack_core::{Cursor, RowId, Timestamp, event::RowKey};
use haversack_replay::{Judging, Timeline, Turn, fold};

use crate::{EngineError, Environment, refold::step_on};

/// Spreads what devices name in look-ups. The engine that it's for lives no longer than one question.
const SEED: u64 = 0;

impl Environment {
    /// When a row came to a user's device and went from it, up to a moment of the log and, for filters
    /// that read the clock, of time. Folds the log from where the row first was, and says whether all
    /// moments were looked at.
    ///
    /// # Errors
    /// If the log can't be read.
    pub fn timeline(
        &self,
        user: RowId,
        key: &RowKey,
        (until, now): (Cursor, Timestamp),
    ) -> Result<(Vec<Turn>, bool), EngineError> {
        let touches = self.state().touches(key).oldest_first();
        let Some(first) = touches.first().filter(|first| until.last() >= Some(first.offset)) else {
            return Ok((Vec::new(), true));
        };
        let start = self.fold(Judging::InForce, Cursor::after(first.offset.get() - 1))?;
        let mut timeline = Timeline::new(user, key.clone(), SEED);
        let state =
            step_on(self.log(), start, until.min(self.state().cursor), |state, record, past| {
                timeline.before(state, record.at);
                fold(state, record, Judging::InForce, past)?;
                timeline.after(state, record);
                Ok(())
            })?;
        Ok(timeline.finish(&state, now))
    }
}
