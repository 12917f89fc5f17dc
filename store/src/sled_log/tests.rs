//! Failures that need a hand inside: a sync that fails, and groups that sled gives back in part.

use std::fs::File;

use haversack_core::{
    Timestamp,
    event::{Actor, Event, Record, Sequenced},
};
use tempfile::TempDir;

use super::*;

fn record(offset: u64, length: usize) -> LogRecord {
    // Every byte differs enough from its neighbours that lz4 finds nothing to save.
    let mut state = offset;
    let text = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        char::from(b' ' + u8::try_from((state >> 33) % 95).expect("small"))
    });
    let event = Event::ProfilePublished { profile: text.take(length).collect() };
    Sequenced {
        offset: Offset::new(offset).expect("not 0"),
        at: Timestamp(0),
        inner: Record { actor: Actor::Administrator, event },
    }
}

fn group(offsets: std::ops::RangeInclusive<u64>, length: usize) -> Vec<LogRecord> {
    offsets.map(|offset| record(offset, length)).collect()
}

fn open(directory: &TempDir) -> SledLog {
    SledLog::open(directory.path()).expect("open")
}

#[test]
fn after_a_failed_sync_nothing_is_appended_and_reads_go_on() {
    let directory = tempfile::tempdir().expect("directory");
    let mut log = open(&directory);
    log.append(&group(1..=3, 10)).expect("append");
    // A device that can't be synced stands for a disk that fails.
    let sound = log.sled.replace_file(File::open("/dev/null").expect("open"));
    let failed = log.append(&group(4..=6, 10));
    assert!(matches!(failed, Err(StoreError::SyncFailed { .. })), "{failed:?}");
    // It would work again, but what the failed sync lost is not known.
    log.sled.replace_file(sound);
    let refused = log.append(&group(4..=6, 10));
    assert!(matches!(refused, Err(StoreError::SyncFailed { .. })), "{refused:?}");
    assert_eq!(log.head(), Cursor::after(3));
    assert_eq!(log.read(Offset::FIRST, 10).expect("read"), group(1..=3, 10));
    drop(log);
    // The failed group was whole in sled: it's there, or it isn't.
    let log = open(&directory);
    assert_eq!(log.head(), Cursor::after(6));
    log.append(&group(7..=7, 10)).expect("the log goes on");
}

/// Opens a log whose groups are written without one of their parts.
fn open_without(groups: &[Vec<LogRecord>], missing: usize) -> Result<SledLog, StoreError> {
    let directory = tempfile::tempdir().expect("directory");
    let log = open(&directory);
    let mut pairs: Vec<_> = groups.iter().flat_map(|group| pack(group).expect("small")).collect();
    pairs.remove(missing);
    log.sled.write(pairs).expect("write");
    drop(log);
    SledLog::open(directory.path())
}

#[test]
fn group_without_any_one_of_its_parts_is_damaged() {
    let large = vec![group(1..=5, 100), [group(6..=40, 900), group(41..=41, 30_000)].concat()];
    let small_last = vec![group(1..=5, 100), group(6..=40, 900)];
    for groups in [large, small_last] {
        let parts = groups.iter().map(|group| pack(group).expect("small").len()).sum::<usize>();
        assert!(parts > 4, "the last group must have several parts");
        for missing in 0..parts {
            let opened = open_without(&groups, missing);
            assert!(matches!(opened, Err(StoreError::Damaged { .. })), "{missing}: {opened:?}");
        }
    }
}

#[test]
fn hole_before_the_last_group_is_found_when_it_is_read() {
    let groups = [group(1..=5, 100), group(6..=9, 100), group(10..=12, 100)];
    let log = {
        let directory = tempfile::tempdir().expect("directory");
        let log = open(&directory);
        let [first, _, last] = groups.each_ref().map(|group| pack(group).expect("small"));
        log.sled.write([first, last].concat()).expect("write");
        log.head.store(12, Ordering::Release);
        (directory, log)
    };
    for from in [1, 6, 9] {
        let read = log.1.read(Offset::new(from).expect("not 0"), 12);
        assert!(matches!(read, Err(StoreError::Damaged { offset: Some(_), .. })), "{read:?}");
    }
    assert_eq!(log.1.read(Offset::new(10).expect("not 0"), 12).expect("read"), groups[2]);
}
