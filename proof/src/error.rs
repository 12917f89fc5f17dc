//! Why a proof that can be read proves nothing.
//!
//! What can't be read at all is a [`crate::ProofError`] or, for a note, a [`NoteError`].

use std::fmt;

use crate::{hash::Hash, note::NoteError};

/// Why a proof that can be read proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The leaf is beyond the tree.
    #[error(
        "event {} is not in a log of {size} events; ask for a proof under a later checkpoint",
        u128::from(*index) + 1
    )]
    NotInTree {
        /// Place of the leaf, from 0.
        index: u64,
        /// Number of leaves.
        size: u64,
    },
    /// The path can't be one for these sizes.
    #[error("path of {found} hashes, expected {expected} for these sizes")]
    PathLength {
        /// Hashes in the path.
        found: usize,
        /// Hashes that a path for these sizes has.
        expected: usize,
    },
    /// The path leads elsewhere.
    #[error("the path leads to root {found}, the checkpoint of {size} events says {expected}")]
    Root {
        /// Number of leaves.
        size: u64,
        /// The root that comes out.
        found: Hash,
        /// The root that is trusted.
        expected: Hash,
    },
    /// The path does not begin at the old tree.
    #[error(
        "the path leads to root {found} for the old log, its checkpoint of {size} events says \
         {expected}"
    )]
    OldRoot {
        /// Number of leaves of the old tree.
        size: u64,
        /// The root that comes out.
        found: Hash,
        /// The root that is trusted.
        expected: Hash,
    },
    /// The new tree is the smaller one.
    #[error("the new log has {new} events, the old one has {old}; a log never gets shorter")]
    Shrunk {
        /// Number of leaves of the old tree.
        old: u64,
        /// Number of leaves of the new tree.
        new: u64,
    },
    /// One size, two roots: one of the two logs is not the other.
    #[error(
        "two roots for {size} events, {one} and {other}: the log was rewritten; if both \
         checkpoints are signed keep them, they are the evidence"
    )]
    TwoRoots {
        /// Number of events of both.
        size: u64,
        /// Root of the one.
        one: Hash,
        /// Root of the other.
        other: Hash,
    },
    /// A note can't be relied on.
    #[error("{which}: {source}")]
    Note {
        /// Which one.
        which: Which,
        /// Why not.
        source: NoteError,
    },
    /// The proof is for another checkpoint than the one it is checked against.
    #[error(
        "the proof is for a log of {proof} events, the checkpoint is of {checkpoint}; ask for a \
         proof under this checkpoint, or first for one of consistency between the two"
    )]
    OtherSize {
        /// Number of events that the proof names.
        proof: u64,
        /// Number of events of the checkpoint.
        checkpoint: u64,
    },
    /// The payload is not the one that the event committed to.
    #[error(
        "salt and payload give the commitment {found}, the event has {expected}: they are not \
         this event's"
    )]
    Payload {
        /// Commitment to what the proof has.
        found: Hash,
        /// Commitment of the event.
        expected: Hash,
    },
    /// A proof of consistency that does not touch the checkpoint it is checked against.
    #[error(
        "the proof goes from {old} to {new} events, the checkpoint is of {checkpoint}; ask for a \
         proof that begins or ends at this checkpoint"
    )]
    Elsewhere {
        /// Number of events of the old checkpoint.
        old: u64,
        /// Number of events of the new checkpoint.
        new: u64,
        /// Number of events of the checkpoint that was handed in.
        checkpoint: u64,
    },
}

/// The checkpoints that have a part in a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// The one that the auditor holds.
    Held,
    /// The one that came with a proof of inclusion.
    Enclosed,
    /// The earlier one of a proof of consistency.
    Old,
    /// The later one of a proof of consistency.
    New,
}

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Held => "the checkpoint that was handed in",
            Self::Enclosed => "the checkpoint inside the proof",
            Self::Old => "the old checkpoint of the proof",
            Self::New => "the new checkpoint of the proof",
        })
    }
}
