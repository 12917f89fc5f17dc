//! What belonged on a device at a moment that nobody kept: from the log.
//!
//! An engine of its own is brought to that moment; the next one that is asked for is mostly a little
//! later, and the engine goes there event by event.

use std::sync::Arc;

use haversack_core::{Cursor, RowId, catalog::Catalog};
use haversack_dataset::{Caller, Columnar, Dataset};
use haversack_replay::{Judging, State, fold, written};
use haversack_sync::{
    cursor::Moment,
    planted::{Bug, planted},
};

use crate::{
    EngineError,
    live::{Live, locked},
    parallel::in_parallel,
    refold::step_on,
};

/// Events that the engine goes forward by itself; to moments further on it's taken by a snapshot.
const FORWARD_EVENTS_MAX: u64 = 100_000;

/// An engine at a moment of the past.
pub(crate) struct Past {
    state: State,
    columnar: Columnar,
}

impl Live {
    /// What belonged on the device of a user at a moment, and the catalog of then.
    pub(super) fn dataset_at(
        &self,
        user: RowId,
        moment: Moment,
    ) -> Result<(Dataset, Arc<Catalog>), EngineError> {
        let mut past = locked(&self.past);
        let at = self.past_at(past.take(), moment.offset)?;
        let dataset = if moment.is_offered {
            let caller = Caller::user(&at.state.catalog, user, moment.now);
            at.columnar.dataset(&caller)
        } else {
            Dataset::new()
        };
        let catalog = Arc::clone(&at.state.catalog);
        *past = Some(at);
        Ok((dataset, catalog))
    }

    /// The catalog after an event, if the engine of the past is there and nobody uses it.
    pub(super) fn past_catalog(&self, at: Cursor) -> Option<Arc<Catalog>> {
        let past = self.past.try_lock().ok()?;
        let past = past.as_ref().filter(|past| past.state.cursor == at)?;
        Some(Arc::clone(&past.state.catalog))
    }

    fn past_at(&self, past: Option<Past>, to: Cursor) -> Result<Past, EngineError> {
        let is_near = |past: &Past| {
            let ahead = to.count().checked_sub(past.state.cursor.count());
            ahead.is_some_and(|events| events <= FORWARD_EVENTS_MAX)
        };
        let Some(past) = past.filter(is_near) else {
            let state = self.environment.fold(Judging::InForce, to)?;
            let columnar = Columnar::build_with(&state, &state.catalog, self.seed(), &in_parallel);
            return Ok(Past { state, columnar });
        };
        let Past { state, mut columnar } = past;
        let state = step_on(self.environment.log(), state, to, |state, record, past| {
            fold(state, record, Judging::InForce, past)?;
            match written(&record.inner.event) {
                Some(key) => columnar.put(key, state.current(key).as_ref()),
                None if planted(Bug::StalePast) => {}
                None => columnar.set_catalog(state, &state.catalog),
            }
            Ok(())
        })?;
        Ok(Past { state, columnar })
    }
}
