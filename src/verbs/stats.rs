//! `stats`: how much there is.

use std::{collections::BTreeMap, path::Path, process::ExitCode};

use haversack_core::Name;
use haversack_dataset::Columnar;
use haversack_engine::in_parallel;
use haversack_replay::State;
use serde_json::json;

use crate::{
    cli::Format,
    failure::Failure,
    output::{self, Line, line},
    session::Session,
};

/// Spreads ids in look-ups: nothing is looked up here.
const SEED: u64 = 0;
/// Directories of the log's two copies, in the data directory.
const LOG_DIRECTORIES: [&str; 2] = ["journal", "log"];

/// `stats`: one line of each kind of thing, then one of each table.
pub fn stats(session: &Session, data: &Path, format: Format) -> Result<ExitCode, Failure> {
    // What was appended last may be in one copy only.
    session.log().settle();
    let state = session.environment.state();
    let mut log_bytes = 0;
    for directory in LOG_DIRECTORIES {
        log_bytes += bytes_below(&data.join(directory))?;
    }
    let catalog = &state.catalog;
    let counted = |what: &str, count: usize| -> Line {
        line([("what", Some(json!(what))), ("count", Some(json!(count)))])
    };
    let mut lines = vec![
        line([
            ("what", Some(json!("events"))),
            ("count", Some(json!(state.cursor.count()))),
            ("disk_bytes", Some(json!(log_bytes))),
        ]),
        counted("users", catalog.users.len()),
        counted("teams", catalog.teams().count()),
        counted("devices", state.devices.len()),
        counted("profiles", catalog.profiles.len()),
        counted("conflicts", state.conflicts.len()),
    ];
    lines.extend(tables(&state));
    let columns = ["what", "table", "count", "versions", "disk_bytes", "memory_bytes"];
    output::print(format, &columns, &lines)?;
    Ok(ExitCode::SUCCESS)
}

/// Rows, versions and memory of each table. Users, teams and units are rows that come of the catalog
/// and have no versions of their own.
fn tables(state: &State) -> Vec<Line> {
    let mut versions: BTreeMap<Name, usize> = BTreeMap::new();
    for (key, touches) in state.touched() {
        let made = touches.newest_first().filter(|touch| touch.is_version).count();
        *versions.entry(key.table).or_default() += made;
    }
    let columnar = Columnar::build_with(state, &state.catalog, SEED, &in_parallel);
    let mut tables: Vec<_> = columnar.tables().collect();
    tables.sort_unstable_by_key(|(table, ..)| *table);
    let of = |(table, rows, bytes): (&Name, u64, usize)| {
        line([
            ("what", Some(json!("rows"))),
            ("table", Some(json!(table))),
            ("count", Some(json!(rows))),
            ("versions", Some(json!(versions.get(table).copied().unwrap_or_default()))),
            ("memory_bytes", Some(json!(bytes))),
        ])
    };
    tables.into_iter().map(of).collect()
}

/// Length of all files in a directory and those in it. A file that goes meanwhile counts nothing:
/// sled replaces its snapshots at any time.
fn bytes_below(directory: &Path) -> Result<u64, Failure> {
    let told = |error: std::io::Error| Failure::other(format!("{}: {error}", directory.display()));
    let mut bytes = 0;
    for entry in std::fs::read_dir(directory).map_err(told)? {
        let entry = entry.map_err(told)?;
        match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => bytes += bytes_below(&entry.path())?,
            Ok(metadata) => bytes += metadata.len(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(told(error)),
        }
    }
    Ok(bytes)
}
