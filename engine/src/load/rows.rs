//! `rows/<table>.ndjson` and `rows/<table>.csv`.

use std::{collections::BTreeSet, path::Path};

use haversack_core::{
    Name, RowId,
    catalog::Catalog,
    event::{Event, Operation, RowKey, RowWrite},
    json::read_row,
    limits::LINE_BYTES_MAX,
    schema::{Column, ColumnType, Table, TableKind},
};
use serde_json::{Map, Value as Json};

use super::{csv, fault};
use crate::EngineError;

/// Reads a file of rows, and adds a create for each.
pub(super) fn read(
    catalog: &Catalog,
    file: &Path,
    text: &str,
    events: &mut Vec<Event>,
) -> Result<(), EngineError> {
    let name = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let table = catalog.table(name).filter(|table| table.kind != TableKind::System);
    let table = table.ok_or_else(|| {
        let known = catalog.tables().map(|table| table.name.as_str());
        let help = haversack_core::name::nearest_help(name, known);
        fault(file, 1, 1, &format!("there is no table {name:?} to hold these rows{help}"))
    })?;
    let mut rows = Rows { catalog, file, table, seen: BTreeSet::new(), events };
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("ndjson") => ndjson(&mut rows, text),
        Some("csv") => csv_rows(&mut rows, text),
        _ => Err(fault(file, 1, 1, "expected a file named <table>.ndjson or <table>.csv")),
    }
}

struct Rows<'a> {
    catalog: &'a Catalog,
    file: &'a Path,
    table: &'a Table,
    seen: BTreeSet<RowId>,
    events: &'a mut Vec<Event>,
}

impl Rows<'_> {
    /// Adds a row; `place` finds the column of the line where a named column stands.
    fn add(
        &mut self,
        line: usize,
        object: &Map<String, Json>,
        place: impl Fn(&str) -> usize,
    ) -> Result<(), EngineError> {
        let bad = |column: &str, message: &str| fault(self.file, line, place(column), message);
        let key = self.table.primary_key.as_str();
        let id = object.get(key).and_then(Json::as_str).ok_or_else(|| {
            let message = format!("a row of `{}` needs its key {key:?}, a UUID", self.table.name);
            bad(key, &message)
        })?;
        let id: RowId =
            id.parse().map_err(|error: haversack_core::RowIdError| bad(key, &error.to_string()))?;
        let values = read_row(self.catalog, self.table, id, object)
            .map_err(|misfit| bad(&misfit.column, &misfit.message))?
            .without_nulls();
        if let Some(column) = self.table.missing_required(&values) {
            return Err(bad(column, &format!("column `{column}` needs a value")));
        }
        if !self.seen.insert(id) {
            return Err(bad(key, &format!("there are two rows {id}")));
        }
        let key = RowKey { table: self.table.name.clone(), id };
        let operation = Operation::Create;
        self.events.push(Event::RowWritten(RowWrite { key, operation, values }));
        Ok(())
    }
}

fn ndjson(rows: &mut Rows<'_>, text: &str) -> Result<(), EngineError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim().is_empty() {
            continue;
        }
        if line.len() > LINE_BYTES_MAX {
            let message = format!("{} bytes, expected at most {LINE_BYTES_MAX}", line.len());
            return Err(fault(rows.file, number, 1, &message));
        }
        let object: Map<String, Json> = serde_json::from_str(line).map_err(|error| {
            let full = error.to_string();
            let message = full.split(" at line ").next().unwrap_or(&full);
            fault(rows.file, number, error.column().max(1), message)
        })?;
        let place = |column: &str| {
            let at = line.find(&format!("\"{column}\"")).unwrap_or(0);
            line[..at].chars().count() + 1
        };
        rows.add(number, &object, place)?;
    }
    Ok(())
}

fn csv_rows(rows: &mut Rows<'_>, text: &str) -> Result<(), EngineError> {
    let file = rows.file;
    let bad = |line, column, message: &str| fault(file, line, column, message);
    let records =
        csv::records(text).map_err(|error| bad(error.line, error.column, error.message))?;
    let mut records = records.into_iter();
    let Some((_, header)) = records.next() else { return Ok(()) };
    let mut columns: Vec<Name> = Vec::new();
    for field in &header {
        let name = field.text.as_deref().unwrap_or_default();
        let known = rows.table.columns().iter().map(|column| column.name.as_str());
        let Some(column) = rows.table.column(name) else {
            let help = haversack_core::name::nearest_help(name, known);
            let message = format!("table `{}` has no column {name:?}{help}", rows.table.name);
            return Err(bad(1, field.column, &message));
        };
        if columns.contains(&column.name) {
            return Err(bad(1, field.column, &format!("column {name:?} is there twice")));
        }
        columns.push(column.name.clone());
    }
    for (line, fields) in records {
        if fields.len() != columns.len() {
            let message = format!("{} fields, expected {}", fields.len(), columns.len());
            return Err(bad(line, 1, &message));
        }
        let mut object = Map::new();
        for (name, field) in columns.iter().zip(&fields) {
            let column = rows.table.column(name).expect("looked up with the header");
            let json = field.text.as_deref().map_or(Json::Null, |text| json(column, text));
            object.insert(name.to_string(), json);
        }
        let place = |name: &str| {
            let at = columns.iter().position(|column| column == name);
            at.map_or(1, |at| fields[at].column)
        };
        rows.add(line, &object, place)?;
    }
    Ok(())
}

/// A field as the JSON that its column takes. Text that is no such JSON is left for the column to
/// refuse, in its own words.
fn json(column: &Column, text: &str) -> Json {
    let written_as_json = match column.column_type {
        ColumnType::Integer
        | ColumnType::Bigint
        | ColumnType::Decimal
        | ColumnType::Double
        | ColumnType::Money
        | ColumnType::Choice
        | ColumnType::State
        | ColumnType::Status
        | ColumnType::Boolean
        | ColumnType::Choices => true,
        ColumnType::Lookup | ColumnType::Owner => text.trim_start().starts_with('{'),
        _ => false,
    };
    let parsed = if written_as_json { serde_json::from_str(text).ok() } else { None };
    parsed.unwrap_or_else(|| Json::from(text))
}
