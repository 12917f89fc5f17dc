//! First pulls without a network: what it costs to plan one, and to write its lines.

#![allow(clippy::unwrap_used, reason = "a bench without its state has nothing to measure")]
#![allow(missing_docs, reason = "criterion's macros make a public function")]

use std::{hint::black_box, sync::Arc, time::Duration};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use haversack_core::{
    RowId,
    event::{Actor, Event, RULES_VERSION, Record},
    limits::GROUP_EVENTS_MAX,
};
use haversack_engine::{Environment, Live, LiveGround, PullAsk};
use haversack_sync::{cursor::CursorKey, pull::Pull};
use haversack_workload::{Security, Workload};

/// As a test, unoptimised, fewer will do.
const ACCOUNTS: u64 = if cfg!(debug_assertions) { 200 } else { 50_000 };
const USERS: u64 = 100;

struct Site {
    live: Arc<Live>,
    /// Of all users one each.
    devices: Vec<RowId>,
    /// How many rows belong on all of them.
    rows: u64,
    _place: tempfile::TempDir,
}

impl Site {
    fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        let environment = Environment::open(&place.path().join("data")).unwrap();
        let workload = Workload::new(ACCOUNTS, 42).with_users(USERS);
        let by_load = |event| Record { actor: Actor::Load, event };
        let begin = [Event::EnvironmentCreated { name: "pull".to_owned(), rules: RULES_VERSION }];
        let catalog = workload.catalog_events(Security::Open);
        environment.record(begin.into_iter().chain(catalog).map(by_load).collect()).unwrap();
        let mut events = workload.row_events().map(by_load).peekable();
        let groups = std::iter::from_fn(|| {
            events.peek().is_some().then(|| events.by_ref().take(GROUP_EVENTS_MAX).collect())
        });
        environment.record_all(environment.state().cursor, groups, 2).unwrap();
        let register =
            |user| environment.register(workload.user(user), "bench", "bench", None).unwrap().id;
        let devices = (0..USERS).map(register).collect();
        let rows = workload.expected(USERS).iter().map(|expected| expected.rows()).sum();
        let key = CursorKey::from_secret(b"bench");
        let live = Arc::new(Live::over(Arc::new(environment), key, 7, |_| {}).unwrap());
        Self { live, devices, rows, _place: place }
    }

    fn plan(&self, device: RowId) -> (Pull, LiveGround) {
        let ask = PullAsk { device, cursor: None, max_rows: None, tables: None };
        self.live.pull(&ask).unwrap()
    }
}

/// Every user's first pull, one after another: what it takes to plan it, and to write it as well.
fn first_pulls(criterion: &mut Criterion) {
    let site = Site::new();
    let mut group = criterion.benchmark_group("first pull");
    group.warm_up_time(Duration::from_millis(200)).measurement_time(Duration::from_secs(2));
    group.sample_size(10).throughput(Throughput::Elements(site.rows));
    group.bench_function("planned", |bencher| {
        bencher.iter(|| site.devices.iter().for_each(|device| drop(black_box(site.plan(*device)))));
    });
    group.bench_function("written", |bencher| {
        bencher.iter(|| {
            let mut written = 0;
            for device in &site.devices {
                let (mut pull, mut ground) = site.plan(*device);
                while !pull.is_over() {
                    let mut piece = Vec::new();
                    pull.write(&mut ground, &mut piece);
                    black_box(piece);
                }
                written += pull.written();
            }
            assert_eq!(written, site.rows);
        });
    });
    group.finish();
}

criterion_group!(benches, first_pulls);
criterion_main!(benches);
