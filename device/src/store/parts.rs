//! Values as they lie in sled: cut into parts, each with a checksum.
//!
//! ```text
//! key:    the value's key, part (u16, big-endian)
//! value:  version (1), parts (u16), xxh3-64 of key and the rest, bytes
//! ```
//!
//! Larger parts would end in files of their own that sled never syncs (docs/decisions/0002).

use xxhash_rust::xxh3::xxh3_64;

/// Bytes of a value in one part: a leaf of sled has up to 17 of them, and must stay below 128 KiB with
/// their keys.
const PART_BYTES: usize = 7 << 10;
const VERSION: u8 = 1;
const HEADER_BYTES: usize = 1 + 2 + 8;

/// A part, read.
pub(super) struct Part {
    pub number: u16,
    pub parts: u16,
    pub bytes: Vec<u8>,
}

/// The key of a part.
pub(super) fn key(key: &[u8], number: u16) -> Vec<u8> {
    [key, &number.to_be_bytes()].concat()
}

/// The pairs that a value takes; none if it is too long.
pub(super) fn cut(key: &[u8], value: &[u8]) -> Option<Vec<(Vec<u8>, Vec<u8>)>> {
    let count = u16::try_from(value.len().div_ceil(PART_BYTES).max(1)).ok()?;
    let pair = |number: u16| {
        let from = usize::from(number) * PART_BYTES;
        let bytes = &value[from..value.len().min(from + PART_BYTES)];
        let key = self::key(key, number);
        let mut part = vec![VERSION];
        part.extend(count.to_be_bytes());
        part.extend(checksum(&key, count, bytes).to_be_bytes());
        part.extend(bytes);
        (key, part)
    };
    Some((0..count).map(pair).collect())
}

/// Reads a part, and the key of the value that it is of.
pub(super) fn read<'k>(key: &'k [u8], part: &[u8]) -> Result<(&'k [u8], Part), String> {
    let damaged = |what: &str| format!("a value {what}");
    let (of, number) = key.split_last_chunk().ok_or_else(|| damaged("has no key"))?;
    let (header, bytes) =
        part.split_at_checked(HEADER_BYTES).ok_or_else(|| damaged("is cut off"))?;
    if header[0] != VERSION {
        return Err(damaged("is of another format"));
    }
    let parts = u16::from_be_bytes([header[1], header[2]]);
    let told = u64::from_be_bytes(header[3..].try_into().map_err(|_| damaged("is cut off"))?);
    if checksum(key, parts, bytes) != told {
        return Err(damaged("is not what was written"));
    }
    Ok((of, Part { number: u16::from_be_bytes(*number), parts, bytes: bytes.to_vec() }))
}

fn checksum(key: &[u8], parts: u16, bytes: &[u8]) -> u64 {
    let mut all = Vec::with_capacity(key.len() + 2 + bytes.len());
    all.extend(key);
    all.extend(parts.to_be_bytes());
    all.extend(bytes);
    xxh3_64(&all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_any_length_comes_back_and_a_flipped_bit_is_noticed() {
        for length in [0, 1, PART_BYTES, PART_BYTES + 1, 5 * PART_BYTES] {
            let value: Vec<u8> = (0..length).map(|at| at.to_le_bytes()[0]).collect();
            let pairs = cut(b"row", &value).unwrap();
            assert!(pairs.iter().all(|(_, part)| part.len() <= PART_BYTES + HEADER_BYTES));
            let mut back = Vec::new();
            for (at, (key, part)) in pairs.iter().enumerate() {
                let (of, read) = read(key, part).unwrap();
                assert_eq!((of, usize::from(read.number)), (&b"row"[..], at));
                assert_eq!(usize::from(read.parts), pairs.len());
                back.extend(read.bytes);
            }
            assert_eq!(back, value);
            for bit in (0..8 * pairs[0].1.len()).step_by(997) {
                let mut damaged = pairs[0].1.clone();
                damaged[bit / 8] ^= 1 << (bit % 8);
                assert!(read(&pairs[0].0, &damaged).is_err(), "bit {bit}");
            }
            assert!(read(b"rox\0\0", &pairs[0].1).is_err(), "a part under another key");
        }
        assert!(cut(b"row", &vec![0; (usize::from(u16::MAX) + 1) * PART_BYTES]).is_none());
    }
}
