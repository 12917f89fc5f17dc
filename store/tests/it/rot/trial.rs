//! One trial: a damaged log is opened, read, mended, and opened again.

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use haversack_core::Offset;
use haversack_store::{DiskLog, Log, LogRecord, StoreError};

use crate::fixtures::record;

/// What became of damage.
pub enum Outcome {
    /// Everything is there, and nothing was found: unused bytes.
    Unused,
    /// Everything is there again, and what was mended was said.
    Mended,
    /// It was refused, as damage.
    Refused(String),
}

/// Why a trial ended before its time.
enum Stop {
    /// It was refused, as damage.
    Refused(String),
    /// What must not be.
    Wrong(String),
}

/// Opens what is left of a log, and does with it what a server and its operator would.
///
/// # Errors
/// What was done that must not be done.
pub fn run(directory: &Path, written: &[LogRecord]) -> Result<Outcome, String> {
    let tried = catch_unwind(AssertUnwindSafe(|| attempt(directory, written)));
    let blobs = fs::read_dir(directory.join("log/blobs")).map_or(0, Iterator::count);
    match tried {
        _ if blobs > 0 => Err(format!("sled keeps {blobs} values in files of their own")),
        Ok(Ok(outcome)) => Ok(outcome),
        Ok(Err(Stop::Refused(what))) => Ok(Outcome::Refused(what)),
        Ok(Err(Stop::Wrong(what))) => Err(what),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned();
            Err(format!("a panic escaped: {}", text.unwrap_or_default()))
        }
    }
}

fn attempt(directory: &Path, written: &[LogRecord]) -> Result<Outcome, Stop> {
    let log = told(DiskLog::open(directory), "open")?;
    compare(&log, written, "at first")?;
    // Reading may find what only a repair can mend.
    let mut findings = log.findings();
    told(log.repair(), "repair")?;
    let repaired = log.findings();
    wrong_if(repaired.iter().any(|finding| !finding.mended), || format!("left: {repaired:?}"))?;
    findings.extend(repaired);
    compare(&log, written, "repaired")?;
    drop(log);
    // From here on nothing may be wrong any more, so a refusal is wrong too.
    let again = |error: StoreError| Stop::Wrong(format!("the second time: {error}"));
    let log = DiskLog::open(directory).map_err(again)?;
    compare(&log, written, "the second time")?;
    let mut left = log.findings();
    left.extend(log.verify().map_err(again)?.findings);
    wrong_if(!left.is_empty(), || {
        format!("found the second time: {left:?}; before: {findings:?}")
    })?;
    append_more(&log, written)?;
    Ok(if findings.is_empty() { Outcome::Unused } else { Outcome::Mended })
}

/// What sled kept of the damage may come up only when it writes.
fn append_more(log: &DiskLog, written: &[LogRecord]) -> Result<(), Stop> {
    let (mut all, first) = (written.to_vec(), written.len() as u64 + 1);
    all.extend((first..first + 60).map(|offset| record(offset, 700)));
    for group in all[written.len()..].chunks(13) {
        log.append(group).map_err(|error| Stop::Wrong(format!("it does not go on: {error}")))?;
    }
    compare(log, &all, "with more")?;
    let left = log.findings();
    wrong_if(!left.is_empty(), || format!("found after more was appended: {left:?}"))
}

fn compare(log: &DiskLog, written: &[LogRecord], when: &str) -> Result<(), Stop> {
    let mut read: Vec<LogRecord> = Vec::new();
    loop {
        let next = Offset::new(read.len() as u64 + 1).expect("not 0");
        let some = told(log.read(next, 64), when)?;
        if some.is_empty() {
            break;
        }
        read.extend(some);
    }
    wrong_if(read != written, || format!("silent, {when}: {} of {}", read.len(), written.len()))
}

fn told<T>(result: Result<T, StoreError>, when: &str) -> Result<T, Stop> {
    result.map_err(|error| match error {
        StoreError::Damaged { what, .. } => Stop::Refused(format!("{when}: {what}")),
        other => Stop::Wrong(format!("{when}: {other}")),
    })
}

fn wrong_if(wrong: bool, what: impl FnOnce() -> String) -> Result<(), Stop> {
    if wrong { Err(Stop::Wrong(what())) } else { Ok(()) }
}
