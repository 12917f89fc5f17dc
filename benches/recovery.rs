//! What a start costs: opening the log, folding it, and folding what a snapshot leaves; and what
//! verifying costs. `HAVERSACK_BENCH_EVENTS` adds a larger log to the two small ones.

#![allow(clippy::disallowed_methods, reason = "a bench is an edge: it measures files")]
#![allow(clippy::unwrap_used, reason = "a bench that can't make its log has nothing to measure")]
#![allow(missing_docs, reason = "criterion's macros make a public function")]

mod workload;

use std::{path::Path, sync::Arc, time::Duration};

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

fn environment(directory: &Path) -> Environment {
    let clock = Arc::new(FixedClock(Timestamp(1_780_000_000_000_000)));
    Environment::on_disk(DiskLog::open(directory).unwrap(), clock).unwrap()
}

fn recovery(criterion: &mut Criterion) {
    for events in sizes() {
        let directory = made(events);
        let mut group = criterion.benchmark_group("recovery");
        group.sample_size(10).measurement_time(Duration::from_secs(4));
        group.throughput(Throughput::Elements(events));
        let mut bench = |name: &str, work: &mut dyn FnMut()| {
            group
                .bench_function(BenchmarkId::new(name, events), |bencher| bencher.iter(&mut *work));
        };
        bench("log", &mut || drop(DiskLog::open(directory.path()).unwrap()));
        bench("fold", &mut || drop(environment(directory.path())));
        let log = DiskLog::open(directory.path()).unwrap();
        bench("verify", &mut || assert_eq!(log.verify().unwrap().findings, []));
        drop(log);
        environment(directory.path()).snapshot().unwrap();
        bench("snapshot", &mut || drop(environment(directory.path())));
        group.finish();
    }
}

criterion_group!(benches, recovery);
criterion_main!(benches);
