//! `bench`: the benchmark workload, measured. One JSON line a measure.

mod changes;
mod datasets;
mod growth;
mod loaded;
mod log;
mod network;
mod preview;

use std::{path::Path, process::ExitCode};

use haversack_workload::{Security, Workload};

use crate::{
    cli::Measure,
    failure::Failure,
    output::{self, Line},
};

/// `bench`.
pub fn bench(
    accounts: u64,
    seed: u64,
    devices: &[u64],
    directory: Option<&Path>,
    only: &[Measure],
) -> Result<ExitCode, Failure> {
    let is_asked = |measure| only.is_empty() || only.contains(&measure);
    let workload = Workload::new(accounts, seed);
    if [Measure::Load, Measure::Rebuild, Measure::Restart].into_iter().any(is_asked) {
        log::measure(&workload, directory, is_asked, |line| print(&[line]))?;
    }
    if network::MEASURES.into_iter().any(is_asked) {
        network::measure(&workload, devices, directory, is_asked, |line| print(&[line]))?;
    }
    if is_asked(Measure::Datasets) || is_asked(Measure::Differences) {
        print(&datasets::measure(&workload, Security::Open))?;
    }
    if is_asked(Measure::DatasetsSecured) {
        print(&datasets::measure(&workload, Security::Secured))?;
    }
    if is_asked(Measure::Preview) {
        print(&[preview::measure(accounts, seed)])?;
    }
    if is_asked(Measure::ExplainChanges) {
        print(&[changes::measure(seed)])?;
    }
    // Take long, and are asked for by name.
    if only.contains(&Measure::Growth) {
        growth::measure(accounts, seed, |line| print(&[line]))?;
    }
    if only.contains(&Measure::NetworkGrowth) {
        network::growth::measure(accounts, seed, directory, |line| print(&[line]))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn print(lines: &[Line]) -> Result<(), Failure> {
    let text: String =
        lines.iter().map(|line| format!("{}\n", serde_json::Value::Object(line.clone()))).collect();
    output::print_text(&text)
}
