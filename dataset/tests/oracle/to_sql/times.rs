//! Operators of times and dates: stretches between two bounds, as SQLite's date functions and the
//! table of fiscal periods give them.

use haversack_core::schema::ColumnType as T;

use super::Cell;
use crate::database::quoted;

/// One end of a stretch, in microseconds.
enum Bound {
    /// There is none.
    Open,
    /// What the caller's wall clock shows.
    Wall(String),
    /// An instant.
    Instant(String),
    /// The time of asking.
    Now,
}

/// When the wall clock first shows a time, or jumps over it.
fn instant(wall: &str) -> String {
    format!(
        "(SELECT min(max(since, {wall} - offset)) FROM zone WHERE max(since, {wall} - offset) < until)"
    )
}

/// What the wall clock shows at an instant.
pub(super) fn wall(instant: &str) -> String {
    format!("(SELECT {instant} + offset FROM zone WHERE {instant} >= since AND {instant} < until)")
}

/// Midnight of a day as text.
fn midnight(day: &str) -> String {
    format!("(unixepoch({day}) * 1000000)")
}

/// A day so far from today.
fn today(moves: &[&str]) -> String {
    let moves: String = moves.iter().map(|moved| format!(", '{moved}'")).collect();
    format!("date((SELECT today FROM moment){moves})")
}

fn from_today(moves: &[&str]) -> Bound {
    Bound::Wall(midnight(&today(moves)))
}

/// The value of the column as its type compares: an instant, or the wall clock at a date's midnight.
fn value(cell: &Cell<'_>) -> String {
    match cell.column.column_type {
        T::Date => format!("({} * 86400000000)", cell.sql()),
        _ => cell.sql(),
    }
}

/// A bound as the type of the column compares with it.
fn bound(cell: &Cell<'_>, bound: &Bound) -> Option<String> {
    let is_date = cell.column.column_type == T::Date;
    Some(match bound {
        Bound::Open => return None,
        Bound::Wall(wall) if is_date => wall.clone(),
        Bound::Wall(wall) => instant(wall),
        Bound::Now if is_date => "(SELECT wall FROM moment)".to_owned(),
        Bound::Now => "(SELECT now FROM moment)".to_owned(),
        Bound::Instant(instant) if is_date => wall(instant),
        Bound::Instant(instant) => instant.clone(),
    })
}

fn between(cell: &Cell<'_>, from: &Bound, until: &Bound) -> String {
    let from = bound(cell, from).map(|from| format!("{} >= {from}", value(cell)));
    let until = bound(cell, until).map(|until| format!("{} < {until}", value(cell)));
    let both: Vec<String> = from.into_iter().chain(until).collect();
    format!("({})", both.join(" AND "))
}

/// What a value of a query names: an instant if it has an offset, else the wall clock.
fn read(text: &str) -> Bound {
    let at = format!("(unixepoch({}) * 1000000)", quoted(text));
    match text.ends_with('Z') || text.contains('+') {
        true => Bound::Instant(at),
        false => Bound::Wall(at),
    }
}

/// A value of a query against the column's.
pub(super) fn compared(cell: &Cell<'_>, operator: &str, text: &str) -> String {
    let bound = bound(cell, &read(text)).expect("a bound");
    format!("{} {operator} {bound}", value(cell))
}

/// The operators of days, weeks, months, years, hours, minutes and fiscal periods.
pub(super) fn lies_in(cell: &Cell<'_>, operator: &str, values: &[&str]) -> String {
    if operator == "in-fiscal-period" {
        let [begins, ends] = ["begins", "ends"].map(|end| Bound::Wall(end.to_owned()));
        let lies = between(cell, &begins, &ends);
        return format!("EXISTS (SELECT 1 FROM period WHERE number = {} AND {lies})", values[0]);
    }
    let x = values.first().copied().unwrap_or_default();
    let (from, until) = day(operator, x)
        .or_else(|| named(operator))
        .or_else(|| rolling(operator, x))
        .or_else(|| fiscal(operator, values))
        .unwrap_or_else(|| panic!("{operator} is unknown"));
    between(cell, &from, &until)
}

fn day(operator: &str, text: &str) -> Option<(Bound, Bound)> {
    if !matches!(operator, "on" | "on-or-before" | "on-or-after") {
        return None;
    }
    let shown = match read(text) {
        Bound::Instant(instant) => wall(&instant),
        Bound::Wall(wall) => wall,
        Bound::Open | Bound::Now => return None,
    };
    let day = |moved: &str| {
        Bound::Wall(midnight(&format!("date({shown} / 1000000, 'unixepoch'{moved})")))
    };
    Some(match operator {
        "on" => (day(""), day(", '+1 day'")),
        "on-or-before" => (Bound::Open, day(", '+1 day'")),
        _ => (day(""), Bound::Open),
    })
}

fn named(operator: &str) -> Option<(Bound, Bound)> {
    // Six days back and on to the next Sunday is the Sunday that began this week.
    let week = |more: &str| from_today(&["-6 days", "weekday 0", more]);
    let month = |more: &str| from_today(&["start of month", more]);
    let year = |more: &str| from_today(&["start of year", more]);
    Some(match operator {
        "yesterday" => (from_today(&["-1 day"]), from_today(&[])),
        "today" => (from_today(&[]), from_today(&["+1 day"])),
        "tomorrow" => (from_today(&["+1 day"]), from_today(&["+2 days"])),
        "last-seven-days" => (from_today(&["-7 days"]), Bound::Now),
        "next-seven-days" => (Bound::Now, from_today(&["+8 days"])),
        "last-week" => (week("-7 days"), week("+0 days")),
        "this-week" => (week("+0 days"), week("+7 days")),
        "next-week" => (week("+7 days"), week("+14 days")),
        "last-month" => (month("-1 month"), month("+0 months")),
        "this-month" => (month("+0 months"), month("+1 month")),
        "next-month" => (month("+1 month"), month("+2 months")),
        "last-year" => (year("-1 year"), year("+0 years")),
        "this-year" => (year("+0 years"), year("+1 year")),
        "next-year" => (year("+1 year"), year("+2 years")),
        _ => return None,
    })
}

fn rolling(operator: &str, x: &str) -> Option<(Bound, Bound)> {
    let back = |unit: &str, each: i64| {
        let x: i64 = x.parse().expect("a number");
        from_today(&[&format!("-{} {unit}", x * each), "floor"])
    };
    let on = |unit: &str, each: i64| {
        let x: i64 = x.parse().expect("a number");
        from_today(&["+1 day", &format!("+{} {unit}", x * each), "floor"])
    };
    // Since the wall clock's minute or hour began, time passes as it does.
    let since = |unit: i64, moved: &str| {
        Bound::Instant(format!(
            "(SELECT now - wall % {unit}000000 + ({moved}) * {unit}000000 FROM moment)"
        ))
    };
    let (minute, hour) = (60, 3_600);
    Some(match operator {
        "last-x-hours" => (since(hour, &format!("-{x}")), Bound::Now),
        "next-x-hours" => (Bound::Now, since(hour, &format!("{x} + 1"))),
        "last-x-days" => (back("days", 1), Bound::Now),
        "next-x-days" => (Bound::Now, on("days", 1)),
        "last-x-weeks" => (back("days", 7), Bound::Now),
        "next-x-weeks" => (Bound::Now, on("days", 7)),
        "last-x-months" => (back("months", 1), Bound::Now),
        "next-x-months" => (Bound::Now, on("months", 1)),
        "last-x-years" => (back("years", 1), Bound::Now),
        "next-x-years" => (Bound::Now, on("years", 1)),
        "olderthan-x-minutes" => (Bound::Open, since(minute, &format!("-{x}"))),
        "olderthan-x-hours" => (Bound::Open, since(hour, &format!("-{x}"))),
        "olderthan-x-days" => (Bound::Open, back("days", 1)),
        "olderthan-x-weeks" => (Bound::Open, back("days", 7)),
        "olderthan-x-months" => (Bound::Open, back("months", 1)),
        "olderthan-x-years" => (Bound::Open, back("years", 1)),
        _ => return None,
    })
}

fn fiscal(operator: &str, values: &[&str]) -> Option<(Bound, Bound)> {
    let x = values.first().copied().unwrap_or_default();
    let this = "(SELECT place FROM period, moment WHERE unixepoch(today) * 1000000 >= begins \
                AND unixepoch(today) * 1000000 < ends)";
    let of_this = |column: &str, moved: String| {
        format!("(SELECT {column} FROM period WHERE place = {this} + {moved})")
    };
    let year = |moved: String| {
        format!(
            "(SELECT min(begins) FROM period WHERE year = {} + {moved})",
            of_this("year", "0".to_owned())
        )
    };
    let wall = |sql: String| Bound::Wall(sql);
    let of_period = |moved: i64| {
        (wall(of_this("begins", moved.to_string())), wall(of_this("ends", moved.to_string())))
    };
    let of_year = |moved: i64| (wall(year(moved.to_string())), wall(year((moved + 1).to_string())));
    let named = |column: &str| {
        wall(format!("(SELECT {column} FROM period WHERE number = {x} AND year = {})", values[1]))
    };
    Some(match operator {
        "last-fiscal-year" => of_year(-1),
        "this-fiscal-year" => of_year(0),
        "next-fiscal-year" => of_year(1),
        "last-fiscal-period" => of_period(-1),
        "this-fiscal-period" => of_period(0),
        "next-fiscal-period" => of_period(1),
        "last-x-fiscal-years" => (wall(year(format!("-{x}"))), Bound::Now),
        "next-x-fiscal-years" => (Bound::Now, wall(year(format!("{x} + 1")))),
        "last-x-fiscal-periods" => (wall(of_this("begins", format!("-{x}"))), Bound::Now),
        "next-x-fiscal-periods" => (Bound::Now, wall(of_this("ends", x.to_owned()))),
        "in-fiscal-year" => {
            let start =
                |year: &str| wall(format!("(SELECT min(begins) FROM period WHERE year = {year})"));
            (start(x), start(&format!("{x} + 1")))
        }
        "in-fiscal-period-and-year" => (named("begins"), named("ends")),
        "in-or-before-fiscal-period-and-year" => (Bound::Open, named("ends")),
        "in-or-after-fiscal-period-and-year" => (named("begins"), Bound::Open),
        _ => return None,
    })
}
