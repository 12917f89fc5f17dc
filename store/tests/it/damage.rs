//! Damage on a simulated disk: mended from the other copy and reported, or refused; never other
//! events, and never fewer without a word.

use haversack_core::Cursor;
use haversack_store::{Copy, DiskLog, Finding, Log, LogRecord, SimDisk, SimIndex, StoreError};

use crate::{
    crash::SIZES,
    fixtures::{read_all, record},
};

/// A log that was closed in peace, and its events.
pub struct Sound {
    disk: SimDisk,
    index: SimIndex,
    written: Vec<LogRecord>,
}

pub fn sound() -> Sound {
    let (disk, index) = (SimDisk::default(), SimIndex::default());
    let log = DiskLog::simulated(&disk, &index, SIZES, 3).expect("made");
    let mut written = Vec::new();
    for length in [10, 500, 4_000, 90, 9_000, 30, 30, 2_500, 700, 15] {
        let from = written.len() as u64 + 1;
        let group: Vec<LogRecord> = (from..from + 4).map(|offset| record(offset, length)).collect();
        log.append(&group).expect("append");
        written.extend(group);
    }
    log.settle();
    drop(log);
    // Opening a log whose sled has taken everything notes that in the head.
    drop(DiskLog::simulated(&disk, &index, SIZES, 4).expect("open"));
    Sound { disk, index, written }
}

/// What became of damage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Everything is there, and nothing was found: unused bytes.
    Unused,
    /// Everything is there again, and what was mended was said.
    Mended,
    /// It was refused.
    Refused,
}

impl Sound {
    /// Opens what is left, reads it, looks at all of it, and reads it again.
    ///
    /// # Panics
    /// If events are other than they were, or missing without a word.
    pub fn outcome(&self, disk: &SimDisk, index: &SimIndex, how: &str) -> Outcome {
        let log = match DiskLog::simulated(disk, index, SIZES, 5) {
            Ok(log) => log,
            Err(StoreError::Damaged { .. }) => return Outcome::Refused,
            Err(other) => panic!("{how}: {other}"),
        };
        assert!(read_all(&log, 7) == self.written, "{how}: other events than were written");
        let mut findings = log.findings();
        log.repair().unwrap_or_else(|error| panic!("{how}: {error}"));
        findings.extend(log.findings());
        assert!(findings.iter().all(|finding| finding.mended), "{how}: {findings:?}");
        assert_eq!(log.repair().map(|_| log.findings()).expect(how), [], "{how}: twice");
        drop(log);
        let log = DiskLog::simulated(disk, index, SIZES, 6).expect(how);
        assert!(read_all(&log, 100) == self.written, "{how}: after it was mended");
        assert_eq!(log.findings(), [], "{how}: after it was mended");
        if findings.is_empty() { Outcome::Unused } else { Outcome::Mended }
    }

    /// The outcomes of many ways to damage one file.
    fn outcomes(&self, path: &str, damages: impl Iterator<Item = Damage>) -> Vec<Outcome> {
        let of = |damage: Damage| {
            let (disk, index) = (self.disk.copied(), self.index.crashed(false));
            disk.damage(path, |bytes| damage(bytes));
            self.outcome(&disk, &index, path)
        };
        damages.map(of).collect()
    }

    fn length(&self, path: &str) -> usize {
        let mut length = 0;
        self.disk.damage(path, |bytes| length = bytes.len());
        length
    }
}

type Damage = Box<dyn FnOnce(&mut Vec<u8>)>;

/// What is done to a value.
type Spoil<'a> = &'a dyn Fn(&mut Vec<u8>);

fn count(outcomes: &[Outcome], wanted: Outcome) -> usize {
    outcomes.iter().filter(|outcome| **outcome == wanted).count()
}

/// Flips spread over a file, so that every part of it is hit.
fn flips(length: usize) -> impl Iterator<Item = Damage> {
    let stride = (length / 150).max(1);
    (0..length).step_by(stride).enumerate().map(|(number, place)| -> Damage {
        Box::new(move |bytes| bytes[place] ^= 1 << (number % 8))
    })
}

fn zeroed_sectors(length: usize) -> impl Iterator<Item = Damage> {
    (0..length).step_by(512).map(|place| -> Damage {
        Box::new(move |bytes| {
            let end = bytes.len().min(place + 512);
            bytes[place..end].fill(0);
        })
    })
}

#[test]
fn flips_and_zeroed_sectors_are_mended_in_every_file() {
    let sound = sound();
    let (mut all, mut refused) = (0, 0);
    for path in sound.disk.paths() {
        let length = sound.length(&path);
        let mut outcomes = sound.outcomes(&path, flips(length));
        outcomes.extend(sound.outcomes(&path, zeroed_sectors(length)));
        println!("{path}: {} mended of {}", count(&outcomes, Outcome::Mended), outcomes.len());
        all += outcomes.len();
        refused += count(&outcomes, Outcome::Refused);
    }
    println!("{all} in all, {refused} refused");
    assert!(all > 1_000);
    assert_eq!(refused, 0);
}

#[test]
fn files_cut_or_gone_are_mended_or_refused() {
    let sound = sound();
    for path in sound.disk.paths() {
        let length = sound.length(&path);
        let cuts = (0..20).map(|part| -> Damage {
            Box::new(move |bytes: &mut Vec<u8>| bytes.truncate(length * part / 20))
        });
        let outcomes = sound.outcomes(&path, cuts);
        let (disk, index) = (sound.disk.copied(), sound.index.crashed(false));
        disk.lose(&path);
        let gone = sound.outcome(&disk, &index, &path);
        println!("{path}: gone: {gone:?}; cut: {} refused", count(&outcomes, Outcome::Refused));
        // A head that is not there can't say how far the log must reach.
        assert_eq!(gone == Outcome::Refused, path == "head", "{path}");
    }
}

#[test]
fn values_of_sled_that_are_damaged_or_gone_are_mended_from_the_journal() {
    let sound = sound();
    for place in 0..sound.index.len() {
        let damages: [Option<Spoil<'_>>; 4] = [
            None,
            Some(&|value| value.clear()),
            Some(&|value| value[40] ^= 1),
            Some(&|value| value.truncate(value.len() - 1)),
        ];
        for damage in damages {
            let (disk, index) = (sound.disk.copied(), sound.index.crashed(false));
            index.damage(place, damage);
            assert_eq!(sound.outcome(&disk, &index, "sled"), Outcome::Mended);
        }
    }
    let empty = SimIndex::default();
    assert_eq!(sound.outcome(&sound.disk.copied(), &empty, "empty sled"), Outcome::Mended);
}

#[test]
pub fn event_that_both_copies_lost_is_refused_and_named() {
    let sound = sound();
    let (disk, index) = (sound.disk.copied(), sound.index.crashed(false));
    // The last group: its frame, and its value.
    let segments: Vec<String> =
        disk.paths().into_iter().filter(|path| path.starts_with("journal/")).collect();
    let last = segments.last().expect("there are segments");
    disk.damage(last, |bytes| {
        let used = bytes.iter().rposition(|byte| *byte != 0).expect("not empty");
        bytes[used - 20] ^= 1;
    });
    index.damage(index.len() - 1, None);
    let refused = DiskLog::simulated(&disk, &index, SIZES, 5);
    let Err(StoreError::Damaged { offset, what, .. }) = refused else { panic!("{refused:?}") };
    assert_eq!(offset.map(|offset| offset.get()), Some(sound.written.len() as u64 - 3), "{what}");
    // And again: looking at it doesn't make it shorter.
    assert!(DiskLog::simulated(&disk, &index, SIZES, 5).is_err());
}

/// The newest slot is damaged and the other one is a group behind: the group is there all the same.
#[test]
pub fn damaged_slot_of_the_head_does_not_shorten_the_log() {
    for slot in [0, 4_096] {
        let (disk, index) = (SimDisk::default(), SimIndex::default());
        let log = DiskLog::simulated(&disk, &index, SIZES, 3).expect("made");
        let written: Vec<LogRecord> = (1..=3).map(|offset| record(offset, 50)).collect();
        for record in &written {
            log.append(std::slice::from_ref(record)).expect("append");
        }
        drop(log);
        disk.damage("head", |bytes| bytes[slot + 20] ^= 4);
        let log = DiskLog::simulated(&disk, &SimIndex::default(), SIZES, 4).expect("open");
        assert!(read_all(&log, 10) == written);
    }
}

#[test]
pub fn tail_that_is_gone_from_both_copies_is_refused() {
    let (disk, index) = (SimDisk::default(), SimIndex::default());
    let log = DiskLog::simulated(&disk, &index, SIZES, 3).expect("made");
    (1..=5).for_each(|offset| log.append(&[record(offset, 50)]).expect("append"));
    drop(log);
    for lost in 1..4_usize {
        let disk = disk.copied();
        disk.damage("journal/00000000000000000001.segment", |bytes| {
            let end = bytes.iter().rposition(|byte| *byte != 0).expect("not empty") + 1;
            bytes.truncate((end / 512 - lost) * 512);
        });
        let opened = DiskLog::simulated(&disk, &SimIndex::default(), SIZES, 4);
        assert!(matches!(opened, Err(StoreError::Damaged { .. })), "{lost}: {opened:?}");
    }
}

/// Everything is put back to an earlier time but what was signed: then events are missing.
#[test]
pub fn log_shorter_than_its_signed_checkpoint_is_refused() {
    let sound = sound();
    let (later, index) = (sound.disk.copied(), sound.index.crashed(false));
    let log = DiskLog::simulated(&later, &index, SIZES, 9).expect("open");
    log.append(&[record(41, 10)]).expect("append");
    log.settle();
    drop(log);
    let back = sound.disk.copied();
    later.damage("audit/checkpoint", |signed| {
        back.damage("audit/checkpoint", |bytes| bytes.clone_from(signed));
    });
    let refused = DiskLog::simulated(&back, &sound.index.crashed(false), SIZES, 9);
    let Err(StoreError::Damaged { offset, what, .. }) = refused else { panic!("{refused:?}") };
    assert_eq!(offset.map(|offset| offset.get()), Some(41), "{what}");
}

#[test]
fn files_of_another_time_or_another_log_are_mended_or_refused() {
    let sound = sound();
    // The same log, some groups later.
    let (later, later_index) = (sound.disk.copied(), sound.index.crashed(false));
    let log = DiskLog::simulated(&later, &later_index, SIZES, 9).expect("open");
    let more: Vec<LogRecord> = (41..=48).map(|offset| record(offset, 3_000)).collect();
    more.chunks(2).for_each(|group| log.append(group).expect("append"));
    log.settle();
    drop(log);
    let written = [sound.written.clone(), more].concat();
    let later = Sound { disk: later, index: later_index, written };
    let other = {
        let (disk, index) = (SimDisk::default(), SimIndex::default());
        let log = DiskLog::simulated(&disk, &index, SIZES, 77).expect("made");
        log.append(&(1..=40).map(|offset| record(offset, 60)).collect::<Vec<_>>()).expect("append");
        log.settle();
        Sound { disk, index, written: vec![] }
    };
    for from in [&sound, &other] {
        for path in from.disk.paths() {
            let (disk, index) = (later.disk.copied(), later.index.crashed(false));
            let mut bytes = Vec::new();
            from.disk.damage(&path, |stale| bytes = stale.clone());
            if later.disk.paths().contains(&path) {
                disk.damage(&path, |present| *present = bytes);
                let outcome = later.outcome(&disk, &index, &path);
                println!("{path}: {outcome:?}");
            }
        }
        let outcome = later.outcome(&later.disk.copied(), &from.index.crashed(false), "sled");
        assert_eq!(outcome, Outcome::Mended);
    }
}

#[test]
fn segments_that_are_swapped_are_mended() {
    let sound = sound();
    let (disk, index) = (sound.disk.copied(), sound.index.crashed(false));
    let paths = disk.paths();
    let segments: Vec<&String> = paths.iter().filter(|path| path.starts_with("journal/")).collect();
    assert!(segments.len() > 3);
    let mut first = Vec::new();
    disk.damage(segments[1], |bytes| first = bytes.clone());
    disk.damage(segments[2], |bytes| std::mem::swap(bytes, &mut first));
    disk.damage(segments[1], |bytes| *bytes = first);
    assert_eq!(sound.outcome(&disk, &index, "swapped"), Outcome::Mended);
}

#[test]
pub fn misplaced_write_is_found_and_mended() {
    for write in 0..12 {
        for distance in [512, 1_024, 4_096] {
            let (disk, index) = (SimDisk::default(), SimIndex::default());
            let log = DiskLog::simulated(&disk, &index, SIZES, 3).expect("made");
            disk.misplace_write_in(write, distance);
            let written: Vec<LogRecord> = (1..=9).map(|offset| record(offset, 200)).collect();
            written.chunks(2).for_each(|group| log.append(group).expect("the disk says so"));
            log.settle();
            drop(log);
            let sound = Sound { disk, index, written };
            sound.outcome(&sound.disk, &sound.index, &format!("write {write} by {distance}"));
        }
    }
}

#[test]
pub fn full_disk_refuses_and_takes_more_when_there_is_space() {
    for space in (0..6_000).step_by(97) {
        let (disk, index) = (SimDisk::default(), SimIndex::default());
        let log = DiskLog::simulated(&disk, &index, SIZES, 3).expect("made");
        disk.set_space(Some(space));
        let mut written = Vec::new();
        let mut refusals = 0;
        while written.len() < 24 {
            let next = record(written.len() as u64 + 1, 300);
            match log.append(std::slice::from_ref(&next)) {
                Ok(()) => written.push(next),
                Err(StoreError::Full { .. }) => {
                    refusals += 1;
                    assert_eq!(log.head(), Cursor::after(written.len() as u64));
                    assert!(read_all(&log, 10) == written, "reads go on");
                    // Twice in vain, so that what a failed write left is in the way.
                    disk.set_space((refusals % 3 == 0).then_some(100_000).or(Some(40)));
                }
                Err(other) => panic!("{other}"),
            }
        }
        assert!(refusals > 0);
        disk.set_space(None);
        log.settle();
        drop(log);
        let log = DiskLog::simulated(&disk, &index, SIZES, 4).expect("open");
        assert!(read_all(&log, 10) == written);
        let of_the_log = |finding: &Finding| [Copy::Sled, Copy::Journal].contains(&finding.copy);
        assert!(!log.findings().iter().any(of_the_log));
        assert!(!log.verify().expect("whole").findings.iter().any(of_the_log));
    }
}

#[test]
pub fn failed_sync_ends_writing_until_the_log_is_opened_again() {
    for sync in 0..10 {
        let (disk, index) = (SimDisk::default(), SimIndex::default());
        let log = DiskLog::simulated(&disk, &index, SIZES, 3).expect("made");
        disk.fail_sync_in(sync);
        let mut written = Vec::new();
        let failed = loop {
            let next = record(written.len() as u64 + 1, 900);
            match log.append(std::slice::from_ref(&next)) {
                Ok(()) => written.push(next),
                Err(error) => break error,
            }
            assert!(written.len() < 20, "the sync that failed was passed over");
        };
        assert!(matches!(failed, StoreError::SyncFailed { .. }), "{failed}");
        // The disk would sync again, but what it lost it will not bring back.
        let next = record(written.len() as u64 + 1, 900);
        let refused = log.append(&[next]).expect_err("refused");
        assert!(matches!(refused, StoreError::SyncFailed { .. }), "{refused}");
        assert_eq!(log.head(), Cursor::after(written.len() as u64), "nothing is shown");
        assert!(read_all(&log, 10) == written, "reads go on");
        drop(log);
        // As a power cut leaves it.
        let mut end = disk.crash_points();
        while end.advance() {}
        let image = end.image(haversack_store::Crash::Lost);
        let log = DiskLog::simulated(&image, &SimIndex::default(), SIZES, 4).expect("open");
        assert!(read_all(&log, 10)[..written.len()] == written, "sync {sync}");
    }
}
