//! Rows, and values as somebody wrote them.

use haversack_core::{
    Name, RowId, RowVersion, Value, Values,
    catalog::Catalog,
    event::{EditRequest, Operation},
    json::{row_object, value_json},
    schema::Table,
};
use serde_json::{Map, Value as Json};

use super::Line;

/// A row as it is given out.
#[must_use]
pub fn row(
    catalog: &Catalog,
    table: &Table,
    id: RowId,
    version: Option<RowVersion>,
    values: &Values,
) -> Line {
    let mut line = row_object(catalog, table, id, values);
    line.insert("id".to_owned(), Json::from(id.to_string()));
    if let Some(version) = version {
        line.insert("version".to_owned(), Json::from(version.0.get()));
    }
    line
}

/// Values as they were written: nulls are columns that were emptied.
#[must_use]
pub fn written(table: Option<&Table>, values: &Values) -> Map<String, Json> {
    let json = |(name, value): (&Name, Option<&Value>)| {
        let column = table.and_then(|table| table.column(name))?;
        let value = value.map_or(Json::Null, |value| value_json(column, value));
        Some((name.to_string(), value))
    };
    values.iter().filter_map(json).collect()
}

/// What a device asked for: the values of its edit, null for a delete.
#[must_use]
pub fn requested(table: Option<&Table>, request: &EditRequest) -> Json {
    match request {
        EditRequest::Fits { operation: Operation::Delete, .. }
        | EditRequest::Misfits { operation: Operation::Delete, .. } => Json::Null,
        EditRequest::Fits { values, .. } => Json::Object(written(table, values)),
        EditRequest::Misfits { values, .. } => serde_json::from_str(values).unwrap_or(Json::Null),
    }
}
