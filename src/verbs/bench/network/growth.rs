//! How the figures of the log and of the network grow: with rows, and with the devices that are connected.

use std::{collections::BTreeMap, path::Path};

use haversack_workload::Workload;
use serde_json::{Value as Json, json};

use crate::{
    cli::Measure,
    failure::Failure,
    output::{Line, line},
    verbs::bench::log,
};

/// Devices that hold their rows when a burst begins.
const CONNECTED: [u64; 4] = [50, 100, 250, 500];

/// The lines of measures, by their names.
type Measured = BTreeMap<String, Line>;

/// Measures, and gives each line to be printed as soon as it is there.
pub fn measure(
    accounts: u64,
    seed: u64,
    directory: Option<&Path>,
    mut print: impl FnMut(Line) -> Result<(), Failure>,
) -> Result<(), Failure> {
    for accounts in [accounts / 4, accounts / 2, accounts, accounts * 2] {
        let workload = Workload::new(accounts, seed);
        let is_asked = |measure| {
            [Measure::Load, Measure::Rebuild, Measure::Restart].contains(&measure)
                || [Measure::FirstPull1, Measure::IdlePull].contains(&measure)
        };
        let mut measured = Measured::new();
        log::measure(&workload, directory, is_asked, |line| keep(&mut measured, line))?;
        super::measure(&workload, &[], directory, is_asked, |line| keep(&mut measured, line))?;
        print(of_rows(&workload, &measured))?;
    }
    let workload = Workload::new(accounts, seed);
    let is_asked = |measure| measure == Measure::Burst;
    let mut measured = Measured::new();
    super::measure(&workload, &CONNECTED, directory, is_asked, |line| keep(&mut measured, line))?;
    CONNECTED.into_iter().try_for_each(|count| print(of_devices(count, &measured)))
}

fn keep(measured: &mut Measured, line: Line) -> Result<(), Failure> {
    measured.insert(line["measure"].as_str().unwrap_or_default().to_owned(), line);
    Ok(())
}

fn number(measured: &Measured, measure: &str, key: &str) -> f64 {
    measured.get(measure).and_then(|line| line.get(key)).and_then(Json::as_f64).unwrap_or(f64::NAN)
}

fn of_rows(workload: &Workload, measured: &Measured) -> Line {
    let of = |measure, key| number(measured, measure, key);
    let rows_per_user = of("first_pull_1", "n") / of("first_pull_1", "rounds");
    let milliseconds = |seconds: f64| Some(json!(seconds * 1e3));
    line([
        ("measure", Some(json!("network_growth"))),
        ("axis", Some(json!("rows"))),
        ("n", Some(json!(workload.row_count()))),
        ("load_ms", milliseconds(of("load", "seconds"))),
        ("rebuild_ms", milliseconds(of("rebuild", "seconds"))),
        ("restart_ms", milliseconds(of("restart", "seconds"))),
        ("start_ms", milliseconds(of("first_pull_1", "start_seconds"))),
        ("first_pull_ms", milliseconds(rows_per_user / of("first_pull_1", "per_second"))),
        ("idle_pull_ms", milliseconds(1.0 / of("idle_pull", "per_second"))),
        ("rows_per_user", Some(json!(rows_per_user))),
        ("server_mb", Some(json!(of("first_pull_1", "server_pss_mb")))),
    ])
}

fn of_devices(count: u64, measured: &Measured) -> Line {
    let of = |key| number(measured, &format!("burst_{count}"), key);
    line([
        ("measure", Some(json!("network_growth"))),
        ("axis", Some(json!("devices"))),
        ("n", Some(json!(count))),
        ("burst_ms", Some(json!(of("seconds") * 1e3))),
        ("burst_cpu_ms", Some(json!(of("server_cpu_seconds") * 1e3))),
        ("bytes_per_device", Some(json!(of("bytes") / count as f64))),
        ("pulls_per_device", Some(json!(of("pulls_per_device")))),
        ("server_mb", Some(json!(of("server_pss_mb")))),
    ])
}
