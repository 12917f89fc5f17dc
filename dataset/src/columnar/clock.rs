//! Until when an answer holds that was given at some time.
//!
//! What clock-relative operators ask for moves in steps: when the caller's minute, hour or day is over,
//! or their clock is put forward or back. Besides, some of their stretches begin or end right now,
//! and pass one value after the other.

use haversack_core::Timestamp;
use haversack_dsl::{
    operator::{Operator, Unit, ValueKind},
    query::Operand,
};
use jiff::{SignedDuration, ToSpan, civil::Time, tz::TimeZone};
use roaring::RoaringBitmap;

use super::{ask::Ask, column::Data, table::TableRows};
use crate::obvious::time::{Bound, Moment, instant, range};

/// Later than any time that is asked at.
pub(super) const ALWAYS: Timestamp = Timestamp(i64::MAX);

impl Ask<'_> {
    /// Takes down until when an operator's answer for these rows holds.
    pub(super) fn note_clock(
        &self,
        table: &TableRows,
        column: &str,
        (operator, operand): (Operator, &Operand),
        among: &RoaringBitmap,
    ) {
        let now = self.caller.now;
        let mut until = step_after(now, operator, &self.caller.time_zone);
        let moment = Moment::of(&self.tables.catalog, self.caller);
        let bounds = range(&moment, operator, operand);
        let is_now = |bound| bound == Bound::Instant(now);
        if bounds.is_some_and(|range| is_now(range.from) || is_now(range.until)) {
            until = until.min(self.passed_after(table, column, among));
        }
        self.holds_until(until);
    }

    /// When the first value among those that lie ahead will have been passed.
    fn passed_after(&self, table: &TableRows, column: &str, among: &RoaringBitmap) -> Timestamp {
        let now = self.caller.now;
        match table.column(column) {
            Some(kept) => match &kept.data {
                Data::Numbers(numbers) if numbers.is_time() => {
                    let ahead = numbers.least_from(now.0, &(&kept.present & among));
                    ahead.map_or(ALWAYS, |value| right_after(Timestamp(value)))
                }
                // Days begin when the clock steps, and are passed right after.
                _ if self.caller.time_zone.to_datetime(now.to_jiff()).time()
                    != Time::midnight() =>
                {
                    ALWAYS
                }
                _ => right_after(now),
            },
            None => right_after(now),
        }
    }
}

/// When the clock that an operator reads goes on by its next step.
fn step_after(now: Timestamp, operator: Operator, zone: &TimeZone) -> Timestamp {
    let (at, wall) = (now.to_jiff(), zone.to_datetime(now.to_jiff()));
    let step = match operator.info().values {
        ValueKind::Count(Unit::Minutes) => rest(wall.time(), 60),
        ValueKind::Count(Unit::Hours) => rest(wall.time(), 60 * 60),
        _ => None,
    };
    let next = step.and_then(|rest| at.checked_add(rest).ok()).map(Timestamp::from_jiff);
    let next = next.unwrap_or_else(|| {
        let tomorrow = wall.date().saturating_add(1.day());
        instant(tomorrow.to_datetime(Time::midnight()), zone)
    });
    let jump = zone.following(at).next();
    let jump = jump.map_or(ALWAYS, |jump| Timestamp::from_jiff(jump.timestamp()));
    next.min(jump).max(right_after(now))
}

fn right_after(time: Timestamp) -> Timestamp {
    Timestamp(time.0.saturating_add(1))
}

/// What is left at a time of day of a stretch of so many seconds.
fn rest(time: Time, seconds: i64) -> Option<SignedDuration> {
    let passed = time.duration_since(Time::midnight());
    let begun = passed.as_secs() / seconds * seconds;
    SignedDuration::from_secs(begun + seconds).checked_sub(passed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_step_at_minutes_hours_and_days_and_where_they_jump() {
        for (operator, zone, now, expected) in [
            ("olderthan-x-minutes", "UTC", "2026-03-01T09:30:12Z", "2026-03-01T09:31:00Z"),
            ("last-x-hours", "Asia/Kolkata", "2026-03-01T09:00:00Z", "2026-03-01T09:30:00Z"),
            ("last-x-hours", "UTC", "2026-03-01T09:00:00Z", "2026-03-01T10:00:00Z"),
            ("today", "Europe/Berlin", "2026-03-01T09:00:00Z", "2026-03-01T23:00:00Z"),
            // Days without a midnight, and with two.
            ("today", "America/Sao_Paulo", "2018-11-03T12:00:00Z", "2018-11-04T03:00:00Z"),
            ("today", "America/Havana", "2018-11-04T03:00:00Z", "2018-11-04T04:00:00Z"),
            // Noon came four minutes later that day.
            ("last-x-hours", "America/New_York", "1883-11-18T16:58:00Z", "1883-11-18T17:00:00Z"),
        ] {
            let zone = TimeZone::get(zone).expect("a zone");
            let now = now.parse().expect("a time");
            let operator = Operator::find(operator).expect("an operator");
            assert_eq!(
                step_after(now, operator, &zone).to_string(),
                expected,
                "{now} {operator:?}"
            );
        }
    }
}
