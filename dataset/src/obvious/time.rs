//! Stretches of time: what the operators of times and dates ask a value to lie in.
//!
//! The caller's wall clock draws the bounds. A time meets them as instants in the caller's zone. A
//! date is a midnight without zone, and meets them on the wall clock.

mod calendar;
mod fiscal;
mod rolling;

#[cfg(test)]
mod laws;

use haversack_core::{Date, Timestamp, Value, catalog::Catalog, settings::FiscalYear};
use haversack_dsl::{
    operator::Operator,
    query::{Literal, Operand},
};
use jiff::{
    ToSpan,
    civil::{self, DateTime, Time},
    tz::{AmbiguousOffset, TimeZone},
};

use crate::Caller;

/// When and where it is asked, and by which fiscal calendar.
pub(crate) struct Moment<'a> {
    pub now: Timestamp,
    pub zone: &'a TimeZone,
    pub fiscal_year: &'a FiscalYear,
}

/// Whether a value lies in the stretch of an operator. No for operators that have none.
pub(super) fn lies_in(
    moment: &Moment<'_>,
    operator: Operator,
    operand: &Operand,
    value: &Value,
) -> bool {
    if operator == Operator::InFiscalPeriod {
        return fiscal::is_in_period(moment, operand, value);
    }
    range(moment, operator, operand).is_some_and(|range| range.contains(value, moment.zone))
}

/// The stretch of an operator; none if it has none, or more than one.
pub(crate) fn range(moment: &Moment<'_>, operator: Operator, operand: &Operand) -> Option<Range> {
    calendar::fixed(moment, operator, operand)
        .or_else(|| calendar::around_today(moment, operator))
        .or_else(|| rolling::range(moment, operator, operand))
        .or_else(|| fiscal::range(moment, operator, operand))
}

/// The fiscal year that a day lies in, by the calendar year in which it begins, and the number of
/// its period, from 1.
pub(super) fn fiscal_year_and_period(calendar: &FiscalYear, day: civil::Date) -> (i64, i64) {
    let moment = Moment { now: Timestamp::default(), zone: &TimeZone::UTC, fiscal_year: calendar };
    let (fiscal, day) = (fiscal::Fiscal::of(&moment), midnight(day));
    (fiscal.year_at(day), fiscal.period_at(day).rem_euclid(fiscal.periods()) + 1)
}

/// From one bound up to, and without, another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) from: Bound,
    pub(crate) until: Bound,
}

/// One end of a stretch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bound {
    /// There is none.
    Open,
    /// What the wall clock shows.
    Wall(DateTime),
    /// An instant, whatever the wall clock shows.
    Instant(Timestamp),
}

impl Range {
    fn wall(from: DateTime, until: DateTime) -> Self {
        Self { from: Bound::Wall(from), until: Bound::Wall(until) }
    }

    fn contains(&self, value: &Value, zone: &TimeZone) -> bool {
        self.from.is_reached(value, zone) == Some(true)
            && match self.until {
                Bound::Open => true,
                until => until.is_reached(value, zone) == Some(false),
            }
    }
}

impl Bound {
    /// Whether a value lies at this bound or after it; none for what is neither time nor date.
    fn is_reached(self, value: &Value, zone: &TimeZone) -> Option<bool> {
        match (value, self) {
            (Value::Timestamp(_) | Value::Date(_), Self::Open) => Some(true),
            (Value::Timestamp(value), Self::Instant(bound)) => Some(*value >= bound),
            (Value::Timestamp(value), Self::Wall(bound)) => Some(*value >= instant(bound, zone)),
            (Value::Date(value), Self::Instant(bound)) => {
                Some(date_as_wall(*value) >= zone.to_datetime(bound.to_jiff()))
            }
            (Value::Date(value), Self::Wall(bound)) => Some(date_as_wall(*value) >= bound),
            _ => None,
        }
    }
}

impl<'a> Moment<'a> {
    /// The moment at which a caller asks.
    pub(crate) fn of(catalog: &'a Catalog, caller: &'a Caller) -> Self {
        let fiscal_year = &catalog.settings.fiscal_year;
        Self { now: caller.now, zone: &caller.time_zone, fiscal_year }
    }

    fn wall(&self) -> DateTime {
        self.zone.to_datetime(self.now.to_jiff())
    }

    /// When today began. Days are told by their midnights: one beyond the calendar's last day is
    /// its last moment, which no value reaches.
    fn today(&self) -> DateTime {
        midnight(self.wall().date())
    }

    /// From midnight of a day up to now.
    fn since(&self, day: DateTime) -> Range {
        Range { from: Bound::Wall(day), until: Bound::Instant(self.now) }
    }

    /// From now up to midnight of a day.
    fn until(&self, day: DateTime) -> Range {
        Range { from: Bound::Instant(self.now), until: Bound::Wall(day) }
    }
}

/// A date as a value: the wall clock at its beginning.
pub(super) fn date_as_wall(date: Date) -> DateTime {
    midnight(date.to_jiff())
}

fn midnight(date: civil::Date) -> DateTime {
    date.to_datetime(Time::midnight())
}

fn day_after(day: DateTime) -> DateTime {
    day.saturating_add(1.day())
}

/// The whole number at a place among the values.
fn number(operand: &Operand, at: usize) -> Option<i64> {
    let literal = match operand {
        Operand::One(literal) if at == 0 => literal,
        Operand::Many(literals) => literals.get(at)?,
        _ => return None,
    };
    match literal {
        Literal::Value(Value::Integer(number)) => Some(*number),
        _ => None,
    }
}

/// The instant at which the wall clock first shows this time; where it never does, the instant at
/// which it jumps over it. So later wall clock times are never earlier instants.
pub(crate) fn instant(wall: DateTime, zone: &TimeZone) -> Timestamp {
    let ambiguous = zone.to_ambiguous_timestamp(wall);
    let found = match ambiguous.offset() {
        AmbiguousOffset::Gap { before, after } => {
            let jump = after.to_timestamp(wall).ok().and_then(|earlier| {
                zone.following(earlier).find(|transition| transition.offset() == after)
            });
            jump.map_or_else(|| before.to_timestamp(wall), |jump| Ok(jump.timestamp()))
        }
        AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Fold { .. } => {
            ambiguous.compatible()
        }
    };
    let beyond = if wall.year() < 1 { Timestamp(i64::MIN) } else { Timestamp(i64::MAX) };
    found.map_or(beyond, Timestamp::from_jiff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wall_clock_first_shows_or_jumps_over() {
        for (zone, wall, expected) in [
            ("UTC", "2026-03-01T09:30:00", "2026-03-01T09:30:00Z"),
            // A midnight that is not there.
            ("America/Sao_Paulo", "2018-11-04T00:00:00", "2018-11-04T03:00:00Z"),
            ("Africa/Cairo", "2023-04-28T00:00:00", "2023-04-27T22:00:00Z"),
            // In the midst of a gap, which began at 23:30.
            ("America/Toronto", "1919-03-31T00:00:00", "1919-03-31T04:30:00Z"),
            ("Europe/Berlin", "2026-03-29T02:30:00", "2026-03-29T01:00:00Z"),
            // A day that is not there.
            ("Pacific/Apia", "2011-12-30T12:00:00", "2011-12-30T10:00:00Z"),
            // Two times: the first.
            ("Europe/Berlin", "2026-10-25T02:30:00", "2026-10-25T00:30:00Z"),
            ("America/Havana", "2018-11-04T00:00:00", "2018-11-04T04:00:00Z"),
        ] {
            let zone = TimeZone::get(zone).unwrap();
            let found = instant(wall.parse().unwrap(), &zone);
            assert_eq!(found.to_string(), expected, "{wall}");
        }
    }

    #[test]
    fn beyond_the_instants_there_are_ends() {
        let zone = TimeZone::get("America/Los_Angeles").unwrap();
        assert_eq!(instant(DateTime::MAX, &zone), Timestamp(i64::MAX));
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        assert_eq!(instant(DateTime::MIN, &berlin), Timestamp(i64::MIN));
    }
}
