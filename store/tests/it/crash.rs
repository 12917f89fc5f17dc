//! Crashes on a simulated disk: at every operation of a scripted run, with everything that was not
//! durable kept, lost, torn or scattered. What was acknowledged is there afterwards, all of it.
//!
//! `HAVERSACK_CRASH_IMAGES` asks for more images than the default: docs/durability.md.

use std::panic::{AssertUnwindSafe, catch_unwind};

use haversack_core::Cursor;
use haversack_store::{
    Copy, Crash, CrashPoints, DiskLog, JournalSizes, Log, LogRecord, SimDisk, SimIndex, Tear,
};

use crate::fixtures::{read_all, record};

/// Small, so that a short run turns over many segments.
pub const SIZES: JournalSizes = JournalSizes { segment: 12 << 10, ahead: 2 << 10 };
const IMAGES_MIN: usize = 10_000;

/// What a run did, and how far it had come at each operation of the disk.
pub struct Run {
    pub disk: SimDisk,
    pub written: Vec<LogRecord>,
    /// After how many operations how many events were acknowledged.
    acknowledged: Vec<(usize, usize)>,
    /// After how many operations how many events had been handed over.
    begun: Vec<(usize, usize)>,
    /// What the index held, by the operations before.
    indexes: Vec<(usize, SimIndex)>,
    /// Operations until the log was made.
    made: usize,
}

/// A run: groups of all sizes, pauses in which the keeper catches up, and a restart.
pub fn run(seed: u64) -> Run {
    let (disk, index) = (SimDisk::default(), SimIndex::default());
    let mut log = DiskLog::simulated(&disk, &index, SIZES, seed).expect("made");
    let made = disk.operation_count();
    let mut run = Run {
        disk: disk.clone(),
        written: vec![],
        acknowledged: vec![(made, 0)],
        begun: vec![(0, 0)],
        indexes: vec![(0, index.crashed(false))],
        made,
    };
    let mut dice = seed | 1;
    let mut roll = |sides: u64| {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (dice >> 33) % sides
    };
    for step in 0..45 {
        let events = [1, 1, 1, 2, 7][usize::try_from(roll(5)).expect("small")];
        let length = [10, 100, 700, 3_000, 9_000][usize::try_from(roll(5)).expect("small")];
        let from = run.written.len() as u64 + 1;
        let group: Vec<LogRecord> =
            (from..from + events).map(|offset| record(offset, length)).collect();
        run.written.extend(group.iter().cloned());
        run.begun.push((disk.operation_count(), run.written.len()));
        log.append(&group).expect("append");
        run.acknowledged.push((disk.operation_count(), run.written.len()));
        run.indexes.push((disk.operation_count(), index.crashed(roll(2) == 0)));
        if step % 11 == 10 {
            log.settle();
            run.indexes.push((disk.operation_count(), index.crashed(true)));
        }
        if step == 30 {
            drop(log);
            // Opening syncs the index before it writes the head.
            run.indexes.push((disk.operation_count(), index.crashed(false)));
            log = DiskLog::simulated(&disk, &index, SIZES, seed + 1).expect("open");
        }
    }
    run
}

/// The last entry that was made by then.
fn by_then<T>(entries: &[(usize, T)], operations: usize) -> &T {
    let place = entries.partition_point(|(made, _)| *made <= operations);
    &entries[place.max(1) - 1].1
}

/// The ways in which a crash at this moment can leave the disk.
fn crashes(point: &CrashPoints) -> Vec<Crash> {
    let torn = point.torn_bytes();
    let mut crashes = vec![Crash::Lost, Crash::Torn(Tear::Whole), Crash::Torn(Tear::Sectors)];
    for sectors in 1..torn.div_ceil(512).min(24) {
        crashes.push(Crash::Torn(Tear::Start(sectors * 512)));
        crashes.push(Crash::Torn(Tear::End(sectors * 512)));
    }
    // Any byte: each of a small write, some of a large one.
    let stride = (torn / 24).max(7);
    crashes.extend((1..torn).step_by(stride).map(|bytes| Crash::Torn(Tear::Start(bytes))));
    let done = point.done() as u64;
    crashes
        .extend((0..4).map(|seed| Crash::Scattered((done << 8 | seed << 1).wrapping_mul(40_503))));
    crashes
}

/// Opens what a crash left, and checks it.
fn check(image: &SimDisk, index: &SimIndex, run: &Run, acknowledged: usize, begun: usize) {
    let log = DiskLog::simulated(image, index, SIZES, 7).expect("a crash is no damage");
    let head = usize::try_from(log.head().count()).expect("few events");
    assert!((acknowledged..=begun).contains(&head), "{head} of {acknowledged} to {begun}");
    assert!(read_all(&log, 50) == run.written[..head], "other events than were written");
    let next = record(head as u64 + 1, 300);
    log.append(std::slice::from_ref(&next)).expect("it goes on");
    let damaged = |copy| [Copy::Sled, Copy::Journal, Copy::Key].contains(&copy);
    let findings = log.findings();
    assert!(!findings.iter().any(|finding| damaged(finding.copy)), "{findings:?}");
    drop(log);
    let log = DiskLog::simulated(image, &index.crashed(true), SIZES, 8).expect("open again");
    assert_eq!(log.head(), Cursor::after(head as u64 + 1));
    assert!(read_all(&log, 1_000).last() == Some(&next), "another event than was written");
}

/// Crashes a run everywhere; says how many images there were, and stops at the first bad one.
pub fn crash_everywhere(seed: u64) -> Result<usize, String> {
    let run = run(seed);
    let mut images = 0;
    let mut point = run.disk.crash_points();
    loop {
        if point.done() >= run.made {
            let acknowledged = *by_then(&run.acknowledged, point.done());
            let begun = *by_then(&run.begun, point.done());
            let index = by_then(&run.indexes, point.done());
            for crash in crashes(&point) {
                let checked = catch_unwind(AssertUnwindSafe(|| {
                    check(&point.image(crash), &index.crashed(false), &run, acknowledged, begun);
                }));
                images += 1;
                checked.map_err(|panic| {
                    let text = panic.downcast_ref::<String>().cloned().unwrap_or_default();
                    format!("seed {seed}, operation {}, {crash:?}: {text}", point.done())
                })?;
            }
        }
        if !point.advance() {
            return Ok(images);
        }
    }
}

#[test]
fn no_crash_loses_what_was_acknowledged() {
    let asked = std::env::var("HAVERSACK_CRASH_IMAGES").ok().and_then(|text| text.parse().ok());
    let mut images = 0;
    let mut seed = 1;
    while images < asked.unwrap_or(IMAGES_MIN) {
        images += crash_everywhere(seed).unwrap_or_else(|failed| panic!("{failed}"));
        seed += 1;
    }
    println!("{images} crash images of {} runs: nothing lost", seed - 1);
}
