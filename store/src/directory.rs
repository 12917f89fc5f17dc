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
//! deliveries/  what devices acknowledged, beside the log: deliveries.rs
//! ```
//!
//! Format 1 had sled's files alone (`log/`, `begun`); it is turned into format 2 when it is opened.

mod standing;

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{
    StoreError,
    deliveries::DIRECTORY as DELIVERIES_NAME,
    disk::sync_directory as try_sync_directory,
    finding::{Copy, Finding},
    head::HEAD_PATH,
};

pub(crate) use standing::Standing;
use standing::examine;

/// The last format that this program knows.
const FORMAT: u32 = 2;
const FORMAT_PREFIX: &str = "haversack.data/";

const FORMAT_NAME: &str = "format";
const FORMAT_NEW_NAME: &str = "format.new";
/// Not [`FORMAT_NEW_NAME`]: that one says that there is no log yet, and whoever finds it alone begins
/// anew.
const FORMAT_MENDED_NAME: &str = "format.mended";
const BEGUN_NAME: &str = "begun";
/// Name of the file that whoever has the directory open holds a lock on.
pub(crate) const LOCK_NAME: &str = "lock";
const LOG_NAME: &str = "log";
/// Where sled's files of format 1 are while they are read for the last time.
const OLD_LOG_NAME: &str = "log.1";
/// A process that this one is just starting has the lock too, until it runs its own program.
const LOCK_ATTEMPTS_MAX: u32 = 20;
const LOCK_PAUSE: Duration = Duration::from_millis(5);
/// What making a log makes, besides sled's files.
const MADE_NAMES: [&str; 5] = ["journal", "keys", "audit", DELIVERIES_NAME, HEAD_PATH];

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

    /// What a directory holds, whoever has it open. Nothing is changed.
    pub(crate) fn standing(path: &Path) -> Result<Standing, StoreError> {
        Ok(examine(path, true)?.0)
    }

    /// Takes possession of a directory. Of one that isn't ours, nothing is changed.
    /// `rebuilds`: also of one whose format file and head are both lost.
    pub(crate) fn enter(
        path: &Path,
        rebuilds: bool,
    ) -> Result<(Self, Standing, Vec<Finding>), StoreError> {
        if examine(path, rebuilds)? == (Standing::New, None) {
            make_directories(path)?;
        }
        let directory = Self { path: path.to_path_buf(), _lock: lock(path)? };
        // Whoever had the lock before may have made the log meanwhile.
        let (standing, what) = examine(path, rebuilds)?;
        let mut findings = Vec::new();
        if standing == Standing::Made {
            directory.leave_format_1()?;
        }
        if let Some(what) = what {
            directory.write_format(FORMAT_MENDED_NAME)?;
            findings.push(Finding { copy: Copy::Format, events: None, what, mended: true });
        }
        Ok((directory, standing, findings))
    }

    /// Writes the name of our format, under another name at first.
    fn write_format(&self, new_name: &str) -> Result<(), StoreError> {
        let (path, new) = (self.path.join(FORMAT_NAME), self.path.join(new_name));
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
        self.write_format(FORMAT_NEW_NAME)
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
        self.leave_format_1()
    }

    /// Takes away what format 1 had. An upgrade that was killed at its very end left it.
    fn leave_format_1(&self) -> Result<(), StoreError> {
        self.remove(OLD_LOG_NAME)?;
        self.remove(BEGUN_NAME)
    }
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
    let mut locked = file.try_lock();
    for _ in 1..LOCK_ATTEMPTS_MAX {
        let Err(TryLockError::WouldBlock) = locked else { break };
        std::thread::sleep(LOCK_PAUSE);
        locked = file.try_lock();
    }
    match locked {
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
