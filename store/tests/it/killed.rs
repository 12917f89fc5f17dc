//! A process that writes, killed over and over at random moments, in the middle of opening too. What
//! it acknowledged is there, and what it signed is true.
//!
//! `HAVERSACK_KILLS` asks for more kills than the default.

use std::{fs, path::Path, thread::sleep, time::Duration};

use haversack_proof::{Checkpoint, SigningKey};
use haversack_store::{Copy, DiskLog, Log, LogRecord};

use crate::{
    children::{Child, Heard, say, task},
    fixtures::{Dice, assert_no_blobs, read_all, record},
};

const KILLS: usize = 25;
/// Then a new directory is begun, so that reading all of it stays quick.
const KILLS_A_DIRECTORY: usize = 25;
const PATIENCE: Duration = Duration::from_secs(30);
const GROUP_MAX: u64 = 40;

/// What is written at an offset, whoever writes it.
fn written(offset: u64) -> LogRecord {
    let length = match Dice(offset).roll(100) {
        0 => 20_000,
        few @ 1..4 => few * 2_500,
        rest => rest * 6,
    };
    record(offset, length)
}

#[test]
fn child() {
    let Some(directory) = task() else { return };
    let log = DiskLog::open(Path::new(&directory)).expect("open");
    let mut dice = Dice(log.head().count());
    loop {
        let first = log.head().count() + 1;
        let events = [1, 1, 2, 7, GROUP_MAX][dice.roll(5)];
        log.append(&(first..first + events).map(written).collect::<Vec<_>>()).expect("append");
        say(&log.head().count().to_string());
        if dice.roll(6) == 0 {
            log.checkpoint().expect("signed");
        }
    }
}

/// Lets a child write and kills it. Gives back the last head that it acknowledged, if any.
fn kill_one(directory: &Path, kill: usize, dice: &mut Dice) -> Option<u64> {
    let child = Child::run("killed::child", &directory.display().to_string());
    let mut last = None;
    if kill.is_multiple_of(5) {
        // Somewhere in the start of the process, or in opening.
        sleep(Duration::from_millis(dice.roll(40) as u64));
    } else {
        match child.hear(PATIENCE) {
            Heard::Line(head) => last = Some(head),
            other => panic!("the child acknowledged nothing: {other:?}"),
        }
        sleep(Duration::from_micros(dice.roll(150_000) as u64));
    }
    last = child.kill().pop().or(last);
    last.map(|head| head.parse().expect("a number"))
}

/// The note on disk. It's whole at any moment, and signed by the key that is there.
fn signed(directory: &Path) -> Option<Checkpoint> {
    let note = fs::read_to_string(directory.join("audit/checkpoint")).ok()?;
    let key = fs::read_to_string(directory.join("keys/checkpoint.key")).expect("a key");
    let verifier = SigningKey::from_text(key.trim_end()).expect("a whole key").verifier();
    Some(verifier.open_of(verifier.name(), &note).expect("signed by this key"))
}

/// Opens what kills left, and checks all of it. Gives back its head.
fn check(directory: &Path, acknowledged: u64, kills: u64) -> u64 {
    let signed = signed(directory);
    let log = DiskLog::open(directory).expect("a kill is no damage");
    let head = log.head().count();
    // Of each kill, one group may be there that nobody heard of.
    let most = acknowledged + kills * GROUP_MAX;
    assert!((acknowledged..=most).contains(&head), "{head} of {acknowledged}");
    let events = read_all(&log, 500);
    assert_eq!(events.len() as u64, head);
    assert!((1..).zip(&events).all(|(offset, event)| *event == written(offset)), "other events");
    let damaged = |copy| [Copy::Sled, Copy::Journal, Copy::Key, Copy::Format].contains(&copy);
    let findings = log.findings();
    assert!(!findings.iter().any(|finding| damaged(finding.copy)), "{findings:?}");
    let verified = log.verify().expect("whole");
    if let Some(signed) = signed {
        assert!(signed.size <= head, "{} signed, and {head} there", signed.size);
    }
    assert_eq!(verified.findings, [], "the tree gives what was signed");
    drop(log);
    assert_no_blobs(directory);
    head
}

#[test]
fn nothing_acknowledged_is_lost_when_the_process_is_killed() {
    let asked = std::env::var("HAVERSACK_KILLS").ok().and_then(|text| text.parse().ok());
    let kills: usize = asked.unwrap_or(KILLS).max(20);
    let mut dice = Dice(kills as u64);
    let mut directory = tempfile::tempdir().expect("directory");
    let (mut acknowledged, mut since, mut total) = (0, 0, 0);
    for kill in 0..kills {
        if kill.is_multiple_of(KILLS_A_DIRECTORY) {
            directory = tempfile::tempdir().expect("directory");
            (total, acknowledged, since) = (total + acknowledged, 0, 0);
        }
        let heard = kill_one(directory.path(), kill, &mut dice);
        acknowledged = heard.unwrap_or(acknowledged).max(acknowledged);
        since += 1;
        // Every third time the next child opens what the kill left.
        if kill % 3 != 1 {
            acknowledged = check(directory.path(), acknowledged, since);
            since = 0;
        }
    }
    acknowledged = check(directory.path(), acknowledged, since);
    println!("{kills} kills, {} acknowledged events: all there", total + acknowledged);
}
