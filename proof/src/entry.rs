//! The bytes that stand for an event in the tree: its header, and a commitment to its payload.
//!
//! The payload itself is not in them. So it can be erased later, together with its salt, and every
//! proof still holds; without the salt nobody can find the payload by guessing.
//!
//! | bytes | what | |
//! |---|---|---|
//! | 1 | version | 1 |
//! | 8 | offset | u64, from 1 |
//! | 8 | time | i64, microseconds since 1970-01-01 UTC |
//! | 1 | kind of actor | 0 administrator, 1 load, 2 user, 3 device |
//! | 16 | id of the actor | zeros for administrator and load |
//! | 1 | length of the kind | 1 to 40 |
//! | 1 to 40 | kind of event | `a` to `z` and `_` |
//! | 32 | commitment | SHA-256(salt \|\| payload) |
//!
//! Numbers are big-endian. An entry has one form: what [`Entry::to_bytes`] would not write,
//! [`Entry::from_bytes`] refuses.

use std::{borrow::Cow, fmt, ops::Deref};

use crate::hash::{Hash, leaf_hash, sha256};

/// Length of a salt.
pub const SALT_BYTES: usize = 16;

/// The most letters that a kind of event can have.
pub const KIND_BYTES_MAX: usize = 40;

const VERSION: u8 = 1;
const FIXED_BYTES: usize = 1 + 8 + 8 + 1 + 16 + 1 + 32;
const ENTRY_BYTES_MAX: usize = FIXED_BYTES + KIND_BYTES_MAX;

/// Commitment to a payload: SHA-256(salt || payload).
///
/// The salt is random, used once, and has a fixed length, so that salt and payload can't be cut
/// elsewhere.
#[must_use]
pub fn commitment(salt: &[u8; SALT_BYTES], payload: &[u8]) -> Hash {
    sha256(&[salt, payload])
}

/// Who made an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryActor {
    /// The administrator.
    Administrator,
    /// The loading of a document.
    Load,
    /// A user, online, by id.
    User([u8; 16]),
    /// A device, by id.
    Device([u8; 16]),
}

/// What a leaf covers.
///
/// Invariant, kept by whoever makes one: the offset is not 0, and the kind has 1 to
/// [`KIND_BYTES_MAX`] characters of `a` to `z` and `_`. [`Entry::check`] says whether it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Place of the event in the log, from 1.
    pub offset: u64,
    /// Microseconds since 1970-01-01 UTC, as the engine's clock said.
    pub at: i64,
    /// Who made it.
    pub actor: EntryActor,
    /// What kind of event it is, such as `row_written`.
    pub kind: Cow<'a, str>,
    /// The [`commitment`] to its payload.
    pub commitment: Hash,
}

impl Entry<'_> {
    /// The bytes. Allocates nothing.
    ///
    /// # Panics
    /// If the invariant does not hold.
    #[must_use]
    pub fn to_bytes(&self) -> EntryBytes {
        if let Err(error) = self.check() {
            panic!("an entry is checked before it is written: {error}");
        }
        let (tag, id) = match self.actor {
            EntryActor::Administrator => (0, [0; 16]),
            EntryActor::Load => (1, [0; 16]),
            EntryActor::User(id) => (2, id),
            EntryActor::Device(id) => (3, id),
        };
        let kind = self.kind.as_bytes();
        let length = u8::try_from(kind.len()).expect("a checked kind is short");
        let mut bytes = EntryBytes { bytes: [0; ENTRY_BYTES_MAX], length: 0 };
        bytes.put(&[VERSION]);
        bytes.put(&self.offset.to_be_bytes());
        bytes.put(&self.at.to_be_bytes());
        bytes.put(&[tag]);
        bytes.put(&id);
        bytes.put(&[length]);
        bytes.put(kind);
        bytes.put(&self.commitment.0);
        bytes
    }

    /// Hash of the leaf.
    ///
    /// # Panics
    /// If the invariant does not hold.
    #[must_use]
    pub fn leaf(&self) -> Hash {
        leaf_hash(&self.to_bytes())
    }

    /// Whether the invariant holds.
    ///
    /// # Errors
    /// [`EntryError::OffsetZero`], [`EntryError::KindLength`] or [`EntryError::Kind`].
    pub fn check(&self) -> Result<(), EntryError> {
        if self.offset == 0 {
            return Err(EntryError::OffsetZero);
        }
        let kind = self.kind.as_bytes();
        if kind.is_empty() || kind.len() > KIND_BYTES_MAX {
            return Err(EntryError::KindLength { found: kind.len() });
        }
        if !kind.iter().all(|byte| matches!(byte, b'a'..=b'z' | b'_')) {
            return Err(EntryError::Kind(self.kind.clone().into_owned()));
        }
        Ok(())
    }

    /// Reads what [`Entry::to_bytes`] wrote.
    ///
    /// # Errors
    /// If it is anything else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Entry<'static>, EntryError> {
        let mut rest = Rest { bytes, total: bytes.len() };
        let [version] = rest.take()?;
        if version != VERSION {
            return Err(EntryError::Version { found: version });
        }
        let offset = u64::from_be_bytes(rest.take()?);
        let at = i64::from_be_bytes(rest.take()?);
        let [tag] = rest.take()?;
        let actor = actor(tag, rest.take()?)?;
        let [length] = rest.take()?;
        let kind = String::from_utf8_lossy(rest.split(usize::from(length))?).into_owned();
        let commitment = Hash(rest.take()?);
        if !rest.bytes.is_empty() {
            return Err(EntryError::TooLong { found: rest.total, left: rest.bytes.len() });
        }
        let entry = Entry { offset, at, actor, kind: kind.into(), commitment };
        entry.check()?;
        Ok(entry)
    }
}

fn actor(tag: u8, id: [u8; 16]) -> Result<EntryActor, EntryError> {
    match (tag, id == [0; 16]) {
        (0, true) => Ok(EntryActor::Administrator),
        (1, true) => Ok(EntryActor::Load),
        (0 | 1, false) => Err(EntryError::ActorId { tag }),
        (2, _) => Ok(EntryActor::User(id)),
        (3, _) => Ok(EntryActor::Device(id)),
        (4.., _) => Err(EntryError::ActorTag { found: tag }),
    }
}

/// What is still to be read of an entry.
struct Rest<'a> {
    bytes: &'a [u8],
    total: usize,
}

impl<'a> Rest<'a> {
    fn split(&mut self, count: usize) -> Result<&'a [u8], EntryError> {
        let short = EntryError::TooShort { found: self.total };
        let (first, rest) = self.bytes.split_at_checked(count).ok_or(short)?;
        self.bytes = rest;
        Ok(first)
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], EntryError> {
        let bytes = self.split(N)?;
        Ok(bytes.try_into().expect("as many bytes as were asked for"))
    }
}

/// The bytes of an [`Entry`], without an allocation; used as a `&[u8]`.
#[derive(Clone)]
pub struct EntryBytes {
    bytes: [u8; ENTRY_BYTES_MAX],
    length: usize,
}

impl EntryBytes {
    fn put(&mut self, part: &[u8]) {
        let end = self.length + part.len();
        self.bytes[self.length..end].copy_from_slice(part);
        self.length = end;
    }
}

impl Deref for EntryBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

impl fmt::Debug for EntryBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("EntryBytes").field(&&**self).finish()
    }
}

/// Why bytes or fields are no entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// The bytes end too early.
    #[error("entry: {found} bytes end before the entry does")]
    TooShort {
        /// How many there are.
        found: usize,
    },
    /// Bytes are left over.
    #[error("entry: of {found} bytes, {left} are left over after the commitment")]
    TooLong {
        /// How many there are.
        found: usize,
        /// How many of these are too many.
        left: usize,
    },
    /// A version that this crate does not know.
    #[error("entry: version {found}, expected 1; a newer release may read it")]
    Version {
        /// The version.
        found: u8,
    },
    /// Offsets begin at 1.
    #[error("entry: offset 0, expected 1 or more")]
    OffsetZero,
    /// No such kind of actor.
    #[error("entry: actor {found}, expected 0 (administrator), 1 (load), 2 (user) or 3 (device)")]
    ActorTag {
        /// The kind.
        found: u8,
    },
    /// An id where none belongs.
    #[error("entry: an id after actor {tag}, expected 16 zeros; only users and devices have ids")]
    ActorId {
        /// The kind of actor.
        tag: u8,
    },
    /// A kind of event that is empty or too long.
    #[error("entry: a kind of {found} bytes, expected 1 to {KIND_BYTES_MAX}")]
    KindLength {
        /// Its length.
        found: usize,
    },
    /// A kind of event with other characters.
    #[error("entry: kind {0:?}, expected only a to z and _")]
    Kind(String),
}
