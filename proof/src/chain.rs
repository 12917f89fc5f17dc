//! The hash chain over the groups of a log.
//!
//! Each group's hash covers the one before it, so whoever reads a log from a group whose hash they
//! know sees any event that was changed, taken out or moved. It proves nothing to somebody who
//! reads only a part; that is what [`crate::tree`] is for.

use crate::hash::{Hash, sha256};

/// Keeps these hashes apart from all others, and names the layout.
const DOMAIN: &[u8] = b"haversack.group/1\n";

/// Hash of the group whose first event has the offset `first`, from 1, and whose events have these
/// leaves, after the group with the hash `before`; [`Hash::ZERO`] before the first group.
///
/// SHA-256("haversack.group/1\n" || before || first, u64 || number of leaves, u32 || leaves), with
/// big-endian numbers.
///
/// # Panics
/// If a group has 2^32 leaves or more.
#[must_use]
pub fn chain_hash(before: &Hash, first: u64, leaves: &[Hash]) -> Hash {
    let count = u32::try_from(leaves.len()).expect("a group has fewer than 2^32 events");
    let first = first.to_be_bytes();
    let count = count.to_be_bytes();
    let mut parts: Vec<&[u8]> = Vec::with_capacity(4 + leaves.len());
    parts.extend([DOMAIN, &before.0, &first, &count]);
    parts.extend(leaves.iter().map(|leaf| leaf.0.as_slice()));
    sha256(&parts)
}
