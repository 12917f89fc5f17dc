//! Damage to real files that needs more than a copy to be mended, case by case.

use std::{fs, path::Path};

use haversack_store::{Copy, DiskLog, Finding, Log, LogRecord, StoreError};
use tempfile::TempDir;

use crate::fixtures::{assert_no_blobs, read_all, record, records, write_log};

const KEYS: [&str; 2] = ["keys/checkpoint.key", "keys/checkpoint.key.copy"];

/// A log of as many events as there are lengths, closed in peace.
fn made(lengths: &[usize], group: usize) -> (TempDir, Vec<LogRecord>) {
    let (directory, records) = (tempfile::tempdir().expect("directory"), records(lengths));
    write_log(directory.path(), &records, &[group]);
    (directory, records)
}

fn take_from(other: &Path, name: &str, directory: &Path) {
    fs::copy(other.join(name), directory.join(name)).expect("copied");
}

#[test]
fn head_of_a_shorter_log_is_not_believed() {
    let (directory, _) = made(&[100; 40], 8);
    // It ends in the midst of a group, so its hash can't be compared with one of ours.
    let (other, _) = made(&[100; 21], 7);
    take_from(other.path(), "head", directory.path());
    let opened = DiskLog::open(directory.path());
    assert!(matches!(opened, Err(StoreError::Damaged { .. })), "{opened:?}");
}

#[test]
fn key_of_another_log_is_told_from_the_own() {
    for name in KEYS {
        let (directory, _) = made(&[100; 5], 5);
        let verifier = DiskLog::open(directory.path()).expect("open").verifier();
        let (other, _) = made(&[100; 5], 5);
        take_from(other.path(), name, directory.path());
        let log = DiskLog::open(directory.path()).expect("open");
        assert_eq!(log.verifier().to_string(), verifier.to_string(), "{name}");
        let findings = log.findings();
        assert!(findings.iter().any(|finding| finding.copy == Copy::Key), "{findings:?}");
        assert_eq!(log.verify().expect("whole").findings, []);
        drop(log);
        let [key, copy] = KEYS.map(|name| fs::read(directory.path().join(name)).expect("key"));
        assert!(key == copy);
    }
}

#[test]
fn keys_that_differ_are_refused_where_neither_signed() {
    let (directory, _) = made(&[100; 5], 5);
    let (other, _) = made(&[100; 5], 5);
    take_from(other.path(), KEYS[0], directory.path());
    fs::remove_file(directory.path().join("audit/checkpoint")).expect("removed");
    let opened = DiskLog::open(directory.path());
    assert!(matches!(opened, Err(StoreError::Damaged { .. })), "{opened:?}");
}

/// sled takes a snapshot that it was writing when the power went for a whole one.
#[test]
fn snapshot_that_sled_did_not_finish_is_no_damage() {
    let (directory, records) = made(&[100; 5], 5);
    let path = directory.path().join("log/snap.7FFFFFFFFFFFFFFF.generating");
    fs::write(&path, [1; 100]).expect("written");
    let log = DiskLog::open(directory.path()).expect("open");
    assert_eq!(log.findings(), []);
    assert_eq!(read_all(&log, 10), records);
    assert!(!path.exists());
}

/// Damages sled's file at a place, and says what reading and repairing found.
fn damage_sled(directory: &Path, records: &[LogRecord], place: usize) -> (Vec<Finding>, bool) {
    let path = directory.join("log/db");
    let mut bytes = fs::read(&path).expect("sled's file");
    bytes[place] ^= 4;
    fs::write(&path, bytes).expect("written");
    let log = DiskLog::open(directory).expect("open");
    assert!(read_all(&log, 1_000) == records, "the journal is read in its place");
    let found = log.findings();
    let seen = log.verify().expect("the journal is whole").findings;
    assert_eq!(seen.is_empty(), found.iter().all(|finding| finding.mended), "{found:?}; {seen:?}");
    log.repair().expect("mended");
    let mended = log.findings();
    assert!(mended.iter().all(|finding| finding.mended), "{mended:?}");
    assert_eq!(log.verify().expect("whole").findings, []);
    let more = record(records.len() as u64 + 1, 10);
    log.append(std::slice::from_ref(&more)).expect("it goes on");
    assert!(read_all(&log, 1_000).last() == Some(&more));
    drop(log);
    let log = DiskLog::open(directory).expect("open again");
    assert_eq!((log.findings(), read_all(&log, 1_000).len()), (vec![], records.len() + 1));
    assert_no_blobs(directory);
    (found, !mended.is_empty())
}

/// What sled can't read it can't write either: a repair makes all of it anew while the log is open.
#[test]
fn sled_that_cant_be_read_is_made_anew() {
    let mut repaired = 0;
    for place in (20_000..300_000).step_by(23_456) {
        let (directory, records) = made(&[1_000; 300], 20);
        // So that sled notes where everything is and looks at nothing when it's opened.
        drop(DiskLog::open(directory.path()).expect("open"));
        let (found, mended) = damage_sled(directory.path(), &records, place);
        repaired += usize::from(found.iter().any(|finding| !finding.mended) && mended);
    }
    assert!(repaired > 0, "no place was hit that only a repair can mend");
}
