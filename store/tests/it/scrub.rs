//! The slow look at the log: it finds what nobody reads, mends it, and begins again.

use haversack_store::{Copy, DiskLog, Log, SimDisk, SimIndex};

use crate::{
    crash::SIZES,
    fixtures::{read_all, record},
};

fn made() -> (SimDisk, SimIndex) {
    let (disk, index) = (SimDisk::default(), SimIndex::default());
    let log = DiskLog::simulated(&disk, &index, SIZES, 3).expect("made");
    (1..=40).for_each(|offset| log.append(&[record(offset, 700)]).expect("append"));
    log.settle();
    (disk, index)
}

#[test]
fn scrub_mends_either_copy_from_the_other_and_says_so() {
    let (disk, index) = made();
    let log = DiskLog::simulated(&disk, &index, SIZES, 4).expect("open");
    disk.damage("journal/00000000000000000001.segment", |bytes| bytes[1_000] ^= 1);
    index.damage(7, Some(&|value| value[50] ^= 1));
    index.damage(20, None);
    // Twice round.
    (0..4).for_each(|_| log.scrub());
    let findings = log.findings();
    let of = |copy| findings.iter().filter(|found| found.copy == copy && found.mended).count();
    assert_eq!((of(Copy::Journal), of(Copy::Sled), findings.len()), (1, 2, 3), "{findings:?}");
    assert_eq!(log.verify().expect("whole").findings, []);
    (0..4).for_each(|_| log.scrub());
    assert_eq!(log.findings(), []);
    assert_eq!(read_all(&log, 10).len(), 40);
}

#[test]
fn scrub_of_an_event_that_both_copies_lost_is_reported_and_goes_on_being_so() {
    let (disk, index) = made();
    let log = DiskLog::simulated(&disk, &index, SIZES, 4).expect("open");
    disk.damage("journal/00000000000000000001.segment", |bytes| bytes[1_000] ^= 1);
    index.damage(0, None);
    for _ in 0..2 {
        log.scrub();
        let findings = log.findings();
        assert!(findings.iter().any(|found| !found.mended), "{findings:?}");
    }
}
