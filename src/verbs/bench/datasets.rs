//! What belongs on devices, in process: for all users from nothing, and after bursts of updates.

use std::{sync::Arc, time::Instant};

use haversack_core::Timestamp;
use haversack_dataset::{Caller, Columnar, DeviceRows};
use haversack_engine::in_parallel;
use haversack_workload::{Security, Workload};
use serde_json::json;

use super::loaded::{Loaded, raw_bytes};
use crate::output::{Line, line};

/// Bursts of updates; the figures are the medians.
const BURSTS: u64 = 10;
/// Spreads ids in look-ups; nobody here makes them up.
pub const SEED: u64 = 42;
/// Bursts that are written one after the other, nobody asking in between.
const WRITTEN_BURSTS: u64 = 100;
/// Users of whom rows are explained.
const EXPLAINED: usize = 200;
/// Users who ask after each burst.
const ASKING: usize = 500;

pub fn measure(workload: &Workload, security: Security) -> Vec<Line> {
    let mut loaded = Loaded::new(workload, security);
    let (mut columnar, build) =
        timed(|| Columnar::build(&loaded, &Arc::clone(&loaded.catalog), SEED));
    let with_all = || Columnar::build_with(&loaded, &loaded.catalog, SEED, &in_parallel);
    let (_, parallel) = timed(with_all);
    let callers: Vec<Caller> = (0..workload.users)
        .map(|user| Caller::user(&loaded.catalog, workload.user(user), Timestamp::default()))
        .collect();
    // Sets that all share are made for the first who asks.
    let (_, first) = timed(|| columnar.device_rows(&callers[0]));
    let (all, seconds) =
        timed(|| callers.iter().map(|c| columnar.device_rows(c)).collect::<Vec<_>>());
    let rows: u64 = all.iter().map(DeviceRows::len).sum();
    let memory = columnar.memory();
    let raw: usize = workload.rows().map(|(_, values)| raw_bytes(&values)).sum();
    let name = if security == Security::Open { "datasets" } else { "datasets_secured" };
    let mut lines = vec![line([
        ("measure", Some(json!(name))),
        ("n", Some(json!(workload.users))),
        ("seconds", Some(json!(seconds))),
        ("per_second", Some(json!(workload.users as f64 / seconds))),
        ("rows", Some(json!(rows))),
        ("first_seconds", Some(json!(first))),
        ("build_rows_per_second", Some(json!(workload.row_count() as f64 / build))),
        ("parallel_build_rows_per_second", Some(json!(workload.row_count() as f64 / parallel))),
        ("bytes_per_row", Some(json!(memory.tables as f64 / workload.row_count() as f64))),
        ("raw_bytes_per_row", Some(json!(raw as f64 / workload.row_count() as f64))),
        ("shared_bytes", Some(json!(memory.shared))),
        ("user_bytes", Some(json!(memory.users / callers.len()))),
    ])];
    lines.push(differences(workload, &mut loaded, &mut columnar, &callers, all, name));
    lines.push(explanations(&loaded, &columnar, &callers, name));
    lines.push(writes(workload, &mut loaded, &mut columnar, &callers[0], name));
    lines
}

/// Why rows are, or are not, on devices: of each user a row that is and one of somebody else's.
fn explanations(loaded: &Loaded, columnar: &Columnar, callers: &[Caller], name: &str) -> Line {
    let mut times = Vec::new();
    let others = callers.iter().cycle().skip(1);
    for (caller, other) in callers.iter().zip(others).take(EXPLAINED) {
        let own = columnar.dataset(caller).into_keys().nth(caller_place(caller));
        let foreign = columnar.dataset(other).into_keys().next();
        for key in own.into_iter().chain(foreign) {
            let (_, seconds) = timed(|| columnar.explain(loaded, caller, &key.table, key.id));
            times.push(seconds);
        }
    }
    let longest = times.iter().copied().fold(0.0, f64::max);
    line([
        ("measure", Some(json!(name.replace("datasets", "explain")))),
        ("n", Some(json!(times.len()))),
        ("seconds", Some(json!(median(&mut times)))),
        ("longest_seconds", Some(json!(longest))),
    ])
}

/// A place among a user's rows that is another for each: rows of all tables are looked at.
fn caller_place(caller: &Caller) -> usize {
    caller.user.map_or(0, |user| usize::from(user.as_bytes()[0]) * 4)
}

/// Rows written one after the other, then a user who asks: what all share is brought up to date, too.
fn writes(
    workload: &Workload,
    loaded: &mut Loaded,
    columnar: &mut Columnar,
    caller: &Caller,
    name: &str,
) -> Line {
    let bursts = BURSTS..BURSTS + WRITTEN_BURSTS;
    let updates: Vec<_> = bursts.flat_map(|burst| workload.burst(burst)).collect();
    let rows: Vec<_> =
        updates.iter().map(|(key, patch)| (key, loaded.write(key, patch).clone())).collect();
    let (_, seconds) = timed(|| {
        rows.iter().for_each(|(key, row)| columnar.put(key, Some(row)));
        columnar.device_rows(caller)
    });
    line([
        ("measure", Some(json!(name.replace("datasets", "writes")))),
        ("n", Some(json!(rows.len()))),
        ("seconds", Some(json!(seconds))),
        ("per_second", Some(json!(rows.len() as f64 / seconds))),
    ])
}

fn differences(
    workload: &Workload,
    loaded: &mut Loaded,
    columnar: &mut Columnar,
    callers: &[Caller],
    mut held: Vec<DeviceRows>,
    name: &str,
) -> Line {
    let (mut asks, mut puts, mut dels) = (Vec::new(), 0, 0);
    let mut empty = Vec::new();
    for burst in 0..BURSTS {
        let updates = workload.burst(burst);
        let rows: Vec<_> =
            updates.iter().map(|(key, patch)| (key, loaded.write(key, patch).clone())).collect();
        rows.iter().for_each(|(key, row)| columnar.put(key, Some(row)));
        let asking = callers.iter().zip(&mut held).take(ASKING);
        let ((), seconds) = timed(|| {
            for (caller, held) in asking {
                let now = columnar.device_rows(caller);
                let difference = columnar.difference(caller, held, &now).expect("of this engine");
                puts += difference.put.len();
                dels += difference.del.len();
                *held = now;
            }
        });
        asks.push(seconds);
        let ((), seconds) = timed(|| {
            for (caller, held) in callers.iter().zip(&held).take(ASKING) {
                let now = columnar.device_rows(caller);
                std::hint::black_box(columnar.difference(caller, held, &now));
            }
        });
        empty.push(seconds / ASKING as f64);
    }
    line([
        ("measure", Some(json!(name.replace("datasets", "differences_500")))),
        ("n", Some(json!(ASKING))),
        ("seconds", Some(json!(median(&mut asks)))),
        ("puts", Some(json!(puts))),
        ("dels", Some(json!(dels))),
        ("empty_seconds", Some(json!(median(&mut empty)))),
    ])
}

pub fn median(of: &mut [f64]) -> f64 {
    of.sort_by(f64::total_cmp);
    of[of.len() / 2]
}

#[expect(clippy::disallowed_methods, reason = "measuring takes a clock")]
pub fn clock() -> Instant {
    Instant::now()
}

pub fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let begin = clock();
    let done = work();
    (done, begin.elapsed().as_secs_f64())
}
