//! Rows given out.

use serde_json::{Map, Value as Json, json};

use crate::{
    RowId, Value, Values,
    catalog::Catalog,
    schema::{Column, Table},
};

/// A value as JSON: decimals as exact numbers, instants and dates as text, owners and polymorphic
/// lookups as `{"table", "id"}`, other lookups as the bare id.
#[must_use]
pub fn value_json(column: &Column, value: &Value) -> Json {
    match value {
        Value::Reference(reference) if column.is_polymorphic() => {
            json!({"table": reference.table.as_str(), "id": reference.id.to_string()})
        }
        other => bare_json(other),
    }
}

/// A value as JSON by itself: pointers to rows as the bare id.
#[must_use]
pub fn bare_json(value: &Value) -> Json {
    match value {
        Value::Text(text) => Json::from(text.as_str()),
        Value::Integer(number) => Json::from(*number),
        Value::Decimal(number) => {
            let text = number.to_string();
            text.parse::<serde_json::Number>().map_or_else(|_| Json::from(text), Json::Number)
        }
        Value::Double(number) => Json::from(number.get()),
        Value::Boolean(flag) => Json::from(*flag),
        Value::Choice(option) => Json::from(*option),
        Value::Choices(options) => Json::from(options.as_slice()),
        Value::Timestamp(instant) => Json::from(instant.to_string()),
        Value::Date(date) => Json::from(date.to_string()),
        Value::Id(id) => Json::from(id.to_string()),
        Value::Reference(reference) => Json::from(reference.id.to_string()),
    }
}

/// A row as JSON: its key under the key column's name, derived columns included, nulls left out.
#[must_use]
pub fn row_object(
    catalog: &Catalog,
    table: &Table,
    id: RowId,
    values: &Values,
) -> Map<String, Json> {
    table
        .columns()
        .iter()
        .filter_map(|column| {
            let value = catalog.column_value(table, id, values, &column.name)?;
            Some((column.name.to_string(), value_json(column, &value)))
        })
        .collect()
}
