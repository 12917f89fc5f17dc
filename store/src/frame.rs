//! A group as it lies in the journal: the pairs that keep it in sled, behind a header.
//!
//! ```text
//!   0  magic                             8 bytes
//!   8  length of the body                u64, little-endian like all that follow
//!  16  first event                       u64
//!  24  events, parts                     u32 each
//!  32  chain before the group            32 bytes
//!  64  chain with the group              32 bytes
//!  96  checksum of the body              8 bytes
//! 104  checksum of the above             8 bytes
//! 112  body: of each part its key (12 bytes), the length of its value (u32) and the value
//!      zeros up to a multiple of 512
//! ```
//!
//! Frames begin at multiples of 512, so that no later write touches a sector of an earlier frame.

use haversack_core::Offset;

use crate::{
    checksum::{CHECKSUM_BYTES, checked, checksum},
    flaw::Flaw,
    pack::Pair,
    part::{Group, KEY_BYTES, Key, PART_BYTES_MAX},
    planted::{Bug, planted},
};

/// What disks write whole or not at all.
pub(crate) const SECTOR_BYTES: u64 = 512;
/// Length of a frame's header.
pub(crate) const HEADER_BYTES: usize = 112;

const MAGIC: &[u8; 8] = b"HVSKGRP2";

/// The header of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) group: Group,
    pub(crate) body_bytes: u64,
    body_checksum: [u8; CHECKSUM_BYTES],
}

/// The bytes of a group's frame.
pub(crate) fn encode(group: &Group, pairs: &[Pair]) -> Vec<u8> {
    let body = body_bytes(pairs);
    let whole = usize::try_from(encoded_bytes(pairs)).expect("a group fits into memory");
    let mut bytes = Vec::with_capacity(whole);
    bytes.resize(HEADER_BYTES, 0);
    for (key, value) in pairs {
        bytes.extend_from_slice(&key.to_bytes());
        bytes.extend_from_slice(&u32::try_from(value.len()).expect("small").to_le_bytes());
        bytes.extend_from_slice(value);
    }
    let body_checksum = checksum(&bytes[HEADER_BYTES..]);
    let header = Header { group: *group, body_bytes: body as u64, body_checksum };
    bytes[..HEADER_BYTES].copy_from_slice(&header.to_bytes());
    bytes.resize(whole, 0);
    bytes
}

fn body_bytes(pairs: &[Pair]) -> usize {
    pairs.iter().map(|(_, value)| KEY_BYTES + 4 + value.len()).sum()
}

/// Length of a group's frame.
pub(crate) fn encoded_bytes(pairs: &[Pair]) -> u64 {
    padded((HEADER_BYTES + body_bytes(pairs)) as u64)
}

/// Where a frame ends, so that no sector is shared.
fn padded(bytes: u64) -> u64 {
    if planted(Bug::ShareSector) {
        return bytes;
    }
    bytes.checked_next_multiple_of(SECTOR_BYTES).unwrap_or(u64::MAX)
}

impl Header {
    fn to_bytes(self) -> [u8; HEADER_BYTES] {
        let Group { first, events, parts, before, chain } = self.group;
        let mut bytes = Vec::with_capacity(HEADER_BYTES);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&self.body_bytes.to_le_bytes());
        bytes.extend_from_slice(&first.get().to_le_bytes());
        bytes.extend_from_slice(&events.to_le_bytes());
        bytes.extend_from_slice(&parts.to_le_bytes());
        bytes.extend_from_slice(&before);
        bytes.extend_from_slice(&chain);
        bytes.extend_from_slice(&self.body_checksum);
        bytes.extend_from_slice(&checksum(&bytes));
        bytes.try_into().expect("the fields fill the header")
    }

    /// Reads a header; none if the bytes are not one.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let rest = checked(bytes.get(..HEADER_BYTES)?)?;
        let (magic, rest) = rest.split_first_chunk::<8>()?;
        let (body_bytes, rest) = rest.split_first_chunk()?;
        let (first, rest) = rest.split_first_chunk()?;
        let (events, rest) = rest.split_first_chunk()?;
        let (parts, rest) = rest.split_first_chunk()?;
        let (before, rest) = rest.split_first_chunk()?;
        let (chain, rest) = rest.split_first_chunk()?;
        let group = Group {
            first: Offset::new(u64::from_le_bytes(*first))?,
            events: u32::from_le_bytes(*events),
            parts: u32::from_le_bytes(*parts),
            before: *before,
            chain: *chain,
        };
        let body_bytes = u64::from_le_bytes(*body_bytes);
        let header = Self { group, body_bytes, body_checksum: rest.try_into().ok()? };
        let has_end = group.first.get().checked_add(group.events.into()).is_some();
        (magic == MAGIC && group.events > 0 && has_end).then_some(header)
    }

    /// Length of the whole frame.
    pub(crate) fn frame_bytes(&self) -> u64 {
        padded((HEADER_BYTES as u64).saturating_add(self.body_bytes))
    }

    /// The pairs in the frame's body.
    pub(crate) fn pairs(&self, body: &[u8]) -> Result<Vec<Pair>, Flaw> {
        let flaw = |what: &str| Flaw::new(Some(self.group.first), what);
        if body.len() as u64 != self.body_bytes || checksum(body) != self.body_checksum {
            return Err(flaw("a checksum in the journal is wrong"));
        }
        let mut rest = body;
        let mut pairs = Vec::new();
        while !rest.is_empty() {
            let (pair, after) = pair(rest).ok_or_else(|| flaw("a part is malformed"))?;
            pairs.push(pair);
            rest = after;
        }
        Ok(pairs)
    }
}

fn pair(bytes: &[u8]) -> Option<(Pair, &[u8])> {
    let (key, rest) = bytes.split_at_checked(KEY_BYTES)?;
    let (length, rest) = rest.split_first_chunk()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let (value, rest) = rest.split_at_checked(length).filter(|_| length <= PART_BYTES_MAX)?;
    Some(((Key::from_bytes(key)?, value.to_vec()), rest))
}
