//! sled as the index: opened, written, synced and read where its panics are caught.
//!
//! sled 0.34 panics on some damaged files where it should say so, and its `flush` is no barrier on
//! Linux: it ends in `sync_file_range`, which doesn't reach the disk's own cache. So its file is
//! synced here a second time.

use std::{
    fs::{self, File},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    time::Duration,
};

use super::{Fault, Index, IndexHome, RawPair, RawPairs, caught};
use crate::{pack::Pair, part::Key};

/// Without a bound sled takes several times the memory that its values need.
const CACHE_BYTES_MAX: u64 = 32 << 20;
/// sled lets go of its lock some time after it is dropped, on a thread of its own. Nobody else can
/// have it: the directory is ours.
const LOCK_ATTEMPTS_MAX: u32 = 1_000;
const LOCK_PAUSE: Duration = Duration::from_millis(20);

const PARTS: &[u8] = b"parts";

/// The directory of sled's files.
#[derive(Clone, Debug)]
pub(crate) struct SledHome(pub(crate) PathBuf);

impl IndexHome for SledHome {
    fn open(&self) -> Result<Box<dyn Index>, Fault> {
        let opened = caught(|| {
            remove_unfinished(&self.0)?;
            let db = open_unlocked(&self.0)?;
            let parts = db.open_tree(PARTS)?;
            // Not every system lets a file be synced that was opened for reading.
            let file = File::options().write(true).open(self.0.join("db"))?;
            crate::disk::sync_directory(&self.0)?;
            Ok::<_, Fault>(SledIndex { db, parts, file })
        })?;
        Ok(Box::new(opened))
    }

    fn clear(&self) -> io::Result<()> {
        match fs::remove_dir_all(&self.0) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

struct SledIndex {
    db: sled::Db,
    parts: sled::Tree,
    /// Our own handle of sled's file, to sync it.
    file: File,
}

impl Index for SledIndex {
    fn write(&self, pairs: &[Pair]) -> Result<(), Fault> {
        let mut batch = sled::Batch::default();
        for (key, value) in pairs {
            batch.insert(&key.to_bytes(), value.as_slice());
        }
        caught(|| Ok(self.parts.apply_batch(batch)?))
    }

    fn sync(&self) -> Result<(), Fault> {
        caught(|| {
            self.db.flush()?;
            Ok(self.file.sync_data()?)
        })
    }

    fn from(&self, key: Key) -> RawPairs<'_> {
        let pairs = self.parts.range(key.to_bytes()..);
        Box::new(pairs.map(|pair| Ok(pair.map(owned)?)))
    }

    fn up_to(&self, key: Key) -> Result<Option<RawPair>, Fault> {
        let pair = self.parts.range(..=key.to_bytes()).next_back();
        Ok(pair.transpose()?.map(owned))
    }
}

fn owned((key, value): (sled::IVec, sled::IVec)) -> RawPair {
    (key.to_vec(), value.to_vec())
}

/// Removes what sled was writing when the process ended or the disk was full: it would take it for a
/// snapshot, a damaged one.
fn remove_unfinished(path: &Path) -> io::Result<()> {
    let entries = match fs::read_dir(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "generating") {
            fs::remove_file(path)?;
        }
    }
    Ok(())
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
