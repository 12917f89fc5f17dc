//! sled itself: opened, written, synced and read where its panics are caught.
//!
//! sled 0.34 panics on some damaged files where it should say so, and its `flush` is no barrier on
//! Linux: it ends in `sync_file_range`, which doesn't reach the disk's own cache. So its file is
//! synced here a second time.

use std::{
    fs::File,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    time::Duration,
};

use crate::part::Key;

/// Without a bound sled takes several times the memory that its values need.
const CACHE_BYTES_MAX: u64 = 32 << 20;
/// sled lets go of its lock a moment after it is dropped, on a thread of its own.
const LOCK_ATTEMPTS_MAX: u32 = 100;
const LOCK_PAUSE: Duration = Duration::from_millis(20);

const PARTS: &[u8] = b"parts";
/// In sled's default tree since the log was made: where it's missing, sled has lost everything.
const MADE: &[u8] = b"haversack";

/// What sled did instead of what it was asked for.
#[derive(Debug)]
pub(crate) enum Fault {
    /// It says so.
    Told(sled::Error),
    /// Our own handle of its file failed.
    File(io::Error),
    /// It panicked.
    Panicked(String),
}

impl From<sled::Error> for Fault {
    fn from(error: sled::Error) -> Self {
        Self::Told(error)
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::File(error)
    }
}

/// sled's files, and what we keep in them.
pub(crate) struct SledFile {
    db: sled::Db,
    parts: sled::Tree,
    /// Our own handle of sled's file, to sync it.
    file: File,
}

impl SledFile {
    /// Opens sled's files; makes them if they are absent.
    pub(crate) fn open(path: &Path) -> Result<Self, Fault> {
        caught(|| {
            let db = open_unlocked(path)?;
            let parts = db.open_tree(PARTS)?;
            // Not every system lets a file be synced that was opened for reading.
            let file = File::options().write(true).open(path.join("db"))?;
            Ok(Self { db, parts, file })
        })
    }

    /// Whether [`SledFile::mark_made`] was called once.
    pub(crate) fn is_made(&self) -> Result<bool, Fault> {
        caught(|| Ok(self.db.contains_key(MADE)?))
    }

    /// Leaves a mark that the log was made.
    pub(crate) fn mark_made(&self) -> Result<(), Fault> {
        caught(|| {
            self.db.insert(MADE, &[])?;
            Ok(())
        })
    }

    /// Writes pairs, all or none.
    pub(crate) fn write(&self, pairs: Vec<(Key, Vec<u8>)>) -> Result<(), Fault> {
        let mut batch = sled::Batch::default();
        for (key, value) in pairs {
            batch.insert(&key.to_bytes(), value);
        }
        caught(|| Ok(self.parts.apply_batch(batch)?))
    }

    /// Makes all that was written durable.
    pub(crate) fn sync(&self) -> Result<(), Fault> {
        caught(|| {
            self.db.flush()?;
            Ok(self.file.sync_data()?)
        })
    }

    /// Takes another handle to sync, and gives back the one before.
    #[cfg(test)]
    pub(crate) fn replace_file(&mut self, file: File) -> File {
        std::mem::replace(&mut self.file, file)
    }

    /// The parts from `key` on.
    pub(crate) fn parts_from(&self, key: Key) -> sled::Iter {
        self.parts.range(key.to_bytes()..)
    }

    /// The last part up to `key`, that one included.
    pub(crate) fn part_up_to(&self, key: Key) -> sled::Result<Option<(sled::IVec, sled::IVec)>> {
        self.parts.range(..=key.to_bytes()).next_back().transpose()
    }
}

/// Runs what calls sled, and catches its panics.
pub(crate) fn caught<T, E: From<Fault>>(work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    // sled's own state may be broken after a panic. Whoever gets the fault writes no more.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
        Err(Fault::Panicked(text.unwrap_or_default()).into())
    })
}

fn open_unlocked(path: &Path) -> sled::Result<sled::Db> {
    let config = || {
        sled::Config::new()
            .path(path)
            .flush_every_ms(None)
            .cache_capacity(CACHE_BYTES_MAX)
            .mode(sled::Mode::HighThroughput)
            .use_compression(false)
    };
    for _ in 1..LOCK_ATTEMPTS_MAX {
        match config().open() {
            Err(error) if is_locked(&error) => std::thread::sleep(LOCK_PAUSE),
            opened => return opened,
        }
    }
    config().open()
}

/// Whether sled could not lock its file. It has no error of its own for that.
pub(crate) fn is_locked(error: &sled::Error) -> bool {
    matches!(error, sled::Error::Io(error) if error.to_string().contains("could not acquire lock"))
}
