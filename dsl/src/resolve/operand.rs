//! Values of conditions, read by what their operator takes.

use haversack_core::{
    Reference, Value,
    schema::{Column, Table},
};

use super::literal::{Misread, expected, literal as of_column, number};
use crate::{
    operator::{Operator, ValueKind},
    query::Literal,
};

/// Years that the calendar has.
const YEARS: std::ops::RangeInclusive<i64> = 1..=9999;

/// Reads the value at a place among those of an operator, the first at 0.
pub(super) fn literal(
    operator: Operator,
    at: usize,
    table: &Table,
    column: &Column,
    text: &str,
) -> Result<Literal, Misread> {
    match (operator.info().values, at) {
        (ValueKind::Column, _) => of_column(column, text),
        (ValueKind::Row, _) => row(table, column, text),
        (ValueKind::Count(unit), _) => {
            let largest = unit.max();
            let what = format!("a whole number of {} from 1 to {largest}", unit.name());
            whole(text, |count| (1..=largest).contains(&count), what)
        }
        (ValueKind::Year, _) | (ValueKind::PeriodAndYear, 1) => {
            whole(text, |year| YEARS.contains(&year), "a year such as 2026".to_owned())
        }
        // Of a period that no year has there is nothing, and that is no mistake: how many periods a
        // year has is a setting, which may change.
        (ValueKind::Period | ValueKind::PeriodAndYear, _) => {
            whole(text, |_| true, "the number of a fiscal period, such as 1".to_owned())
        }
    }
}

fn whole(text: &str, fits: impl Fn(i64) -> bool, what: String) -> Result<Literal, Misread> {
    match number(text.trim()) {
        Some(Value::Integer(found)) if fits(found) => Ok(Literal::Value(Value::Integer(found))),
        _ => Err(expected(&what)),
    }
}

/// The row where a walk begins, with the table whose tree is walked.
fn row(table: &Table, column: &Column, text: &str) -> Result<Literal, Misread> {
    of_column(column, text).map(|read| match read {
        Literal::Value(Value::Id(id)) => {
            Literal::Value(Value::Reference(Reference { table: table.name.clone(), id }))
        }
        other => other,
    })
}

#[cfg(test)]
mod tests {
    use haversack_core::{Name, schema::ColumnType};

    use super::*;

    fn read(operator: &str, at: usize, text: &str) -> Result<i64, String> {
        let column = Column::plain(Name::known("c"), ColumnType::Datetime, Vec::new());
        let [table, ..] = &Table::system()[..] else { panic!("no table") };
        let operator = Operator::find(operator).expect("an operator");
        match literal(operator, at, table, &column, text) {
            Ok(Literal::Value(Value::Integer(read))) => Ok(read),
            Ok(other) => panic!("read {other:?}"),
            Err(misread) => Err(misread.expected),
        }
    }

    #[test]
    fn counts_lead_from_the_calendar_to_the_calendar() {
        for (operator, largest) in [
            ("olderthan-x-minutes", 5_258_963_520),
            ("last-x-hours", 87_649_392),
            ("next-x-days", 3_652_058),
            ("last-x-weeks", 521_722),
            ("next-x-months", 119_987),
            ("last-x-years", 9_998),
            ("next-x-fiscal-years", 9_998),
            ("last-x-fiscal-periods", 129_986),
        ] {
            for fits in [1, largest] {
                assert_eq!(read(operator, 0, &fits.to_string()), Ok(fits), "{operator}");
            }
            for beyond in [0, -1, largest + 1] {
                let message = read(operator, 0, &beyond.to_string()).expect_err(operator);
                assert!(message.contains(&format!("from 1 to {largest}")), "{message}");
            }
        }
        for wrong in ["", "1.5", "one", "99999999999999999999", "1e400"] {
            assert!(read("last-x-days", 0, wrong).is_err(), "{wrong}");
        }
        assert_eq!(read("last-x-days", 0, " 2.0 "), Ok(2));
    }

    #[test]
    fn a_period_stands_before_its_year() {
        let both = "in-fiscal-period-and-year";
        assert_eq!((read(both, 0, "14"), read(both, 1, "2026")), (Ok(14), Ok(2026)));
        assert_eq!(read(both, 0, "0"), Ok(0));
        assert!(read(both, 1, "0").is_err());
        assert!(read("in-fiscal-year", 0, "10000").is_err());
        assert!(read("in-fiscal-period", 0, "first").is_err());
    }
}
