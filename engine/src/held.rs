//! What a device could have held.

use haversack_core::{Cursor, Offset, RowId, Timestamp, event::Event};
use haversack_replay::{Held, Holdings, Judging, fold};

use crate::{EngineError, Environment, refold::step_on};

/// How many events are read from the log at a time.
const READ_EVENTS: usize = 1_024;

/// Spreads what devices name in look-ups. The engine that it's for lives no longer than one question.
const SEED: u64 = 0;

impl Environment {
    /// Every version of a row that devices of a user could have held: all that belonged on them from one
    /// moment to another, and what they wrote themselves. Folds the log from the one to the other, and says
    /// whether all moments between were looked at.
    ///
    /// # Errors
    /// If the log can't be read.
    pub fn held(
        &self,
        (user, devices): (RowId, Vec<RowId>),
        since: Cursor,
        (until, now): (Cursor, Timestamp),
        with_columns: bool,
    ) -> Result<(Vec<Held>, bool), EngineError> {
        let start = self.fold(Judging::InForce, since.min(until))?;
        let mut holdings = Holdings::new(user, devices, with_columns, SEED);
        holdings.before(&start, start.at);
        let until = until.min(self.state().cursor);
        let state = step_on(self.log(), start, until, |state, record, past| {
            holdings.before(state, record.at);
            fold(state, record, Judging::InForce, past)?;
            holdings.after(state, record);
            Ok(())
        })?;
        holdings.before(&state, now);
        Ok(holdings.finish())
    }

    /// Where the first of these devices was made known.
    ///
    /// # Errors
    /// If the log can't be read.
    pub fn registered(&self, devices: &[RowId]) -> Result<Option<Offset>, EngineError> {
        let is_one = |event: &Event| matches!(event, Event::DeviceRegistered(device) if devices.contains(&device.id));
        let mut next = Offset::FIRST;
        while !devices.is_empty() {
            let records = self.log().read(next, READ_EVENTS)?;
            if let Some(found) = records.iter().find(|record| is_one(&record.inner.event)) {
                return Ok(Some(found.offset));
            }
            let Some(last) = records.last() else { break };
            next = last.offset.next();
        }
        Ok(None)
    }
}
