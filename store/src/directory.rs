//! The data directory: whose it is, in which format, and that one process has it at a time.
//!
//! ```text
//! format       "haversack.data/1": written last, so that where it is, a whole log was
//! format.new   the same while the directory is being made, and nothing was acknowledged yet
//! begun        empty: the log holds events, so that its emptiness is damage
//! lock         held by the process that has the directory open
//! log/         sled's
//! ```

use std::{
    fs::{self, DirEntry, File, OpenOptions, TryLockError},
    io::{self, ErrorKind, Read, Write},
    path::{Path, PathBuf},
};

use crate::StoreError;

/// The last format that this program knows.
const FORMAT: u32 = 1;
const FORMAT_PREFIX: &str = "haversack.data/";
/// No format file is longer.
const FORMAT_BYTES_MAX: u64 = 64;

const FORMAT_NAME: &str = "format";
const FORMAT_NEW_NAME: &str = "format.new";
const BEGUN_NAME: &str = "begun";
const LOCK_NAME: &str = "lock";
const LOG_NAME: &str = "log";

/// What is known of a data directory before sled sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It holds no log, and never held one.
    New,
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

impl Directory {
    /// Takes possession of a directory. Of one that isn't ours, nothing is changed.
    pub(crate) fn enter(path: &Path) -> Result<(Self, Standing), StoreError> {
        if examine(path)? == Standing::New {
            make_directories(path)?;
        }
        let directory = Self { path: path.to_path_buf(), _lock: lock(path)? };
        // Whoever had the lock before may have made the log meanwhile.
        let standing = examine(path)?;
        Ok((directory, standing))
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
        match fs::remove_dir_all(self.log_path()) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(io_error("making the log anew", &self.log_path(), &error))
            }
            _ => Ok(()),
        }
    }

    /// Says that the log is made: from now on, its absence is damage.
    pub(crate) fn finish(&self) -> Result<(), StoreError> {
        let log = self.log_path();
        sync_directory(&log.join("blobs"))?;
        sync_directory(&log)?;
        let (from, to) = (self.path.join(FORMAT_NEW_NAME), self.path.join(FORMAT_NAME));
        fs::rename(&from, &to).map_err(|error| io_error("making the format file", &to, &error))?;
        sync_directory(&self.path)
    }

    /// Says that the log holds events: from now on, an empty one is damage.
    pub(crate) fn mark_begun(&self) -> io::Result<()> {
        File::create(self.path.join(BEGUN_NAME))?;
        try_sync_directory(&self.path)
    }

    /// Whether [`Directory::mark_begun`] was called once.
    pub(crate) fn has_begun(&self) -> bool {
        self.path.join(BEGUN_NAME).exists()
    }
}

fn examine(path: &Path) -> Result<Standing, StoreError> {
    let damaged = |what: &str| StoreError::Damaged {
        directory: path.to_path_buf(),
        offset: None,
        what: what.into(),
    };
    let names = names_in(path)?;
    let interrupted = names.iter().any(|name| name == FORMAT_NEW_NAME);
    let holds_log = path.join(LOG_NAME).join("db").exists();
    match read_format(path)? {
        Format::Number(found) if found > FORMAT => {
            Err(StoreError::Newer { directory: path.to_path_buf(), found, known: FORMAT })
        }
        Format::Number(FORMAT) => Ok(Standing::Made),
        Format::Number(_) => Err(damaged("the file `format` names a format that never was")),
        Format::Garbled if holds_log => Err(damaged("the file `format` is garbled")),
        Format::Absent if holds_log && !interrupted => Err(damaged("the file `format` is missing")),
        Format::Garbled | Format::Absent => match foreign_name(names, interrupted) {
            Some(found) => Err(StoreError::Foreign { directory: path.to_path_buf(), found }),
            None => Ok(Standing::New),
        },
    }
}

/// A name that we didn't leave in a directory without a log.
fn foreign_name(names: Vec<String>, interrupted: bool) -> Option<String> {
    let left = if interrupted { &[FORMAT_NEW_NAME, LOCK_NAME, LOG_NAME][..] } else { &[LOCK_NAME] };
    names.into_iter().filter(|name| !left.contains(&name.as_str())).min()
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

/// Makes the names in a directory durable, where the system lets directories be synced.
fn try_sync_directory(path: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(path)?.sync_all() } else { Ok(()) }
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
