//! What `replay` promises, tested from outside on histories that need no engine.
#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]
#![allow(clippy::disallowed_methods, reason = "the environment says how many cases to try")]
#![allow(missing_docs, reason = "a test's name says what it is about")]

mod bytes;
mod damage;
mod digest;
mod history;
mod large;
mod snapshot;

/// So many cases, or as many as `PROPTEST_CASES` says.
fn few(cases: u32) -> proptest::test_runner::Config {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok());
    let cases = asked.unwrap_or(cases);
    proptest::test_runner::Config { cases, failure_persistence: None, ..Default::default() }
}
