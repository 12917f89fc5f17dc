//! Folding a log that is on disk.
//!
//! One thread reads and decodes while another folds. What was folded goes back to the reader to be let
//! go of: memory that one thread allocates and another frees is slow.

use crossbeam::channel::{Receiver, Sender, bounded};
use haversack_core::Cursor;
use haversack_replay::{Judging, State, fold};
use haversack_store::{Log, LogRecord};

use crate::{EngineError, group::LogPast};

/// How many events are read from the log at a time.
const READ_EVENTS: u64 = 2_048;
/// How many times as many are decoded and not yet folded.
const READS_AHEAD: usize = 2;

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
    let from = state.cursor;
    if until.count() <= from.count() + READ_EVENTS {
        let records = if from < until { read(log, from, until)? } else { Vec::new() };
        records.iter().try_for_each(|record| step(&mut state, record, &past))?;
        return Ok(state);
    }
    let (filled, reads) = bounded(READS_AHEAD);
    let (emptied, empties) = bounded(READS_AHEAD + 2);
    std::thread::scope(|scope| {
        scope.spawn(move || read_on(log, from, until, &filled, &empties));
        for records in reads {
            let records: Vec<LogRecord> = records?;
            records.iter().try_for_each(|record| step(&mut state, record, &past))?;
            // If the reader has ended, it's let go of here.
            drop(emptied.send(records));
        }
        Ok(state)
    })
}

/// Reads run after run, until all are read or nobody takes them.
fn read_on(
    log: &dyn Log,
    mut from: Cursor,
    until: Cursor,
    filled: &Sender<Result<Vec<LogRecord>, EngineError>>,
    empties: &Receiver<Vec<LogRecord>>,
) {
    while from < until {
        empties.try_iter().for_each(drop);
        let records = read(log, from, until);
        let last = records.as_ref().ok().and_then(|records| records.last());
        let next = last.map_or(until, |record| Cursor::at(record.offset));
        if filled.send(records).is_err() {
            return;
        }
        from = next;
    }
}

/// Some of the events behind a cursor, of which there are some.
fn read(log: &dyn Log, from: Cursor, until: Cursor) -> Result<Vec<LogRecord>, EngineError> {
    let left = (until.count() - from.count()).min(READ_EVENTS);
    let limit = usize::try_from(left).expect("a run is short");
    let records = log.read(from.next(), limit)?;
    if (records.len() as u64) < left {
        let offset = Cursor::after(from.count() + records.len() as u64).next();
        let what = "the log ends before its head".to_owned();
        return Err(EngineError::Damaged { offset, what });
    }
    Ok(records)
}
