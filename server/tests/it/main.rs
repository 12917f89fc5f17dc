//! The API as those who use it meet it: over sockets.
#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests open sockets and wait"
)]
#![allow(missing_docs, reason = "a test's name says what it is about")]

mod access;
mod admin;
mod bodies;
mod client;
mod documents;
mod live;
mod panics;
mod questions;
mod rows;
mod slow;
mod sync;
mod world;
