//! A device's directory.
//!
//! ```text
//! device.json        which server, with which token, under which name
//! lock               held by the process that has the device open
//! edits, edits.copy  the ledger
//! rows/              sled
//! ```

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use haversack_sync::message::DeviceLimits;
use serde::{Deserialize, Serialize};

use crate::{
    DeviceError,
    files::{self, Medium, TwoFiles},
    store::{SledStore, Store, StoreError},
};

const FORMAT: &str = "haversack.device/1";

/// How a device was set up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setup {
    /// The server's address.
    pub server: String,
    /// The bearer token.
    pub token: String,
    /// The device's name, unique among its user's.
    pub name: String,
    /// The app in whose name it asks.
    pub app: Option<String>,
}

/// What is kept of that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Settings {
    format: String,
    pub setup: Setup,
    pub limits: DeviceLimits,
    /// Whether nothing is to be sent or taken.
    pub works_offline: bool,
}

impl Settings {
    pub fn new(setup: Setup, limits: DeviceLimits) -> Self {
        Self { format: FORMAT.to_owned(), setup, limits, works_offline: false }
    }
}

/// Where rows are kept.
pub trait StoreHome: Send {
    /// Opens the store, or makes an empty one.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn open(&self) -> Result<Box<dyn Store>, StoreError>;

    /// Takes it away, whatever is there. It must not be open.
    ///
    /// # Errors
    /// If it can't be removed.
    fn clear(&self) -> io::Result<()>;
}

struct SledHome(PathBuf);

impl StoreHome for SledHome {
    fn open(&self) -> Result<Box<dyn Store>, StoreError> {
        Ok(Box::new(SledStore::open(&self.0)?))
    }

    fn clear(&self) -> io::Result<()> {
        match fs::remove_dir_all(&self.0) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

/// A device's directory, open.
pub(crate) struct Home {
    path: PathBuf,
    /// Unlocked when it's closed, be it by the end of the process.
    _lock: File,
}

impl Home {
    /// Makes a directory for a new device.
    pub fn make(path: &Path, settings: &Settings) -> Result<Self, DeviceError> {
        let shown = path.display().to_string();
        fs::create_dir_all(path).map_err(|source| DeviceError::io(shown.clone(), source))?;
        let home = Self::lock(path)?;
        if home.has_device()? {
            return Err(DeviceError::Exists { path: shown });
        }
        home.write(settings)?;
        Ok(home)
    }

    /// Opens the directory of a device.
    pub fn open(path: &Path) -> Result<(Self, Settings), DeviceError> {
        let none = || DeviceError::NoDevice { path: path.display().to_string() };
        if !path.join("device.json").is_file() {
            return Err(none());
        }
        let home = Self::lock(path)?;
        let text = files::read(&home.settings()).map_err(|error| home.io(error))?;
        let text = text.ok_or_else(none)?;
        let settings: Settings = serde_json::from_slice(&text)
            .map_err(|error| home.io(io::Error::new(io::ErrorKind::InvalidData, error)))?;
        if settings.format == FORMAT {
            return Ok((home, settings));
        }
        let found = format!("found format {:?}, expected {FORMAT:?}", settings.format);
        Err(home.io(io::Error::new(io::ErrorKind::InvalidData, found)))
    }

    /// Whether a device is there: made, or with edits of one.
    fn has_device(&self) -> Result<bool, DeviceError> {
        let names = ["device.json", "edits", "edits.copy"];
        Ok(names.iter().any(|name| self.path.join(name).exists()))
    }

    fn lock(path: &Path) -> Result<Self, DeviceError> {
        let shown = || path.display().to_string();
        let mut options = File::options();
        let lock = options.create(true).truncate(false).write(true).open(path.join("lock"));
        let lock = lock.map_err(|source| DeviceError::io(shown(), source))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(DeviceError::InUse { path: shown() }),
            Err(TryLockError::Error(source)) => Err(DeviceError::io(shown(), source)),
        }
    }

    fn settings(&self) -> PathBuf {
        self.path.join("device.json")
    }

    fn io(&self, source: io::Error) -> DeviceError {
        DeviceError::io(self.path.display().to_string(), source)
    }

    /// Writes the settings.
    pub fn write(&self, settings: &Settings) -> Result<(), DeviceError> {
        let text = serde_json::to_vec_pretty(settings).expect("settings have only text keys");
        files::replace(&self.settings(), &text).map_err(|error| self.io(error))
    }

    /// Where its rows are.
    pub fn store(&self) -> Box<dyn StoreHome> {
        Box::new(SledHome(self.path.join("rows")))
    }

    /// Where its edits are.
    pub fn medium(&self) -> Box<dyn Medium> {
        Box::new(TwoFiles::new(&self.path))
    }

    /// Removes all that is the device's. What says that there is one goes last.
    pub fn wipe(&self) -> Result<(), DeviceError> {
        let remove = |name: &str| match fs::remove_file(self.path.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        };
        let all = || {
            self.store().clear()?;
            ["edits", "edits.copy", "device.json"].into_iter().try_for_each(remove)?;
            files::sync_directory(&self.path)
        };
        all().map_err(|error| self.io(error))
    }
}
