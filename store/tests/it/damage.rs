//! Damaged files: an error or a shorter log, never other events, and never a panic.

use std::{fs, path::Path};

use haversack_core::Offset;
use haversack_store::{Log, LogRecord, SledLog, StoreError};

use crate::fixtures::{records, write_log};

fn assert_damaged(directory: &Path, how: &str) {
    match SledLog::open(directory) {
        Err(StoreError::Damaged { .. }) => {}
        other => panic!("{how}: {other:?}"),
    }
}

#[test]
fn log_whose_file_is_gone_or_empty_is_damaged_not_new() {
    for how in ["gone", "empty", "zeroed", "folder gone"] {
        let directory = tempfile::tempdir().expect("directory");
        write_log(directory.path(), &records(&[100; 50]), &[10]);
        let db = directory.path().join("log/db");
        match how {
            "gone" => fs::remove_file(&db).expect("remove"),
            "empty" => fs::write(&db, []).expect("write"),
            "zeroed" => fs::write(&db, vec![0; 1 << 20]).expect("write"),
            _ => fs::remove_dir_all(directory.path().join("log")).expect("remove"),
        }
        assert_damaged(directory.path(), how);
        // And again: looking at it doesn't turn it into an empty one.
        assert_damaged(directory.path(), how);
    }
}

/// Reads what a damaged log gives, and checks that it's the beginning of what was written.
fn assert_prefix_or_error(directory: &Path, written: &[LogRecord], how: &str) -> Outcome {
    let log = match SledLog::open(directory) {
        Ok(log) => log,
        Err(StoreError::Damaged { .. } | StoreError::Io { .. }) => return Outcome::Refused,
        Err(other) => panic!("{how}: {other}"),
    };
    let head = usize::try_from(log.head().count()).expect("few events");
    assert!(head > 0, "{how}: an empty log");
    assert!(head <= written.len(), "{how}: {head} events");
    for (chunk, expected) in (0..).zip(written[..head].chunks(500)) {
        let from = Offset::new(chunk * 500 + 1).expect("not 0");
        match log.read(from, expected.len()) {
            Ok(read) => assert!(read == expected, "{how}: other events than were written"),
            Err(StoreError::Damaged { .. } | StoreError::Io { .. }) => return Outcome::Refused,
            Err(other) => panic!("{how}: {other}"),
        }
    }
    if head == written.len() { Outcome::Whole } else { Outcome::Shorter }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Whole,
    Refused,
    /// The known limit: sled dropped the end and said nothing.
    Shorter,
}

/// Damages copies of one log's file, and says how often each outcome was seen.
fn outcomes(trials: usize, damage: impl Fn(usize, &mut Vec<u8>)) -> [usize; 3] {
    let written = records(&[200; 3_000]);
    let original = tempfile::tempdir().expect("directory");
    write_log(original.path(), &written, &[1, 250, 9]);
    let mut seen = [0; 3];
    for trial in 0..trials {
        let copy = tempfile::tempdir().expect("directory");
        copy_all(original.path(), copy.path());
        let db = copy.path().join("log/db");
        let mut bytes = fs::read(&db).expect("read");
        damage(trial, &mut bytes);
        fs::write(&db, bytes).expect("write");
        let outcome = assert_prefix_or_error(copy.path(), &written, &format!("trial {trial}"));
        seen[outcome as usize] += 1;
    }
    seen
}

fn copy_all(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("directory") {
        let entry = entry.expect("entry");
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            fs::create_dir(&to).expect("make");
            copy_all(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).expect("copy");
        }
    }
}

#[test]
fn flipped_bits_never_change_what_is_read() {
    let seen = outcomes(80, |trial, bytes| {
        let used = bytes.iter().rposition(|&byte| byte != 0).expect("not all is zero") + 1;
        let at = (trial * 79_190_003 + trial * trial * 104_729) % used;
        bytes[at] ^= 1 << (trial % 8);
    });
    println!("whole, refused, shorter: {seen:?}");
}

#[test]
fn truncated_file_never_changes_what_is_read() {
    let seen = outcomes(30, |trial, bytes| bytes.truncate(bytes.len() * trial / 30));
    println!("whole, refused, shorter: {seen:?}");
    assert_eq!(seen[Outcome::Whole as usize], 0);
}
