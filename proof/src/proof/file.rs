//! The text of a proof: one JSON object, read strictly.
//!
//! An unknown field, a field that stands twice, another format: all are refused, so that a proof
//! says to every reader the same.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{ConsistencyProof, InclusionProof, Payload, ProofError, ProofFile};
use crate::{
    entry::{Entry, EntryActor},
    hash::Hash,
    text::{from_base64, read_text, to_base64},
};

/// The longest proof that is read, 64 MiB: room for a large payload.
pub const PROOF_BYTES_MAX: usize = 64 << 20;

/// The most hashes in a path. A tree of fewer than 2^64 leaves has no longer one.
pub const PATH_HASHES_MAX: usize = 64;

pub(super) const FORMAT: &str = "haversack.proof/1";
pub(super) const INCLUSION: &str = "inclusion";
pub(super) const CONSISTENCY: &str = "consistency";

/// What says how to read the rest, whatever that is.
#[derive(Deserialize)]
struct Head {
    format: String,
    kind: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct InclusionText {
    format: String,
    kind: String,
    event: EventText,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    payload: Option<PayloadText>,
    size: u64,
    path: Vec<Hash>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    checkpoint: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EventText {
    offset: u64,
    at_micros: i64,
    actor: ActorText,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    actor_id: Option<String>,
    kind: String,
    commitment: Hash,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ActorText {
    Administrator,
    Load,
    User,
    Device,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PayloadText {
    salt: Base64,
    bytes: Base64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ConsistencyText {
    format: String,
    kind: String,
    old: String,
    new: String,
    path: Vec<Hash>,
}

/// Bytes that are base64 in the text.
struct Base64(Vec<u8>);

impl Serialize for Base64 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&to_base64(&self.0))
    }
}

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = |text: &str| from_base64(text).ok_or("not standard base64 with padding");
        read_text(deserializer, read).map(Self)
    }
}

impl ProofFile {
    /// Reads the text of a proof. Whether it proves anything, [`ProofFile::verify`] says.
    ///
    /// # Errors
    /// If it is no proof.
    pub fn parse(text: &str) -> Result<Self, ProofError> {
        if text.len() > PROOF_BYTES_MAX {
            return Err(ProofError::TooLong { found: text.len() });
        }
        let Head { format, kind } = serde_json::from_str(text)?;
        if format != FORMAT {
            return Err(ProofError::Format { found: format });
        }
        let proof = match kind.as_str() {
            INCLUSION => Self::Inclusion(serde_json::from_str::<InclusionText>(text)?.read()?),
            CONSISTENCY => Self::Consistency(serde_json::from_str::<ConsistencyText>(text)?.read()),
            _ => return Err(ProofError::Kind { found: kind }),
        };
        let (Self::Inclusion(InclusionProof { path, .. })
        | Self::Consistency(ConsistencyProof { path, .. })) = &proof;
        if path.len() > PATH_HASHES_MAX {
            return Err(ProofError::Path { found: path.len() });
        }
        Ok(proof)
    }

    /// The text of the proof: indented JSON with a line end.
    #[must_use]
    pub fn to_text(&self) -> String {
        let text = match self {
            Self::Inclusion(proof) => serde_json::to_string_pretty(&InclusionText::of(proof)),
            Self::Consistency(proof) => serde_json::to_string_pretty(&ConsistencyText::of(proof)),
        };
        text.expect("these fields can be written as JSON") + "\n"
    }
}

impl InclusionText {
    fn of(proof: &InclusionProof) -> Self {
        let payload = proof.payload.as_ref().map(|payload| PayloadText {
            salt: Base64(payload.salt.to_vec()),
            bytes: Base64(payload.bytes.clone()),
        });
        Self {
            format: FORMAT.to_owned(),
            kind: INCLUSION.to_owned(),
            event: EventText::of(&proof.entry),
            payload,
            size: proof.size,
            path: proof.path.clone(),
            checkpoint: proof.checkpoint.clone(),
        }
    }

    fn read(self) -> Result<InclusionProof, ProofError> {
        Ok(InclusionProof {
            entry: self.event.read()?,
            payload: self.payload.map(PayloadText::read).transpose()?,
            size: self.size,
            path: self.path,
            checkpoint: self.checkpoint,
        })
    }
}

impl EventText {
    fn of(entry: &Entry<'_>) -> Self {
        let (actor, actor_id) = match entry.actor {
            EntryActor::Administrator => (ActorText::Administrator, None),
            EntryActor::Load => (ActorText::Load, None),
            EntryActor::User(id) => (ActorText::User, Some(id_text(id))),
            EntryActor::Device(id) => (ActorText::Device, Some(id_text(id))),
        };
        Self {
            offset: entry.offset,
            at_micros: entry.at,
            actor,
            actor_id,
            kind: entry.kind.clone().into_owned(),
            commitment: entry.commitment,
        }
    }

    fn read(self) -> Result<Entry<'static>, ProofError> {
        let actor = match (self.actor, self.actor_id) {
            (ActorText::Administrator, None) => EntryActor::Administrator,
            (ActorText::Load, None) => EntryActor::Load,
            (ActorText::User, Some(id)) => EntryActor::User(id_of_text(id)?),
            (ActorText::Device, Some(id)) => EntryActor::Device(id_of_text(id)?),
            (ActorText::Administrator | ActorText::Load, Some(_)) => {
                return Err(ProofError::ActorWithId);
            }
            (ActorText::User | ActorText::Device, None) => return Err(ProofError::ActorWithoutId),
        };
        let entry = Entry {
            offset: self.offset,
            at: self.at_micros,
            actor,
            kind: self.kind.into(),
            commitment: self.commitment,
        };
        entry.check()?;
        Ok(entry)
    }
}

impl PayloadText {
    fn read(self) -> Result<Payload, ProofError> {
        let found = self.salt.0.len();
        let salt = self.salt.0.try_into().map_err(|_| ProofError::Salt { found })?;
        Ok(Payload { salt, bytes: self.bytes.0 })
    }
}

impl ConsistencyText {
    fn of(proof: &ConsistencyProof) -> Self {
        Self {
            format: FORMAT.to_owned(),
            kind: CONSISTENCY.to_owned(),
            old: proof.old.clone(),
            new: proof.new.clone(),
            path: proof.path.clone(),
        }
    }

    fn read(self) -> ConsistencyProof {
        ConsistencyProof { old: self.old, new: self.new, path: self.path }
    }
}

/// Hex digits in the groups of an id's text.
const ID_GROUPS: [usize; 5] = [8, 4, 4, 4, 12];

/// An id in the usual form, 8-4-4-4-12 hex digits.
fn id_text(id: [u8; 16]) -> String {
    let digits = format!("{:032x}", u128::from_be_bytes(id));
    let mut rest = digits.as_str();
    let groups = ID_GROUPS.map(|length| {
        let (group, after) = rest.split_at(length);
        rest = after;
        group
    });
    groups.join("-")
}

/// The id with this text; there is one text for an id.
fn id_of_text(text: String) -> Result<[u8; 16], ProofError> {
    let id = u128::from_str_radix(&text.replace('-', ""), 16).map(u128::to_be_bytes);
    id.ok().filter(|id| id_text(*id) == text).ok_or(ProofError::ActorId { found: text })
}
