//! Groups of events that were judged before, such as those of a document: appended one by one, and shown
//! when all of them are there.
//!
//! A state that is shown is shared, so the next write copies what it changes. Nobody needs to see one in the
//! middle of a load: rows are written where they are, in half the time.

use std::sync::Arc;

use crossbeam::channel::{Receiver, Sender};
use haversack_core::event::{Record, RowKey};
use haversack_replay::{Judging, State, written};
use haversack_store::{Log, LogRecord};

use crate::{
    Clock, EngineError,
    commit::{Followers, Shift, Shown, history},
    group::Group,
    refold::fold_on,
    snapshots::Snapshotter,
};

/// Groups on their way to the log, and what becomes of them: memory that one thread allocates and another
/// frees is slow, so who made the events lets go of them.
pub(crate) struct Bulk {
    pub groups: Receiver<Vec<Record>>,
    pub emptied: Sender<Vec<LogRecord>>,
}

/// Logs groups until there are no more, or one fails. Whoever begins to follow waits for the end.
pub(crate) fn run(
    bulk: &Bulk,
    log: &dyn Log,
    shown: &Shown,
    followers: &Followers,
    clock: &dyn Clock,
    snapshotter: Option<&Snapshotter>,
) -> Result<(), EngineError> {
    let mut followers = followers.lock().expect("no holder of this lock panics");
    let mut rows: Option<Vec<RowKey>> = (!followers.is_empty()).then(Vec::new);
    let before = Arc::clone(&shown.read().expect("no holder of this lock panics"));
    let mut state = State::clone(&before);
    let mut done = Ok(());
    for records in &bulk.groups {
        let mut group = Group::on(log, state, clock.now());
        done = records
            .into_iter()
            .try_for_each(|record| group.add(record).map(drop))
            .and_then(|()| Ok(log.append(&group.records)?));
        if done.is_err() {
            // What was folded of it counts for nothing.
            state = fold_on(log, State::clone(&before), Judging::InForce, log.head())?;
            break;
        }
        if let Some(rows) = &mut rows {
            rows.extend(
                group.records.iter().filter_map(|record| written(&record.inner.event)).cloned(),
            );
        }
        state = group.ahead;
        // It's let go of here if nobody takes it.
        drop(bulk.emptied.try_send(group.records));
        if let Some(snapshotter) = snapshotter
            && snapshotter.is_due(&state)
        {
            snapshotter.offer(&Arc::new(state.clone()));
        }
    }
    let state = Arc::new(state);
    *shown.write().expect("no holder of this lock panics") = Arc::clone(&state);
    if let Some(rows) = rows {
        let history = history(log, state.cursor).ok().flatten().unwrap_or_default();
        let shift = Shift { state, history, rows: rows.into() };
        followers.retain(|follower| follower.send(shift.clone()).is_ok());
    }
    done
}
