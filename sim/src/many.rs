//! Many seeds, on several threads: each world is by itself.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use crate::{
    points::Points,
    run::{Outcome, run, twins},
    violation::Violation,
    world::Options,
};

/// One of so many seeds is run twice, and once as twins.
const AGAIN: u64 = 20;

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

/// Runs the worlds of the seeds from `first` to below `end`, on so many threads, as long as `goes_on`
/// says, and up to `failures` that fail.
pub fn many(
    (first, end): (u64, u64),
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
                    let outcome = judged(seed);
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

/// A world; now and then twice, which must be the same, and as twins.
fn judged(seed: u64) -> Outcome {
    let mut outcome = run(seed, Options::default());
    if seed.is_multiple_of(AGAIN) && outcome.violation.is_none() {
        let again = run(seed, Options::default());
        if again.trace.fingerprint() != outcome.trace.fingerprint() {
            let what = "the same seed gives another run".to_owned();
            outcome.violation = Some(Violation { invariant: "determinism", what });
        }
    }
    if seed % AGAIN == AGAIN / 2 && outcome.violation.is_none() {
        outcome.violation = twins(seed).err();
    }
    outcome
}

fn take(summary: &mut Summary, outcome: Outcome) {
    summary.worlds += 1;
    summary.events += outcome.events as u64;
    summary.points.add(&outcome.points);
    summary.failed.extend(outcome.violation.map(|violation| (outcome.seed, violation)));
}
