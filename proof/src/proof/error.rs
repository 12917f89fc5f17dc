//! Why a text is no proof. Each message says where, what was found and what was expected.

use super::file::{CONSISTENCY, FORMAT, INCLUSION, PATH_HASHES_MAX, PROOF_BYTES_MAX};
use crate::entry::{EntryError, SALT_BYTES};

/// Why a text is no proof.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    /// Too long to be read.
    #[error("proof of {found} bytes, expected at most {PROOF_BYTES_MAX}")]
    TooLong {
        /// Its length.
        found: usize,
    },
    /// Not JSON, or not with these fields. The message has line and column.
    #[error("proof: {0}")]
    Json(#[from] serde_json::Error),
    /// Another format.
    #[error("proof: format {found:?}, expected {FORMAT:?}; a newer release may read it")]
    Format {
        /// The format.
        found: String,
    },
    /// Another kind of proof.
    #[error("proof: kind {found:?}, expected {INCLUSION:?} or {CONSISTENCY:?}")]
    Kind {
        /// The kind.
        found: String,
    },
    /// The event can't be one.
    #[error("proof: {0}")]
    Entry(#[from] EntryError),
    /// An id where none belongs.
    #[error("proof: event.actor_id is there, expected it with actor \"user\" or \"device\" only")]
    ActorWithId,
    /// No id where one belongs.
    #[error("proof: event.actor_id is missing, expected it with actor \"user\" or \"device\"")]
    ActorWithoutId,
    /// Not the form of an id.
    #[error(
        "proof: event.actor_id {found:?}, expected 32 hex digits in lower case, \
         grouped 8-4-4-4-12"
    )]
    ActorId {
        /// The text.
        found: String,
    },
    /// A salt of another length.
    #[error("proof: payload.salt has {found} bytes, expected {SALT_BYTES}")]
    Salt {
        /// Its length.
        found: usize,
    },
    /// A path that no tree has.
    #[error("proof: path of {found} hashes, expected at most {PATH_HASHES_MAX}")]
    Path {
        /// Its length.
        found: usize,
    },
}
