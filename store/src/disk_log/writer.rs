//! Appending: the frame, the head, and in which order they become durable.

use std::sync::atomic::Ordering;

use crate::{
    StoreError,
    entropy::Entropy,
    fault::Failed,
    frame,
    head::{Head, HeadFile},
    journal::Tail,
    pack::Packed,
    planted::{Bug, planted},
    shared::Shared,
};

/// What one thread at a time needs to append.
pub(crate) struct Writer {
    pub(super) tail: Tail,
    pub(super) head_file: HeadFile,
    /// What the head says.
    pub(super) head: Head,
    pub(crate) chain: [u8; 32],
    pub(super) entropy: Box<dyn Entropy>,
    /// Whether nothing is acknowledged before the end, so that nothing is synced before.
    pub(super) is_import: bool,
    /// The first failure, after which nothing is appended.
    pub(super) failure: Option<String>,
}

impl Writer {
    /// Makes a group durable, if it can be. Nothing of it is shown yet.
    pub(super) fn write(&mut self, shared: &Shared, packed: &Packed) -> Result<(), StoreError> {
        let directory = &shared.directory;
        let bytes = frame::encode(&packed.group, &packed.pairs);
        let journal = &shared.journal;
        let place = journal.write(&mut self.tail, &packed.group, &bytes).map_err(|error| {
            let mut failed = Failed::from(error);
            // All of the frame may be there: the next start must not find what was refused.
            if failed.is_disk_full()
                && let Err(error) = self.tail.cut()
            {
                failed = Failed::from(std::io::Error::other(error));
            }
            if planted(Bug::SkipAfterFull) {
                self.tail.advance(bytes.len());
            }
            if !failed.is_disk_full() {
                self.failure = Some(failed.to_string());
            }
            failed.at_append(directory)
        })?;
        let head = Head {
            events: packed.group.last().count(),
            chain: packed.group.chain,
            place,
            indexed: shared.indexed.load(Ordering::Acquire),
            ..Head::EMPTY
        };
        let synced = if self.is_import { Ok(()) } else { self.sync(head) };
        synced.map_err(|error| {
            // What is on the disk is not known any more.
            self.failure = Some(error.to_string());
            StoreError::SyncFailed { directory: directory.clone(), what: error.to_string() }
        })?;
        self.tail.advance(bytes.len());
        self.head = head;
        self.chain = packed.group.chain;
        Ok(())
    }

    /// The segment first, then the head: a head must never name what is not there.
    pub(super) fn sync(&mut self, head: Head) -> std::io::Result<()> {
        if planted(Bug::HeadBeforeJournal) {
            self.head_file.write(head)?;
            return self.tail.sync();
        }
        let skipped = planted(Bug::AcknowledgeBeforeSync) || planted(Bug::SkipSyncs);
        let synced = if skipped { Ok(()) } else { self.tail.sync() };
        match synced {
            Err(_) if planted(Bug::RetrySync) => self.tail.sync()?,
            synced => synced?,
        }
        if planted(Bug::SkipHead) { Ok(()) } else { self.head_file.write(head) }
    }
}
