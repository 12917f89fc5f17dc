//! The log of events: [`SledLog`] on disk, and [`MemoryLog`] for tests.
//!
//! A group of events is packed into few values (`pack`), which sled takes all or none of
//! (`sled_file`). Reading goes the other way (`tail` finds the place, `unpack` checks and decodes).
//! `directory` has the files around sled's. Nothing here judges events or knows what they mean.

#![allow(
    clippy::disallowed_methods,
    reason = "this crate is an edge: it owns the files of the log"
)]

mod codec;
mod directory;
mod error;
mod fault;
mod flaw;
mod log;
mod memory_log;
mod pack;
mod part;
mod sled_file;
mod sled_log;
mod tail;
mod unpack;

pub use error::StoreError;
pub use log::{Log, LogRecord};
pub use memory_log::MemoryLog;
pub use sled_log::SledLog;
