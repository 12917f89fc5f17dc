//! Snapshots of the state: taken while writers go on, kept so that any moment is reached soon, and
//! never trusted over the log.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread::JoinHandle,
};

use crossbeam::channel::{Sender, TrySendError, bounded};
use haversack_core::{
    Cursor,
    limits::{SNAPSHOT_EVENTS, SNAPSHOT_EVENTS_AT_CLOSE, SNAPSHOT_EVENTS_OF_LOAD},
};
use haversack_replay::{
    Digest, State,
    snapshot::{Resume, ResumeError, Section, sections},
};
use haversack_store::{Copy, DiskLog, Finding, Log, SnapshotHead, StoreError};

/// Sections that are decoded and not yet put together.
const SECTIONS_AHEAD: usize = 16;

/// Takes states of ends of groups and writes snapshots of them, on a thread of its own.
pub(crate) struct Snapshotter {
    states: Option<Sender<Arc<State>>>,
    thread: Option<JoinHandle<()>>,
    /// How many events the state has that was handed over last.
    taken: Arc<AtomicU64>,
}

impl Snapshotter {
    pub(crate) fn start(log: Arc<DiskLog>) -> Result<Self, StoreError> {
        // Nobody misses one that could not be removed.
        let _ = log.snapshots().remove_unfinished();
        let newest = log.snapshots().list().unwrap_or_default().last().copied();
        let taken = Arc::new(AtomicU64::new(newest.unwrap_or_default().count()));
        // One waits while one is written; a state that finds no room comes again, with more events.
        let (states, queue) = bounded::<Arc<State>>(1);
        let thread = std::thread::Builder::new()
            .name("snapshotter".into())
            .spawn(move || queue.iter().for_each(|state| keep(&log, &state)))
            .map_err(|source| StoreError::Io { during: "starting the snapshotter", source })?;
        Ok(Self { states: Some(states), thread: Some(thread), taken })
    }

    /// Whether enough has happened since the last one.
    pub(crate) fn is_due(&self, state: &State) -> bool {
        let is_loading = state.load.is_some_and(|load| !load.is_complete());
        let events = if is_loading { SNAPSHOT_EVENTS_OF_LOAD } else { SNAPSHOT_EVENTS };
        state.cursor.count() >= self.taken.load(Ordering::Relaxed) + events
    }

    /// Takes a state if one is due.
    pub(crate) fn offer(&self, state: &Arc<State>) {
        if let (true, Some(states)) = (self.is_due(state), &self.states)
            && !matches!(states.try_send(Arc::clone(state)), Err(TrySendError::Full(_)))
        {
            self.taken.store(state.cursor.count(), Ordering::Relaxed);
        }
    }

    /// Writes a last one, if the next start is the better for it, and ends.
    pub(crate) fn close(&mut self, state: &Arc<State>) {
        let count = state.cursor.count();
        let due = count >= self.taken.load(Ordering::Relaxed) + SNAPSHOT_EVENTS_AT_CLOSE;
        if let (true, Some(states)) = (due, &self.states) {
            let _ = states.send(Arc::clone(state));
        }
        self.states = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Writes a snapshot and thins out the others. What fails is reported: the log is there.
fn keep(log: &DiskLog, state: &State) {
    if let Err(error) = write(log, state).and_then(|()| thin_out(log)) {
        let what = format!("none could be written after event {}: {error}", state.cursor);
        log.report(Finding { copy: Copy::Snapshot, events: None, what, mended: false });
    }
}

/// Writes a snapshot of a state.
pub(crate) fn write(log: &DiskLog, state: &State) -> io::Result<()> {
    // The chain stands for the log at ends of groups, and a state is taken only there.
    let chain = log.chain_at(state.cursor).map_err(io::Error::other)?;
    let Some(chain) = chain else { return Ok(()) };
    let head = SnapshotHead { at: state.cursor, chain };
    log.snapshots().write(head, sections(state), || Digest::of(state).0).map(drop)
}

fn thin_out(log: &DiskLog) -> io::Result<()> {
    let snapshots = log.snapshots();
    superfluous(&snapshots.list()?).into_iter().try_for_each(|at| snapshots.remove(at))
}

/// Those without which any moment is still near enough. The newest two stay: one may be damaged.
fn superfluous(list: &[Cursor]) -> Vec<Cursor> {
    let mut before = Cursor::START;
    let mut out = Vec::new();
    let old = list.len().saturating_sub(2);
    for (place, at) in list.iter().enumerate().take(old) {
        if list[place + 1].count() - before.count() <= SNAPSHOT_EVENTS {
            out.push(*at);
        } else {
            before = *at;
        }
    }
    out
}

/// The state of the newest snapshot up to `until` that is whole and of this log. One that isn't is
/// removed, and that is reported.
pub(crate) fn newest(log: &DiskLog, until: Cursor) -> Option<State> {
    let list = log.snapshots().list().unwrap_or_default();
    list.into_iter().rev().filter(|at| *at <= until).find_map(|at| match resume(log, at) {
        Ok((state, _)) => Some(state),
        Err(error) => {
            let removed = log.snapshots().remove(at);
            let what = format!("the one after event {at} can't be used: {error}");
            let mended = removed.is_ok();
            log.report(Finding { copy: Copy::Snapshot, events: None, what, mended });
            None
        }
    })
}

/// The state in a snapshot, and the digest that it names.
pub(crate) fn resume(log: &DiskLog, at: Cursor) -> io::Result<(State, Digest)> {
    let accept = |head: SnapshotHead| match log.chain_at(at) {
        Ok(Some(chain)) if chain == head.chain => Ok(()),
        Ok(_) => Err("it's of another log".to_owned()),
        Err(error) => Err(error.to_string()),
    };
    let invalid =
        |error: ResumeError| io::Error::new(io::ErrorKind::InvalidData, error.to_string());
    let mut resume = Resume::default();
    // One thread reads and decodes, the other puts together.
    let (sender, sections) = bounded::<Section>(SECTIONS_AHEAD);
    let digest = std::thread::scope(|scope| {
        let send = move |section| sender.send(section).map_err(|_| "it is of no use".to_owned());
        let reader = scope.spawn(move || log.snapshots().read(at, accept, send));
        let pushed = sections.iter().try_for_each(|section| resume.push(section));
        drop(sections);
        let read = reader.join().expect("reading does not panic");
        pushed.map_err(invalid).and(read)
    })?;
    let state = resume.finish().map_err(invalid)?;
    if state.cursor != at {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it's of another event"));
    }
    Ok((state, Digest(digest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursors(counts: &[u64]) -> Vec<Cursor> {
        counts.iter().map(|count| Cursor::after(count * SNAPSHOT_EVENTS / 10)).collect()
    }

    #[test]
    fn thinning_out_leaves_no_gap_that_is_too_wide() {
        assert_eq!(superfluous(&cursors(&[])), []);
        assert_eq!(superfluous(&cursors(&[1, 2])), []);
        assert_eq!(superfluous(&cursors(&[1, 2, 3])), cursors(&[1]));
        assert_eq!(superfluous(&cursors(&[5, 10, 12, 15, 21, 30, 31])), cursors(&[5, 12]));
        assert_eq!(superfluous(&cursors(&[10, 20, 30, 40])), []);
    }
}
