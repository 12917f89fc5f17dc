//! Checksums against what disks do to bytes by accident (xxh3, 64 bits). Against what people do to
//! them there is the hash chain.

use xxhash_rust::xxh3::xxh3_64;

/// Length of a checksum, in bytes.
pub(crate) const CHECKSUM_BYTES: usize = 8;

/// The checksum of some bytes.
pub(crate) fn checksum(bytes: &[u8]) -> [u8; CHECKSUM_BYTES] {
    xxh3_64(bytes).to_le_bytes()
}

/// Takes a checksum from the end of some bytes, and gives back the rest if it's right.
pub(crate) fn checked(bytes: &[u8]) -> Option<&[u8]> {
    let (rest, found) = bytes.split_last_chunk::<CHECKSUM_BYTES>()?;
    (checksum(rest) == *found).then_some(rest)
}
