//! Parts of dates, as integers, by which rows are grouped.

use haversack_core::{Value, settings::FiscalYear};
use haversack_dsl::query::DatePart;
use jiff::{civil::Date, tz::TimeZone};

use super::time::fiscal_year_and_period;

/// A part of a time, as it is in a zone (in UTC without one), or of a date, which has no zone.
pub(crate) fn date_part(
    part: DatePart,
    value: &Value,
    zone: Option<&TimeZone>,
    fiscal_year: &FiscalYear,
) -> Option<i64> {
    let date = match value {
        Value::Timestamp(instant) => {
            zone.unwrap_or(&TimeZone::UTC).to_datetime(instant.to_jiff()).date()
        }
        Value::Date(date) => date.to_jiff(),
        _ => return None,
    };
    Some(match part {
        DatePart::Day => i64::from(date.day()),
        DatePart::Week => week(date),
        DatePart::Month => i64::from(date.month()),
        DatePart::Quarter => (i64::from(date.month()) + 2) / 3,
        DatePart::Year => i64::from(date.year()),
        DatePart::FiscalPeriod => fiscal_year_and_period(fiscal_year, date).1,
        DatePart::FiscalYear => fiscal_year_and_period(fiscal_year, date).0,
    })
}

/// The week of the year. Weeks begin on Sunday, and week 1 has 1 January in it, so that the last
/// days of December go on counting.
fn week(date: Date) -> i64 {
    let day = i64::from(date.day_of_year()) - 1;
    let first = i64::from(date.first_of_year().weekday().to_sunday_zero_offset());
    (day + first) / 7 + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weeks_begin_on_sunday_and_the_old_year_counts_on() {
        let week = |text: &str| week(text.parse().unwrap());
        assert_eq!(week("2026-01-01"), 1);
        assert_eq!(week("2026-01-03"), 1, "a Saturday");
        assert_eq!(week("2026-01-04"), 2, "a Sunday");
        assert_eq!(week("2026-12-31"), 53);
        assert_eq!(week("2023-12-31"), 53, "a Sunday, 1 January 2023 was one too");
        assert_eq!(week("2028-12-31"), 54, "a leap year that began on a Saturday");
    }
}
