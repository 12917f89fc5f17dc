//! No text and pattern of `like` take more time than their length allows.
#![allow(clippy::disallowed_methods, reason = "tests measure")]

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use haversack_core::limits::LIKE_PATTERN_LENGTH_MAX;
use haversack_dataset::Like;

/// By how much the longer text of a pair is longer.
const LONGER: usize = 16;
/// How often the time for the shorter text the longer one may take; what grows with the square of
/// the length takes 256 times as long.
const SLOWER_MAX: u32 = 80;

fn took(pattern: &Like, text: &str) -> Duration {
    let measured = || {
        let start = Instant::now();
        black_box(pattern.matches(text));
        start.elapsed()
    };
    (0..3).map(|_| measured()).min().unwrap_or_default()
}

#[test]
fn time_grows_no_faster_than_the_text() {
    let long = |piece: &str| piece.repeat(LIKE_PATTERN_LENGTH_MAX / piece.chars().count());
    let distinct: String = ('\u{4e00}'..).take(2_000).flat_map(|c| [c, '%']).collect();
    let set: String = ('\u{4e00}'..).take(LIKE_PATTERN_LENGTH_MAX - 4).collect();
    for pattern in [
        "%a%a%a%a%a%b".to_owned(),
        long("%a") + "b",
        long("_%"),
        format!("%{}b", long("a")),
        format!("%{}%", long("[^b]")),
        long("%[a-c]"),
        format!("%{distinct}"),
        format!("[{set}]%b"),
    ] {
        let shown: String = pattern.chars().take(20).collect();
        let pattern = Like::new(&pattern);
        for piece in ["a", "ab", "aé\u{301}", "一丁丂"] {
            let (short, long) = (piece.repeat(500), piece.repeat(500 * LONGER));
            let (one, other) = (took(&pattern, &short), took(&pattern, &long));
            assert!(other <= one * SLOWER_MAX, "{shown} {piece}: {one:?} {other:?}");
        }
    }
}
