//! What a start costs: opening the log, folding it, and folding what a snapshot leaves; and what
//! verifying costs. `HAVERSACK_BENCH_EVENTS` adds a larger log to the two small ones.

#![allow(clippy::disallowed_methods, reason = "a bench is an edge: it measures files")]
#![allow(clippy::unwrap_used, reason = "a bench that can't make its log has nothing to measure")]
#![allow(missing_docs, reason = "criterion's macros make a public function")]

mod workload;

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use haversack_core::Timestamp;
use haversack_engine::{Environment, FixedClock};
use haversack_store::{DiskLog, Log};
use tempfile::TempDir;

const SIZES: [u64; 2] = [2_000, 20_000];

fn sizes() -> Vec<u64> {
    let more = std::env::var("HAVERSACK_BENCH_EVENTS").ok().and_then(|text| text.parse().ok());
    SIZES.into_iter().chain(more).collect()
}

fn made(events: u64) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let log = DiskLog::open(directory.path()).unwrap();
    workload::log(events).chunks(1_000).for_each(|group| log.append(group).unwrap());
    directory
}

fn clock() -> Arc<FixedClock> {
    Arc::new(FixedClock(Timestamp(1_780_000_000_000_000)))
}

fn environment(directory: &Path) -> Environment {
    Environment::on_disk(DiskLog::open(directory).unwrap(), clock()).unwrap()
}

/// As if there were no snapshots, and none is written.
fn folded(directory: &Path) -> Environment {
    Environment::on(Arc::new(DiskLog::open(directory).unwrap()), clock()).unwrap()
}

/// How long opening takes; closing again is not counted.
fn opening<T>(times: u64, open: impl Fn() -> T) -> Duration {
    let opened = |_| {
        let begun = Instant::now();
        let opened = open();
        let taken = begun.elapsed();
        drop(opened);
        taken
    };
    (0..times).map(opened).sum()
}

fn recovery(criterion: &mut Criterion) {
    for events in sizes() {
        let directory = made(events);
        let mut group = criterion.benchmark_group("recovery");
        group.sample_size(10).measurement_time(Duration::from_secs(4));
        group.throughput(Throughput::Elements(events));
        group.bench_function(BenchmarkId::new("log", events), |bencher| {
            bencher
                .iter_custom(|times| opening(times, || DiskLog::open(directory.path()).unwrap()));
        });
        group.bench_function(BenchmarkId::new("fold", events), |bencher| {
            bencher.iter_custom(|times| opening(times, || folded(directory.path())));
        });
        let log = DiskLog::open(directory.path()).unwrap();
        group.bench_function(BenchmarkId::new("verify", events), |bencher| {
            bencher.iter(|| assert_eq!(log.verify().unwrap().findings, []));
        });
        drop(log);
        environment(directory.path()).snapshot().unwrap();
        group.bench_function(BenchmarkId::new("snapshot", events), |bencher| {
            bencher.iter_custom(|times| opening(times, || environment(directory.path())));
        });
        group.finish();
    }
}

criterion_group!(benches, recovery);
criterion_main!(benches);
