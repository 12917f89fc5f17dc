//! Days that are named, and days, weeks, months and years around today.

use haversack_core::Value;
use haversack_dsl::{
    operator::Operator,
    query::{Literal, Operand},
};
use jiff::{Span, ToSpan, civil::DateTime};

use super::{Bound, Moment, Range, day_after, midnight};

/// The stretch of an operator that names a day.
pub(super) fn fixed(moment: &Moment<'_>, operator: Operator, operand: &Operand) -> Option<Range> {
    let Operand::One(literal) = operand else { return None };
    let day = day(literal, moment)?;
    let (from, until) = (Bound::Wall(day), Bound::Wall(day_after(day)));
    match operator {
        Operator::On => Some(Range { from, until }),
        Operator::OnOrBefore => Some(Range { from: Bound::Open, until }),
        Operator::OnOrAfter => Some(Range { from, until: Bound::Open }),
        _ => None,
    }
}

/// The caller's day at a time, or the day that is given.
fn day(literal: &Literal, moment: &Moment<'_>) -> Option<DateTime> {
    let day = match literal {
        Literal::Value(Value::Date(date)) => date.to_jiff(),
        Literal::Value(Value::Timestamp(at)) => moment.zone.to_datetime(at.to_jiff()).date(),
        Literal::Local(wall) => wall.date(),
        Literal::Value(_) => return None,
    };
    Some(midnight(day))
}

/// The stretch of an operator that speaks of today.
pub(super) fn around_today(moment: &Moment<'_>, operator: Operator) -> Option<Range> {
    use Operator as O;
    let today = moment.today();
    let day = |from: i64, until: i64| days(today, from.days(), until.days());
    let sunday = sunday_of(today);
    let week = |from: i64| days(sunday, from.weeks(), (from + 1).weeks());
    let month = |from: i64| days(today.first_of_month(), from.months(), (from + 1).months());
    let year = |from: i64| days(today.first_of_year(), from.years(), (from + 1).years());
    Some(match operator {
        O::Yesterday => day(-1, 0),
        O::Today => day(0, 1),
        O::Tomorrow => day(1, 2),
        O::LastSevenDays => moment.since(today.saturating_sub(7.days())),
        O::NextSevenDays => moment.until(today.saturating_add(8.days())),
        O::LastWeek => week(-1),
        O::ThisWeek => week(0),
        O::NextWeek => week(1),
        O::LastMonth => month(-1),
        O::ThisMonth => month(0),
        O::NextMonth => month(1),
        O::LastYear => year(-1),
        O::ThisYear => year(0),
        O::NextYear => year(1),
        _ => return None,
    })
}

fn days(start: DateTime, from: Span, until: Span) -> Range {
    Range::wall(start.saturating_add(from), start.saturating_add(until))
}

/// The Sunday on which the week of a day begins.
fn sunday_of(day: DateTime) -> DateTime {
    day.saturating_sub(i64::from(day.weekday().to_sunday_zero_offset()).days())
}
