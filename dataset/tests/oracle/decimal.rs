//! Decimals as whole numbers of 10^-10, in which SQLite calculates exactly.

/// Places after the point.
pub const PLACES: usize = 10;

/// A decimal in plain notation, of at most ten places.
pub fn scaled(text: &str) -> i64 {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text),
    };
    let (whole, places) = digits.split_once('.').unwrap_or((digits, ""));
    assert!(places.len() <= PLACES, "{text} has too many places");
    let all: i64 = format!("{whole}{places:0<PLACES$}").parse().expect("digits");
    sign * all
}
