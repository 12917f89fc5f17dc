//! `load`, `apply`, `profile`.

use std::{path::Path, process::ExitCode};

use haversack_core::{
    catalog::Catalog,
    profile::{Member, Profile},
};
use haversack_engine::{Environment, LineOutcome, load, tell};
use haversack_replay::admin::{Change, Warning};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value as Json, json};

use crate::{
    cli::Format,
    failure::Failure,
    input,
    output::{self, Line, line},
    report,
    session::Session,
};

pub fn warn(warnings: &[Warning]) {
    for warning in warnings {
        match &warning.in_filter {
            Some(found) => output::tell(&report::in_filter(found)),
            None => output::tell(&format!("warning[{}]: {}\n\n", warning.code, warning.message)),
        }
    }
}

/// `load DIR`.
pub fn load(data: &Path, directory: &Path, format: Format) -> Result<ExitCode, Failure> {
    let document = load::read(directory)?;
    warn(&document.warnings);
    let session = Session::open_or_make(data)?;
    let loaded = load_into(&session.environment, document)?;
    let result = line([
        ("events", Some(Json::from(loaded.events))),
        ("rows", Some(Json::from(loaded.rows))),
        ("offset", Some(Json::from(loaded.offset))),
    ]);
    output::print(format, &["events", "rows", "offset"], &[result])?;
    Ok(ExitCode::SUCCESS)
}

/// Loads a document, with a progress bar on a terminal.
pub fn load_into(
    environment: &Environment,
    document: load::Loadable,
) -> Result<load::Loaded, Failure> {
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} events, {per_sec}");
    let bar = ProgressBar::new(document.events.len() as u64)
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let loaded = load::load(environment, document, |events| bar.inc(events))?;
    bar.finish_and_clear();
    Ok(loaded)
}

/// `apply FILE`.
pub fn apply(data: &Path, file: &Path, format: Format) -> Result<ExitCode, Failure> {
    let mut lines = input::json_lines(file)?;
    let directory = file.parent().unwrap_or(Path::new(""));
    for (number, json) in &mut lines {
        load::read_filters(json, directory).map_err(|error| input::at(file, *number, 1, &error))?;
    }
    for (number, json) in &lines {
        let is_step = *json == json!({"begin": true}) || *json == json!({"commit": true});
        if !is_step && let Err(error) = Change::read(json.clone(), &Catalog::default()) {
            return Err(input::at(file, *number, 1, &error.to_string()));
        }
    }
    let session = Session::open_or_make(data)?;
    let answers = session.environment.apply(lines)?;
    let refused = answers.iter().any(|answer| answer.outcome == LineOutcome::Refused);
    let lines: Vec<Line> = answers.iter().map(tell::line::answer).collect();
    output::print(format, &["line", "outcome", "offset", "code", "message"], &lines)?;
    Ok(if refused { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

fn members(catalog: &Catalog, profile: &Profile, teams: bool) -> Vec<String> {
    let name = |member| match member {
        Member::User(id) if !teams => catalog.users.get(&id).map(|user| user.name.clone()),
        Member::Team(id) if teams => catalog.team(id).map(|team| team.name.clone()),
        Member::User(_) | Member::Team(_) => None,
    };
    let assignments = catalog.assignments.iter().filter(|a| a.profile == profile.draft.name);
    assignments.filter_map(|assignment| name(assignment.member)).collect()
}

/// `profile list`.
pub fn profile_list(session: &Session, format: Format) -> Result<ExitCode, Failure> {
    let state = session.environment.state();
    let of = |profile: &Profile| {
        let published = profile.published.as_ref();
        let tables: Vec<&str> =
            profile.draft.items.iter().map(|item| item.table.as_str()).collect();
        let changed = published.is_none_or(|published| published.draft != profile.draft);
        line([
            ("profile", Some(Json::from(profile.draft.name.as_str()))),
            ("published", Some(published.map_or(Json::Null, |p| Json::from(p.version)))),
            ("unpublished_changes", Some(Json::from(changed))),
            ("tables", Some(Json::from(tables))),
            ("users", Some(Json::from(members(&state.catalog, profile, false)))),
            ("teams", Some(Json::from(members(&state.catalog, profile, true)))),
        ])
    };
    let lines: Vec<Line> = state.catalog.profiles.values().map(|profile| of(profile)).collect();
    let columns = ["profile", "published", "unpublished_changes", "users", "teams", "tables"];
    output::print(format, &columns, &lines)?;
    Ok(ExitCode::SUCCESS)
}

/// `profile show NAME`: the draft item by item for people, all of it as JSON otherwise.
pub fn profile_show(session: &Session, name: &str, format: Format) -> Result<ExitCode, Failure> {
    let state = session.environment.state();
    let profile = state.catalog.profiles.get(name).ok_or_else(|| {
        let known = state.catalog.profiles.keys().map(String::as_str);
        let help = haversack_core::name::nearest_help(name, known);
        Failure::bad_input(format!("there is no profile {name:?}{help}"))
    })?;
    let json = |value| serde_json::to_value(value).expect("a profile has only text keys");
    let lines: Vec<Line> = if matches!(format, Format::Table | Format::Csv) {
        let items = profile.draft.items.iter().map(|item| json!(item));
        items.filter_map(|item| item.as_object().cloned()).collect()
    } else {
        let published = profile.published.as_ref();
        vec![line([
            ("profile", Some(Json::from(name))),
            ("draft", Some(json(json!(profile.draft)))),
            ("published", Some(json(json!(published)))),
            ("users", Some(Json::from(members(&state.catalog, profile, false)))),
            ("teams", Some(Json::from(members(&state.catalog, profile, true)))),
        ])]
    };
    let columns = ["table", "criterion", "other", "filter", "related_to", "sync_interval_minutes"];
    output::print(format, if format == Format::Table { &columns } else { &[] }, &lines)?;
    Ok(ExitCode::SUCCESS)
}

/// `profile publish NAME`.
pub fn profile_publish(session: &Session, name: &str, format: Format) -> Result<ExitCode, Failure> {
    let answers = session.environment.apply(vec![(1, json!({"publish": name}))])?;
    if let Some(fault) = answers.first().and_then(|answer| answer.fault.as_ref()) {
        return Err(match &fault.in_filter {
            Some(found) => Failure::in_filter(None, found),
            None => Failure::bad_input(format!("{} [{}]", fault.message, fault.code)),
        });
    }
    answers.iter().for_each(|answer| warn(&answer.warnings));
    let state = session.environment.state();
    let version = state.catalog.profiles.get(name).and_then(|p| p.published.as_ref());
    let result = line([
        ("profile", Some(Json::from(name))),
        ("version", version.map(|published| Json::from(published.version))),
        ("offset", answers.first().and_then(|a| a.offset).map(|o| Json::from(o.get()))),
    ]);
    output::print(format, &["profile", "version", "offset"], &[result])?;
    Ok(ExitCode::SUCCESS)
}
