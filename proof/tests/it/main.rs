//! Tests of the proofs, against the RFC's own definitions and against crates by other people.

mod entries;
mod kept;
mod mutations;
mod notes;
mod oracle;
mod proofs;
mod rfc6962;
mod tiles;
mod trees;
