//! One value of the log in sled: its key, its header and its share of a block.
//!
//! ```text
//! group   the events of one append
//! block   consecutive events of a group, compressed as one
//! part    one value in sled: a block, or one piece of a block that is one large event
//!
//! key     offset of the block's first event (u64) · number of the part in its group (u32), big-endian
//! value   version (u8) · header (bincode) · lz4 · checksum
//! ```
//!
//! Values of version 1, which the first data directories have, know neither chain nor checksum.

use bincode::{Decode, Encode};
use haversack_core::{
    Cursor, Offset,
    limits::{EVENT_BYTES_MAX, LOG_VALUE_BYTES_MAX},
};
use haversack_proof::SALT_BYTES;

use crate::{
    checksum::{CHECKSUM_BYTES, checked, checksum},
    codec,
    flaw::Flaw,
};

/// First byte of each value. A changed layout gets a new number.
const VERSION: u8 = 2;
const VERSION_WITHOUT_CHAIN: u8 = 1;

/// Size of one value at the most.
///
/// sled keeps a leaf that is larger than a quarter of a segment in a file under `blobs/`, which it
/// never syncs. Its leaves hold up to 17 pairs before they are split, so 17 values, with keys and
/// room to spare, must fit into that quarter (the room includes sled's own headers).
pub(crate) const PART_BYTES_MAX: usize = (SEGMENT_BYTES / 4 - 1_024) / 17 - KEY_BYTES - 8;
const _: () = assert!(PART_BYTES_MAX <= LOG_VALUE_BYTES_MAX);

/// Size of sled's segments; fixed when a log is made.
pub(crate) const SEGMENT_BYTES: usize = 512 << 10;

/// Size of a block, or a piece of one, at the most: the rest of the part is taken by the version, the
/// header and the checksum.
pub(crate) const PIECE_BYTES_MAX: usize = PART_BYTES_MAX - 1 - HEADER_BYTES_MAX - CHECKSUM_BYTES;
/// Size of the events of a block before compression, unless it's one event. Whoever wants one event
/// decompresses that much.
pub(crate) const BLOCK_RAW_BYTES_MAX: usize = 48 << 10;

/// Size of a key.
pub(crate) const KEY_BYTES: usize = 12;
const HEADER_BYTES_MAX: usize = 9 + 6 * 5 + 2 * 32;

/// Key of a part. Its order is that of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    /// The first event of the part's block.
    pub(crate) first: Offset,
    /// Number of the part in its group, from 0.
    pub(crate) part: u32,
}

impl Key {
    /// The greatest key.
    pub(crate) const MAX: Self =
        Self { first: Offset::new(u64::MAX).expect("not 0"), part: u32::MAX };

    pub(crate) fn to_bytes(self) -> [u8; KEY_BYTES] {
        let mut bytes = [0; KEY_BYTES];
        bytes[..8].copy_from_slice(&self.first.get().to_be_bytes());
        bytes[8..].copy_from_slice(&self.part.to_be_bytes());
        bytes
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (first, part) = bytes.split_first_chunk::<8>()?;
        let first = Offset::new(u64::from_be_bytes(*first))?;
        Some(Self { first, part: u32::from_be_bytes(part.try_into().ok()?) })
    }
}

/// The group that a part belongs to. All its parts say the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Group {
    /// Its first event.
    pub(crate) first: Offset,
    /// How many events it has.
    pub(crate) events: u32,
    /// How many parts it has.
    pub(crate) parts: u32,
    /// The chain before it.
    pub(crate) before: [u8; 32],
    /// The chain with it.
    pub(crate) chain: [u8; 32],
}

impl Group {
    /// The last event of the group.
    pub(crate) fn last(&self) -> Cursor {
        Cursor::after(self.first.get() + u64::from(self.events) - 1)
    }
}

/// A group in a value of version 1.
#[derive(Decode)]
struct GroupWithoutChain {
    first: Offset,
    events: u32,
    parts: u32,
}

/// The block that a part holds, or holds a piece of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Block {
    /// How many events it has.
    pub(crate) events: u32,
    /// Size of its events before compression.
    pub(crate) raw_bytes: u32,
    /// How many pieces it is in; several only if it is one event.
    pub(crate) pieces: u32,
}

/// A part without its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) key: Key,
    pub(crate) group: Group,
    pub(crate) block: Block,
    /// Number of the piece in its block, from 0.
    pub(crate) piece: u32,
    /// Whether its events have salts; those of version 1 have none.
    pub(crate) salted: bool,
}

impl Part {
    /// The value that keeps this part in sled.
    pub(crate) fn to_value(self, lz4: &[u8]) -> Vec<u8> {
        let mut value = Vec::with_capacity(1 + HEADER_BYTES_MAX + lz4.len() + CHECKSUM_BYTES);
        value.push(VERSION);
        codec::encode(&(self.group, self.block, self.piece), &mut value);
        value.extend_from_slice(lz4);
        value.extend_from_slice(&checksum(&value));
        assert!(value.len() <= PART_BYTES_MAX, "a part of {} bytes", value.len());
        value
    }

    /// Reads a pair that sled kept: the part, and its compressed bytes.
    pub(crate) fn from_pair<'a>(key: &[u8], value: &'a [u8]) -> Result<(Self, &'a [u8]), Flaw> {
        let key = Key::from_bytes(key).ok_or_else(|| Flaw::new(None, "a key is malformed"))?;
        let flaw = |what: String| Flaw::new(Some(key.first), what);
        let (part, lz4) = match value.first() {
            None => return Err(flaw("a value is empty".into())),
            Some(&VERSION) => {
                let value = checked(value).ok_or_else(|| flaw("a checksum is wrong".into()))?;
                let ((group, block, piece), lz4) = codec::decode(&value[1..]).map_err(flaw)?;
                (Self { key, group, block, piece, salted: true }, lz4)
            }
            Some(&VERSION_WITHOUT_CHAIN) => {
                let ((group, block, piece), lz4) = codec::decode(&value[1..]).map_err(flaw)?;
                let GroupWithoutChain { first, events, parts } = group;
                let group = Group { first, events, parts, before: [0; 32], chain: [0; 32] };
                (Self { key, group, block, piece, salted: false }, lz4)
            }
            Some(version) => {
                return Err(flaw(format!("a value has version {version}, expected {VERSION}")));
            }
        };
        if part.is_sound() { Ok((part, lz4)) } else { Err(flaw("a header is malformed".into())) }
    }

    fn is_sound(&self) -> bool {
        let Self { key, group, block, piece, salted: _ } = self;
        let raw_bytes_max =
            if block.events == 1 { SALT_BYTES + EVENT_BYTES_MAX } else { BLOCK_RAW_BYTES_MAX };
        let end = group.first.get().checked_add(group.events.into());
        let block_end = key.first.get().checked_add(block.events.into());
        let in_group = key.first >= group.first
            && end.zip(block_end).is_some_and(|(end, block_end)| block_end <= end);
        in_group
            && key.part < group.parts
            && block.events > 0
            && block.raw_bytes as usize <= raw_bytes_max
            && *piece < block.pieces
            && (block.pieces == 1 || block.events == 1)
    }

    /// Size of the events that begin in this part, before compression.
    pub(crate) fn new_bytes(&self) -> usize {
        if self.piece == 0 { self.block.raw_bytes as usize } else { 0 }
    }

    /// Whether this is the last piece of its block.
    pub(crate) fn ends_block(&self) -> bool {
        self.piece + 1 == self.block.pieces
    }

    /// Whether this is the last part of its group, and no event is missing.
    pub(crate) fn ends_group(&self) -> bool {
        self.ends_block()
            && self.key.part + 1 == self.group.parts
            && self.end() == self.group.first.get() + u64::from(self.group.events)
    }

    /// Whether this is the first part of its group.
    pub(crate) fn starts_group(&self) -> bool {
        self.key == Key { first: self.group.first, part: 0 } && self.piece == 0
    }

    /// Whether this part comes right after `other` in the log.
    pub(crate) fn follows(&self, other: &Self) -> bool {
        if other.ends_group() {
            return self.starts_group()
                && self.key.first.get() == other.end()
                && self.group.before == other.group.chain;
        }
        let next_part = self.group == other.group && self.key.part == other.key.part + 1;
        let next_piece = if other.ends_block() {
            self.piece == 0 && self.key.first.get() == other.end()
        } else {
            self.piece == other.piece + 1
                && self.block == other.block
                && self.key.first == other.key.first
        };
        next_part && next_piece
    }

    /// The number after the block's last offset.
    fn end(&self) -> u64 {
        self.key.first.get() + u64::from(self.block.events)
    }
}
