//! A store on disk, in sled.
//!
//! sled's `flush` is no barrier on Linux, so its file is synced a second time by a handle of ours; and it
//! panics on some damaged files, which is caught (docs/decisions/0002 tells of both).

use std::{
    fs::{self, File},
    io::{self, ErrorKind},
    ops::ControlFlow,
    path::Path,
    time::Duration,
};

use super::{Batch, Each, Store, StoreError, caught::caught, parts};

/// Without a bound sled takes several times the memory that its values need.
const CACHE_BYTES_MAX: u64 = 16 << 20;
/// sled lets go of its lock some time after it is dropped. Nobody else can have it: the directory is
/// ours.
const LOCK_ATTEMPTS_MAX: u32 = 500;
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// A store on disk.
pub struct SledStore {
    db: sled::Db,
    /// Our own handle of sled's file, to sync it.
    file: File,
}

impl SledStore {
    /// Opens the store in a directory, or makes one there.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let io = |source| StoreError::Io { during: "opening the rows", source };
        caught(|| {
            remove_unfinished(path).map_err(io)?;
            let db = open_unlocked(path).map_err(fault)?;
            // Not every system lets a file be synced that was opened for reading.
            let file = File::options().write(true).open(path.join("db")).map_err(io)?;
            crate::files::sync_directory(path).map_err(io)?;
            Ok(Self { db, file })
        })
    }
}

fn fault(error: sled::Error) -> StoreError {
    match error {
        sled::Error::Io(source) => StoreError::Io { during: "the rows", source },
        other => StoreError::Damaged(other.to_string()),
    }
}

/// Removes what sled was writing when the process ended: it would take it for a snapshot.
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

fn is_locked(error: &sled::Error) -> bool {
    matches!(error, sled::Error::Io(error) if error.to_string().contains("could not acquire lock"))
}

impl SledStore {
    /// How many parts the value has that is there; none if it can't be told.
    fn parts(&self, key: &[u8]) -> Result<u16, StoreError> {
        let first = parts::key(key, 0);
        let found = self.db.get(&first).map_err(fault)?;
        // What is damaged is written over; a part that is left of it is noticed when it is read.
        Ok(found.and_then(|part| Some(parts::read(&first, &part).ok()?.1.parts)).unwrap_or(0))
    }
}

impl Store for SledStore {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        caught(|| {
            let mut value: Option<Vec<u8>> = None;
            let mut parts = 1;
            for number in 0..=u16::MAX {
                if number >= parts {
                    break;
                }
                let at = parts::key(key, number);
                let Some(found) = self.db.get(&at).map_err(fault)? else {
                    return if number == 0 { Ok(None) } else { Err(missing()) };
                };
                let (_, part) = parts::read(&at, &found).map_err(StoreError::Damaged)?;
                parts = part.parts;
                value.get_or_insert_default().extend(part.bytes);
            }
            Ok(value)
        })
    }

    fn scan(&self, prefix: &[u8], each: Each<'_>) -> Result<(), StoreError> {
        caught(|| {
            let mut whole: Option<(Vec<u8>, Vec<u8>, u16)> = None;
            for pair in self.db.scan_prefix(prefix) {
                let (key, value) = pair.map_err(fault)?;
                let (of, part) = parts::read(&key, &value).map_err(StoreError::Damaged)?;
                let (key, bytes, next) = match (whole.take(), part.number) {
                    (None, 0) => (of.to_vec(), part.bytes, 1),
                    (Some((key, mut bytes, next)), number) if key == of && number == next => {
                        bytes.extend(&part.bytes);
                        (key, bytes, next + 1)
                    }
                    _ => return Err(missing()),
                };
                if next < part.parts {
                    whole = Some((key, bytes, next));
                } else if each(&key, bytes) == ControlFlow::Break(()) {
                    return Ok(());
                }
            }
            if whole.is_none() { Ok(()) } else { Err(missing()) }
        })
    }

    fn write(&mut self, batch: Batch) -> Result<(), StoreError> {
        caught(|| {
            let mut pairs = sled::Batch::default();
            for (key, value) in &batch.changes {
                let before = self.parts(key)?;
                let new = match value {
                    Some(value) => parts::cut(key, value).ok_or_else(too_large)?,
                    None => Vec::new(),
                };
                let stay = u16::try_from(new.len()).unwrap_or(u16::MAX);
                (stay..before).for_each(|number| pairs.remove(parts::key(key, number)));
                new.into_iter().for_each(|(key, part)| pairs.insert(key, part));
            }
            self.db.apply_batch(pairs).map_err(fault)
        })
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        caught(|| {
            self.db.flush().map_err(fault)?;
            let synced = self.file.sync_data();
            synced.map_err(|source| StoreError::Io { during: "syncing the rows", source })
        })
    }
}

fn missing() -> StoreError {
    StoreError::Damaged("a part of a value is missing".to_owned())
}

fn too_large() -> StoreError {
    let source = io::Error::other("a value of more than 448 MiB");
    StoreError::Io { during: "writing a row", source }
}
