//! The log on disk: a journal, a head, and sled to read from.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, atomic::Ordering},
    thread::JoinHandle,
};

use crossbeam::channel::{Sender, bounded};
use haversack_core::{Cursor, Offset, limits::UNINDEXED_GROUPS_MAX};
use haversack_proof::{SALT_BYTES, SigningKey, VerifierKey};

use crate::{
    JournalSizes, Log, LogRecord, SimDisk, SimIndex, Snapshots, StoreError,
    directory::{Directory, Held, LOCK_NAME, Standing},
    disk::{Disk, RealDisk},
    entropy::{Entropy, SeededEntropy, SystemEntropy},
    fault::Failed,
    finding::{Copy, Finding, Findings},
    flaw::Flaw,
    frame,
    head::{Head, HeadFile},
    index::{IndexHome, sled::SledHome},
    journal::{Journal, Tail},
    keeper::{Keeper, Request},
    keys,
    log::head_after,
    notary::signed_note,
    pack::{Packed, pack},
    planted::{Bug, planted},
    recover::{Recovered, recover},
    shared::{Shared, locked},
    upgrade::upgrade,
};

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
    _directory: Option<Directory>,
}

/// What one thread at a time needs to append.
pub(crate) struct Writer {
    tail: Tail,
    head_file: HeadFile,
    /// What the head says.
    head: Head,
    pub(crate) chain: [u8; 32],
    entropy: Box<dyn Entropy>,
    /// Whether nothing is acknowledged before the end, so that nothing is synced before.
    is_import: bool,
    /// The first failure, after which nothing is appended.
    failure: Option<String>,
}

/// Who looks after what follows an acknowledgement.
enum Keeping {
    Thread {
        requests: Option<Sender<Request>>,
        thread: Option<JoinHandle<()>>,
    },
    /// Whoever appends, as tests do it that want the same order every time.
    Inline(Box<Mutex<Keeper>>),
}

/// Where a log is, and how it is opened.
pub(crate) struct Site {
    pub(crate) path: PathBuf,
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) home: Box<dyn IndexHome>,
    pub(crate) sizes: JournalSizes,
    pub(crate) entropy: Box<dyn Entropy>,
    /// Whether what only a person may decide is done: a lost head or key is made anew.
    pub(crate) rebuilds: bool,
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
        let site = || Site {
            path: path.to_path_buf(),
            disk: Arc::new(RealDisk::new(path)),
            home: Box::new(SledHome(directory.log_path())),
            sizes: JournalSizes::default(),
            entropy: Box::new(SystemEntropy),
            rebuilds,
        };
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

    /// Makes an empty log to import into. Nothing of it counts until the import is finished.
    pub(crate) fn import_into(
        path: &Path,
        directory: Directory,
        key: &SigningKey,
    ) -> Result<Import, StoreError> {
        directory.begin()?;
        let site = Site {
            path: path.to_path_buf(),
            disk: Arc::new(RealDisk::new(path)),
            home: Box::new(SledHome(directory.log_path())),
            sizes: JournalSizes::default(),
            entropy: Box::new(SystemEntropy),
            rebuilds: false,
        };
        make(&site)
            .and_then(|()| Ok(keys::keep(site.disk.as_ref(), key)?))
            .map_err(|failed| failed.at_open(path))?;
        let log = Self::on(site, Vec::new(), None, true)?;
        locked(&log.writer).is_import = true;
        Ok(Import { log, directory })
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
        let key = key(disk.as_ref(), entropy.as_ref(), rebuilds, &mut all).map_err(at_open)?;
        check_signed(disk.as_ref(), &key, end.cursor).map_err(at_open)?;
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
        let keeping = if in_background {
            Keeping::in_background(keeper)?
        } else {
            Keeping::Inline(Box::new(Mutex::new(keeper)))
        };
        let writer = Mutex::new(writer);
        Ok(Self { keeping, writer, shared, key, _directory: directory })
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

    /// Notes damage that somebody above found in what follows from the log.
    pub fn report(&self, finding: Finding) {
        self.shared.report(finding);
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
        let note = match &self.keeping {
            Keeping::Inline(keeper) => locked(keeper).checkpoint(),
            Keeping::Thread { requests, .. } => {
                let (reply, note) = bounded(1);
                ask(requests.as_ref(), Request::Checkpoint(reply));
                note.recv().unwrap_or_else(|_| Err(gone()))
            }
        };
        note.map_err(|failed| failed.told("signing a checkpoint", &self.shared.directory))
    }

    /// Makes durable and signs what follows acknowledgements, now. For tests; it happens by itself.
    pub fn settle(&self) {
        if let Keeping::Inline(keeper) = &self.keeping {
            locked(keeper).settle();
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
        match &self.keeping {
            Keeping::Inline(keeper) => locked(keeper).rebuild_tree(),
            Keeping::Thread { requests, .. } => {
                let (reply, done) = bounded(1);
                ask(requests.as_ref(), Request::RebuildTree(reply));
                done.recv().unwrap_or_else(|_| Err(gone()))
            }
        }
    }

    pub(crate) fn key(&self) -> &SigningKey {
        &self.key
    }

    fn write(&self, writer: &mut Writer, packed: &Packed) -> Result<(), StoreError> {
        let directory = &self.shared.directory;
        let bytes = frame::encode(&packed.group, &packed.pairs);
        let journal = &self.shared.journal;
        let place = journal.write(&mut writer.tail, &packed.group, &bytes).map_err(|error| {
            let failed = Failed::from(error);
            // Nothing of the group counts yet, and the next one is written over it.
            if planted(Bug::SkipAfterFull) {
                writer.tail.advance(bytes.len());
            }
            if !failed.is_disk_full() {
                writer.failure = Some(failed.to_string());
            }
            failed.at_append(directory)
        })?;
        let head = Head {
            events: packed.group.last().count(),
            chain: packed.group.chain,
            place,
            indexed: self.shared.indexed.load(Ordering::Acquire),
            ..Head::EMPTY
        };
        let synced = if writer.is_import { Ok(()) } else { sync(writer, head) };
        synced.map_err(|error| {
            // What is on the disk is not known any more.
            writer.failure = Some(error.to_string());
            StoreError::SyncFailed { directory: directory.clone(), what: error.to_string() }
        })?;
        writer.tail.advance(bytes.len());
        writer.head = head;
        writer.chain = packed.group.chain;
        Ok(())
    }

    /// Refuses, if the index can't take what was acknowledged before; once more if it may now.
    fn check_index(&self) -> Result<(), StoreError> {
        self.shared.wait_for_index(UNINDEXED_GROUPS_MAX);
        let Some(stuck) = self.shared.stuck() else { return Ok(()) };
        let directory = self.shared.directory.clone();
        if !stuck.disk_full {
            return Err(StoreError::SyncFailed { directory, what: stuck.what });
        }
        if let Keeping::Thread { requests, .. } = &self.keeping {
            let (reply, tried) = bounded(1);
            ask(requests.as_ref(), Request::Retry(reply));
            let _ = tried.recv();
        }
        match self.shared.stuck() {
            None => Ok(()),
            Some(_) => Err(StoreError::Full { directory }),
        }
    }
}

/// A log that is being imported.
pub(crate) struct Import {
    log: DiskLog,
    directory: Directory,
}

impl Import {
    /// Takes the next group, as it was.
    pub(crate) fn take(&self, packed: Packed) -> Result<(), StoreError> {
        let log = &self.log;
        let mut writer = locked(&log.writer);
        log.check_index()?;
        log.write(&mut writer, &packed)?;
        log.shared.show(Arc::new(packed));
        drop(writer);
        log.keeping.tell();
        Ok(())
    }

    /// Makes all of it durable; gives back a checkpoint of it.
    pub(crate) fn finish(self) -> Result<String, StoreError> {
        let Self { log, directory } = self;
        let note = log.checkpoint()?;
        {
            let mut writer = locked(&log.writer);
            let head = writer.head;
            sync(&mut writer, head)
                .map_err(|error| Failed::from(error).at_append(&log.shared.directory))?;
            writer.is_import = false;
        }
        drop(log);
        directory.finish()?;
        Ok(note)
    }
}

fn sync(writer: &mut Writer, head: Head) -> std::io::Result<()> {
    if planted(Bug::HeadBeforeJournal) {
        writer.head_file.write(head)?;
        return writer.tail.sync();
    }
    let skipped = planted(Bug::AcknowledgeBeforeSync) || planted(Bug::SkipSyncs);
    let synced = if skipped { Ok(()) } else { writer.tail.sync() };
    match synced {
        Err(_) if planted(Bug::RetrySync) => writer.tail.sync()?,
        synced => synced?,
    }
    if planted(Bug::SkipHead) { Ok(()) } else { writer.head_file.write(head) }
}

/// Makes a log that holds nothing.
pub(crate) fn make(site: &Site) -> Result<(), Failed> {
    let disk = &site.disk;
    Journal::make(Arc::clone(disk), site.sizes)?;
    keys::make(disk.as_ref(), site.entropy.as_ref())?;
    site.home.clear()?;
    site.home.open()?.sync()?;
    // The head is last: where it is, all else was.
    HeadFile::make(disk.as_ref(), Head::EMPTY)?;
    Ok(())
}

fn key(
    disk: &dyn Disk,
    entropy: &dyn Entropy,
    rebuilds: bool,
    findings: &mut Findings,
) -> Result<SigningKey, Failed> {
    match keys::load(disk, findings) {
        Err(Failed::Flaw(flaw)) if rebuilds => {
            let what = format!("{}; a new one was made", flaw.what);
            findings.add(Finding { copy: Copy::Key, events: None, what, mended: true });
            Ok(keys::make(disk, entropy)?)
        }
        key => key,
    }
}

/// A log that is shorter than what was signed of it has lost something.
fn check_signed(disk: &dyn Disk, key: &SigningKey, head: Cursor) -> Result<(), Failed> {
    match signed_note(disk, key) {
        Some((_, checkpoint))
            if checkpoint.size > head.count() && !planted(Bug::SkipSignedSize) =>
        {
            let what = format!(
                "the signed checkpoint is of {} events, and the log has {head}",
                checkpoint.size
            );
            Err(Flaw::new(Some(head.next()), what).into())
        }
        _ => Ok(()),
    }
}

impl Keeping {
    fn in_background(keeper: Keeper) -> Result<Self, StoreError> {
        let (requests, queue) = bounded(UNINDEXED_GROUPS_MAX);
        let thread = std::thread::Builder::new()
            .name("keeper".into())
            .spawn(move || keeper.run(&queue))
            .map_err(|source| StoreError::Io { during: "starting the log's keeper", source })?;
        Ok(Self::Thread { requests: Some(requests), thread: Some(thread) })
    }

    fn tell(&self) {
        match self {
            Self::Thread { requests, .. } => ask(requests.as_ref(), Request::Group),
            Self::Inline(keeper) => locked(keeper).take_groups(),
        }
    }
}

/// The keeper ends only when all who ask are gone.
fn ask(requests: Option<&Sender<Request>>, request: Request) {
    if let Some(requests) = requests {
        let _ = requests.send(request);
    }
}

fn gone() -> Failed {
    Failed::from(std::io::Error::other("the log's keeper has ended"))
}

/// Waits until everything is durable and signed, so that the directory is free when this returns.
impl Drop for DiskLog {
    fn drop(&mut self) {
        if let Keeping::Thread { requests, thread } = &mut self.keeping {
            *requests = None;
            if let Some(thread) = thread.take() {
                let _ = thread.join();
            }
        }
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
            return self.write(&mut writer, &packed);
        }
        self.write(&mut writer, &packed)?;
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
