//! The log on disk.

use std::{
    fmt,
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use haversack_core::{Cursor, Offset};

use crate::{
    Log, LogRecord, StoreError,
    directory::{Directory, Standing, io_error},
    fault::{Failed, damaged},
    flaw::Flaw,
    log::head_after,
    pack::pack,
    part::Key,
    sled_file::{Fault, SledFile, caught},
    tail::{start_of, tail},
    unpack::Unpacker,
};

/// The log on disk, in sled.
///
/// Known limit: sled checks its pages, so that a changed event is noticed, but where it finds a bad
/// page it may drop it and what came after. If what is left ends with a whole group, the log opens
/// and is shorter than it was.
pub struct SledLog {
    // Dropped first: the directory is ours until sled has let go of its files.
    sled: SledFile,
    directory: Directory,
    /// The first failure, after which nothing is appended.
    failure: Mutex<Option<String>>,
    /// How many events are durable.
    head: AtomicU64,
}

impl SledLog {
    /// Opens the log of a data directory; makes both if they are absent.
    ///
    /// # Errors
    /// [`StoreError::InUse`], [`StoreError::Newer`], [`StoreError::Foreign`] and [`StoreError::Io`]
    /// say why the directory can't be had. [`StoreError::Damaged`] if its log isn't whole: files are
    /// missing, sled can't read them, or the last group is not as it was written.
    pub fn open(directory: &Path) -> Result<Self, StoreError> {
        let (directory, standing) = Directory::enter(directory)?;
        let failed = |fault| Failed::from(fault).at_open(directory.path());
        let sled = match standing {
            Standing::New => make(&directory)?,
            Standing::Made => reopen(&directory)?,
        };
        // What a killed process wrote may be in sled and not yet on the disk.
        sled.sync().map_err(failed)?;
        let head = caught(|| tail(&sled)).map_err(|failed| failed.at_open(directory.path()))?;
        check_begun(&directory, head)?;
        let head = AtomicU64::new(head.count());
        Ok(Self { sled, directory, failure: Mutex::new(None), head })
    }

    /// Writes pairs and makes them durable; `head` is the head before.
    fn write(&self, head: Cursor, pairs: Vec<(Key, Vec<u8>)>) -> Result<(), Fault> {
        self.sled.write(pairs)?;
        self.sled.sync()?;
        if head == Cursor::START {
            self.directory.mark_begun()?;
        }
        Ok(())
    }

    fn read_parts(&self, from: Offset, count: usize) -> Result<Vec<LogRecord>, Failed> {
        let start = start_of(&self.sled, from)?;
        let mut unpacker = Unpacker::default();
        let mut records = Vec::new();
        let before = usize::try_from(from.get() - start.first.get()).expect("within one block");
        for pair in self.sled.parts_from(start) {
            let (key, value) = pair.map_err(Fault::from)?;
            unpacker.push(&key, &value, &mut records)?;
            if records.len() >= before + count {
                records.truncate(before + count);
                records.drain(..before);
                return Ok(records);
            }
        }
        let missing = Offset::new(start.first.get() + records.len() as u64);
        Err(Flaw::new(missing, "this event and what follows it is missing").into())
    }
}

fn make(directory: &Directory) -> Result<SledFile, StoreError> {
    let failed = |fault| Failed::from(fault).at_open(directory.path());
    directory.begin()?;
    let sled = SledFile::open(&directory.log_path()).map_err(failed)?;
    sled.mark_made().and_then(|()| sled.sync()).map_err(failed)?;
    directory.finish()?;
    Ok(sled)
}

fn reopen(directory: &Directory) -> Result<SledFile, StoreError> {
    let failed = |fault| Failed::from(fault).at_open(directory.path());
    let nothing = |what| damaged(directory.path(), Flaw::new(None, what));
    // sled would make a new file in place of one that is gone.
    let db = directory.log_path().join("db");
    if !db.metadata().is_ok_and(|metadata| metadata.len() > 0) {
        return Err(nothing("the file `log/db` is missing or empty"));
    }
    let sled = SledFile::open(&directory.log_path()).map_err(failed)?;
    if sled.is_made().map_err(failed)? {
        Ok(sled)
    } else {
        Err(nothing("the file `log/db` holds nothing of what was written"))
    }
}

/// Checks that a log that once held events isn't empty.
fn check_begun(directory: &Directory, head: Cursor) -> Result<(), StoreError> {
    match (head == Cursor::START, directory.has_begun()) {
        (true, true) => {
            let flaw = Flaw::new(Some(Offset::FIRST), "the log is empty, and once was not");
            Err(damaged(directory.path(), flaw))
        }
        // The process ended after its first group and before it said so.
        (false, false) => directory
            .mark_begun()
            .map_err(|error| io_error("opening the log", directory.path(), &error)),
        (true, false) | (false, true) => Ok(()),
    }
}

impl Log for SledLog {
    fn append(&self, group: &[LogRecord]) -> Result<(), StoreError> {
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.head();
        let head = head_after(before, group);
        if group.is_empty() {
            return Ok(());
        }
        if let Some(what) = &*failure {
            let directory = self.directory.path().to_path_buf();
            return Err(StoreError::SyncFailed { directory, what: what.clone() });
        }
        let pairs = pack(group)
            .map_err(|large| StoreError::TooLarge { offset: large.offset, bytes: large.bytes })?;
        self.write(before, pairs).map_err(|fault| {
            let failed = Failed::from(fault);
            *failure = Some(failed.to_string());
            failed.at_append(self.directory.path())
        })?;
        self.head.store(head.count(), Ordering::Release);
        Ok(())
    }

    fn read(&self, from: Offset, limit: usize) -> Result<Vec<LogRecord>, StoreError> {
        // sled may hold a group beyond the head, whose sync failed: nobody sees that one.
        let left = (self.head().count() + 1).saturating_sub(from.get());
        let count = usize::try_from(left).unwrap_or(usize::MAX).min(limit);
        if count == 0 {
            return Ok(Vec::new());
        }
        caught(|| self.read_parts(from, count))
            .map_err(|failed| failed.at_read(self.directory.path()))
    }

    fn head(&self) -> Cursor {
        Cursor::after(self.head.load(Ordering::Acquire))
    }
}

impl fmt::Debug for SledLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SledLog")
            .field("directory", &self.directory.path())
            .field("head", &self.head())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
