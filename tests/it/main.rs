//! Everything that is tested from outside the crates, in one binary.
#![allow(clippy::disallowed_methods, reason = "tests read files and start processes")]
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test that can't go on fails")]
#![allow(missing_docs, reason = "a test's name says what it is about")]

mod cases;
mod fixtures;
mod properties;
mod verdicts;
