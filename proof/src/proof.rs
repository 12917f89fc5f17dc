//! Proofs as files: what is claimed, and the hashes that show it.
//!
//! A proof is worth as much as the checkpoint it is checked against. So that one never comes from
//! the proof: the auditor hands it in, with the key that they trust.

mod error;
mod file;

pub use error::ProofError;
pub use file::{PATH_HASHES_MAX, PROOF_BYTES_MAX};

use crate::{
    entry::{Entry, SALT_BYTES, commitment},
    error::{VerifyError, Which},
    hash::Hash,
    note::{Checkpoint, NoteError, VerifierKey},
    tree::{same_root, verify_consistency, verify_inclusion},
};

/// A proof, as it is handed from one to another. [`ProofFile::parse`] and [`ProofFile::to_text`]
/// are its form as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProofFile {
    /// An event is in a log.
    Inclusion(InclusionProof),
    /// A log only grew.
    Consistency(ConsistencyProof),
}

/// Claims that the log of the first `size` events has this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InclusionProof {
    /// The event.
    pub entry: Entry<'static>,
    /// Its payload; none if it was erased, or is nobody's business.
    pub payload: Option<Payload>,
    /// Number of events of the checkpoint that the proof is for.
    pub size: u64,
    /// Siblings, from the leaf up.
    pub path: Vec<Hash>,
    /// The signed checkpoint that the proof was made for, as information. Nothing rests on it; but
    /// if it is there, it must not contradict the checkpoint that the proof is checked against.
    pub checkpoint: Option<String>,
}

/// What an event committed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payload {
    /// The salt.
    pub salt: [u8; SALT_BYTES],
    /// The payload.
    pub bytes: Vec<u8>,
}

/// Claims that the log of one checkpoint begins with all of the log of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsistencyProof {
    /// The earlier checkpoint, a signed note.
    pub old: String,
    /// The later checkpoint, a signed note.
    pub new: String,
    /// Hashes as RFC 6962 section 2.1.2 has them.
    pub path: Vec<Hash>,
}

/// What a proof has shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verified {
    /// The log of this checkpoint has this event, at its offset.
    Inclusion {
        /// The checkpoint that was handed in.
        checkpoint: Checkpoint,
        /// The event.
        entry: Entry<'static>,
        /// Length of the payload, which is the one that the event committed to; none if the proof
        /// has no payload.
        payload_bytes: Option<u64>,
    },
    /// The log of the new checkpoint begins with all events of the old one, unchanged.
    Consistency {
        /// The earlier checkpoint.
        old: Checkpoint,
        /// The later checkpoint.
        new: Checkpoint,
    },
}

impl ProofFile {
    /// Checks the proof against a signed checkpoint that the auditor holds and the key of the log.
    ///
    /// # Errors
    /// If it proves nothing. [`VerifyError::Note`] may also mean that a note can't be read.
    pub fn verify(&self, key: &VerifierKey, checkpoint: &str) -> Result<Verified, VerifyError> {
        let held = key.open(checkpoint).map_err(of(Which::Held))?;
        match self {
            Self::Inclusion(proof) => proof.verify(key, held),
            Self::Consistency(proof) => proof.verify(key, &held),
        }
    }
}

impl InclusionProof {
    fn verify(&self, key: &VerifierKey, held: Checkpoint) -> Result<Verified, VerifyError> {
        if self.size != held.size {
            return Err(VerifyError::OtherSize { proof: self.size, checkpoint: held.size });
        }
        if let Some(note) = &self.checkpoint {
            let note = key.open_of(&held.origin, note).map_err(of(Which::Enclosed))?;
            if note.size != held.size {
                return Err(VerifyError::OtherSize { proof: note.size, checkpoint: held.size });
            }
            same_root(held.size, &held.root, &note.root)?;
        }
        let payload_bytes = self.payload.as_ref().map(|payload| self.check(payload)).transpose()?;
        let leaf = self.entry.leaf();
        // A checked entry has an offset from 1.
        let index = self.entry.offset - 1;
        verify_inclusion(&leaf, index, held.size, &held.root, &self.path)?;
        Ok(Verified::Inclusion { checkpoint: held, entry: self.entry.clone(), payload_bytes })
    }

    /// Whether the event committed to this payload. Returns its length.
    fn check(&self, payload: &Payload) -> Result<u64, VerifyError> {
        let found = commitment(&payload.salt, &payload.bytes);
        let expected = self.entry.commitment;
        if found != expected {
            return Err(VerifyError::Payload { found, expected });
        }
        Ok(payload.bytes.len() as u64)
    }
}

impl ConsistencyProof {
    fn verify(&self, key: &VerifierKey, held: &Checkpoint) -> Result<Verified, VerifyError> {
        let old = key.open_of(&held.origin, &self.old).map_err(of(Which::Old))?;
        let new = key.open_of(&held.origin, &self.new).map_err(of(Which::New))?;
        if held.size != old.size && held.size != new.size {
            let (old, new) = (old.size, new.size);
            return Err(VerifyError::Elsewhere { old, new, checkpoint: held.size });
        }
        for note in [&old, &new].into_iter().filter(|note| note.size == held.size) {
            same_root(held.size, &held.root, &note.root)?;
        }
        verify_consistency(old.size, &old.root, new.size, &new.root, &self.path)?;
        Ok(Verified::Consistency { old, new })
    }
}

/// Puts down which note an error is about.
fn of(which: Which) -> impl Fn(NoteError) -> VerifyError {
    move |source| VerifyError::Note { which, source }
}
