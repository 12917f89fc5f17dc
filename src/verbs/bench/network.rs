//! The workload against a server process of its own, over HTTP on loopback.

mod burst;
mod client;
mod device;
pub mod growth;
mod idle;
mod pull;
mod push;
mod server;
mod site;

use std::path::Path;

use haversack_workload::Workload;

use crate::{cli::Measure, failure::Failure, output::Line};

/// The measures that need a server.
pub const MEASURES: [Measure; 7] = [
    Measure::FirstPull1,
    Measure::FirstPull50,
    Measure::Burst,
    Measure::IdleDevice,
    Measure::IdlePull,
    Measure::Push1,
    Measure::Push100,
];

/// How many devices ask at once, where a measure does not say otherwise.
const AT_ONCE: u64 = 50;

/// Measures those that are asked for, each from the loaded state.
pub fn measure(
    workload: &Workload,
    devices: &[u64],
    directory: Option<&Path>,
    is_asked: impl Fn(Measure) -> bool,
    mut print: impl FnMut(Line) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let first = [(Measure::FirstPull1, 1), (Measure::FirstPull50, AT_ONCE)];
    let first = first.into_iter().filter(|(measure, _)| is_asked(*measure));
    // And one that pulls before the first round.
    let first = first.map(|(_, count)| pull::ROUNDS * count + 1);
    let asked = devices.iter().copied().chain(first).chain([AT_ONCE]);
    let most = asked.max().unwrap_or(AT_ONCE);
    let site = site::Site::new(workload, directory, most.min(workload.users))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::other(error.to_string()))?;
    if is_asked(Measure::FirstPull1) {
        print(runtime.block_on(pull::first(&site, "first_pull_1", 1))?)?;
    }
    if is_asked(Measure::FirstPull50) {
        print(runtime.block_on(pull::first(&site, "first_pull_50", AT_ONCE))?)?;
    }
    if is_asked(Measure::IdlePull) {
        print(runtime.block_on(pull::idle(&site, AT_ONCE))?)?;
    }
    for count in devices.iter().copied().filter(|_| is_asked(Measure::Burst)) {
        print(runtime.block_on(burst::burst(&site, count))?)?;
    }
    let most = devices.iter().copied().max();
    if let Some(count) = most.filter(|_| is_asked(Measure::IdleDevice)) {
        print(runtime.block_on(idle::idle(&site, count))?)?;
    }
    if is_asked(Measure::Push1) {
        print(runtime.block_on(push::push(&site, "push_1", 1, 1))?)?;
    }
    if is_asked(Measure::Push100) {
        print(runtime.block_on(push::push(&site, "push_100", 10, 100))?)?;
    }
    Ok(())
}

fn failed(what: &str, error: impl std::fmt::Display) -> Failure {
    Failure::other(format!("{what}: {error}"))
}
