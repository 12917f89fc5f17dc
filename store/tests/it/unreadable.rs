//! Sectors that the disk can't give back, and syncs that failed before a restart.

use haversack_store::{Copy, Crash, DiskLog, Log, SimDisk, SimIndex, StoreError};

use crate::{
    crash::SIZES,
    fixtures::{read_all, record, records},
};

fn made() -> (SimDisk, SimIndex) {
    let (disk, index) = (SimDisk::default(), SimIndex::default());
    let log = DiskLog::simulated(&disk, &index, SIZES, 3).expect("made");
    records(&[600; 30]).chunks(2).for_each(|group| log.append(group).expect("append"));
    log.settle();
    (disk, index)
}

#[test]
fn sector_of_the_journal_that_cannot_be_read_is_written_anew_from_sled() {
    let (disk, index) = made();
    let mut length = 0;
    let path = "journal/00000000000000000001.segment";
    disk.damage(path, |bytes| length = bytes.len());
    for sector in 1..length / 512 {
        let (disk, index) = (disk.copied(), index.crashed(false));
        let log = DiskLog::simulated(&disk, &index, SIZES, 4).expect("open");
        disk.lose_sector(path, sector);
        assert!(read_all(&log, 10) == records(&[600; 30]), "sled has it");
        log.repair().expect("mended");
        let findings = log.findings();
        assert!(
            findings.iter().all(|found| found.copy == Copy::Journal && found.mended),
            "{sector}: {findings:?}"
        );
        assert_eq!(log.verify().expect("whole").findings, [], "{sector}");
    }
}

#[test]
fn slot_of_the_head_that_cannot_be_read_is_as_one_that_is_damaged() {
    for sector in [0, 8] {
        let (disk, index) = made();
        disk.lose_sector("head", sector);
        let log = DiskLog::simulated(&disk, &index, SIZES, 4).expect("open");
        assert!(read_all(&log, 10) == records(&[600; 30]));
    }
}

/// After a failed sync the system takes the bytes for written. A restart must not believe it.
#[test]
pub fn group_whose_sync_failed_is_written_again() {
    let (disk, index) = made();
    let log = DiskLog::simulated(&disk, &index, SIZES, 4).expect("open");
    disk.fail_sync_in(0);
    let failed = log.append(&[record(31, 50)]).expect_err("the sync fails");
    assert!(matches!(failed, StoreError::SyncFailed { .. }), "{failed}");
    drop(log);
    // The process is started again; the machine was not.
    let log = DiskLog::simulated(&disk, &index, SIZES, 5).expect("open");
    let head = log.head();
    drop(log);
    let mut end = disk.crash_points();
    while end.advance() {}
    let image = end.image(Crash::Lost);
    let log = DiskLog::simulated(&image, &SimIndex::default(), SIZES, 6).expect("open");
    assert_eq!(log.head(), head, "what was shown is there after a power cut");
}
