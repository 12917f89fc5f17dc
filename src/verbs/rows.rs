//! `dataset`, `rows`.

use std::process::ExitCode;

use haversack_core::{event::RowKey, schema::TableKind};
use haversack_dataset::{Dataset, Difference, Evaluator, Obvious, Rows, scan};
use haversack_engine::tell::row::row;
use serde_json::Value as Json;

use crate::{
    cli::{Format, Moment, PolicyArg},
    failure::Failure,
    output::{self, Line, line},
    session::{self, Session},
};

/// `dataset USER`.
pub fn dataset(
    session: &Session,
    user: &str,
    moment: &Moment,
    format: Format,
) -> Result<ExitCode, Failure> {
    let at = session.moment(moment)?;
    let caller = session.caller(&at, user)?;
    let dataset: Dataset = Obvious::new(at.state.as_ref()).dataset(&caller);
    let lines: Vec<Line> = dataset
        .iter()
        .map(|(key, version)| {
            line([
                ("table", Some(Json::from(key.table.as_str()))),
                ("id", Some(Json::from(key.id.to_string()))),
                ("version", Some(Json::from(version.0.get()))),
            ])
        })
        .collect();
    output::print(format, &["table", "id", "version"], &lines)?;
    Ok(ExitCode::SUCCESS)
}

/// `dataset USER --since MOMENT`: what leads from what belonged on the device then to what does.
pub fn dataset_since(
    session: &Session,
    user: &str,
    since: &str,
    moment: &Moment,
    format: Format,
) -> Result<ExitCode, Failure> {
    let of = |moment: &Moment| -> Result<_, Failure> {
        let at = session.moment(moment)?;
        let caller = session.caller(&at, user)?;
        let dataset = Obvious::new(at.state.as_ref()).dataset(&caller);
        Ok((at, caller, dataset))
    };
    let (_, _, before) = of(&Moment { now: None, at: Some(since.to_owned()) })?;
    let (at, caller, now) = of(moment)?;
    let difference = Difference::between(at.state.as_ref(), &caller, &before, &now);
    let of_row = |change: &str, key: &RowKey, more| {
        line([
            ("change", Some(Json::from(change))),
            ("table", Some(Json::from(key.table.as_str()))),
            ("id", Some(Json::from(key.id.to_string()))),
            more,
        ])
    };
    let puts = difference
        .put
        .iter()
        .map(|(key, version)| of_row("put", key, ("version", Some(Json::from(version.0.get())))));
    let dels = difference
        .del
        .iter()
        .map(|(key, why)| of_row("del", key, ("why", Some(Json::from(why.name())))));
    let lines: Vec<Line> = puts.chain(dels).collect();
    output::print(format, &["change", "table", "id", "version", "why"], &lines)?;
    Ok(ExitCode::SUCCESS)
}

/// `rows TABLE`.
pub fn rows(
    session: &Session,
    table: &str,
    policy: Option<PolicyArg>,
    at: Option<&str>,
    format: Format,
) -> Result<ExitCode, Failure> {
    // The table is looked up as it is now, so that `--at 0` is an empty table and no error.
    let now = session.environment.state();
    let table = session::table(&now.catalog, table)?;
    let state = session.replayed(policy, at)?;
    let catalog = &state.catalog;
    let known = catalog.table(&table.name).unwrap_or(table);
    let lines: Vec<Line> = match known.kind {
        TableKind::System => scan(state.as_ref(), known)
            .map(|(id, values)| row(catalog, known, id, None, &values))
            .collect(),
        TableKind::Data | TableKind::Intersect => state
            .rows(&known.name)
            .map(|(id, of)| row(catalog, known, id, Some(of.version), &of.values))
            .collect(),
    };
    let mut columns = vec!["id", "version"];
    columns.extend(known.columns().iter().map(|column| column.name.as_str()));
    output::print(format, &columns, &lines)?;
    Ok(ExitCode::SUCCESS)
}
