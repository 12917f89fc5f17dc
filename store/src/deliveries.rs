//! The record of deliveries on disk: what devices acknowledged that they hold.
//!
//! ```text
//! deliveries/0000000001.segment      the lowest number is the oldest
//!
//! "haversack.deliveries/1\n"
//! of each delivery: the length of its bytes (u32, little-endian), the bytes, the checksum of both (8)
//! ```
//!
//! Nothing is folded from it, so that it is written after the answers and synced within a second or so:
//! a crash may take its last entries, and a power cut also those that share a sector with what was being
//! written; the next pull of a device brings what it holds. What is not whole at the end of the newest
//! segment is cut off when the record is opened to be appended to. A segment whose format is newer is
//! refused and left as it is.

mod reader;
#[cfg(test)]
mod tests;
mod writer;

use std::{io, path::Path};

use haversack_core::{
    delivery::Delivery,
    limits::{DELIVERIES_BYTES_MAX, DELIVERY_BYTES_MAX, DELIVERY_SEGMENT_BYTES},
};

use crate::{
    StoreError,
    checksum::{CHECKSUM_BYTES, checked, checksum},
    codec,
    disk::{Disk, read_file},
    fault::is_unreadable,
};

pub use reader::{Unreadable, deliveries};
pub use writer::DeliveryWriter;

/// Name of the directory.
pub(crate) const DIRECTORY: &str = "deliveries";
const SUFFIX: &str = ".segment";
const MAGIC_PREFIX: &[u8] = b"haversack.deliveries/";
/// What a segment begins with.
pub(crate) const MAGIC: &[u8] = b"haversack.deliveries/1\n";
/// The last format that this program knows.
const FORMAT: u32 = 1;
const LENGTH_BYTES: usize = 4;
/// No segment is longer: one entry may go beyond the length at which it takes no more.
const SEGMENT_BYTES_MAX: u64 = DELIVERY_SEGMENT_BYTES + (DELIVERY_BYTES_MAX as u64) + 64;

/// How large things are made. Tests make them small.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    /// A segment takes no more at this length, in bytes.
    pub(crate) segment: u64,
    /// Beyond this length of all segments together the oldest goes.
    pub(crate) total: u64,
}

impl Default for Sizes {
    fn default() -> Self {
        Self { segment: DELIVERY_SEGMENT_BYTES, total: DELIVERIES_BYTES_MAX }
    }
}

/// Why the record can't be read or opened.
#[derive(Debug)]
pub(crate) enum RecordError {
    /// A later version of this program wrote it.
    Newer(u32),
    /// The disk.
    Io(io::Error),
}

impl From<io::Error> for RecordError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl RecordError {
    /// What a caller is told.
    pub(crate) fn told(self, data: &Path) -> StoreError {
        match self {
            Self::Newer(found) => {
                StoreError::Newer { directory: data.join(DIRECTORY), found, known: FORMAT }
            }
            Self::Io(source) => {
                StoreError::Io { during: "opening the record of deliveries", source }
            }
        }
    }
}

/// What a segment holds.
#[derive(Debug, Default)]
pub(crate) struct Segment {
    /// The deliveries, up to the first that is not whole.
    pub(crate) deliveries: Vec<Delivery>,
    /// How many bytes are whole, from the start; 0: not even the format's name.
    pub(crate) whole: usize,
}

impl Segment {
    /// Reads a segment's bytes.
    ///
    /// # Errors
    /// [`RecordError::Newer`].
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, RecordError> {
        let Some(mut rest) = bytes.strip_prefix(MAGIC) else {
            return match format_of(bytes) {
                Some(found) if found > FORMAT => Err(RecordError::Newer(found)),
                _ => Ok(Self::default()),
            };
        };
        let mut deliveries = Vec::new();
        while let Some((delivery, after)) = entry(rest) {
            deliveries.push(delivery);
            rest = after;
        }
        Ok(Self { deliveries, whole: bytes.len() - rest.len() })
    }
}

fn format_of(bytes: &[u8]) -> Option<u32> {
    let rest = bytes.strip_prefix(MAGIC_PREFIX)?;
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    std::str::from_utf8(&rest[..end]).ok()?.parse().ok()
}

/// The delivery at the start of some bytes, if it is whole, and what follows it.
fn entry(bytes: &[u8]) -> Option<(Delivery, &[u8])> {
    let (length, _) = bytes.split_first_chunk::<LENGTH_BYTES>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let end = LENGTH_BYTES.checked_add(length)?.checked_add(CHECKSUM_BYTES)?;
    let framed = checked(bytes.get(..end)?)?;
    let (delivery, left) = codec::decode(&framed[LENGTH_BYTES..]).ok()?;
    left.is_empty().then_some((delivery, &bytes[end..]))
}

/// A delivery as it lies in a segment; none if it is too large.
pub(crate) fn framed(delivery: &Delivery) -> Option<Vec<u8>> {
    let mut bytes = vec![0; LENGTH_BYTES];
    codec::encode(delivery, &mut bytes);
    let length = bytes.len() - LENGTH_BYTES;
    if length > DELIVERY_BYTES_MAX {
        return None;
    }
    let length = u32::try_from(length).expect("within the limit");
    bytes[..LENGTH_BYTES].copy_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(&checksum(&bytes));
    Some(bytes)
}

/// The numbers of the segments, the oldest first.
fn segments(disk: &dyn Disk) -> io::Result<Vec<u64>> {
    let names = disk.list(DIRECTORY)?;
    let number = |name: &String| name.strip_suffix(SUFFIX)?.parse().ok();
    let mut numbers: Vec<u64> = names.iter().filter_map(number).collect();
    numbers.sort_unstable();
    Ok(numbers)
}

fn path_of(segment: u64) -> String {
    format!("{DIRECTORY}/{segment:010}{SUFFIX}")
}

/// All bytes of a segment; none if the disk can't give them back, or there are more than were written.
fn bytes_of(disk: &dyn Disk, segment: u64) -> io::Result<Option<Vec<u8>>> {
    match read_file(disk, &path_of(segment), SEGMENT_BYTES_MAX) {
        Err(error) if is_unreadable(&error) || error.kind() == io::ErrorKind::FileTooLarge => {
            Ok(None)
        }
        bytes => bytes.map(Some),
    }
}
