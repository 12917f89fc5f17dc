//! The data directory: whose it is, in which format, and that one process has it at a time.
//!
//! ```text
//! format       "haversack.data/2": written last, so that where it is, a whole log was
//! format.new   the same while the directory is being made, and nothing was acknowledged yet
//! lock         held by the process that has the directory open
//! head         how far the log must reach: head.rs
//! journal/     every group, as it was acknowledged: journal.rs
//! log/         sled's: the same groups, to read from
//! keys/        the key that signs checkpoints: keys.rs
//! audit/       the Merkle tree and the signed checkpoint, derived: notary.rs
//! snapshots/   states, derived: snapshots.rs
//! ```
//!
//! Format 1 had sled's files alone (`log/`, `begun`); it is turned into format 2 when it is opened.

use std::{
    fs::{self, DirEntry, File, OpenOptions, TryLockError},
    io::{self, ErrorKind, Read, Write},
    path::{Path, PathBuf},
};

use crate::{
    StoreError,
    disk::{RealDisk, sync_directory as try_sync_directory},
    finding::{Copy, Finding},
    head::{self, HEAD_PATH},
};

/// The last format that this program knows.
const FORMAT: u32 = 2;
/// The format that had no journal.
const FORMAT_WITHOUT_JOURNAL: u32 = 1;
const FORMAT_PREFIX: &str = "haversack.data/";
/// No format file is longer.
const FORMAT_BYTES_MAX: u64 = 64;

const FORMAT_NAME: &str = "format";
const FORMAT_NEW_NAME: &str = "format.new";
const BEGUN_NAME: &str = "begun";
const LOCK_NAME: &str = "lock";
const LOG_NAME: &str = "log";
/// Where sled's files of format 1 are while they are read for the last time.
const OLD_LOG_NAME: &str = "log.1";
/// What making a log makes, besides sled's files.
const MADE_NAMES: [&str; 4] = ["journal", "keys", "audit", HEAD_PATH];

/// What is known of a data directory before sled sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It holds no log, and never held one.
    New,
    /// It holds a log of format 1.
    Old,
    /// It holds a log of our format.
    Made,
}

/// A data directory that no other process has open.
#[derive(Debug)]
pub(crate) struct Directory {
    path: PathBuf,
    /// Unlocked when it's closed, be it by the end of the process.
    _lock: File,
}

/// A data directory that nobody else can open as long as this is kept.
#[derive(Debug)]
pub struct Held {
    _lock: File,
}

impl Directory {
    /// Holds a directory without a look at what is in it.
    pub(crate) fn hold(path: &Path) -> Result<Held, StoreError> {
        Ok(Held { _lock: lock(path)? })
    }

    /// Takes possession of a directory. Of one that isn't ours, nothing is changed.
    pub(crate) fn enter(path: &Path) -> Result<(Self, Standing, Vec<Finding>), StoreError> {
        if examine(path)? == (Standing::New, None) {
            make_directories(path)?;
        }
        let directory = Self { path: path.to_path_buf(), _lock: lock(path)? };
        // Whoever had the lock before may have made the log meanwhile.
        let (standing, what) = examine(path)?;
        let mut findings = Vec::new();
        if let Some(what) = what {
            directory.write_format()?;
            findings.push(Finding { copy: Copy::Format, events: None, what, mended: true });
        }
        Ok((directory, standing, findings))
    }

    /// Writes the name of our format.
    pub(crate) fn write_format(&self) -> Result<(), StoreError> {
        let (path, new) = (self.path.join(FORMAT_NAME), self.path.join(FORMAT_NEW_NAME));
        write_synced(&new)
            .and_then(|()| fs::rename(&new, &path))
            .and_then(|()| try_sync_directory(&self.path))
            .map_err(|error| io_error("writing the format file", &path, &error))
    }

    /// The directory itself.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Where sled keeps the log.
    pub(crate) fn log_path(&self) -> PathBuf {
        self.path.join(LOG_NAME)
    }

    /// Begins to make a log: takes away what an interrupted attempt left, which nobody relied on.
    pub(crate) fn begin(&self) -> Result<(), StoreError> {
        let path = self.path.join(FORMAT_NEW_NAME);
        write_synced(&path).map_err(|error| io_error("making the format file", &path, &error))?;
        sync_directory(&self.path)?;
        self.remove_made()
    }

    fn remove_made(&self) -> Result<(), StoreError> {
        MADE_NAMES.iter().chain(&[LOG_NAME]).try_for_each(|name| self.remove(name))
    }

    fn remove(&self, name: &str) -> Result<(), StoreError> {
        let path = self.path.join(name);
        let removed =
            if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        match removed {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(io_error("making the log anew", &path, &error))
            }
            _ => Ok(()),
        }
    }

    /// Says that the log is made: from now on, its absence is damage.
    pub(crate) fn finish(&self) -> Result<(), StoreError> {
        let log = self.log_path();
        sync_directory(&log.join("blobs"))?;
        sync_directory(&log)?;
        self.write_format()
    }

    /// Moves the files of format 1 aside, and takes away what an interrupted attempt to turn them
    /// into format 2 left. Says where they are, and whether they must hold events.
    pub(crate) fn begin_upgrade(&self) -> Result<(PathBuf, bool), StoreError> {
        let old = self.path.join(OLD_LOG_NAME);
        if old.exists() {
            self.remove_made()?;
        } else {
            let log = self.log_path();
            fs::rename(&log, &old).map_err(|error| io_error("upgrading the log", &log, &error))?;
            sync_directory(&self.path)?;
        }
        Ok((old, self.path.join(BEGUN_NAME).exists()))
    }

    /// Says that the log is of format 2, and takes away what format 1 had.
    pub(crate) fn finish_upgrade(&self) -> Result<(), StoreError> {
        self.finish()?;
        self.remove(OLD_LOG_NAME)?;
        self.remove(BEGUN_NAME)
    }
}

/// What a directory holds and, if its format file is damaged and must be written anew, what was
/// found in it.
fn examine(path: &Path) -> Result<(Standing, Option<String>), StoreError> {
    let damaged = |what: &str| StoreError::Damaged {
        directory: path.to_path_buf(),
        offset: None,
        what: what.into(),
    };
    let names = names_in(path)?;
    let interrupted = names.iter().any(|name| name == FORMAT_NEW_NAME);
    let has_log = path.join(LOG_NAME).join("db").exists() || has_journal(path);
    // A newer format has another head: where ours is whole, the format file is what is wrong.
    let has_head = || head::read(&RealDisk::new(path)).is_ok_and(|slots| slots.newest.is_some());
    match read_format(path)? {
        Format::Number(FORMAT) => Ok((Standing::Made, None)),
        Format::Number(FORMAT_WITHOUT_JOURNAL) if !has_head() || has_old_log(path) => {
            Ok((Standing::Old, None))
        }
        Format::Number(found) if found > FORMAT && !has_head() => {
            Err(StoreError::Newer { directory: path.to_path_buf(), found, known: FORMAT })
        }
        Format::Absent if interrupted && foreign_name(names.clone(), true).is_none() => {
            Ok((Standing::New, None))
        }
        Format::Number(_) | Format::Garbled | Format::Absent if has_head() => {
            Ok((Standing::Made, Some("it was not whole".into())))
        }
        Format::Number(_) => Err(damaged("the file `format` names a format that never was")),
        Format::Garbled if has_log => Err(damaged("the file `format` is garbled")),
        Format::Absent if has_log => Err(damaged("the file `format` is missing")),
        Format::Garbled | Format::Absent => match foreign_name(names, interrupted) {
            Some(found) => Err(StoreError::Foreign { directory: path.to_path_buf(), found }),
            None => Ok((Standing::New, None)),
        },
    }
}

fn has_journal(path: &Path) -> bool {
    crate::journal::segments_on(&RealDisk::new(path)).is_ok_and(|segments| !segments.is_empty())
}

fn has_old_log(path: &Path) -> bool {
    path.join(OLD_LOG_NAME).exists()
}

/// A name that we didn't leave in a directory without a log.
fn foreign_name(names: Vec<String>, interrupted: bool) -> Option<String> {
    let made = |name: &str| {
        MADE_NAMES.contains(&name) || [FORMAT_NEW_NAME, "head.new", LOG_NAME].contains(&name)
    };
    let ours = |name: &String| name == LOCK_NAME || interrupted && made(name);
    names.into_iter().filter(|name| !ours(name)).min()
}

/// The names in a directory; none if it doesn't exist.
fn names_in(path: &Path) -> Result<Vec<String>, StoreError> {
    let names = || -> io::Result<Vec<String>> {
        let name = |entry: DirEntry| entry.file_name().to_string_lossy().into_owned();
        fs::read_dir(path)?.map(|entry| entry.map(name)).collect()
    };
    match names() {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        names => names.map_err(|error| io_error("reading the data directory", path, &error)),
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Format {
    Absent,
    Garbled,
    Number(u32),
}

fn read_format(directory: &Path) -> Result<Format, StoreError> {
    let path = directory.join(FORMAT_NAME);
    let mut bytes = Vec::new();
    let read =
        File::open(&path).and_then(|file| file.take(FORMAT_BYTES_MAX).read_to_end(&mut bytes));
    match read {
        Ok(_) => Ok(parse_format(&bytes).map_or(Format::Garbled, Format::Number)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Format::Absent),
        Err(error) => Err(io_error("reading the format file", &path, &error)),
    }
}

fn parse_format(bytes: &[u8]) -> Option<u32> {
    let number =
        std::str::from_utf8(bytes).ok()?.strip_prefix(FORMAT_PREFIX)?.strip_suffix('\n')?;
    number.bytes().all(|byte| byte.is_ascii_digit()).then(|| number.parse().ok())?
}

fn write_synced(path: &Path) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(format!("{FORMAT_PREFIX}{FORMAT}\n").as_bytes())?;
    file.sync_all()
}

/// Makes a directory and those above it, so that they outlive a power cut.
fn make_directories(path: &Path) -> Result<(), StoreError> {
    let missing: Vec<&Path> = path.ancestors().take_while(|path| is_missing(path)).collect();
    fs::create_dir_all(path)
        .map_err(|error| io_error("making the data directory", path, &error))?;
    missing.into_iter().try_for_each(|made| match made.parent() {
        Some(parent) if parent.as_os_str().is_empty() => sync_directory(Path::new(".")),
        Some(parent) => sync_directory(parent),
        None => Ok(()),
    })
}

fn is_missing(path: &Path) -> bool {
    !path.as_os_str().is_empty() && !path.exists()
}

fn lock(directory: &Path) -> Result<File, StoreError> {
    let path = directory.join(LOCK_NAME);
    let open = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
    let file = open.map_err(|error| io_error("locking the data directory", &path, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(StoreError::InUse { directory: directory.to_path_buf() })
        }
        Err(TryLockError::Error(error)) => {
            Err(io_error("locking the data directory", &path, &error))
        }
    }
}

fn sync_directory(path: &Path) -> Result<(), StoreError> {
    try_sync_directory(path).map_err(|error| io_error("syncing a directory", path, &error))
}

/// An error that names the file.
pub(crate) fn io_error(during: &'static str, path: &Path, error: &io::Error) -> StoreError {
    let source = io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    StoreError::Io { during, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn format_is_a_plain_number_on_a_line() {
        assert_eq!(parse_format(b"haversack.data/1\n"), Some(1));
        assert_eq!(parse_format(b"haversack.data/12\n"), Some(12));
        for garbled in ["", "haversack.data/1", "haversack.data/+1\n", "haversack.data/\n", "1\n"] {
            assert_eq!(parse_format(garbled.as_bytes()), None, "{garbled:?}");
        }
    }
}
