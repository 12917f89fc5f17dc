//! Everything that is tested from outside the crates, in one binary.
#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]
#![allow(clippy::disallowed_methods, reason = "tests read files and start processes")]
#![allow(clippy::disallowed_types, reason = "tests look for a free port")]
#![allow(missing_docs, reason = "a test's name says what it is about")]

mod arrows;
mod audit;
mod backup;
mod cases;
mod classic_limits;
mod command;
mod deliveries;
mod device_client;
mod dsl_document;
mod errors_document;
mod explain;
mod fetchxml;
mod fetchxml_document;
mod fixtures;
mod golden;
mod groups;
mod held;
mod http_document;
mod kill;
mod kill_server;
mod loading;
mod operator_pairs;
mod operators;
mod operators_document;
mod place;
mod preview;
mod profile_document;
mod properties;
mod queries;
mod query_command;
mod query_files;
mod query_laws;
mod repair;
mod restart;
mod served;
mod timeline;
mod unread;
mod verdicts;
