//! Random texts against the laws of the query language: `tests/targets.rs` is the door.
//!
//! Texts come from a [`corpus`] that [`edits`] change, and from a [`grammar`]; both take words from a
//! [`dictionary`]. What must hold of every text is in [`laws`], and what names mean in [`catalog`].

pub mod catalog;
pub mod corpus;
pub mod dictionary;
pub mod edits;
pub mod grammar;
pub mod laws;
pub mod texts;
