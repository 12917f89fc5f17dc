//! Values of conditions, read by the type of their column.

use haversack_core::{
    Date, Decimal, Double, RowId, Timestamp, Value,
    schema::{Column, ColumnType},
};
use jiff::civil;

use super::option::{flag, option};
use crate::{diagnostic::code, query::Literal};

/// Why a text is no value of a column.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Misread {
    pub(super) code: &'static str,
    pub(super) expected: String,
    pub(super) help: Option<String>,
}

/// Reads a value. Blanks around it count in texts alone.
pub(super) fn literal(column: &Column, text: &str) -> Result<Literal, Misread> {
    let trimmed = text.trim();
    let (value, expected) = match column.column_type {
        ColumnType::String | ColumnType::Memo | ColumnType::File | ColumnType::Image => {
            return Ok(Literal::Value(Value::Text(text.to_owned())));
        }
        ColumnType::Datetime => return time(trimmed).ok_or_else(|| expected(TIME)),
        ColumnType::Date => return date(trimmed).ok_or_else(|| expected(DATE)),
        ColumnType::Choice | ColumnType::State | ColumnType::Status | ColumnType::Choices => {
            return option(column, trimmed);
        }
        ColumnType::Integer | ColumnType::Bigint => (number(trimmed), "a number"),
        ColumnType::Decimal | ColumnType::Money => {
            (Decimal::parse(trimmed).map(Value::Decimal), "a number of up to 28 digits")
        }
        ColumnType::Double => (double(trimmed), "a number"),
        ColumnType::Boolean => match boolean(trimmed) {
            None if !column.options.is_empty() => return flag(column, trimmed),
            read => return read.map(Literal::Value).ok_or_else(|| no_flag(trimmed)),
        },
        ColumnType::Uniqueidentifier | ColumnType::Lookup | ColumnType::Owner => {
            return id(column, trimmed);
        }
    };
    value.map(Literal::Value).ok_or_else(|| self::expected(expected))
}

const TIME: &str =
    "a time such as 2026-03-01T09:30:00Z, without offset for the caller's own, or a date";
const DATE: &str = "a date such as 2026-03-01, or a time";

pub(super) fn expected(what: &str) -> Misread {
    Misread { code: code::BAD_VALUE, expected: what.to_owned(), help: None }
}

/// A text that is no boolean, with the one that was probably meant.
fn no_flag(text: &str) -> Misread {
    let meant = match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" => Some("true"),
        "false" | "no" | "off" => Some("false"),
        _ => None,
    };
    let help = meant.map(|meant| format!("did you mean `{meant}`?"));
    Misread { help, ..expected("0, 1, true or false") }
}

/// A whole number where it is one, so that `2.0` and `2` are the same query.
pub(super) fn number(text: &str) -> Option<Value> {
    if let Ok(whole) = text.parse::<i64>() {
        return Some(Value::Integer(whole));
    }
    let decimal = Decimal::parse(text)?;
    let whole = decimal.to_string().parse::<i64>();
    Some(whole.map_or(Value::Decimal(decimal), Value::Integer))
}

fn id(column: &Column, text: &str) -> Result<Literal, Misread> {
    let help = (column.column_type != ColumnType::Uniqueidentifier)
        .then(|| "to ask by a name, ask for it in the table that the column points at".to_owned());
    match text.parse::<RowId>() {
        Ok(id) => Ok(Literal::Value(Value::Id(id))),
        Err(_) => Err(Misread { help, ..expected("a UUID") }),
    }
}

fn double(text: &str) -> Option<Value> {
    text.parse::<f64>().ok().and_then(Double::new).map(Value::Double)
}

fn boolean(text: &str) -> Option<Value> {
    match text {
        "0" | "false" => Some(Value::Boolean(false)),
        "1" | "true" => Some(Value::Boolean(true)),
        _ => None,
    }
}

/// An instant if it has an offset, else the caller's wall clock.
fn time(text: &str) -> Option<Literal> {
    if !begins_with_date(text) {
        return None;
    }
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Some(Literal::Value(Value::Timestamp(instant)));
    }
    let local: civil::DateTime = text.parse().ok()?;
    (local.year() >= 1).then_some(Literal::Local(local))
}

fn date(text: &str) -> Option<Literal> {
    match text.parse::<Date>() {
        Ok(date) => Some(Literal::Value(Value::Date(date))),
        Err(_) => time(text),
    }
}

/// Whether a text begins as `YYYY-MM-DD` does and names no zone. The calendar library reads more
/// forms, which no data has and which would only hide slips.
fn begins_with_date(text: &str) -> bool {
    let form = text.bytes().take(10).map(|byte| if byte.is_ascii_digit() { b'0' } else { byte });
    form.eq(*b"0000-00-00") && !text.contains('[')
}

#[cfg(test)]
mod tests {
    use haversack_core::Name;

    use super::*;

    fn read(column_type: ColumnType, text: &str) -> Result<Literal, Misread> {
        literal(&Column::plain(Name::known("c"), column_type, Vec::new()), text)
    }

    #[test]
    fn times_without_offset_are_the_callers() {
        let local = |text: &str| Literal::Local(text.parse().expect("a civil time"));
        let instant = Literal::Value(Value::Timestamp(Timestamp(1_772_357_400_000_000)));
        let read = |text| read(ColumnType::Datetime, text);
        assert_eq!(read("2026-03-01T09:30:00Z"), Ok(instant.clone()));
        assert_eq!(read("2026-03-01T10:30:00+01:00"), Ok(instant));
        assert_eq!(read("2026-03-01 09:30"), Ok(local("2026-03-01T09:30:00")));
        assert_eq!(read("2026-03-01"), Ok(local("2026-03-01T00:00:00")));
        for wrong in [
            "",
            "today",
            "2026-13-01",
            "2026-02-30",
            "20260301",
            "2026-03-01T25:00",
            "0000-01-01",
            "2026-03-01[UTC]",
        ] {
            assert!(read(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn numbers_are_whole_where_they_can_be() {
        let read = |text| read(ColumnType::Integer, text);
        assert_eq!(read(" 2.0 "), Ok(Literal::Value(Value::Integer(2))));
        assert_eq!(read("1e3"), Ok(Literal::Value(Value::Integer(1000))));
        assert!(matches!(read("2.5"), Ok(Literal::Value(Value::Decimal(_)))));
        assert!(matches!(read("99999999999999999999"), Ok(Literal::Value(Value::Decimal(_)))));
        assert!(read("1e400").is_err());
        assert!(read("two").is_err());
    }

    #[test]
    fn doubles_are_finite() {
        for wrong in ["inf", "NaN", "1e999", "-infinity"] {
            assert!(read(ColumnType::Double, wrong).is_err(), "{wrong}");
        }
    }
}
