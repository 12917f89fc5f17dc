//! How fast a pattern of `like` is held against a million texts, beside a matcher that backtracks.

#![allow(missing_docs, reason = "criterion's macros make a public function")]

use std::{hint::black_box, time::Duration};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use haversack_core::text::text_key;
use haversack_dataset::Like;

/// As a test, unoptimised, fewer will do.
const TEXTS: usize = if cfg!(debug_assertions) { 5_000 } else { 1_000_000 };

const PATTERNS: [(&str, &str); 7] = [
    ("begins", "con%"),
    ("ends", "%ltd"),
    ("contains", "%smith%"),
    ("set", "%[sz]ch[^aeiou]%"),
    ("one of each", "_o%_"),
    ("several runs", "%a%e%i%o%"),
    ("hostile", "%a%a%a%b"),
];

/// Names as people and companies have them, of 10 to 40 letters, and some that are one letter only.
fn texts() -> Vec<String> {
    let words =
        ["Contoso", "Smith", "Schulz", "Adventure", "Müller", "Works", "Ltd", "Ångström", "Co"];
    let text = |number: usize| match number % 50 {
        0 => "a".repeat(30),
        _ => {
            let word = |step: usize| words[number / step % words.len()];
            format!("{} {} {number} {}", word(1), word(9), word(81))
        }
    };
    (0..TEXTS).map(text).collect()
}

/// Tries every way to share the text out between the pieces of the pattern.
fn backtracking(pattern: &[char], text: &[char]) -> bool {
    match pattern {
        [] => text.is_empty(),
        ['%', rest @ ..] => (0..=text.len()).any(|skipped| backtracking(rest, &text[skipped..])),
        ['[', set @ ..] => {
            let Some(end) = set.iter().position(|c| *c == ']') else { return false };
            let (is_negated, members) = match &set[..end] {
                ['^', members @ ..] => (true, members),
                members => (false, members),
            };
            text.first().is_some_and(|c| members.contains(c) != is_negated)
                && backtracking(&set[end + 1..], &text[1..])
        }
        [one, rest @ ..] => {
            text.first().is_some_and(|c| *one == '_' || c == one) && backtracking(rest, &text[1..])
        }
    }
}

fn rates(criterion: &mut Criterion) {
    let texts = texts();
    let mut group = criterion.benchmark_group("like");
    group.throughput(Throughput::Elements(TEXTS as u64)).sample_size(10);
    group.warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
    for (name, pattern) in PATTERNS {
        let like = Like::new(pattern);
        let characters: Vec<char> = text_key(pattern).chars().collect();
        let plainly =
            |text: &String| backtracking(&characters, &text_key(text).chars().collect::<Vec<_>>());
        assert!(texts.iter().step_by(997).all(|text| like.matches(text) == plainly(text)));
        group.bench_function(name, |bencher| {
            bencher.iter(|| texts.iter().filter(|text| like.matches(black_box(text))).count());
        });
        group.bench_function(format!("{name}, backtracking"), |bencher| {
            bencher.iter(|| texts.iter().filter(|text| plainly(black_box(text))).count());
        });
    }
    group.finish();
}

criterion_group!(benches, rates);
criterion_main!(benches);
