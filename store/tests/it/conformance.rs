//! What every log does, whatever it's kept in.

use std::panic::{AssertUnwindSafe, catch_unwind};

use haversack_core::{Cursor, Offset, limits::EVENT_BYTES_MAX};
use haversack_store::{DiskLog, Log, LogRecord, MemoryLog, StoreError};
use proptest::prelude::*;

use crate::fixtures::{append_all, assert_no_blobs, read_all, record, records};

/// Runs a check on each kind of log, empty.
fn check(check: impl Fn(&dyn Log)) {
    check(&MemoryLog::default());
    let directory = tempfile::tempdir().expect("directory");
    check(&DiskLog::open(directory.path()).expect("open"));
    assert_no_blobs(directory.path());
}

fn offset(number: u64) -> Offset {
    Offset::new(number).expect("not 0")
}

#[test]
fn empty_log_has_no_head_and_reads_nothing() {
    check(|log| {
        assert_eq!(log.head(), Cursor::START);
        assert_eq!(log.read(Offset::FIRST, 10).expect("read"), []);
    });
}

#[test]
fn appended_groups_are_read_from_any_offset_in_any_chunk() {
    let expected = records(&[60; 300]);
    check(|log| {
        append_all(log, &expected, &[1, 7, 100]);
        assert_eq!(log.head(), Cursor::after(300));
        for chunk in [1, 2, 99, 300, 1_000] {
            assert_eq!(read_all(log, chunk), expected);
        }
        for from in 1..=300 {
            assert_eq!(
                log.read(offset(from), 3).expect("read"),
                &expected[from as usize - 1..][..3.min(301 - from as usize)]
            );
        }
    });
}

#[test]
fn reading_past_the_head_or_none_gives_nothing() {
    check(|log| {
        append_all(log, &records(&[10; 5]), &[5]);
        assert_eq!(log.read(offset(6), 10).expect("read"), []);
        assert_eq!(log.read(offset(u64::MAX), usize::MAX).expect("read"), []);
        assert_eq!(log.read(Offset::FIRST, 0).expect("read"), []);
    });
}

#[test]
fn group_of_no_events_changes_nothing() {
    check(|log| {
        log.append(&[]).expect("append");
        assert_eq!(log.head(), Cursor::START);
        log.append(&records(&[10])).expect("append");
        log.append(&[]).expect("append");
        assert_eq!(log.head(), Cursor::after(1));
    });
}

#[test]
fn offsets_that_leave_a_hole_are_a_callers_bug_and_change_nothing() {
    check(|log| {
        log.append(&records(&[10; 3])).expect("append");
        for group in [vec![record(5, 10)], vec![record(3, 10)], vec![record(4, 10), record(6, 10)]]
        {
            let append = catch_unwind(AssertUnwindSafe(|| log.append(&group)));
            assert!(append.is_err(), "{group:?} was taken");
        }
        assert_eq!(log.head(), Cursor::after(3));
        log.append(&[record(4, 10)]).expect("the log goes on");
    });
}

#[test]
fn large_events_stand_between_small_ones() {
    let lengths = [10, 20_000, 10, 3 << 20, 1 << 20, 10, 7_000, 8_000, 16_384, 15 << 20, 10];
    let expected = records(&lengths);
    check(|log| {
        append_all(log, &expected, &[11]);
        assert!(read_all(log, 4) == expected);
        for (from, record) in (1..).zip(&expected) {
            assert!(log.read(offset(from), 1).expect("read") == [record.clone()]);
        }
    });
}

#[test]
fn group_may_have_ten_thousand_events() {
    let expected = records(&[100; 10_000]);
    check(|log| {
        append_all(log, &expected, &[10_000]);
        assert!(read_all(log, 1_000) == expected);
    });
}

#[test]
fn memory_and_disk_are_filled_to_the_brim_without_blobs() {
    // Events of all sizes up to some parts, so that parts are full and sled's leaves as large as
    // they get; groups of all sizes, so that sled cleans up segments with live leaves in them.
    let lengths: Vec<usize> = (0..6_000_usize).map(|n| n * n * 31 % 9_000).collect();
    let expected = records(&lengths);
    check(|log| {
        append_all(log, &expected, &[1, 40, 3, 200, 17, 1, 5]);
        assert!(read_all(log, 512) == expected);
    });
}

#[test]
fn event_too_large_is_refused_alone() {
    let directory = tempfile::tempdir().expect("directory");
    let log = DiskLog::open(directory.path()).expect("open");
    log.append(&[record(1, 10)]).expect("append");
    let refused = log.append(&[record(2, 10), record(3, EVENT_BYTES_MAX)]);
    assert!(matches!(refused, Err(StoreError::TooLarge { offset, .. }) if offset.get() == 3));
    assert_eq!(log.head(), Cursor::after(1));
    log.append(&[record(2, 10)]).expect("the log goes on");
    assert_eq!(read_all(&log, 10), [record(1, 10), record(2, 10)]);
}

#[test]
fn reopened_log_is_the_same_and_goes_on() {
    let expected = records(&[50, 20_000, 50, 9_000, 50, 50]);
    let directory = tempfile::tempdir().expect("directory");
    for (from, to) in [(0, 2), (2, 3), (3, 3), (3, 6)] {
        let log = DiskLog::open(directory.path()).expect("open");
        assert_eq!(log.head(), Cursor::after(from as u64));
        assert_eq!(read_all(&log, 2), expected[..from]);
        log.append(&expected[from..to]).expect("append");
    }
    let log = DiskLog::open(directory.path()).expect("open");
    assert_eq!(read_all(&log, 2), expected);
    assert_no_blobs(directory.path());
}

#[test]
fn readers_see_whole_groups_while_others_are_appended() {
    let expected = records(&[300; 2_000]);
    check(|log| {
        std::thread::scope(|scope| {
            scope.spawn(|| append_all(log, &expected, &[25]));
            while log.head().count() < 2_000 {
                let head = log.head().count();
                assert_eq!(head % 25, 0);
                let read = log.read(offset(head.max(10) - 9), 10).expect("read");
                assert!(read.len() >= 10.min(head as usize), "{} of {head}", read.len());
            }
        });
    });
}

fn groups() -> impl Strategy<Value = (Vec<LogRecord>, Vec<usize>)> {
    let length = prop_oneof![8 => 0..400_usize, 2 => 6_000..9_000_usize, 1 => 15_000..60_000_usize];
    let lengths = proptest::collection::vec(length, 1..120);
    let sizes = proptest::collection::vec(1..50_usize, 1..6);
    (lengths.prop_map(|lengths| records(&lengths)), sizes)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..Default::default() })]

    #[test]
    fn any_grouping_reads_back_equal((expected, sizes) in groups(), chunk in 1..200_usize) {
        let directory = tempfile::tempdir().expect("directory");
        let log = DiskLog::open(directory.path()).expect("open");
        append_all(&log, &expected, &sizes);
        prop_assert!(read_all(&log, chunk) == expected);
        drop(log);
        let log = DiskLog::open(directory.path()).expect("open");
        prop_assert!(read_all(&log, chunk) == expected);
        assert_no_blobs(directory.path());
    }
}
