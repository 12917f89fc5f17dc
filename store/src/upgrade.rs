//! From format 1, which had sled's files alone, to format 2.
//!
//! The events are the same afterwards; they get salts, a chain and a tree. A killed upgrade is begun
//! again: until the format file says 2, the old files are what counts.

use haversack_core::{Cursor, limits::GROUP_EVENTS_MAX};

use crate::{
    DiskLog, Log, LogRecord, StoreError,
    directory::Directory,
    disk_log::{Site, make},
    fault::{Failed, damaged},
    flaw::Flaw,
    index::{IndexHome, caught, sled::SledHome},
    part::Key,
    unpack::Unpacker,
};

/// Turns a directory of format 1 into one of format 2.
///
/// # Errors
/// [`StoreError::Damaged`] if the old log is not whole, and as [`DiskLog::open`].
pub(crate) fn upgrade(directory: &Directory, site: impl Fn() -> Site) -> Result<(), StoreError> {
    let path = directory.path().to_path_buf();
    let (old, has_begun) = directory.begin_upgrade()?;
    let at_open = |failed: Failed| failed.at_open(&path);
    // sled would make a new file in place of one that is gone.
    if !old.join("db").metadata().is_ok_and(|metadata| metadata.len() > 0) {
        return Err(damaged(&path, Flaw::new(None, "the file `log/db` is missing or empty")));
    }
    make(&site()).map_err(at_open)?;
    {
        let log = DiskLog::on(site(), Vec::new(), None, false)?;
        let mut group = Vec::new();
        let append = |group: &mut Vec<LogRecord>| {
            let appended = log.append(group);
            group.clear();
            appended
        };
        each_old_event(&SledHome(old), &mut |record| {
            // Later ones follow by their parts.
            if group.is_empty() && record.offset != log.head().next() {
                let missing = Flaw::new(Some(log.head().next()), "this event is missing");
                return Err(damaged(&path, missing));
            }
            group.push(record);
            if group.len() < GROUP_EVENTS_MAX { Ok(()) } else { append(&mut group) }
        })
        .map_err(|failed| match failed {
            Stopped::Failed(failed) => at_open(failed),
            Stopped::Store(error) => error,
        })?;
        append(&mut group)?;
        if has_begun && log.head() == Cursor::START {
            return Err(damaged(&path, Flaw::new(None, "the log is empty, and once was not")));
        }
        log.settle();
    }
    directory.finish_upgrade()
}

enum Stopped {
    Failed(Failed),
    Store(StoreError),
}

impl<T: Into<Failed>> From<T> for Stopped {
    fn from(failed: T) -> Self {
        Self::Failed(failed.into())
    }
}

/// Hands on all events of a log of format 1.
fn each_old_event(
    home: &SledHome,
    take: &mut dyn FnMut(LogRecord) -> Result<(), StoreError>,
) -> Result<(), Stopped> {
    let index = home.open()?;
    caught(|| {
        let mut unpacker = Unpacker::default();
        let mut records = Vec::new();
        for pair in index.from(Key { first: Cursor::START.next(), part: 0 }) {
            let (key, value) = pair?;
            unpacker.push(&key, &value, &mut |record, _| records.push(record))?;
            records.drain(..).try_for_each(&mut *take).map_err(Stopped::Store)?;
        }
        match unpacker.last() {
            Some(last) if !last.ends_group() => {
                Err(Flaw::new(Some(last.group.first), "the last group is not complete").into())
            }
            _ => Ok(()),
        }
    })
}
