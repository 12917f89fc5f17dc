//! Proofs about a log: that an event is in it, and that it was only ever appended to.
//!
//! This crate is what an auditor builds. It needs no engine, no log and no other crate of
//! Haversack, and it has no clock, no randomness, no file and no socket: text and bytes come in,
//! an answer goes out.
//!
//! From the bottom up: [`hash`] has the three kinds of hashes, [`entry`] says which bytes stand for
//! an event, [`tree`] is the Merkle tree over them and checks paths in it, [`tile`] is how a tree
//! is kept, [`note`] is the signed statement of its size and root, and [`proof`] puts these
//! together into one file that can be handed to somebody. [`chain`] is apart: it links the groups
//! of a log, for whoever reads all of it.
//!
//! The formats are described in `docs/proofs.md`.

pub mod chain;
pub mod entry;
mod error;
pub mod hash;
pub mod note;
pub mod proof;
mod text;
pub mod tile;
pub mod tree;

pub use chain::chain_hash;
pub use entry::{Entry, EntryActor, EntryBytes, EntryError, SALT_BYTES, commitment};
pub use error::{VerifyError, Which};
pub use hash::{Hash, HashError, empty_root, leaf_hash, node_hash};
pub use note::{Checkpoint, KeyError, NoteError, SigningKey, VerifierKey};
pub use proof::{ConsistencyProof, InclusionProof, Payload, ProofError, ProofFile, Verified};
pub use tile::{Levels, Tile, Tiles};
pub use tree::{Frontier, verify_consistency, verify_inclusion};
