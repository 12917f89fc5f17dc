//! What follows an acknowledgement: the group goes into sled, its leaves into the tree, and within a
//! second sled is synced and a checkpoint signed. One thread does it, or a test by hand.

use std::{
    io,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use crossbeam::channel::{Receiver, RecvTimeoutError, Sender, after};
use haversack_core::{
    Cursor, Offset,
    limits::{CHECKPOINT_SECONDS, INDEX_UNSYNCED_BYTES_MAX, SCRUB_SECONDS},
};
use haversack_proof::{Checkpoint, SigningKey};

use crate::{
    fault::Failed,
    finding::{Copy, Finding},
    notary::{Notary, signed_note},
    pack::leaf,
    scrub::Scrub,
    shared::{Shared, Stuck},
};

/// Leaves are read from the log in runs of so many events.
const LEAVES_AT_A_TIME: u64 = 4_096;

/// What the keeper is asked for.
pub(crate) enum Request {
    /// There is a group to take.
    Group,
    /// A checkpoint of all that is acknowledged.
    Checkpoint(Sender<Result<String, Failed>>),
    /// To try again to write to the index.
    Retry(Sender<()>),
    /// To make the tree again from the log.
    RebuildTree(Sender<Result<(), Failed>>),
}

/// Whoever looks after one open log.
pub(crate) struct Keeper {
    shared: Arc<Shared>,
    key: SigningKey,
    notary: Option<Notary>,
    /// Bytes in the index since it was last synced.
    unsynced: usize,
    /// The last event in the index.
    taken: Cursor,
    scrub: Scrub,
}

impl Keeper {
    pub(crate) fn new(shared: Arc<Shared>, key: SigningKey) -> Self {
        let taken = shared.head();
        Self { shared, key, notary: None, unsynced: 0, taken, scrub: Scrub::default() }
    }

    /// Works until all who ask are gone; then leaves everything durable and signed.
    pub(crate) fn run(mut self, requests: &Receiver<Request>) {
        let _told = Ends(Arc::clone(&self.shared));
        let settles_in = Duration::from_secs(CHECKPOINT_SECONDS);
        let scrubs_in = Duration::from_secs(SCRUB_SECONDS);
        let mut unsettled: Option<Receiver<Instant>> = None;
        loop {
            let due = unsettled.clone().unwrap_or_else(|| after(scrubs_in));
            let request = crossbeam::select! {
                recv(requests) -> request => request.map_err(|_| RecvTimeoutError::Disconnected),
                recv(due) -> _ => Err(RecvTimeoutError::Timeout),
            };
            match request {
                Ok(Request::Group) => {
                    self.take_groups();
                    unsettled.get_or_insert_with(|| after(settles_in));
                }
                Ok(Request::Checkpoint(reply)) => {
                    let _ = reply.send(self.checkpoint());
                }
                Ok(Request::Retry(reply)) => {
                    self.retry();
                    let _ = reply.send(());
                }
                Ok(Request::RebuildTree(reply)) => {
                    let _ = reply.send(self.rebuild_tree());
                }
                Err(RecvTimeoutError::Timeout) if unsettled.take().is_some() => self.settle(),
                Err(RecvTimeoutError::Timeout) => self.scrub(),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.settle();
    }

    /// Looks at some groups of the log, for damage.
    pub(crate) fn scrub(&mut self) {
        if self.shared.stuck().is_none() {
            self.scrub.step(&self.shared);
        }
    }

    /// Takes all groups that wait, unless the index is stuck.
    pub(crate) fn take_groups(&mut self) {
        while self.shared.stuck().is_none()
            && let Some(packed) = self.shared.next_pending()
        {
            let bytes = packed.pairs.iter().map(|(_, value)| value.len()).sum::<usize>();
            let written = self.shared.with_index(|index| Ok(index.write(&packed.pairs)?));
            if let Err(failed) = written {
                return self.set_stuck(&failed);
            }
            self.taken = packed.group.last();
            self.add_leaves(&packed.leaves, packed.group.first);
            self.shared.pop_pending();
            self.unsynced += bytes;
            if self.unsynced >= INDEX_UNSYNCED_BYTES_MAX {
                self.sync_index();
            }
        }
    }

    fn set_stuck(&self, failed: &Failed) {
        let stuck = Stuck { what: failed.to_string(), disk_full: failed.is_disk_full() };
        self.shared.set_stuck(Some(stuck));
    }

    /// Makes durable what the index has taken.
    pub(crate) fn sync_index(&mut self) {
        match self.shared.with_index(|index| Ok(index.sync()?)) {
            Ok(()) => {
                self.unsynced = 0;
                self.shared.indexed.store(self.taken.count(), Ordering::Release);
            }
            Err(failed) => self.set_stuck(&failed),
        }
    }

    /// Syncs the index and signs, if there is anything new.
    pub(crate) fn settle(&mut self) {
        self.take_groups();
        // An index that waits for space may be closed; that it can't be synced is nothing new.
        if self.unsynced > 0 && self.shared.stuck().is_none() {
            self.sync_index();
        }
        let signed = || signed_note(self.shared.disk.as_ref(), &self.key);
        let is_behind = match &self.notary {
            Some(notary) => notary.is_behind(),
            None => signed().map(|(_, checkpoint)| checkpoint.size) != Some(self.taken.count()),
        };
        if is_behind && let Err(failed) = self.checkpoint() {
            // The log is what counts; the tree can be made again.
            self.notary = None;
            let what = format!("it could not be written: {failed}");
            self.shared.report(Finding {
                copy: Copy::Checkpoint,
                events: None,
                what,
                mended: false,
            });
        }
    }

    /// Opens the index again, after the disk was full, and gives it what waits.
    pub(crate) fn retry(&mut self) {
        if let Err(failed) = self.shared.reopen_index(self.taken) {
            return self.set_stuck(&failed);
        }
        // What it was given again is not durable.
        self.unsynced = self.unsynced.max(1);
        self.shared.set_stuck(None);
        self.take_groups();
    }

    /// Signs all that was taken, and gives back the note.
    pub(crate) fn checkpoint(&mut self) -> Result<String, Failed> {
        self.take_groups();
        let head = self.shared.head();
        let disk = Arc::clone(&self.shared.disk);
        if let Some((note, Checkpoint { size, .. })) = signed_note(disk.as_ref(), &self.key)
            && size == head.count()
            && self.notary.as_ref().is_none_or(|notary| notary.size() == size)
        {
            return Ok(note);
        }
        let notary = self.notary()?;
        Ok(notary.sign(disk.as_ref())?)
    }

    /// The tree, with the leaves of all that is acknowledged.
    pub(crate) fn notary(&mut self) -> Result<&mut Notary, Failed> {
        let head = self.shared.head();
        let mut notary = match self.notary.take() {
            Some(notary) => notary,
            None => self.load_notary()?,
        };
        fill(&self.shared, &mut notary, head)?;
        Ok(self.notary.insert(notary))
    }

    fn load_notary(&self) -> io::Result<Notary> {
        let disk = self.shared.disk.as_ref();
        if let Some(notary) = Notary::load(disk, &self.key)? {
            return Ok(notary);
        }
        if signed_note(disk, &self.key).is_some() {
            let what = "the tree on disk does not give the root that was signed".to_owned();
            self.shared.report(Finding {
                copy: Copy::Checkpoint,
                events: None,
                what,
                mended: true,
            });
        }
        Notary::anew(disk, &self.key)
    }

    /// Adds a group's leaves to the tree, if it's at hand.
    fn add_leaves(&mut self, leaves: &[haversack_proof::Hash], first: Offset) {
        if self.notary.is_none() {
            // What lies before this group is read from the log, once.
            self.notary = self.load_notary().ok();
        }
        let Some(notary) = &mut self.notary else { return };
        let before = Cursor::after(first.get() - 1);
        let added = fill(&self.shared, notary, before).and_then(|()| {
            // A checkpoint that was asked for meanwhile has some of them, or all, from the log.
            let had = notary.size().saturating_sub(before.count());
            let had = usize::try_from(had).unwrap_or(usize::MAX).min(leaves.len());
            Ok(notary.push(&leaves[had..])?)
        });
        if added.is_err() {
            self.notary = None;
        }
    }

    /// Forgets the tree, so that it's made again from the log.
    pub(crate) fn rebuild_tree(&mut self) -> Result<(), Failed> {
        self.notary = Some(Notary::anew(self.shared.disk.as_ref(), &self.key)?);
        let disk = Arc::clone(&self.shared.disk);
        let notary = self.notary()?;
        notary.sign(disk.as_ref())?;
        Ok(())
    }
}

/// Tells those who wait for a keeper that panicked; they would wait for ever.
struct Ends(Arc<Shared>);

impl Drop for Ends {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let what = "the log's keeper has ended".to_owned();
            self.0.set_stuck(Some(Stuck { what, disk_full: false }));
        }
    }
}

/// Adds the leaves that a tree lacks up to an event, from the log.
fn fill(shared: &Shared, notary: &mut Notary, until: Cursor) -> Result<(), Failed> {
    while notary.size() < until.count() {
        let from = Cursor::after(notary.size()).next();
        let count = (until.count() - notary.size()).min(LEAVES_AT_A_TIME);
        let mut leaves = Vec::new();
        shared.each_event(from, count, &mut |record, evidence| {
            leaves.push(leaf(&record, &evidence));
        })?;
        notary.push(&leaves)?;
    }
    Ok(())
}
