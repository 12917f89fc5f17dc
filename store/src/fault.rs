//! From what failed below to what the caller is told.

use std::{fmt, io, path::Path};

use haversack_core::Offset;

use crate::{
    StoreError,
    directory::io_error,
    flaw::Flaw,
    index::{Fault, sled::is_locked},
};

/// Why something could not be done.
#[derive(Debug)]
pub(crate) enum Failed {
    /// A disk or sled didn't do it.
    Fault(Fault),
    /// They did, and what they gave isn't what was written.
    Flaw(Flaw),
}

impl From<Fault> for Failed {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        Self::Fault(Fault::File(error))
    }
}

impl From<Flaw> for Failed {
    fn from(flaw: Flaw) -> Self {
        Self::Flaw(flaw)
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flaw(flaw) => f.write_str(&flaw.what),
            Self::Fault(Fault::Told(error)) => error.fmt(f),
            Self::Fault(Fault::File(error)) => error.fmt(f),
            Self::Fault(Fault::Panicked(text)) => write!(f, "sled gave up: {text}"),
        }
    }
}

impl Failed {
    /// What a caller is told whose log can't be opened.
    pub(crate) fn at_open(self, directory: &Path) -> StoreError {
        if self.is_lock() {
            return StoreError::InUse { directory: directory.to_path_buf() };
        }
        if self.is_disk_full() {
            return StoreError::Full { directory: directory.to_path_buf() };
        }
        self.told("opening the log", directory)
    }

    /// What a caller is told whose group may not be durable.
    pub(crate) fn at_append(self, directory: &Path) -> StoreError {
        let directory = directory.to_path_buf();
        if self.is_disk_full() {
            StoreError::Full { directory }
        } else {
            StoreError::SyncFailed { directory, what: self.to_string() }
        }
    }

    /// What a caller is told who can't read, or check.
    pub(crate) fn told(self, during: &'static str, directory: &Path) -> StoreError {
        if let Some(error) = self.io().filter(|_| self.is_io()) {
            return io_error(during, directory, error);
        }
        let what = self.to_string();
        match self {
            Self::Flaw(flaw) => damaged(directory, flaw),
            Self::Fault(_) => damaged(directory, Flaw::new(None, what)),
        }
    }

    fn io(&self) -> Option<&io::Error> {
        match self {
            Self::Fault(Fault::Told(sled::Error::Io(error)) | Fault::File(error)) => Some(error),
            Self::Fault(Fault::Told(_) | Fault::Panicked(_)) | Self::Flaw(_) => None,
        }
    }

    /// Whether a file could not be had, whatever it holds.
    pub(crate) fn is_io(&self) -> bool {
        self.io().is_some_and(|error| !is_content(error))
    }

    /// Whether reading can't go on in the other copy. After a full disk sled gives the same error to
    /// those who read.
    pub(crate) fn ends_reading(&self) -> bool {
        self.is_io() && !self.is_disk_full()
    }

    /// What is wrong with the journal at an event: a place that can't be read is damage like any.
    ///
    /// # Errors
    /// The failure itself, if it's about the machine, or about sled.
    pub(crate) fn into_flaw(self, offset: Offset) -> Result<Flaw, Self> {
        match self {
            Self::Flaw(flaw) => Ok(flaw),
            Self::Fault(Fault::File(error)) if is_content(&error) => {
                Ok(Flaw::new(Some(offset), error.to_string()))
            }
            fault @ Self::Fault(_) => Err(fault),
        }
    }

    /// Whether there is no space left, or no more is allowed.
    pub(crate) fn is_disk_full(&self) -> bool {
        use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
        let full = [FileTooLarge, QuotaExceeded, StorageFull];
        self.io().is_some_and(|error| full.contains(&error.kind()))
    }

    /// Whether another process has sled's file.
    pub(crate) fn is_lock(&self) -> bool {
        matches!(self, Self::Fault(Fault::Told(error)) if is_locked(error))
    }
}

/// Whether an error is about what a file holds: sled has these where it reads what it didn't write.
/// A file that is gone is damage too, and so is a sector that the disk can't give back.
fn is_content(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidData, InvalidInput, NotFound, Other, UnexpectedEof};
    is_unreadable(error)
        || matches!(error.kind(), InvalidData | InvalidInput | NotFound | Other | UnexpectedEof)
}

/// Whether the disk could not give back what it holds (EIO).
pub(crate) fn is_unreadable(error: &io::Error) -> bool {
    const EIO: i32 = 5;
    cfg!(unix) && error.raw_os_error() == Some(EIO)
}

/// The error for a flaw in a directory.
pub(crate) fn damaged(directory: &Path, flaw: Flaw) -> StoreError {
    StoreError::Damaged { directory: directory.to_path_buf(), offset: flaw.offset, what: flaw.what }
}
