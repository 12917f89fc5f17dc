//! Rows read in.

use serde_json::{Map, Value as Json};

use crate::{
    Date, Decimal, Double, Name, Reference, RowId, Timestamp, Value, Values,
    catalog::Catalog,
    event::Refusal,
    name::nearest,
    schema::{Column, ColumnType, Table},
};

/// Why a value or row does not fit its table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Misfit {
    /// Stable kind.
    pub refusal: Refusal,
    /// The column concerned.
    pub column: String,
    /// What was found, what was expected, and a fix where one is evident.
    pub message: String,
}

fn misfit(refusal: Refusal, column: &str, message: String) -> Misfit {
    Misfit { refusal, column: column.to_owned(), message }
}

/// Reads the columns of a row or of a patch. A key given must be the row's id.
///
/// Whether required columns are there is for the caller to see: a patch need not name them.
///
/// # Errors
/// An unknown column, or a value that does not fit its column.
pub fn read_row(
    catalog: &Catalog,
    table: &Table,
    id: RowId,
    object: &Map<String, Json>,
) -> Result<Values, Misfit> {
    let unknown = object.keys().find(|name| table.column(name).is_none());
    if let Some(name) = unknown {
        return Err(unknown_column(table, name));
    }
    let mut values = Values::default();
    let mut misfits = Vec::new();
    for (name, json) in object {
        let column = table.column(name).expect("unknown columns were refused above");
        let read = read_value(catalog, column, json).and_then(|value| {
            if column.name != table.primary_key {
                values.set(column.name.clone(), value);
                return Ok(());
            }
            key_is(column, id, value.as_ref())
        });
        misfits.extend(read.err());
    }
    // Of several, the one that comes first in the order of refusals.
    misfits.into_iter().min_by_key(|misfit| misfit.refusal).map_or(Ok(values), Err)
}

fn unknown_column(table: &Table, name: &str) -> Misfit {
    let known = table.columns().iter().map(|column| column.name.as_str());
    let hint = nearest(name, known).map(|near| format!("; did you mean `{near}`?"));
    let message =
        format!("table `{}` has no column `{name}`{}", table.name, hint.unwrap_or_default());
    misfit(Refusal::UnknownColumn, name, message)
}

fn key_is(column: &Column, id: RowId, given: Option<&Value>) -> Result<(), Misfit> {
    if given == Some(&Value::Id(id)) {
        return Ok(());
    }
    let message = format!("column `{}` is the row's key and must be {id}", column.name);
    Err(misfit(Refusal::BadValue, &column.name, message))
}

/// Reads a value of a column; null is none.
///
/// # Errors
/// A value that is not of the column's type, not among its options, or too long.
pub fn read_value(
    catalog: &Catalog,
    column: &Column,
    json: &Json,
) -> Result<Option<Value>, Misfit> {
    if json.is_null() {
        return Ok(None);
    }
    let value = match column.column_type {
        ColumnType::String | ColumnType::Memo | ColumnType::File | ColumnType::Image => {
            return text(column, json).map(Some);
        }
        ColumnType::Integer => integer(json, i64::from(i32::MIN), i64::from(i32::MAX)),
        ColumnType::Bigint => integer(json, i64::MIN, i64::MAX),
        ColumnType::Decimal | ColumnType::Money => decimal(json).map(Value::Decimal),
        ColumnType::Double => json.as_f64().and_then(Double::new).map(Value::Double),
        ColumnType::Boolean => json.as_bool().map(Value::Boolean),
        ColumnType::Choice | ColumnType::State | ColumnType::Status => {
            option(column, json).map(Value::Choice)
        }
        ColumnType::Choices => choices(column, json),
        ColumnType::Datetime => parsed::<Timestamp>(json).map(Value::Timestamp),
        ColumnType::Date => parsed::<Date>(json).map(Value::Date),
        ColumnType::Uniqueidentifier => parsed::<RowId>(json).map(Value::Id),
        ColumnType::Lookup | ColumnType::Owner => {
            reference(catalog, column, json).map(Value::Reference)
        }
    };
    value.map(Some).ok_or_else(|| bad_value(column, json))
}

fn parsed<T: std::str::FromStr>(json: &Json) -> Option<T> {
    json.as_str()?.parse().ok()
}

fn text(column: &Column, json: &Json) -> Result<Value, Misfit> {
    let text = json.as_str().ok_or_else(|| bad_value(column, json))?;
    let length = text.chars().count();
    if length > usize::try_from(column.max_length).unwrap_or(usize::MAX) {
        let message = format!(
            "column `{}` takes {} characters, found {length}",
            column.name, column.max_length
        );
        return Err(misfit(Refusal::TooLong, &column.name, message));
    }
    if text.contains('\0') {
        return Err(bad_value(column, json));
    }
    Ok(Value::Text(text.to_owned()))
}

fn integer(json: &Json, min: i64, max: i64) -> Option<Value> {
    json.as_i64().filter(|number| (min..=max).contains(number)).map(Value::Integer)
}

fn decimal(json: &Json) -> Option<Decimal> {
    match json {
        // `arbitrary_precision` keeps the digits as they were written.
        Json::Number(number) => Decimal::parse(number.as_str()),
        Json::String(text) => Decimal::parse(text),
        _ => None,
    }
}

fn option(column: &Column, json: &Json) -> Option<i32> {
    let value = i32::try_from(json.as_i64()?).ok()?;
    (column.options.is_empty() || column.label(value).is_some()).then_some(value)
}

fn choices(column: &Column, json: &Json) -> Option<Value> {
    let mut options: Vec<i32> =
        json.as_array()?.iter().map(|json| option(column, json)).collect::<Option<_>>()?;
    options.sort_unstable();
    options.dedup();
    Some(Value::Choices(options))
}

fn reference(catalog: &Catalog, column: &Column, json: &Json) -> Option<Reference> {
    match json {
        Json::String(id) => bare_reference(catalog, column, id.parse().ok()?),
        Json::Object(object) => {
            let (table, id) = (object.get("table")?.as_str()?, object.get("id")?.as_str()?);
            let allowed = object.len() == 2 && column.targets.iter().any(|name| name == table);
            let found = Reference { table: table.parse().ok()?, id: id.parse().ok()? };
            allowed.then_some(found)
        }
        _ => None,
    }
}

/// A bare id is unambiguous where a column has one target, or where a user or team has the id.
fn bare_reference(catalog: &Catalog, column: &Column, id: RowId) -> Option<Reference> {
    if let [table] = column.targets.as_slice() {
        return Some(Reference { table: table.clone(), id });
    }
    catalog.owner_reference(id).filter(|found| column.targets.contains(&found.table))
}

fn bad_value(column: &Column, json: &Json) -> Misfit {
    let mut found = json.to_string();
    if found.len() > 80 {
        found = format!("{}…", found.chars().take(80).collect::<String>());
    }
    let expected = expected(column);
    let message = format!("column `{}` takes {expected}, found {found}", column.name);
    misfit(Refusal::BadValue, &column.name, message)
}

fn expected(column: &Column) -> String {
    match column.column_type {
        ColumnType::String | ColumnType::Memo | ColumnType::File | ColumnType::Image => {
            "text without NUL characters".into()
        }
        ColumnType::Integer => "a whole number of 32 bits".into(),
        ColumnType::Bigint => "a whole number of 64 bits".into(),
        ColumnType::Decimal | ColumnType::Money => "a number of up to 28 digits".into(),
        ColumnType::Double => "a number".into(),
        ColumnType::Boolean => "true or false".into(),
        ColumnType::Choice | ColumnType::State | ColumnType::Status => options(column),
        ColumnType::Choices => format!("an array of {}", options(column)),
        ColumnType::Datetime => "an RFC 3339 time such as \"2026-03-01T09:30:00Z\"".into(),
        ColumnType::Date => "a date such as \"2026-03-01\"".into(),
        ColumnType::Uniqueidentifier => "a UUID".into(),
        ColumnType::Lookup | ColumnType::Owner if column.is_polymorphic() => {
            let targets: Vec<&str> = column.targets.iter().map(Name::as_str).collect();
            format!("{{\"table\": …, \"id\": …}} of {}", targets.join(" or "))
        }
        ColumnType::Lookup | ColumnType::Owner => {
            format!("the UUID of a row of `{}`", column.targets.first().map_or("", Name::as_str))
        }
    }
}

fn options(column: &Column) -> String {
    if column.options.is_empty() {
        return "an option's number".into();
    }
    let named =
        |option: &crate::schema::ChoiceOption| format!("{} ({})", option.value, option.label);
    let all: Vec<String> = column.options.iter().take(12).map(named).collect();
    format!("one of {}", all.join(", "))
}
