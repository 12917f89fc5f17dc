//! Records as frames, and back, whatever lies between them.

use std::collections::BTreeMap;

use haversack_sync::outbox::Record;
use xxhash_rust::xxh3::xxh3_64;

const MAGIC: &[u8; 4] = b"hse1";
/// Magic, generation, place, length.
const TOLD_BYTES: usize = 4 + 4 + 8 + 4;
const HEADER_BYTES: usize = TOLD_BYTES + 8;

/// What could be read of a copy.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Frames {
    /// The newest generation in it.
    pub generation: u32,
    /// The records of that, by place.
    pub records: BTreeMap<u64, Record>,
    /// Whether nothing lay between them, and all places from 0 on are there.
    pub is_whole: bool,
}

/// Writes the frame of a record.
pub(super) fn write(out: &mut Vec<u8>, generation: u32, place: u64, record: &Record) {
    let json = serde_json::to_vec(record).expect("records have only text keys");
    let length = u32::try_from(json.len()).expect("an edit fits into one request");
    let mut told = Vec::with_capacity(TOLD_BYTES);
    told.extend(MAGIC);
    told.extend(generation.to_le_bytes());
    told.extend(place.to_le_bytes());
    told.extend(length.to_le_bytes());
    out.extend(&told);
    out.extend(checksum(&told, &json).to_le_bytes());
    out.extend(json);
}

fn checksum(told: &[u8], json: &[u8]) -> u64 {
    xxh3_64(&[told, json].concat())
}

/// Reads all frames that are whole. Behind one that is not, the next one is looked for.
pub(super) fn read_all(bytes: &[u8]) -> Frames {
    let mut found = Frames { is_whole: true, ..Frames::default() };
    let mut at = 0;
    while at < bytes.len() {
        if let Some((generation, place, record, length)) = read(&bytes[at..]) {
            if generation > found.generation {
                found.generation = generation;
                found.records.clear();
            }
            if generation == found.generation {
                found.records.insert(place, record);
            }
            at += length;
        } else {
            found.is_whole = false;
            let rest = &bytes[at + 1..];
            let next = rest.windows(MAGIC.len()).position(|bytes| bytes == MAGIC);
            at = next.map_or(bytes.len(), |next| at + 1 + next);
        }
    }
    found.is_whole &= found.records.keys().copied().eq(0..found.records.len() as u64);
    found
}

fn read(bytes: &[u8]) -> Option<(u32, u64, Record, usize)> {
    let (header, rest) = bytes.split_at_checked(HEADER_BYTES)?;
    let (told, checksum) = header.split_at(TOLD_BYTES);
    let (magic, told_rest) = told.split_at(MAGIC.len());
    let (generation, told_rest) = told_rest.split_first_chunk()?;
    let (place, length) = told_rest.split_first_chunk()?;
    let length = usize::try_from(u32::from_le_bytes(length.try_into().ok()?)).ok()?;
    let json = rest.get(..length)?;
    let is_right = magic == MAGIC
        && self::checksum(told, json) == u64::from_le_bytes(checksum.try_into().ok()?);
    let record = is_right.then(|| serde_json::from_slice(json).ok())??;
    let numbers = (u32::from_le_bytes(*generation), u64::from_le_bytes(*place));
    Some((numbers.0, numbers.1, record, HEADER_BYTES + length))
}
