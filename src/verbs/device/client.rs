//! A device's own verbs: set up, synced, asked.

use std::{
    io::{IsTerminal, Write},
    ops::ControlFlow,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use haversack_core::{Name, json::bare_json, name::nearest_help};
use haversack_device::{
    Ask, Automatic, Device, DeviceError, Happening, HttpTransport, Progress, Setup, Status, Synced,
    TableStatus, TransportError,
};
use haversack_sync::message::Why;
use serde_json::{Value as Json, json};

use super::edit;
use crate::{
    cli::{Chosen, ClientVerb, Format},
    failure::Failure,
    input,
    output::{self, Line, line},
};

/// Where a device is unless `--data` says otherwise.
const DATA_DEFAULT: &str = "./haversack-device";

/// Does what is asked of a device.
pub fn run(data: Option<PathBuf>, verb: ClientVerb, format: Format) -> Result<ExitCode, Failure> {
    let data = data.unwrap_or_else(|| PathBuf::from(DATA_DEFAULT));
    match verb {
        ClientVerb::Init { server, token, name, app } => {
            let token = whole(&token)?;
            init(&data, Setup { server, token, name, app }, format)?;
        }
        ClientVerb::Sync { full, tables } => sync(&open(&data)?, full, &tables, format)?,
        ClientVerb::Query { file, chosen } => query(&open(&data)?, &file, &chosen, format)?,
        ClientVerb::Edit(verb) => edit::run(&open(&data)?, verb, format)?,
        ClientVerb::Status => status(&open(&data)?.status(), format)?,
        ClientVerb::Conflicts => edit::conflicts(&open(&data)?, format)?,
        ClientVerb::Watch => watch(&open(&data)?)?,
        ClientVerb::WorkOffline { offline } => open(&data)?.work_offline(offline)?,
        ClientVerb::SetToken { token } => {
            let (device, token) = (open(&data)?, whole(&token)?);
            let setup = Setup { token: token.clone(), ..device.setup() };
            device.set_token(token, &transport(&setup)?)?;
        }
        ClientVerb::SignOut { force } => open(&data)?.sign_out(force)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// A token as it is given, or from standard input.
fn whole(token: &str) -> Result<String, Failure> {
    let text = if token == "-" { &input::text(Path::new("-"))? } else { token };
    Ok(text.trim().to_owned())
}

/// Opens a device, and says what was found damaged.
fn open(data: &Path) -> Result<Device, Failure> {
    let device = Device::open(data)?;
    let status = device.status();
    if let Some(damage) = status.damage {
        output::tell(&format!("warning: rows were damaged and are downloaded again: {damage}\n"));
    }
    if status.lost_records > 0 {
        output::tell(&format!(
            "warning: {} records of edits were damaged in both copies and are lost\n",
            status.lost_records
        ));
    }
    Ok(device)
}

fn transport(setup: &Setup) -> Result<HttpTransport, Failure> {
    let transport = HttpTransport::new(&setup.server, &setup.token);
    transport.map_err(|error| match error {
        TransportError::BadAnswer(message) => Failure::bad_input(format!("--server: {message}")),
        error => DeviceError::from(error).into(),
    })
}

fn init(data: &Path, setup: Setup, format: Format) -> Result<(), Failure> {
    let (server, transport) = (setup.server.clone(), transport(&setup)?);
    let status = Device::init(data, setup, &transport)?.status();
    let made = line([
        ("device_id", status.device.map(|id| Json::from(id.to_string()))),
        ("name", status.name.map(Json::from)),
        ("server", Some(Json::from(server))),
    ]);
    output::print(format, &["device_id", "name", "server"], &[made])
}

fn sync(device: &Device, is_full: bool, tables: &[String], format: Format) -> Result<(), Failure> {
    let name = |table: &String| table.parse::<Name>();
    let tables: Vec<Name> = tables
        .iter()
        .map(name)
        .collect::<Result<_, _>>()
        .map_err(|error| Failure::bad_input(format!("--tables: {error}")))?;
    let known = device.status();
    if let Some(unknown) = tables.iter().find(|asked| !known.has(asked)) {
        let names = known.tables.iter().map(|table| table.table.as_str());
        let help = nearest_help(unknown.as_str(), names);
        return Err(Failure::bad_input(format!(
            "--tables: the device has no table `{unknown}`{help}; one that is new comes with all tables"
        )));
    }
    let tables = (!tables.is_empty()).then_some(tables);
    let transport = transport(&device.setup())?;
    let bar = std::io::stderr().is_terminal().then(indicatif::ProgressBar::new_spinner);
    let mut watch = |progress: &Progress| {
        if let Some(bar) = &bar {
            let Progress { edits, rows, bytes } = progress;
            bar.set_message(format!("{edits} edits sent, {rows} rows, {} KiB", bytes >> 10));
            bar.tick();
        }
        ControlFlow::Continue(())
    };
    let done = device.sync(&transport, Ask { tables, is_full, ..Ask::default() }, &mut watch);
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    let done = done?;
    if device.status().profile.is_none() {
        let app = device.setup().app.map(|app| format!(" in app {app:?}")).unwrap_or_default();
        output::tell(&format!(
            "warning: the user has no published profile{app}, so nothing belongs on the device\n"
        ));
    }
    let columns = ["edits", "problems", "put", "left", "deleted", "revoked", "offset", "bytes"];
    output::print(format, &columns, &[synced(&done)])
}

fn synced(done: &Synced) -> Line {
    let gone = |why: Why| Some(Json::from(done.gone.get(&why).copied().unwrap_or(0)));
    line([
        ("edits", Some(Json::from(done.progress.edits))),
        ("problems", Some(Json::from(done.problems))),
        ("put", Some(Json::from(done.put))),
        ("left", gone(Why::Left)),
        ("deleted", gone(Why::Deleted)),
        ("revoked", gone(Why::Revoked)),
        ("offset", Some(Json::from(done.offset.count()))),
        ("streams", Some(Json::from(done.streams))),
        ("bytes", Some(Json::from(done.progress.bytes))),
        ("anew", done.anew.as_deref().map(Json::from)),
        ("renamed", done.renamed.as_deref().map(Json::from)),
    ])
}

fn query(device: &Device, file: &Path, chosen: &Chosen, format: Format) -> Result<(), Failure> {
    let text = input::text(file)?;
    let answered = device.query(&text, chosen.name.as_deref(), &chosen.parameters);
    let answered = answered.map_err(|error| match error {
        DeviceError::Query(all) => Failure::diagnosed(&input::name(file), &text, &all),
        error => error.into(),
    })?;
    let row = |answer: &haversack_dataset::Answer| {
        answer.values.iter().map(|(key, value)| (key.clone(), bare_json(value))).collect()
    };
    let lines: Vec<Line> = answered.answers.rows.iter().map(row).collect();
    let keys: Vec<&str> = answered.keys.iter().map(String::as_str).collect();
    output::print(format, &keys, &lines)
}

/// The device itself in the first line, then its tables.
fn status(status: &Status, format: Format) -> Result<(), Failure> {
    let own = line([
        ("device", status.name.as_deref().map(Json::from)),
        ("device_id", status.device.map(|id| Json::from(id.to_string()))),
        ("profile", status.profile.as_deref().map(Json::from)),
        ("profile_version", status.profile_version.map(Json::from)),
        ("available", Some(Json::from(status.is_available))),
        ("offset", Some(Json::from(status.offset.count()))),
        ("downloading", Some(Json::from(status.is_under_way))),
        ("works_offline", Some(Json::from(status.works_offline))),
        ("unsent", Some(Json::from(status.unsent))),
        ("problems", Some(Json::from(status.problems))),
    ]);
    let tables: Vec<Line> = status.tables.iter().map(table_status).collect();
    let table_columns = ["table", "available", "rows", "unsent", "offset", "synced_at"];
    if format == Format::Table {
        output::print(format, &["device", "profile", "available", "offset"], &[own])?;
        output::print_text("\n")?;
        return output::print(format, &table_columns, &tables);
    }
    let lines: Vec<Line> = [own].into_iter().chain(tables).collect();
    output::print(format, &table_columns, &lines)
}

fn table_status(table: &TableStatus) -> Line {
    line([
        ("table", Some(Json::from(table.table.as_str()))),
        ("available", Some(Json::from(table.is_available))),
        ("rows", Some(Json::from(table.rows))),
        ("unsent", Some(Json::from(table.unsent))),
        ("offset", table.is_available.then(|| Json::from(table.offset.count()))),
        ("synced_at", table.synced_at.map(|at| Json::from(at.to_string()))),
        ("next_sync_seconds", table.next_sync_seconds.map(Json::from)),
    ])
}

/// Syncs by itself until somebody asks the process to end.
fn watch(device: &Device) -> Result<(), Failure> {
    let transport = Arc::new(transport(&device.setup())?);
    let automatic = Automatic::start(device, transport, |happening| {
        // A reader that has seen enough closes the pipe; the device goes on.
        let _ = writeln!(std::io::stdout().lock(), "{}", Json::Object(told(&happening)));
    })?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let waited = runtime.and_then(|runtime| runtime.block_on(tokio::signal::ctrl_c()));
    drop(automatic);
    waited.map_err(|error| Failure::other(format!("waiting for Ctrl-C: {error}")))
}

fn told(happening: &Happening) -> Line {
    let kind = |kind: &str| ("happening".to_owned(), Json::from(kind));
    match happening {
        Happening::Began(tables) => {
            Line::from_iter([kind("began"), ("tables".into(), json!(tables))])
        }
        Happening::Progress(Progress { edits, rows, bytes }) => Line::from_iter([
            kind("progress"),
            ("edits".into(), json!(edits)),
            ("rows".into(), json!(rows)),
            ("bytes".into(), json!(bytes)),
        ]),
        Happening::Synced(done) => [kind("synced")].into_iter().chain(synced(done)).collect(),
        Happening::Failed(error) => {
            Line::from_iter([kind("failed"), ("message".into(), json!(error.to_string()))])
        }
        Happening::Poked => Line::from_iter([kind("poked")]),
    }
}
