//! Environments that begin from a snapshot: the same as if they had folded everything, and never
//! led astray by a snapshot that is damaged or of another log.

use std::{fs, path::Path, sync::Arc};

use haversack_core::{Cursor, Timestamp};
use haversack_engine::{Environment, FixedClock, load};
use haversack_replay::{Digest, Judging};
use haversack_store::{Copy, DiskLog};
use serde_json::json;

fn open(directory: &Path) -> Environment {
    let clock = Arc::new(FixedClock(Timestamp(1_780_000_000_000_000)));
    Environment::on_disk(DiskLog::open(directory).expect("open"), clock).expect("folds")
}

fn loaded(directory: &Path) -> Environment {
    let document = load::read(Path::new("tests/data/environment")).expect("sound");
    let environment = open(directory);
    load::load(&environment, document, |_| {}).expect("loads");
    environment
}

fn change(environment: &Environment, number: u32) {
    let settings = json!({"put": "settings", "language": 1_000 + number});
    let answers = environment.apply(vec![(1, settings)]).expect("applies");
    assert_eq!(answers.len(), 1);
}

/// Three snapshots, each with changes behind it; closed.
fn with_snapshots(directory: &Path) {
    let environment = loaded(directory);
    for number in 0..3 {
        environment.snapshot().expect("written");
        (0..5).for_each(|more| change(&environment, number * 5 + more));
    }
}

fn snapshot_files(directory: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(directory.join("snapshots")).expect("snapshots");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("entry").path()).collect();
    files.sort();
    files
}

fn assert_whole(environment: &Environment) {
    let head = environment.state().cursor;
    let anew = environment.fold_anew(Judging::InForce, head).expect("folds");
    assert_eq!(Digest::of(&environment.state()), Digest::of(&anew));
}

#[test]
fn begun_from_a_snapshot_every_moment_is_as_folded_from_nothing() {
    let directory = tempfile::tempdir().expect("directory");
    with_snapshots(directory.path());
    let environment = open(directory.path());
    assert_whole(&environment);
    for count in 0..=environment.state().cursor.count() {
        let at = Cursor::after(count);
        let soon = environment.fold(Judging::InForce, at).expect("folds");
        let anew = environment.fold_anew(Judging::InForce, at).expect("folds");
        assert_eq!(Digest::of(&soon), Digest::of(&anew), "at {at}");
    }
    assert_eq!(environment.disk_log().expect("on disk").findings(), []);
    assert_eq!(environment.verify(false).expect("whole").snapshots, 3);
}

#[test]
fn damaged_snapshot_is_removed_and_the_log_counts() {
    let original = tempfile::tempdir().expect("directory");
    with_snapshots(original.path());
    let newest = snapshot_files(original.path()).pop().expect("three");
    let bytes = fs::read(&newest).expect("read");
    for place in (0..bytes.len()).step_by(bytes.len() / 40) {
        let mut damaged = bytes.clone();
        damaged[place] ^= 1 << (place % 8);
        fs::write(&newest, damaged).expect("write");
        let environment = open(original.path());
        assert_whole(&environment);
        let findings = environment.disk_log().expect("on disk").findings();
        assert_eq!(findings.len(), 1, "{place}: {findings:?}");
        assert!(findings[0].copy == Copy::Snapshot && findings[0].mended, "{findings:?}");
        assert!(!newest.exists());
    }
}

#[test]
fn snapshot_of_another_log_is_not_used() {
    let (one, other) = (tempfile::tempdir().expect("one"), tempfile::tempdir().expect("other"));
    with_snapshots(one.path());
    with_snapshots(other.path());
    for (from, to) in snapshot_files(other.path()).iter().zip(snapshot_files(one.path())) {
        fs::copy(from, to).expect("copy");
    }
    let environment = open(one.path());
    assert_whole(&environment);
    assert_eq!(environment.disk_log().expect("on disk").findings().len(), 3);
}

#[test]
fn verify_says_which_snapshot_does_not_follow_from_the_log() {
    let directory = tempfile::tempdir().expect("directory");
    with_snapshots(directory.path());
    let environment = open(directory.path());
    let newest = snapshot_files(directory.path()).pop().expect("three");
    fs::write(&newest, b"nothing").expect("write");
    let found = environment.verify(false).expect("the log is whole");
    assert_eq!((found.snapshots, found.log.findings.len()), (2, 1));
    assert!(newest.exists(), "verifying changes nothing");
    environment.verify(true).expect("the log is whole");
    assert!(!newest.exists());
}
