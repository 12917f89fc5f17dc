//! A device's side of the protocol against models that are meant to be read.
#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]
#![allow(clippy::disallowed_methods, reason = "tests read and damage files")]
#![allow(missing_docs, reason = "a test's name says what it is about")]

mod outbox;
mod replica;
