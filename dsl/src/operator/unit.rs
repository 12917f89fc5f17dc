//! What the X of `last-x-days` and its like counts, and how large it can be.

/// Days from the first of the year 1 to the last of the year 9999.
const DAYS: i64 = 3_652_058;
/// Years from 1 to 9999.
const YEARS: i64 = 9_998;

/// What an operator's X counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Unit {
    Minutes,
    Hours,
    Days,
    Weeks,
    Months,
    Years,
    FiscalPeriods,
    FiscalYears,
}

impl Unit {
    /// The largest X that leads from some moment of the calendar to another: years are 1 to 9999.
    ///
    /// A smaller one may lead out of it from the time of asking. Then all that lies there is meant.
    #[must_use]
    pub fn max(self) -> i64 {
        match self {
            Self::Minutes => DAYS * 24 * 60,
            Self::Hours => DAYS * 24,
            Self::Days => DAYS,
            Self::Weeks => DAYS / 7,
            Self::Months => YEARS * 12 + 11,
            Self::Years | Self::FiscalYears => YEARS,
            // Of the shortest, of which a year has 13.
            Self::FiscalPeriods => YEARS * 13 + 12,
        }
    }

    /// What is counted, for messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Minutes => "minutes",
            Self::Hours => "hours",
            Self::Days => "days",
            Self::Weeks => "weeks",
            Self::Months => "months",
            Self::Years => "years",
            Self::FiscalPeriods => "fiscal periods",
            Self::FiscalYears => "fiscal years",
        }
    }
}
