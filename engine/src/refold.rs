//! Folding a log that is on disk.
//!
//! Reading on a thread of its own was measured and is slower: what one thread allocates the other
//! frees (7.2 s against 6.1 s for a million events).

use haversack_core::Cursor;
use haversack_replay::{Judging, State, fold};
use haversack_store::{Log, LogRecord};

use crate::{EngineError, group::LogPast};

/// How many events are read from the log at a time.
const READ_EVENTS: u64 = 1_024;

/// Folds a log from nothing.
pub(crate) fn fold_log(
    log: &dyn Log,
    judging: Judging,
    until: Cursor,
) -> Result<State, EngineError> {
    fold_on(log, State::default(), judging, until)
}

/// Folds what follows a state in the log.
pub(crate) fn fold_on(
    log: &dyn Log,
    state: State,
    judging: Judging,
    until: Cursor,
) -> Result<State, EngineError> {
    let fold = |state: &mut State, record: &LogRecord, past: &LogPast<'_>| {
        fold(state, record, judging, past).map_err(EngineError::from)
    };
    step_on(log, state, until, fold)
}

/// Does with each event that follows a state in the log what must fold it.
pub(crate) fn step_on(
    log: &dyn Log,
    mut state: State,
    until: Cursor,
    mut step: impl FnMut(&mut State, &LogRecord, &LogPast<'_>) -> Result<(), EngineError>,
) -> Result<State, EngineError> {
    let past = LogPast { log, pending: &[] };
    while state.cursor < until {
        let left = (until.count() - state.cursor.count()).min(READ_EVENTS);
        let limit = usize::try_from(left).expect("a run is short");
        let records = log.read(state.cursor.next(), limit)?;
        if records.is_empty() {
            let what = "the log ends before its head".to_owned();
            return Err(EngineError::Damaged { offset: state.cursor.next(), what });
        }
        for record in &records {
            step(&mut state, record, &past)?;
        }
    }
    Ok(state)
}
