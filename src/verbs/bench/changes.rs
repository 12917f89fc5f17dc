//! When rows came to devices and went from them, and what devices could have held, on a log of some
//! 100,000 events.

use std::sync::Arc;

use haversack_core::{
    Offset, Timestamp,
    event::{Actor, Event, Operation, Record, RowKey, RowWrite, Sequenced},
};
use haversack_dataset::{Caller, Columnar};
use haversack_replay::{Holdings, Judging, State, Timeline, fold};
use haversack_workload::{Security, Workload};
use serde_json::json;

use super::datasets::{SEED, median, timed};
use crate::output::{Line, line};

/// Accounts; of rows there are five times as many.
const ACCOUNTS: u64 = 10_000;
/// Bursts of 1,000 updates that follow.
const BURSTS: u64 = 50;
/// Users of whom a row is asked for.
const ASKING: u64 = 10;

/// The log is folded from its beginning, as `explain --changes` and `device rows` do it at the worst.
pub fn measure(seed: u64) -> Line {
    let workload = Workload::new(ACCOUNTS, seed);
    let mut empty = State::default();
    empty.catalog = Arc::new(workload.catalog(Security::Open));
    let log = log(&workload);
    let (state, folding) = timed(|| {
        let mut state = empty.clone();
        log.iter().for_each(|record| step(&mut state, record, &log));
        state
    });
    let columnar = Columnar::build(&state, &state.catalog, SEED);
    let (mut times, mut turns) = (Vec::new(), 0);
    for user in 0..ASKING {
        let user = workload.user(user);
        let caller = Caller::user(&state.catalog, user, Timestamp::default());
        let Some(key) = columnar.dataset(&caller).into_keys().next() else { continue };
        let (found, seconds) = timed(|| {
            let mut timeline = Timeline::new(user, key.clone(), SEED);
            let mut state = empty.clone();
            for record in &log {
                timeline.before(&state, record.at);
                step(&mut state, record, &log);
                timeline.after(&state, record);
            }
            timeline.finish(&state, Timestamp::default()).0
        });
        turns += found.len();
        times.push(seconds);
    }
    let user = workload.user(0);
    let (held, holding) = timed(|| {
        let mut holdings = Holdings::new(user, Vec::new(), false, SEED);
        let mut state = empty.clone();
        holdings.before(&state, Timestamp::default());
        for record in &log {
            holdings.before(&state, record.at);
            step(&mut state, record, &log);
            holdings.after(&state, record);
        }
        holdings.finish().0
    });
    let longest = times.iter().copied().fold(0.0, f64::max);
    line([
        ("measure", Some(json!("explain_changes"))),
        ("n", Some(json!(times.len()))),
        ("events", Some(json!(log.len()))),
        ("seconds", Some(json!(median(&mut times)))),
        ("longest_seconds", Some(json!(longest))),
        ("fold_seconds", Some(json!(folding))),
        ("turns", Some(json!(turns))),
        ("held_seconds", Some(json!(holding))),
        ("held", Some(json!(held.len()))),
    ])
}

fn step(state: &mut State, record: &Sequenced<Record>, log: &[Sequenced<Record>]) {
    fold(state, record, Judging::InForce, log).expect("online writes are facts");
}

/// Every row is made, and then come the bursts.
fn log(workload: &Workload) -> Vec<Sequenced<Record>> {
    let made = workload.rows().map(|(key, values)| (key, Operation::Create, values));
    let bursts = (0..BURSTS).flat_map(|burst| workload.burst(burst));
    let written = bursts.map(|(key, values)| (key, Operation::Update, values));
    let write = |(key, operation, values): (RowKey, _, _)| RowWrite { key, operation, values };
    let mut offset = Offset::FIRST;
    let mut sequenced = |write| {
        let inner = Record { actor: Actor::Administrator, event: Event::RowWritten(write) };
        let at = Timestamp(offset.get().cast_signed());
        let record = Sequenced { offset, at, inner };
        offset = offset.next();
        record
    };
    made.chain(written).map(write).map(&mut sequenced).collect()
}
