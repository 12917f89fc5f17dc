//! How fast a log folds, without the disk: creates, online updates and device edits of rows with
//! ten columns, under the policy in force and under the other one.

#![allow(clippy::unwrap_used, reason = "a bench that can't make its log has nothing to measure")]
#![allow(missing_docs, reason = "criterion's macros make a public function")]

mod workload;

use std::{hint::black_box, time::Duration};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use haversack_core::{
    event::{Record, Sequenced},
    settings::Policy,
};
use haversack_replay::{Judging, State, fold};

const EVENTS: u64 = 100_000;

fn folded(records: &[Sequenced<Record>], judging: Judging) -> State {
    let mut state = State::default();
    for record in records {
        fold(&mut state, record, judging, records).unwrap();
    }
    state
}

fn rates(criterion: &mut Criterion) {
    let records = workload::log(EVENTS);
    let bytes: usize = records
        .iter()
        .map(|record| bincode::encode_to_vec(record, bincode::config::standard()).unwrap().len())
        .sum();
    let conflicts = folded(&records, Judging::Under(Policy::ServerWins)).conflicts.len();
    let mut group = criterion.benchmark_group(format!(
        "fold of {} events, {} bytes each, {conflicts} conflicts",
        records.len(),
        bytes / records.len()
    ));
    group.sample_size(10).measurement_time(Duration::from_secs(8));
    group.throughput(Throughput::Elements(records.len() as u64));
    for (name, judging) in
        [("in force", Judging::InForce), ("server wins", Judging::Under(Policy::ServerWins))]
    {
        group.bench_function(name, |bencher| {
            bencher.iter_with_large_drop(|| folded(black_box(&records), judging));
        });
    }
    group.finish();
}

criterion_group!(benches, rates);
criterion_main!(benches);
