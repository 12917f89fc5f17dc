//! What can go wrong with a log on disk.

use std::{io, path::PathBuf};

use haversack_core::{Offset, limits::EVENT_BYTES_MAX};

/// A failure of the log. The message says what happened, where, and what can be done.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process, or another part of this one, has the log open.
    #[error(
        "data directory {} is in use by another process; stop that one first, or name another directory",
        directory.display()
    )]
    InUse {
        /// The data directory.
        directory: PathBuf,
    },
    /// What is on disk is not what was written.
    #[error(
        "data directory {} is damaged{}: {what}; {}",
        directory.display(), at(*offset), choices(*offset)
    )]
    Damaged {
        /// The data directory.
        directory: PathBuf,
        /// The first event that is known to be bad; none if the damage is not that of one event.
        offset: Option<Offset>,
        /// What was found.
        what: String,
    },
    /// A later version of this program wrote the directory. Nothing was changed.
    #[error(
        "data directory {} has format {found}, and this program knows formats up to {known}; use a newer program",
        directory.display()
    )]
    Newer {
        /// The data directory.
        directory: PathBuf,
        /// The format of the directory.
        found: u32,
        /// The last format that this program knows.
        known: u32,
    },
    /// The directory holds something, and it isn't a log. Nothing was changed.
    #[error(
        "directory {} is not empty and is no data directory (it holds {found:?}); name an empty or a new one",
        directory.display()
    )]
    Foreign {
        /// The directory.
        directory: PathBuf,
        /// One of the names that were found in it.
        found: String,
    },
    /// A write or a sync failed, now or earlier. What is on disk is only known after it's opened
    /// again, so nothing more is appended; reads go on.
    #[error(
        "data directory {} takes no more writes, as one failed ({what}); see to the disk, then start the program again",
        directory.display()
    )]
    SyncFailed {
        /// The data directory.
        directory: PathBuf,
        /// The first failure.
        what: String,
    },
    /// The disk is full: the group was not acknowledged, and nothing of it counts. A later one goes
    /// through if there is space then.
    #[error(
        "no space is left for data directory {}; nothing of this was taken; make some space, then send it again",
        directory.display()
    )]
    Full {
        /// The data directory.
        directory: PathBuf,
    },
    /// An event is larger than can be read back. Its group was not written; the log goes on.
    #[error(
        "event {offset} takes {bytes} bytes, and one event may take {EVENT_BYTES_MAX}; split what it writes"
    )]
    TooLarge {
        /// The offset that the event was to have.
        offset: Offset,
        /// Its encoded size.
        bytes: usize,
    },
    /// A file could not be read, made or written.
    #[error("{during}: {source}")]
    Io {
        /// What was being done.
        during: &'static str,
        /// The cause; it names the file.
        source: io::Error,
    },
}

/// What can be done where neither copy has an event, or it isn't known how far the log must reach.
fn choices(offset: Option<Offset>) -> String {
    let restore = "restore a backup into a new directory with `haversack log import`";
    match offset.map(|offset| offset.get() - 1) {
        None => format!("let `haversack log repair` look at all of it, or {restore}"),
        Some(0) => restore.to_owned(),
        Some(whole) => {
            format!("{restore}, or save what is whole with `haversack log export --until {whole}`")
        }
    }
}

fn at(offset: Option<Offset>) -> String {
    offset.map(|offset| format!(" at event {offset}")).unwrap_or_default()
}
