//! The log on disk: a journal, a head, and sled to read from.

mod import;
mod keeping;
mod site;
#[cfg(test)]
mod tests;
mod writer;

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use haversack_core::{Cursor, Offset, delivery::Delivery, limits::UNINDEXED_GROUPS_MAX};
use haversack_proof::{SALT_BYTES, SigningKey, VerifierKey};

pub(crate) use import::Import;
pub(crate) use site::{Site, make};

use crate::{
    DeliveryWriter, JournalSizes, Log, LogRecord, SimDisk, SimIndex, Snapshots, StoreError,
    deliveries::Sizes,
    directory::{Directory, Held, LOCK_NAME, Standing},
    entropy::SeededEntropy,
    fault::Failed,
    finding::{Finding, Findings},
    head::Head,
    keeper::Keeper,
    log::head_after,
    pack::pack,
    planted::{Bug, planted},
    recover::{Recovered, recover},
    shared::{Shared, locked},
    upgrade::upgrade,
};
use keeping::Keeping;
use writer::Writer;

/// The log on disk.
///
/// A group is acknowledged when it and the head are durable in the journal. It goes into sled right
/// after, from where it's read. Either copy is mended from the other: see [`DiskLog::findings`].
pub struct DiskLog {
    keeping: Keeping,
    writer: Mutex<Writer>,
    // Dropped before the directory, which is ours until sled has let go of its files.
    shared: Arc<Shared>,
    key: SigningKey,
    /// Whether somebody appends to the record of deliveries.
    has_deliveries: Arc<AtomicBool>,
    directory: Option<Directory>,
}

impl DiskLog {
    /// Whether a directory holds a log, be it damaged. One that was begun and never finished is none.
    ///
    /// # Errors
    /// As [`DiskLog::open`], but for what only opening finds; [`StoreError::InUse`] if somebody is
    /// making one.
    pub fn is_in(directory: &Path) -> Result<bool, StoreError> {
        let made = Directory::standing(directory)? != Standing::New;
        if !made && directory.join(LOCK_NAME).exists() {
            Directory::hold(directory)?;
        }
        Ok(made)
    }

    /// Opens the log of a data directory; makes both if they are absent.
    ///
    /// # Errors
    /// [`StoreError::InUse`], [`StoreError::Newer`], [`StoreError::Foreign`] and [`StoreError::Io`]
    /// say why the directory can't be had. [`StoreError::Damaged`] if an event can't be had from
    /// either copy, or it isn't known how far the log must reach.
    pub fn open(directory: &Path) -> Result<Self, StoreError> {
        Self::open_real(directory, false)
    }

    /// As [`DiskLog::open`]; a head or a signing key that is lost in both copies is made anew.
    ///
    /// # Errors
    /// As [`DiskLog::open`].
    pub fn open_rebuilding(directory: &Path) -> Result<Self, StoreError> {
        Self::open_real(directory, true)
    }

    /// Holds a data directory, so that nobody has it open meanwhile.
    ///
    /// # Errors
    /// [`StoreError::InUse`] if somebody has, and as [`DiskLog::open`].
    pub fn hold(directory: &Path) -> Result<Held, StoreError> {
        Directory::hold(directory)
    }

    fn open_real(path: &Path, rebuilds: bool) -> Result<Self, StoreError> {
        let (directory, standing, findings) = Directory::enter(path, rebuilds)?;
        let site = || Site::real(path, &directory, rebuilds);
        match standing {
            Standing::New => {
                directory.begin()?;
                make(&site()).map_err(|failed| failed.at_open(path))?;
                directory.finish()?;
            }
            Standing::Old => upgrade(&directory, site)?,
            Standing::Made => {}
        }
        Self::on(site(), findings, Some(directory), true)
    }

    /// Opens a log on a simulated disk, or makes one there. What follows an acknowledgement happens
    /// within [`Log::append`], so that the same calls give the same operations every time.
    ///
    /// # Errors
    /// As [`DiskLog::open`].
    pub fn simulated(
        disk: &SimDisk,
        index: &SimIndex,
        sizes: JournalSizes,
        seed: u64,
    ) -> Result<Self, StoreError> {
        let site = Site {
            path: PathBuf::from("simulated"),
            disk: Arc::new(disk.clone()),
            home: Box::new(index.clone()),
            sizes,
            entropy: Box::new(SeededEntropy(seed.into())),
            rebuilds: false,
        };
        if disk.operation_count() == 0 && disk.paths().is_empty() {
            make(&site).map_err(|failed| failed.at_open(&site.path))?;
        }
        Self::on(site, Vec::new(), None, false)
    }

    pub(crate) fn on(
        site: Site,
        findings: Vec<Finding>,
        directory: Option<Directory>,
        in_background: bool,
    ) -> Result<Self, StoreError> {
        let Site { path, disk, home, sizes, entropy, rebuilds } = site;
        let at_open = |failed: Failed| failed.at_open(&path);
        let recovered = recover(&disk, home.as_ref(), sizes, rebuilds).map_err(at_open)?;
        let Recovered { journal, index, head_file, head, end, findings: found } = recovered;
        let mut all = Findings::default();
        findings.into_iter().chain(found.into_inner()).for_each(|finding| all.add(finding));
        let key =
            site::key(disk.as_ref(), entropy.as_ref(), rebuilds, &mut all).map_err(at_open)?;
        site::check_signed(disk.as_ref(), &key, end.cursor).map_err(at_open)?;
        let tail = journal.tail(end.next).map_err(|error| at_open(error.into()))?;
        let writer = Writer {
            tail,
            head_file,
            head,
            chain: end.chain,
            entropy,
            is_import: false,
            failure: None,
        };
        let shared = (journal, index, end.cursor, all);
        let shared = Arc::new(Shared::new(path.clone(), disk, home, shared));
        let keeper = Keeper::new(Arc::clone(&shared), key.clone());
        let keeping =
            if in_background { Keeping::in_background(keeper)? } else { Keeping::inline(keeper) };
        let writer = Mutex::new(writer);
        let has_deliveries = Arc::default();
        Ok(Self { keeping, writer, shared, key, has_deliveries, directory })
    }

    /// Damage that was found since this was last asked, and mended. None of it lost an event.
    pub fn findings(&self) -> Vec<Finding> {
        self.shared.take_findings()
    }

    /// The snapshots beside the log.
    #[must_use]
    pub fn snapshots(&self) -> Snapshots {
        Snapshots::new(Arc::clone(&self.shared.disk))
    }

    /// The record of deliveries, to append to, and what its newest segment holds, the oldest first. None
    /// while somebody has it, and where the log is simulated.
    ///
    /// # Errors
    /// [`StoreError::Newer`] if a later version of this program wrote it: it's left as it is; or
    /// [`StoreError::Io`].
    pub fn deliveries(&self) -> Result<Option<(DeliveryWriter, Vec<Delivery>)>, StoreError> {
        if self.directory.is_none() {
            return Ok(None);
        }
        let disk = Arc::clone(&self.shared.disk);
        DeliveryWriter::open(disk, Sizes::default(), &self.has_deliveries)
            .map_err(|error| error.told(&self.shared.directory))
    }

    /// Notes damage that somebody above found in what follows from the log.
    pub fn report(&self, finding: Finding) {
        self.shared.report(finding);
    }

    /// A secret that nobody knows who can't read the log's signing key. What it is used for is for the
    /// caller to keep apart, by deriving a key of its own from it.
    #[must_use]
    pub fn secret(&self) -> Vec<u8> {
        self.key.to_text().into_bytes()
    }

    /// The key that checks this log's checkpoints.
    #[must_use]
    pub fn verifier(&self) -> VerifierKey {
        self.key.verifier()
    }

    /// Signs all that is acknowledged, and gives back the note.
    ///
    /// # Errors
    /// [`StoreError::Io`], or [`StoreError::Damaged`] if an event can't be read.
    pub fn checkpoint(&self) -> Result<String, StoreError> {
        let note = self.keeping.checkpoint();
        note.map_err(|failed| failed.told("signing a checkpoint", &self.shared.directory))
    }

    /// Makes durable and signs what follows acknowledgements, now. For tests; it happens by itself.
    pub fn settle(&self) {
        if let Keeping::Inline(keeper) = &self.keeping {
            locked(keeper).settle();
        }
    }

    /// Looks at some more of the log for damage, now. For tests; it happens by itself.
    pub fn scrub(&self) {
        if let Keeping::Inline(keeper) = &self.keeping {
            locked(keeper).scrub();
        }
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    pub(crate) fn writer(&self) -> &Mutex<Writer> {
        &self.writer
    }

    /// Makes the tree again from the log.
    pub(crate) fn rebuild_tree(&self) -> Result<(), Failed> {
        self.keeping.rebuild_tree()
    }

    pub(crate) fn key(&self) -> &SigningKey {
        &self.key
    }

    /// Refuses, if the index can't take what was acknowledged before; once more if it may now.
    fn check_index(&self) -> Result<(), StoreError> {
        self.shared.wait_for_index(UNINDEXED_GROUPS_MAX);
        let Some(stuck) = self.shared.stuck() else { return Ok(()) };
        let directory = self.shared.directory.clone();
        if !stuck.disk_full {
            return Err(StoreError::SyncFailed { directory, what: stuck.what });
        }
        self.keeping.retry();
        match self.shared.stuck() {
            None => Ok(()),
            Some(_) => Err(StoreError::Full { directory }),
        }
    }
}

/// Waits until everything is durable and signed, so that the directory is free when this returns.
impl Drop for DiskLog {
    fn drop(&mut self) {
        self.keeping.close();
        // The next start knows by this whether sled has lost something since.
        let mut writer = locked(&self.writer);
        let head = Head { indexed: self.shared.indexed.load(Ordering::Acquire), ..writer.head };
        if head != writer.head && writer.failure.is_none() {
            let _ = writer.head_file.write(head);
            writer.head = head;
        }
    }
}

impl Log for DiskLog {
    fn append(&self, group: &[LogRecord]) -> Result<(), StoreError> {
        let mut writer = locked(&self.writer);
        head_after(self.head(), group);
        if group.is_empty() {
            return Ok(());
        }
        if let Some(what) = &writer.failure {
            let directory = self.shared.directory.clone();
            return Err(StoreError::SyncFailed { directory, what: what.clone() });
        }
        self.check_index()?;
        let mut salts = vec![0; SALT_BYTES * group.len()];
        writer
            .entropy
            .fill(&mut salts)
            .map_err(|source| StoreError::Io { during: "drawing random bytes", source })?;
        let packed = pack(group, &salts, &writer.chain)
            .map_err(|large| StoreError::TooLarge { offset: large.offset, bytes: large.bytes })?;
        let packed = Arc::new(packed);
        if planted(Bug::ShowBeforeSync) {
            self.shared.show(Arc::clone(&packed));
            return writer.write(&self.shared, &packed);
        }
        writer.write(&self.shared, &packed)?;
        self.shared.show(packed);
        drop(writer);
        self.keeping.tell();
        Ok(())
    }

    fn read(&self, from: Offset, limit: usize) -> Result<Vec<LogRecord>, StoreError> {
        let left = (self.head().count() + 1).saturating_sub(from.get());
        let count = left.min(limit as u64);
        let mut records = Vec::new();
        if count > 0 {
            self.shared
                .each_event(from, count, &mut |record, _| records.push(record))
                .map_err(|failed| failed.told("reading the log", &self.shared.directory))?;
        }
        Ok(records)
    }

    fn head(&self) -> Cursor {
        self.shared.head()
    }

    fn chain_at(&self, at: Cursor) -> Result<Option<[u8; 32]>, StoreError> {
        let Some(last) = at.last() else { return Ok(Some([0; 32])) };
        if at > self.head() {
            return Ok(None);
        }
        self.shared
            .chain_at(last)
            .map_err(|failed| failed.told("reading the log", &self.shared.directory))
    }
}

impl fmt::Debug for DiskLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DiskLog")
            .field("directory", &self.shared.directory)
            .field("head", &self.head())
            .finish_non_exhaustive()
    }
}
