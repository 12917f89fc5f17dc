//! The way of rows through the log to a state, and back to it when derived state is gone.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use haversack_core::{
    event::{Actor, Event, RULES_VERSION, Record},
    limits::GROUP_EVENTS_MAX,
};
use haversack_dataset::Columnar;
use haversack_engine::Environment;
use haversack_replay::State;
use haversack_workload::{Security, Workload};
use serde_json::json;
use tempfile::TempDir;

use super::datasets::{SEED, timed};
use crate::{
    cli::Measure,
    failure::Failure,
    output::{Line, line},
};

/// Groups of rows that are made and not logged yet.
const GROUPS_AHEAD: usize = 2;
/// What follows from the log, and is made again if it is gone.
const DERIVED: [&str; 2] = ["snapshots", "audit"];

/// Measures those that are asked for, on a data directory of its own in this one.
pub fn measure(
    workload: &Workload,
    directory: Option<&Path>,
    is_asked: impl Fn(Measure) -> bool,
    mut print: impl FnMut(Line) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let place = Place::new(directory)?;
    let loaded = load(workload, &place)?;
    if is_asked(Measure::Load) {
        print(loaded)?;
    }
    if is_asked(Measure::Rebuild) {
        place.remove_derived()?;
        print(open(workload, &place, "rebuild")?)?;
    }
    if is_asked(Measure::Restart) {
        Environment::open(&place.data)?.snapshot()?;
        print(open(workload, &place, "restart")?)?;
    }
    Ok(())
}

/// A data directory that goes away.
pub struct Place {
    pub data: PathBuf,
    _directory: TempDir,
}

impl Place {
    pub fn new(within: Option<&Path>) -> Result<Self, Failure> {
        let mut builder = tempfile::Builder::new();
        builder.prefix("haversack-bench-");
        let made = match within {
            Some(within) => fs::create_dir_all(within).and_then(|()| builder.tempdir_in(within)),
            None => builder.tempdir(),
        };
        let directory = made.map_err(|error| Failure::other(error.to_string()))?;
        Ok(Self { data: directory.path().join("data"), _directory: directory })
    }

    fn remove_derived(&self) -> Result<(), Failure> {
        let gone = DERIVED.map(|name| fs::remove_dir_all(self.data.join(name)));
        let failed = gone.into_iter().filter_map(Result::err);
        let mut failed = failed.filter(|error| error.kind() != std::io::ErrorKind::NotFound);
        failed.next().map_or(Ok(()), |error| Err(Failure::other(error.to_string())))
    }
}

/// Rows through the log, durable; the time in which they are made is counted.
pub fn load(workload: &Workload, place: &Place) -> Result<Line, Failure> {
    let (environment, opening) = timed(|| Environment::open(&place.data));
    let environment = environment?;
    let catalog = workload.catalog_events(Security::Open);
    let total = catalog.len() as u64 + workload.row_count();
    let by_load = |event| Record { actor: Actor::Load, event };
    let begin = [
        Event::EnvironmentCreated { name: "workload".to_owned(), rules: RULES_VERSION },
        Event::LoadStarted { digest: [0; 32], events: total },
    ];
    environment.record(begin.into_iter().chain(catalog).map(by_load).collect())?;
    let after = environment.state().cursor;
    let (logged, taken) = Taken::by(|| -> Result<(), Failure> {
        let mut events = workload.row_events().map(by_load).peekable();
        let groups = std::iter::from_fn(|| {
            events.peek().is_some().then(|| events.by_ref().take(GROUP_EVENTS_MAX).collect())
        });
        Ok(environment.record_all(after, groups, GROUPS_AHEAD)?)
    });
    logged?;
    let state = environment.state();
    let mut line = measured("load", workload, taken, &state);
    line.insert("open_seconds".to_owned(), json!(opening));
    drop(state);
    let (_, seconds) = timed(|| drop(environment));
    line.insert("close_seconds".to_owned(), json!(seconds));
    Ok(line)
}

/// Opens the environment, whatever it is opened from.
fn open(workload: &Workload, place: &Place, name: &str) -> Result<Line, Failure> {
    let (environment, taken) = Taken::by(|| Environment::open(&place.data));
    Ok(measured(name, workload, taken, &environment?.state()))
}

fn measured(name: &str, workload: &Workload, taken: Taken, state: &Arc<State>) -> Line {
    let rows = workload.row_count();
    let state_mb = pss_mb();
    let (columnar, columns) = timed(|| Columnar::build(state.as_ref(), &state.catalog, SEED));
    let all_mb = pss_mb();
    drop(columnar);
    line([
        ("measure", Some(json!(name))),
        ("n", Some(json!(rows))),
        ("seconds", Some(json!(taken.seconds))),
        ("per_second", Some(json!(rows as f64 / taken.seconds))),
        ("cpu_seconds", taken.cpu_seconds.map(|seconds| json!(seconds))),
        ("columns_seconds", Some(json!(columns))),
        ("pss_mb", state_mb),
        ("pss_with_columns_mb", all_mb),
    ])
}

/// What a piece of work took: where others are busy, too, the time of all processors says more.
struct Taken {
    seconds: f64,
    cpu_seconds: Option<f64>,
}

impl Taken {
    fn by<T>(work: impl FnOnce() -> T) -> (T, Self) {
        let before = cpu_seconds();
        let (done, seconds) = timed(work);
        let cpu_seconds = before.zip(cpu_seconds()).map(|(before, after)| after - before);
        (done, Self { seconds, cpu_seconds })
    }
}

/// What all threads of this process have used of processors, if the system says it.
#[expect(clippy::disallowed_methods, reason = "what the system says of processors is in a file")]
fn cpu_seconds() -> Option<f64> {
    /// Linux counts in hundredths, whatever its clock does.
    const TICKS_A_SECOND: f64 = 100.0;
    let text = fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program stands in brackets, and may have blanks.
    let (_, rest) = text.rsplit_once(')')?;
    let ticks: Vec<f64> =
        rest.split_whitespace().skip(11).take(2).filter_map(|field| field.parse().ok()).collect();
    (ticks.len() == 2).then(|| ticks.iter().sum::<f64>() / TICKS_A_SECOND)
}

/// The memory of this process, if the system says it.
#[expect(clippy::disallowed_methods, reason = "what the system says of memory is in a file")]
fn pss_mb() -> Option<serde_json::Value> {
    let text = fs::read_to_string("/proc/self/smaps_rollup").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    let kilobytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(json!(kilobytes / 1024.0))
}
