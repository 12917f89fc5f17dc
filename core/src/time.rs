//! Instants and dates as values. Nothing here reads a clock.

use std::{fmt, str::FromStr};

use bincode::{Decode, Encode};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An instant: microseconds since 1970-01-01T00:00:00Z. Written as RFC 3339 in UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct Timestamp(pub i64);

/// A calendar date without a zone: days since 1970-01-01. Written as `YYYY-MM-DD`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct Date(pub i32);

/// A text that is neither an instant nor a date, where one was expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("found {found:?}, expected {expected}")]
pub struct TimeError {
    /// The text that was found.
    pub found: String,
    /// What was expected.
    pub expected: &'static str,
}

const EPOCH: jiff::civil::Date = jiff::civil::Date::constant(1970, 1, 1);

impl Timestamp {
    /// The same instant for the calendar library.
    ///
    /// # Panics
    /// Never for instants that were read by [`FromStr`], or that lie in the years 1 to 9999.
    #[must_use]
    pub fn to_jiff(self) -> jiff::Timestamp {
        jiff::Timestamp::from_microsecond(self.0).expect("instants are kept in the years 1 to 9999")
    }

    /// Writes the instant as text.
    ///
    /// # Panics
    /// As [`Timestamp::to_jiff`].
    pub fn write_to(self, out: &mut Vec<u8>) {
        const PRINTER: jiff::fmt::temporal::DateTimePrinter =
            jiff::fmt::temporal::DateTimePrinter::new();
        PRINTER.print_timestamp(&self.to_jiff(), out).expect("memory takes all");
    }

    /// The instant of the calendar library, cut to microseconds.
    #[must_use]
    pub fn from_jiff(instant: jiff::Timestamp) -> Self {
        Self(instant.as_microsecond())
    }
}

impl Date {
    /// The same date for the calendar library.
    ///
    /// # Panics
    /// Never for dates that were read by [`FromStr`], or that lie in the years 1 to 9999.
    #[must_use]
    pub fn to_jiff(self) -> jiff::civil::Date {
        // By the calendar: the last day of the year 9999 has no instants in the library.
        EPOCH.checked_add(jiff::Span::new().days(self.0)).expect("dates are of the years 1 to 9999")
    }

    /// The date of the calendar library.
    #[must_use]
    pub fn from_jiff(date: jiff::civil::Date) -> Self {
        let days = date.since(EPOCH).expect("two dates are days apart");
        Self(days.get_days())
    }
}

fn error(text: &str, expected: &'static str) -> TimeError {
    TimeError { found: text.chars().take(80).collect(), expected }
}

impl FromStr for Timestamp {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        const EXPECTED: &str =
            "an RFC 3339 time with its offset from UTC, such as 2026-03-01T09:30:00Z";
        let instant: jiff::Timestamp = text.trim().parse().map_err(|_| error(text, EXPECTED))?;
        let year = instant.to_zoned_datetime(jiff::tz::TimeZone::UTC).year();
        let read = Self::from_jiff(instant);
        // The last second of the library has a beginning alone when it is counted in microseconds.
        let is_kept = jiff::Timestamp::from_microsecond(read.0).is_ok();
        if is_kept && (1..=9999).contains(&year) { Ok(read) } else { Err(error(text, EXPECTED)) }
    }
}

impl FromStr for Date {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        const EXPECTED: &str = "a date such as 2026-03-01";
        let text = text.trim();
        let date: jiff::civil::Date = match text.len() {
            10 => text.parse().map_err(|_| error(text, EXPECTED))?,
            _ => return Err(error(text, EXPECTED)),
        };
        if date.year() >= 1 { Ok(Self::from_jiff(date)) } else { Err(error(text, EXPECTED)) }
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_jiff().fmt(f)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_jiff().fmt(f)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_instant_that_is_read_can_be_shown() {
        for text in ["0001-01-01T00:00:00Z", "1969-12-31T23:59:59.25Z", "9999-12-30T22:00:00Z"] {
            let instant = text.parse::<Timestamp>().unwrap();
            let mut written = Vec::new();
            instant.write_to(&mut written);
            assert_eq!((instant.to_string(), written), (text.to_owned(), text.as_bytes().to_vec()));
        }
        for beyond in ["0000-12-31T23:59:59Z", "9999-12-30T22:00:00.5Z", "9999-12-31T00:00:00Z"] {
            assert!(beyond.parse::<Timestamp>().is_err(), "{beyond}");
        }
    }

    #[test]
    fn dates_reach_to_the_ends_of_the_calendar() {
        for (text, days) in [
            ("0001-01-01", -719_162),
            ("1969-12-31", -1),
            ("1970-01-01", 0),
            ("9999-12-31", 2_932_896),
        ] {
            let date: Date = text.parse().unwrap();
            assert_eq!((date.0, date.to_string()), (days, text.to_owned()));
        }
        assert!("0000-12-31".parse::<Date>().is_err());
    }
}
