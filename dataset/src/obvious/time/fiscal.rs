//! The fiscal calendar: years that begin on a day of the settings, cut into periods.
//!
//! A fiscal year is called by the calendar year in which it begins.

use haversack_core::{Value, settings::FiscalPeriod};
use haversack_dsl::{operator::Operator, query::Operand};
use jiff::{
    Span, ToSpan,
    civil::{Date, DateTime},
};

use super::{Bound, Moment, Range, date_as_wall, midnight, number};

/// The fiscal calendar of an environment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fiscal {
    month: i8,
    day: i8,
    period: FiscalPeriod,
}

/// The stretch of an operator that speaks of fiscal years or periods.
pub(super) fn range(moment: &Moment<'_>, operator: Operator, operand: &Operand) -> Option<Range> {
    use Operator as O;
    let fiscal = Fiscal::of(moment);
    let (year, period) = (fiscal.year_at(moment.today()), fiscal.period_at(moment.today()));
    let x = || number(operand, 0);
    Some(match operator {
        O::LastFiscalYear => fiscal.year(year - 1),
        O::ThisFiscalYear => fiscal.year(year),
        O::NextFiscalYear => fiscal.year(year + 1),
        O::LastFiscalPeriod => fiscal.period(period - 1),
        O::ThisFiscalPeriod => fiscal.period(period),
        O::NextFiscalPeriod => fiscal.period(period + 1),
        O::LastXFiscalYears => moment.since(fiscal.year_start(year.saturating_sub(x()?))),
        O::NextXFiscalYears => moment.until(fiscal.year_start((year + 1).saturating_add(x()?))),
        O::LastXFiscalPeriods => moment.since(fiscal.start(period.saturating_sub(x()?))),
        O::NextXFiscalPeriods => moment.until(fiscal.start((period + 1).saturating_add(x()?))),
        O::InFiscalYear => fiscal.year(x()?),
        O::InFiscalPeriodAndYear => named(&fiscal, operand)?,
        O::InOrBeforeFiscalPeriodAndYear => {
            Range { from: Bound::Open, until: named(&fiscal, operand)?.until }
        }
        O::InOrAfterFiscalPeriodAndYear => {
            Range { from: named(&fiscal, operand)?.from, until: Bound::Open }
        }
        _ => return None,
    })
}

/// The period of a number and a year; none where a year has fewer.
fn named(fiscal: &Fiscal, operand: &Operand) -> Option<Range> {
    let (number, year) = (number(operand, 0)?, number(operand, 1)?);
    fiscal.numbered(year, number)
}

/// Whether a value lies in the period of a number, of whichever year.
pub(super) fn is_in_period(moment: &Moment<'_>, operand: &Operand, value: &Value) -> bool {
    let (fiscal, Some(number)) = (Fiscal::of(moment), number(operand, 0)) else { return false };
    let day = match value {
        Value::Timestamp(at) => moment.zone.to_datetime(at.to_jiff()),
        Value::Date(date) => date_as_wall(*date),
        _ => return false,
    };
    // Where the clock goes back over midnight a time can lie a day off the stretch it belongs to.
    let year = fiscal.year_at(day);
    let periods = (year - 1..=year + 1).filter_map(|year| fiscal.numbered(year, number));
    periods.into_iter().any(|range| range.contains(value, moment.zone))
}

impl Fiscal {
    /// The settings' calendar. They are checked where they enter; what can't be read is 1 January.
    pub(super) fn of(moment: &Moment<'_>) -> Self {
        let settings = moment.fiscal_year;
        let start = format!("2001-{}", settings.start).parse();
        let start: Date = start.unwrap_or(Date::constant(2001, 1, 1));
        Self { month: start.month(), day: start.day(), period: settings.period }
    }

    /// How many periods a year has.
    pub(super) fn periods(&self) -> i64 {
        self.period.count()
    }

    /// From a year's first day to the first of a period of it, counted from 0.
    fn offset(&self, period: i64) -> Span {
        match self.period {
            FiscalPeriod::FourWeekly => (period * 28).days(),
            _ => (period * 12 / self.periods()).months(),
        }
    }

    /// The first day of a fiscal year; years beyond the calendar begin at its ends.
    pub(super) fn year_start(&self, year: i64) -> DateTime {
        match i16::try_from(year).ok().and_then(|year| Date::new(year, self.month, self.day).ok()) {
            Some(start) => midnight(start),
            None if year < 0 => DateTime::MIN,
            None => DateTime::MAX,
        }
    }

    /// The fiscal year that a day lies in.
    pub(super) fn year_at(&self, day: DateTime) -> i64 {
        let year = i64::from(day.year());
        if day < self.year_start(year) { year - 1 } else { year }
    }

    /// The period that a day lies in: all periods of all years are counted as one line.
    pub(super) fn period_at(&self, day: DateTime) -> i64 {
        let first = self.year_at(day) * self.periods();
        let begun = (first..first + self.periods()).rev().find(|period| self.start(*period) <= day);
        begun.unwrap_or(first)
    }

    /// The first day of a period on that line.
    pub(super) fn start(&self, period: i64) -> DateTime {
        let (year, number) = (period.div_euclid(self.periods()), period.rem_euclid(self.periods()));
        self.year_start(year).saturating_add(self.offset(number))
    }

    /// A fiscal year.
    pub(super) fn year(&self, year: i64) -> Range {
        Range::wall(self.year_start(year), self.year_start(year.saturating_add(1)))
    }

    /// A period on the line. The last of a year ends where the next year begins.
    pub(super) fn period(&self, period: i64) -> Range {
        Range::wall(self.start(period), self.start(period.saturating_add(1)))
    }

    /// The period of a year with this number, from 1; none where a year has fewer.
    pub(super) fn numbered(&self, year: i64, number: i64) -> Option<Range> {
        let is_there = (1..=self.periods()).contains(&number);
        is_there
            .then(|| self.period(year.saturating_mul(self.periods()).saturating_add(number - 1)))
    }
}
