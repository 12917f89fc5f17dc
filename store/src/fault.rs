//! From what failed below to what the caller is told.

use std::{fmt, io, path::Path};

use crate::{
    StoreError,
    directory::io_error,
    flaw::Flaw,
    sled_file::{Fault, is_locked},
};

/// Why something could not be done.
#[derive(Debug)]
pub(crate) enum Failed {
    /// sled didn't do it.
    Fault(Fault),
    /// sled did, and what it gave isn't what was written.
    Flaw(Flaw),
}

impl From<Fault> for Failed {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
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
        match self {
            Self::Fault(Fault::Told(error)) if is_locked(&error) => {
                StoreError::InUse { directory: directory.to_path_buf() }
            }
            failed if failed.is_disk_full() => {
                StoreError::Full { directory: directory.to_path_buf() }
            }
            failed => failed.told("opening the log", directory),
        }
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

    /// What a caller is told who can't read.
    pub(crate) fn at_read(self, directory: &Path) -> StoreError {
        self.told("reading the log", directory)
    }

    fn told(self, during: &'static str, directory: &Path) -> StoreError {
        if let Some(error) = self.io().filter(|error| !is_content(error.kind())) {
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

    fn is_disk_full(&self) -> bool {
        let full = [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded];
        self.io().is_some_and(|error| full.contains(&error.kind()))
    }
}

/// Whether an error is about what a file holds: sled has these where it reads what it didn't write.
fn is_content(kind: io::ErrorKind) -> bool {
    use io::ErrorKind::{InvalidData, InvalidInput, Other, UnexpectedEof};
    matches!(kind, InvalidData | InvalidInput | Other | UnexpectedEof)
}

/// The error for a flaw in a directory.
pub(crate) fn damaged(directory: &Path, flaw: Flaw) -> StoreError {
    StoreError::Damaged { directory: directory.to_path_buf(), offset: flaw.offset, what: flaw.what }
}
