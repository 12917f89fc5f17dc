//! Groups of events that were judged before, such as those of a document: appended one by one, and shown
//! when all of them are there.
//!
//! A state that is shown is shared, so the next write copies what it changes. Nobody needs to see one in the
//! middle of a load: rows are written where they are, and the load takes two thirds of the time.

use std::sync::Arc;

use crossbeam::channel::{Receiver, Sender};
use haversack_core::{Cursor, event::Record};
use haversack_replay::{Judging, State};
use haversack_store::{Log, LogRecord};

use crate::{
    Clock, EngineError,
    commit::{Followers, Shown, rows_of, tell},
    group::Group,
    live::locked,
    refold::fold_on,
    snapshots::Snapshotter,
};

/// Groups on their way to the log, and what becomes of them: memory that one thread allocates and another
/// frees is slow, so who made the events lets go of them.
pub(crate) struct Bulk {
    /// The event that the first of them follows, or nothing is logged.
    pub after: Cursor,
    pub groups: Receiver<Vec<Record>>,
    pub emptied: Sender<Vec<LogRecord>>,
}

/// Logs groups until there are no more, or one fails; those before it are shown. Whoever begins or ceases
/// to follow waits for the end. If the log can't even be read, what is shown stays behind it.
pub(crate) fn run(
    bulk: &Bulk,
    log: &dyn Log,
    shown: &Shown,
    followers: &Followers,
    clock: &dyn Clock,
    snapshotter: Option<&Snapshotter>,
) -> Result<(), EngineError> {
    let mut followers = locked(followers);
    let mut rows = (!followers.is_empty()).then(Vec::new);
    let before = Arc::clone(&shown.read().expect("no holder of this lock panics"));
    if before.cursor != bulk.after {
        return Err(EngineError::NotLogged);
    }
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
            let again = fold_on(log, State::clone(&before), Judging::InForce, log.head());
            let Ok(again) = again else { return done };
            state = again;
            break;
        }
        rows.iter_mut().for_each(|rows| rows.extend(rows_of(&group.records)));
        state = group.ahead;
        // It's let go of here if nobody takes it.
        drop(bulk.emptied.try_send(group.records));
        if let Some(snapshotter) = snapshotter
            && snapshotter.is_due(&state)
        {
            snapshotter.offer(&Arc::new(state.clone()));
        }
    }
    if state.cursor == before.cursor {
        return done;
    }
    let state = Arc::new(state);
    *shown.write().expect("no holder of this lock panics") = Arc::clone(&state);
    if let Some(rows) = rows {
        tell(log, &mut followers, &state, rows.into());
    }
    done
}
