//! Many seeds, on several threads: each world is by itself.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::sync_channel,
    },
    time::Duration,
};

use crate::{
    options::Options,
    points::Points,
    run::{Outcome, run, twins},
    violation::Violation,
};

/// One of so many seeds is run twice, and once as twins.
const AGAIN: u64 = 20;

/// How long a world may take, some thousand times as long as it does.
const PATIENCE: Duration = Duration::from_secs(180);

/// What became of many worlds.
#[derive(Default)]
pub struct Summary {
    /// How many there were.
    pub worlds: u64,
    /// The seeds in which something did not hold, by their number.
    pub failed: Vec<(u64, Violation)>,
    /// The rare points that they came by.
    pub points: Points,
    /// Events of all their logs.
    pub events: u64,
}

/// Runs the worlds of the seeds from `first` to below `end` as these say, on so many threads, as long as `goes_on`
/// says, and up to `failures` that fail.
pub fn many(
    (first, end): (u64, u64),
    options: Options,
    threads: usize,
    failures: usize,
    goes_on: &(dyn Fn() -> bool + Sync),
) -> Summary {
    let next = AtomicU64::new(first);
    let is_over = AtomicBool::new(false);
    let summary = Mutex::new(Summary::default());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) && goes_on() {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end {
                        break;
                    }
                    let outcome = watched(seed, options);
                    let mut summary = summary.lock().unwrap_or_else(PoisonError::into_inner);
                    take(&mut summary, outcome);
                    if summary.failed.len() >= failures {
                        is_over.store(true, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    let mut summary = summary.into_inner().unwrap_or_else(PoisonError::into_inner);
    summary.failed.sort_by_key(|(seed, _)| *seed);
    summary
}

/// A world that comes to an end: one that does not is left where it is stuck.
fn watched(seed: u64, options: Options) -> Outcome {
    let (tells, ended) = sync_channel(1);
    let world = move || drop(tells.send(judged(seed, options)));
    let spawned = std::thread::Builder::new().spawn(world);
    spawned.map(drop).expect("a thread for a world");
    ended.recv_timeout(PATIENCE).unwrap_or_else(|_| Outcome::stuck(seed, PATIENCE))
}

/// A world; now and then twice, which must be the same, and as twins.
fn judged(seed: u64, options: Options) -> Outcome {
    let mut outcome = run(seed, options);
    if seed.is_multiple_of(AGAIN) && outcome.violation.is_none() {
        let again = run(seed, options);
        if again.trace.fingerprint() != outcome.trace.fingerprint() {
            let what = "the same seed gives another run".to_owned();
            outcome.violation = Some(Violation { invariant: "determinism", what });
        }
    }
    if seed % AGAIN == AGAIN / 2 && outcome.violation.is_none() {
        outcome.violation = twins(seed, options).err();
    }
    outcome
}

fn take(summary: &mut Summary, outcome: Outcome) {
    summary.worlds += 1;
    summary.events += outcome.events as u64;
    summary.points.add(&outcome.points);
    summary.failed.extend(outcome.violation.map(|violation| (outcome.seed, violation)));
}
