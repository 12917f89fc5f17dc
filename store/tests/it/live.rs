//! What happens while several are at work on one open log.

use std::{fs, sync::Arc, thread};

use haversack_store::{DiskLog, JournalSizes, Log, SimDisk, SimIndex, StoreError};

use crate::fixtures::{read_all, record, write_log};

#[test]
fn checkpoints_signed_while_others_append_hold_each_event_once() {
    let directory = tempfile::tempdir().expect("directory");
    let log = Arc::new(DiskLog::open(directory.path()).expect("open"));
    let appending = Arc::clone(&log);
    let appends = thread::spawn(move || {
        (1..=1_500).for_each(|offset| appending.append(&[record(offset, 10)]).expect("append"));
    });
    while !appends.is_finished() {
        log.checkpoint().expect("signed");
    }
    appends.join().expect("appended");
    log.checkpoint().expect("signed");
    assert_eq!(log.verify().expect("what was signed is there").findings, []);
}

#[test]
fn group_that_was_refused_as_the_disk_was_full_is_not_there_after_a_restart() {
    let (disk, index) = (SimDisk::default(), SimIndex::default());
    let sizes = JournalSizes { segment: 1 << 20, ahead: 64 << 10 };
    let log = DiskLog::simulated(&disk, &index, sizes, 1).expect("made");
    // Space for the frame, and not for all the zeros ahead of it.
    disk.set_space(Some(8 << 10));
    let full = log.append(&[record(1, 100)]);
    assert!(matches!(full, Err(StoreError::Full { .. })), "{full:?}");
    disk.set_space(None);
    let again = DiskLog::simulated(&disk.copied(), &index.crashed(false), sizes, 1).expect("open");
    assert_eq!(again.head(), log.head());
}

#[test]
fn log_whose_format_file_was_being_mended_is_not_begun_anew() {
    let directory = tempfile::tempdir().expect("directory");
    write_log(directory.path(), &[record(1, 10)], &[1]);
    let format = directory.path().join("format");
    fs::remove_file(&format).expect("removed");
    // A directory in its place keeps the new file from taking its name, as a crash would.
    fs::create_dir_all(directory.path().join("format.mended/in-the-way")).expect("made");
    DiskLog::open(directory.path()).expect_err("it can't be mended");
    assert!(!directory.path().join("format.new").exists());
    fs::remove_dir_all(directory.path().join("format.mended")).expect("removed");
    // What a crash in the midst leaves.
    fs::write(directory.path().join("format.mended"), "hav").expect("written");
    let log = DiskLog::open(directory.path()).expect("open");
    assert_eq!(read_all(&log, 10), [record(1, 10)]);
}
