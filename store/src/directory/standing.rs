//! What a data directory holds, by its format file and, where that is damaged, by what is beside it.

use std::{
    fs::{self, DirEntry, File},
    io::{self, ErrorKind, Read},
    path::Path,
    sync::Arc,
};

use super::{
    FORMAT, FORMAT_NAME, FORMAT_NEW_NAME, FORMAT_PREFIX, LOCK_NAME, LOG_NAME, MADE_NAMES,
    OLD_LOG_NAME, io_error,
};
use crate::{
    JournalSizes, StoreError,
    disk::RealDisk,
    head,
    journal::{Journal, Place, segments_on},
};

/// The format that had no journal.
const FORMAT_WITHOUT_JOURNAL: u32 = 1;
/// No format file is longer.
const FORMAT_BYTES_MAX: u64 = 64;

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

/// What a directory holds and, if its format file is damaged and must be written anew, what was
/// found in it. `rebuilds`: the head may be lost as well.
pub(crate) fn examine(
    path: &Path,
    rebuilds: bool,
) -> Result<(Standing, Option<String>), StoreError> {
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
        // While the old log is there, a head may be that of an upgrade which has not come to its end.
        Format::Number(_) | Format::Garbled | Format::Absent
            if (has_head() || rebuilds && has_our_journal(path)) && !has_old_log(path) =>
        {
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
    segments_on(&RealDisk::new(path)).is_ok_and(|segments| !segments.is_empty())
}

/// Whether the journal begins as only this format's does.
fn has_our_journal(path: &Path) -> bool {
    let journal = Journal::open(Arc::new(RealDisk::new(path)), JournalSizes::default());
    let is_sound = |journal: Journal| {
        let Place { segment, .. } = Place::FIRST;
        journal.header_is_sound(journal.file(segment)?.as_ref(), segment, &[0; 32])
    };
    journal.and_then(is_sound).unwrap_or(false)
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
