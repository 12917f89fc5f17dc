//! The data directory: whose it is, and what is refused.

use std::{
    fs,
    path::{Path, PathBuf},
};

use haversack_core::Cursor;
use haversack_store::{Copy, DiskLog, Log, StoreError};
use tempfile::TempDir;

use crate::fixtures::{read_all, records, write_log};

fn open_error(directory: &Path) -> StoreError {
    DiskLog::open(directory).expect_err("this directory must be refused")
}

/// A directory with a log of five events in it.
fn made() -> TempDir {
    let directory = tempfile::tempdir().expect("directory");
    write_log(directory.path(), &records(&[10; 5]), &[5]);
    directory
}

fn files(directory: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).expect("directory") {
        let path = entry.expect("entry").path();
        match fs::read(&path) {
            Ok(bytes) => files.push((path, bytes)),
            Err(_) => files.extend(self::files(&path)),
        }
    }
    files.sort();
    files
}

#[test]
fn absent_directories_are_made() {
    let parent = tempfile::tempdir().expect("directory");
    let directory = parent.path().join("a/b");
    assert_eq!(DiskLog::open(&directory).expect("open").head(), Cursor::START);
    assert_eq!(fs::read(directory.join("format")).expect("format"), b"haversack.data/2\n");
    assert!(!directory.join("format.new").exists());
}

#[test]
fn directory_that_is_open_is_in_use() {
    let directory = tempfile::tempdir().expect("directory");
    let log = DiskLog::open(directory.path()).expect("open");
    let error = open_error(directory.path());
    assert!(matches!(error, StoreError::InUse { .. }), "{error}");
    drop(log);
    DiskLog::open(directory.path()).expect("it's free again");
}

#[test]
fn newer_format_is_refused_untouched() {
    let directory = made();
    // A newer format has another head too.
    fs::write(directory.path().join("format"), "haversack.data/3\n").expect("write");
    fs::write(directory.path().join("head"), "of another kind").expect("write");
    let before = files(directory.path());
    let error = open_error(directory.path());
    assert!(matches!(error, StoreError::Newer { found: 3, known: 2, .. }), "{error}");
    assert!(files(directory.path()) == before);
}

#[test]
fn format_file_is_mended_where_the_head_is_ours() {
    let garbled =
        [None, Some(""), Some("haversack.data/0\n"), Some("haversack.data/3\n"), Some("h")];
    for garbled in garbled {
        let directory = made();
        let format = directory.path().join("format");
        match garbled {
            None => fs::remove_file(&format).expect("remove"),
            Some(text) => fs::write(&format, text).expect("write"),
        }
        let log = DiskLog::open(directory.path()).expect("open");
        assert_eq!(read_all(&log, 10), records(&[10; 5]), "{garbled:?}");
        let findings = log.findings();
        assert!(findings.iter().any(|finding| finding.copy == Copy::Format), "{findings:?}");
        drop(log);
        assert_eq!(fs::read(&format).expect("format"), b"haversack.data/2\n");
        assert_eq!(DiskLog::open(directory.path()).expect("open").findings(), []);
    }
}

#[test]
fn log_without_a_format_file_and_a_head_is_damaged() {
    for garbled in [None, Some(""), Some("haversack.data/0\n"), Some("haversack\n")] {
        let directory = made();
        let format = directory.path().join("format");
        fs::remove_file(directory.path().join("head")).expect("remove");
        match garbled {
            None => fs::remove_file(format).expect("remove"),
            Some(text) => fs::write(format, text).expect("write"),
        }
        let before = files(directory.path());
        let error = open_error(directory.path());
        assert!(matches!(error, StoreError::Damaged { .. }), "{garbled:?}: {error}");
        assert!(files(directory.path()) == before);
    }
}

#[test]
fn folder_of_somebody_else_is_refused_untouched() {
    for name in ["notes.txt", "format", "format.md"] {
        let directory = tempfile::tempdir().expect("directory");
        fs::write(directory.path().join(name), "mine").expect("write");
        fs::create_dir(directory.path().join("log")).expect("make");
        let before = files(directory.path());
        let error = open_error(directory.path());
        assert!(matches!(error, StoreError::Foreign { .. }), "{name}: {error}");
        assert!(files(directory.path()) == before);
    }
}

#[test]
fn file_in_place_of_a_directory_is_an_error() {
    let file = tempfile::NamedTempFile::new().expect("file");
    let error = open_error(file.path());
    assert!(matches!(error, StoreError::Io { .. }), "{error}");
}

#[test]
fn interrupted_making_is_begun_again() {
    let directory = tempfile::tempdir().expect("directory");
    fs::write(directory.path().join("lock"), "").expect("write");
    fs::write(directory.path().join("format.new"), "hav").expect("write");
    fs::create_dir(directory.path().join("log")).expect("make");
    fs::write(directory.path().join("log/db"), [0; 100]).expect("write");
    write_log(directory.path(), &records(&[10; 5]), &[5]);
    let log = DiskLog::open(directory.path()).expect("open");
    assert_eq!(read_all(&log, 10), records(&[10; 5]));
}
