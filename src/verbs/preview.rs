//! `profile preview`: what a change would do to devices, before it is made.

use std::{collections::BTreeSet, path::Path, process::ExitCode, sync::Arc};

use haversack_core::{
    RowId,
    catalog::Catalog,
    event::{Event, RowKey},
    json::row_object,
    name::nearest_help,
    security::Team,
};
use haversack_dataset::{Shift, Side, When, preview};
use haversack_engine::{LineAnswer, Rehearsed};
use haversack_replay::{State, admin::Fault};
use serde_json::{Value as Json, json};

use super::admin;
use crate::{
    cli::{Format, Rehearsal},
    failure::Failure,
    input,
    output::{self, Line, line},
    session::{Session, now_or},
};

/// Spreads ids in look-ups of one run; it shows in no answer.
const SEED: u64 = 0;

/// `profile preview`.
pub fn profile_preview(
    session: &Session,
    rehearsal: &Rehearsal,
    format: Format,
) -> Result<ExitCode, Failure> {
    let now = now_or(rehearsal.now.as_deref())?;
    let before = session.environment.state();
    let mut lines = match &rehearsal.change {
        Some(file) => changes(file)?,
        None => Vec::new(),
    };
    // Lines of the file that are left empty count too.
    let last = lines.last().map_or(0, |(line, _)| *line);
    lines.extend((last + 1..).zip(profile_lines(&before.catalog, rehearsal)?));
    let Rehearsed { answers, records, state: after } = session.environment.rehearse(lines, now)?;
    if let Some((line, fault)) = refused(&answers) {
        let file = rehearsal.change.as_deref().filter(|_| line <= last);
        return Err(refusal(file, line, fault));
    }
    answers.iter().for_each(|answer| admin::warn(&answer.warnings));
    let written: Vec<RowKey> = records
        .iter()
        .filter_map(|record| match &record.inner.event {
            Event::RowWritten(write) => Some(write.key.clone()),
            _ => None,
        })
        .collect();
    let sides = (side(&before), side(&after));
    let mut size_of = |key: &RowKey, when| match when {
        When::Before => bytes(&before, key),
        When::After => bytes(&after, key),
    };
    let shifts = preview(sides, &written, now, SEED, &mut size_of);
    let concerned = concerned(&before.catalog, &after.catalog, rehearsal.name.as_deref());
    let mut lines: Vec<Line> = shifts
        .iter()
        .filter(|shift| shift.added + shift.removed > 0 || concerned.contains(&shift.user))
        .map(|shift| shift_line(&before, &after, shift))
        .collect();
    lines.sort_by_key(|line| ["user", "table"].map(|key| line.get(key).map(Json::to_string)));
    let columns =
        ["user", "table", "added", "removed", "kept", "bytes", "removed_bytes", "devices"];
    output::print(format, &columns, &lines)?;
    Ok(ExitCode::SUCCESS)
}

fn side(state: &State) -> Side<'_> {
    Side { rows: state, catalog: &state.catalog }
}

fn changes(file: &Path) -> Result<Vec<(usize, Json)>, Failure> {
    let mut lines = input::json_lines(file)?;
    let directory = file.parent().unwrap_or(Path::new(""));
    for (number, json) in &mut lines {
        let read = haversack_engine::load::read_filters(json, directory);
        read.map_err(|error| input::at(file, *number, 1, &error))?;
    }
    Ok(lines)
}

/// What is asked of a profile, as lines: members first, then that its draft is published.
fn profile_lines(catalog: &Catalog, rehearsal: &Rehearsal) -> Result<Vec<Json>, Failure> {
    let Some(profile) = &rehearsal.name else { return Ok(Vec::new()) };
    if rehearsal.change.is_none() && !catalog.profiles.contains_key(profile) {
        let help = nearest_help(profile, catalog.profiles.keys().map(String::as_str));
        return Err(Failure::bad_input(format!("there is no profile {profile:?}{help}")));
    }
    let team = |who: &str| {
        let is_it = |team: &&Arc<Team>| team.name == who || team.id.to_string() == who;
        catalog.teams().find(is_it).map(|team| ("team", team.id))
    };
    let member = |who: &String, op: &str| {
        let user = catalog.find_user(who).map(|user| ("user", user.id));
        let Some((kind, id)) = user.or_else(|| team(who)) else {
            if catalog.users.values().any(|user| user.name == *who) {
                return Err(Failure::bad_input(catalog.no_user(who)));
            }
            let users = catalog.users.values().map(|user| user.name.as_str());
            let names = users.chain(catalog.teams().map(|team| team.name.as_str()));
            let help = nearest_help(who, names);
            return Err(Failure::bad_input(format!("there is no user or team {who:?}{help}")));
        };
        let moves = (op == "add" && rehearsal.moves).then_some(true);
        let member = json!({"profile": profile, kind: id.to_string(), "op": op, "move": moves});
        Ok(json!({"member": member}))
    };
    let adds = rehearsal.add.iter().map(|who| member(who, "add"));
    let removes = rehearsal.remove.iter().map(|who| member(who, "remove"));
    removes.chain(adds).chain([Ok(json!({"publish": profile}))]).collect()
}

/// The line that is at fault: the other lines of its step are refused too, but only because of it.
fn refused(answers: &[LineAnswer]) -> Option<(usize, &Fault)> {
    let faults = || answers.iter().filter_map(|a| Some((a.line, a.fault.as_ref()?)));
    faults().find(|(_, fault)| fault.code != "step_refused").or_else(|| faults().next())
}

/// A line of the file, or none: what was asked of the profile besides.
fn refusal(file: Option<&Path>, line: usize, fault: &Fault) -> Failure {
    if let Some(found) = &fault.in_filter {
        return Failure::in_filter(None, found);
    }
    let message = format!("{} [{}]", fault.message, fault.code);
    match file {
        Some(file) => input::at(file, line, 1, &message),
        None if fault.code == "already_in_profile" => {
            Failure::bad_input(format!("{message}; preview that as a line of --change"))
        }
        None => Failure::bad_input(message),
    }
}

/// The users who have the profile before or after.
fn concerned(before: &Catalog, after: &Catalog, profile: Option<&str>) -> BTreeSet<RowId> {
    let of = |catalog: &Catalog| {
        let assignments =
            catalog.assignments.iter().filter(|a| Some(a.profile.as_str()) == profile);
        let covered = |user: &RowId| assignments.clone().any(|a| catalog.covers(a, *user));
        catalog.users.keys().copied().filter(covered).collect::<Vec<_>>()
    };
    of(before).into_iter().chain(of(after)).collect()
}

/// Bytes of a row as the line of a pull, before any compression.
fn bytes(state: &State, key: &RowKey) -> u64 {
    let (Some(table), Some(row)) = (state.catalog.table(&key.table), state.current(key)) else {
        return 0;
    };
    let row_json = Json::Object(row_object(&state.catalog, table, key.id, &row.values));
    let (table, version) = (key.table.as_str(), row.version.0.get());
    let put = json!({"t": "put", "table": table, "id": key.id.to_string(), "v": version, "row": row_json});
    put.to_string().len() as u64 + 1
}

fn shift_line(before: &State, after: &State, shift: &Shift) -> Line {
    let user =
        after.catalog.users.get(&shift.user).or_else(|| before.catalog.users.get(&shift.user));
    let name = user.map_or_else(|| shift.user.to_string(), |user| user.name.clone());
    let devices = before.devices.values().filter(|known| known.device.user == shift.user);
    let devices: Vec<&str> = devices.map(|known| known.device.name.as_str()).collect();
    line([
        ("user", Some(Json::from(name))),
        ("table", Some(Json::from(shift.table.as_str()))),
        ("added", Some(Json::from(shift.added))),
        ("removed", Some(Json::from(shift.removed))),
        ("kept", Some(Json::from(shift.kept))),
        ("bytes", Some(Json::from(shift.bytes))),
        ("removed_bytes", Some(Json::from(shift.removed_bytes))),
        // Whoever loses rows may have edits of them that are not sent yet.
        ("devices", (shift.removed > 0 && !devices.is_empty()).then(|| Json::from(devices))),
    ])
}
