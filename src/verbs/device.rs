//! Devices: which there are, what one that was lost could have held, and a device's own verbs.

pub mod client;
mod edit;

use std::process::ExitCode;

use haversack_core::{Cursor, RowId, name::nearest_help};
use haversack_engine::tell::device::{device, user_name};
use haversack_replay::{DeviceState, Held, State};
use serde_json::Value as Json;

use crate::{
    cli::{Format, HeldRows},
    failure::Failure,
    output::{self, Line, line},
    session::{self, Session},
};

/// `device list`.
pub fn list(session: &Session, user: Option<&str>, format: Format) -> Result<ExitCode, Failure> {
    let state = session.environment.state();
    let user = user.map(|user| session::user(&state.catalog, user)).transpose()?;
    let is_asked = |known: &&DeviceState| user.is_none_or(|user| known.device.user == user);
    let mut devices: Vec<&DeviceState> = state.devices.values().filter(is_asked).collect();
    devices.sort_by_key(|known| (user_name(&state, known.device.user), known.device.name.clone()));
    let of = |known: &&DeviceState| -> Result<Line, Failure> {
        let last = known.edits.last().copied();
        let at = last.map(|last| session.environment.event(last)).transpose()?;
        Ok(device(&state, known, at.map(|record| record.at)))
    };
    let lines = devices.iter().map(of).collect::<Result<Vec<Line>, Failure>>()?;
    let columns = ["user", "device", "id", "platform", "edits", "last_edit", "at"];
    output::print(format, &columns, &lines)?;
    Ok(ExitCode::SUCCESS)
}

/// `device rows`.
pub fn rows(session: &Session, asked: &HeldRows, format: Format) -> Result<ExitCode, Failure> {
    let at = session.moment(&asked.moment)?;
    let state = session.environment.state();
    let user = session::user(&state.catalog, &asked.user)?;
    let devices = devices(&state, user, asked)?;
    let since = since(session, &devices, asked)?;
    let held = if at.state.cursor < since {
        // Made known later, or asked about from later on.
        Vec::new()
    } else {
        let until = (at.state.cursor, at.now);
        let (held, is_whole) =
            session.environment.held((user, devices), since, until, asked.columns)?;
        session::warn_of_cut(is_whole);
        held
    };
    let lines: Vec<Line> = held.iter().map(|held| held_line(held, asked.columns)).collect();
    output::print(format, &["table", "id", "version", "from", "until", "columns"], &lines)?;
    Ok(ExitCode::SUCCESS)
}

/// The devices of a user, or the one with this name.
fn devices(state: &State, user: RowId, asked: &HeldRows) -> Result<Vec<RowId>, Failure> {
    let of_user = || state.devices.values().map(|known| &known.device).filter(|d| d.user == user);
    let Some(name) = &asked.device else { return Ok(of_user().map(|device| device.id).collect()) };
    let found = of_user().find(|device| device.name == *name);
    found.map(|device| vec![device.id]).ok_or_else(|| {
        let help = nearest_help(name, of_user().map(|device| device.name.as_str()));
        Failure::bad_input(format!("{} has no device {name:?}{help}", asked.user))
    })
}

/// From when on: what is asked for, else when the first of the devices was made known.
fn since(session: &Session, devices: &[RowId], asked: &HeldRows) -> Result<Cursor, Failure> {
    if asked.since.is_some() {
        return Ok(session.cursor(asked.since.as_deref())?.0);
    }
    let registered = session.environment.registered(devices)?;
    registered.map(|offset| Cursor::after(offset.get())).ok_or_else(|| {
        Failure::bad_input(format!(
            "{} has no device; --since says from when on one could have held anything",
            asked.user
        ))
    })
}

fn held_line(held: &Held, with_columns: bool) -> Line {
    let columns = || held.columns.iter().map(|name| Json::from(name.as_str())).collect();
    line([
        ("table", Some(Json::from(held.key.table.as_str()))),
        ("id", Some(Json::from(held.key.id.to_string()))),
        ("version", Some(Json::from(held.version.0.get()))),
        ("from", Some(Json::from(held.from.count()))),
        ("until", held.until.map(|until| Json::from(until.count()))),
        ("columns", with_columns.then(|| Json::Array(columns()))),
    ])
}
