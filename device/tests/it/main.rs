//! Devices against a server in the same process, over a way that loses and cuts what it carries.
#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]
#![allow(clippy::disallowed_methods, reason = "tests read and damage files")]
#![allow(missing_docs, reason = "a test's name says what it is about")]

mod automatic;
mod convergence;
mod intervals;
mod offline;
mod restored;
mod server;
mod stores;
