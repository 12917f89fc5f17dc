//! A disk that is really full: a group is refused and nothing else happens; reads go on, and writes
//! when there is space again. Whether the journal or sled meets the end first.
//!
//! One way is a small file system in memory, for which a child needs a namespace of its own. Where
//! that is not to be had, the test says so; a limit to the length of files works everywhere.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use haversack_core::Cursor;
use haversack_store::{DiskLog, Log, LogRecord, StoreError};

use crate::{
    children::{Child, Heard, binary, say, task},
    fixtures::{assert_no_blobs, read_all, record},
};

const PATIENCE: Duration = Duration::from_secs(60);
/// By way of a shell, which takes it lightly if there is no such command.
const UNSHARE: &str = r#"exec unshare -Urm sh -c "$0" sh "$@""#;
/// In a file system of 8 MiB.
const MOUNT: &str = r#"mount -t tmpfs -o size=8m none "$1" && shift && exec "$@""#;
/// No file may be longer than 1.5 MiB; the signal that says so must not end the process.
const LIMIT: &str = r#"trap '' XFSZ; ulimit -f 3072 && exec "$@""#;
/// Until the end is met.
const GROUPS_MAX: usize = 40_000;

/// A log that is written to until the disk is full.
struct Writing {
    log: DiskLog,
    written: Vec<LogRecord>,
}

impl Writing {
    fn begin(directory: &Path) -> Self {
        Self { log: DiskLog::open(directory).expect("open"), written: Vec::new() }
    }

    fn append(&mut self, length: usize) -> Result<(), StoreError> {
        let group: Vec<LogRecord> =
            (1..=3).map(|more| record(self.written.len() as u64 + more, length)).collect();
        self.log.append(&group).map(|()| self.written.extend(group))
    }

    /// Appends until there is no space, and then some more in vain.
    fn fill(&mut self, length: usize) {
        let full = (0..GROUPS_MAX).find_map(|_| self.append(length).err()).expect("it's full");
        for error in [Some(full), self.append(length).err(), self.append(length).err()] {
            match error {
                // A smaller rest may have been left.
                Some(StoreError::Full { .. }) | None => {}
                Some(other) => panic!("{other}"),
            }
        }
        self.check();
    }

    fn check(&self) {
        assert_eq!(self.log.head(), Cursor::after(self.written.len() as u64));
        assert!(read_all(&self.log, 200) == self.written, "reads go on");
    }
}

/// Fills a file, as others on the same disk do; up to the last byte if there is no limit.
fn ballast(directory: &Path, limit: usize) -> PathBuf {
    let path = directory.join("ballast");
    let mut file = File::create(&path).expect("made");
    let mut size = 64 << 10;
    let mut written = 0;
    while size > 0 && written < limit {
        match file.write(&vec![7; size]) {
            Ok(some) if some > 0 => written += some,
            _ => size /= 2,
        }
    }
    path
}

/// Opens it again: all is there, and both copies are whole.
fn check_closed(directory: &Path, written: &[LogRecord]) {
    let log = DiskLog::open(directory).expect("open again");
    assert!(read_all(&log, 200) == written);
    assert_eq!(log.findings(), []);
    assert_eq!(log.verify().expect("whole").findings, []);
    drop(log);
    assert_no_blobs(directory);
}

/// Fills the disk and makes space, in turn. The journal may have space ahead of it.
fn fill_and_free(root: &Path, length: usize, ahead: usize) {
    let directory = root.join("data");
    drop(Writing::begin(&directory));
    let journal = directory.join("journal/00000000000000000001.segment");
    let mut file = File::options().append(true).open(&journal).expect("the journal");
    file.write_all(&vec![0; ahead]).expect("written");
    let allocated = file.metadata().expect("a file").len();
    let mut writing = Writing::begin(&directory);
    for round in 0..3 {
        for _ in 0..30 {
            writing.append(length).expect("there is space");
        }
        writing.check();
        // If there is space ahead, all that is left is taken away, and sled meets the end first.
        let ballast = ballast(root, if ahead > 0 { usize::MAX } else { 5 << 20 });
        writing.fill(length);
        say(&format!("full in round {round} at {}", writing.written.len()));
        fs::remove_file(ballast).expect("removed");
    }
    let grown = file.metadata().expect("a file").len() > allocated;
    assert_eq!(grown, ahead == 0, "it was sled that met the end, if there was space ahead");
    writing.append(length).expect("there is space again");
    writing.check();
    let Writing { log, written } = writing;
    drop(log);
    check_closed(&directory, &written);
    fs::remove_dir_all(directory).expect("removed");
}

#[test]
fn child_in_a_small_file_system() {
    let Some(root) = task() else { return };
    say("begun");
    let root = Path::new(&root);
    for (length, ahead) in [(10, 0), (400, 0), (3_000, 0), (400, 2 << 20), (1_000, 2 << 20)] {
        say(&format!("events of {length} bytes, {ahead} bytes ahead of the journal"));
        fill_and_free(root, length, ahead);
    }
    say("done");
}

#[test]
fn child_with_short_files() {
    let Some(directory) = task() else { return };
    say("begun");
    let mut writing = Writing::begin(Path::new(&directory));
    writing.fill(200);
    say(&format!("written {}", writing.written.len()));
    drop(writing);
    say("done");
}

/// Runs a child by way of a shell; gives back what it said after "begun", or none if it never began.
fn run(shell: &[&str], test: &str, directory: &Path) -> Option<Vec<String>> {
    let mut command = Command::new(shell[0]);
    command.args(&shell[1..]).arg(binary());
    let child = Child::of(command, test, &directory.display().to_string());
    if child.hear(PATIENCE) != Heard::Line("begun".into()) {
        return None;
    }
    let mut said = Vec::new();
    loop {
        match child.hear(PATIENCE) {
            Heard::Line(line) if line == "done" => return Some(said),
            Heard::Line(line) => said.push(line),
            other => panic!("{other:?} after {said:?}; HAVERSACK_SHOW_CHILDREN=1 shows more"),
        }
    }
}

#[test]
fn full_file_system_takes_more_when_there_is_space() {
    let directory = tempfile::tempdir().expect("directory");
    let place = directory.path().display().to_string();
    let shell = ["sh", "-c", UNSHARE, MOUNT, &place];
    match run(&shell, "full::child_in_a_small_file_system", directory.path()) {
        Some(said) => println!("{said:#?}"),
        None => {
            // Past the harness, which keeps to itself what passing tests print.
            let what =
                "NOT TRIED: a full file system; `unshare -Urm` or `mount` does not work here";
            writeln!(std::io::stdout(), "{what}").expect("written");
        }
    }
}

#[test]
fn files_that_may_not_grow_refuse_and_are_whole() {
    let directory = tempfile::tempdir().expect("directory");
    let shell = ["sh", "-c", LIMIT, "sh"];
    let said = run(&shell, "full::child_with_short_files", directory.path()).expect("it runs");
    let count: u64 = said[0].strip_prefix("written ").expect("how many").parse().expect("number");
    let written: Vec<LogRecord> = (1..=count).map(|offset| record(offset, 200)).collect();
    check_closed(directory.path(), &written);
    DiskLog::open(directory.path()).expect("open").append(&[record(count + 1, 9)]).expect("append");
}
