//! Stretches of X hours, days, weeks, months or years that end or begin now, and all before such one.
//!
//! Days, weeks, months and years are counted from today by the calendar; a day that a month does not
//! have is its last. Hours and minutes are time that passes, counted from when the hour or minute of
//! the wall clock began.

use haversack_core::Timestamp;
use haversack_dsl::{
    operator::{Operator, Unit, ValueKind},
    query::Operand,
};
use jiff::Span;

use super::{Bound, Moment, Range, day_after, number};

const MINUTE: i64 = 60_000_000;
const HOUR: i64 = 60 * MINUTE;

/// The stretch of an operator with an X.
pub(super) fn range(moment: &Moment<'_>, operator: Operator, operand: &Operand) -> Option<Range> {
    use Operator as O;
    let ValueKind::Count(unit) = operator.info().values else { return None };
    let x = number(operand, 0)?;
    let today = moment.today();
    Some(match operator {
        O::LastXHours => Range {
            from: Bound::Instant(before(hour(moment), HOUR, x)),
            until: Bound::Instant(moment.now),
        },
        O::NextXHours => Range {
            from: Bound::Instant(moment.now),
            until: Bound::Instant(before(hour(moment), HOUR, x.saturating_add(1).saturating_neg())),
        },
        O::OlderthanXMinutes => older(Bound::Instant(before(minute(moment), MINUTE, x))),
        O::OlderthanXHours => older(Bound::Instant(before(hour(moment), HOUR, x))),
        O::LastXDays | O::LastXWeeks | O::LastXMonths | O::LastXYears => {
            moment.since(today.saturating_sub(span(unit, x)?))
        }
        O::NextXDays | O::NextXWeeks | O::NextXMonths | O::NextXYears => {
            moment.until(day_after(today).saturating_add(span(unit, x)?))
        }
        O::OlderthanXDays | O::OlderthanXWeeks | O::OlderthanXMonths | O::OlderthanXYears => {
            older(Bound::Wall(today.saturating_sub(span(unit, x)?)))
        }
        _ => return None,
    })
}

fn older(until: Bound) -> Range {
    Range { from: Bound::Open, until }
}

/// X days, weeks, months or years; none where that is more than any calendar has.
fn span(unit: Unit, x: i64) -> Option<Span> {
    let span = Span::new();
    match unit {
        Unit::Days => span.try_days(x).ok(),
        Unit::Weeks => span.try_weeks(x).ok(),
        Unit::Months => span.try_months(x).ok(),
        Unit::Years => span.try_years(x).ok(),
        Unit::Minutes | Unit::Hours | Unit::FiscalPeriods | Unit::FiscalYears => None,
    }
}

/// When the minute of the wall clock began.
fn minute(moment: &Moment<'_>) -> Timestamp {
    let wall = moment.wall();
    let passed = i64::from(wall.second()) * 1_000_000 + i64::from(wall.subsec_nanosecond()) / 1_000;
    Timestamp(moment.now.0 - passed)
}

/// When the hour of the wall clock began, as if the clock had not been put forward or back in it.
fn hour(moment: &Moment<'_>) -> Timestamp {
    Timestamp(minute(moment).0 - i64::from(moment.wall().minute()) * MINUTE)
}

/// So many units before an instant, but not out of the calendar, where every instant has a date.
fn before(instant: Timestamp, unit: i64, count: i64) -> Timestamp {
    let [first, last] =
        [jiff::Timestamp::MIN, jiff::Timestamp::MAX].map(|end| end.as_second() * 1_000_000);
    let moved = instant.0.saturating_sub(unit.saturating_mul(count));
    Timestamp(moved.clamp(first, last))
}
