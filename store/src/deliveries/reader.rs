//! The record of deliveries, read from its oldest entry on. Another process may append to it meanwhile.

use std::{io, path::Path};

use haversack_core::delivery::Delivery;

use super::{RecordError, Segment, bytes_of, path_of, segments};
use crate::{
    StoreError,
    disk::{Disk, RealDisk},
};

/// A part of a segment that is not whole, from some byte to the segment's end: damaged, or, in the newest
/// segment, being written just now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// The segment's path in the data directory.
    pub path: String,
    /// How many bytes.
    pub bytes: u64,
}

/// Hands on the deliveries that are on record in a data directory, the oldest first, and says what could
/// not be read. The directory may be in use; one without a record, or that is not there, has none.
///
/// # Errors
/// [`StoreError::Newer`] if a later version of this program wrote the record, and [`StoreError::Io`]. What
/// was handed on before stands.
pub fn deliveries(
    directory: &Path,
    take: &mut dyn FnMut(Delivery),
) -> Result<Vec<Unreadable>, StoreError> {
    read(&RealDisk::new(directory), take).map_err(|error| error.told(directory))
}

pub(crate) fn read(
    disk: &dyn Disk,
    take: &mut dyn FnMut(Delivery),
) -> Result<Vec<Unreadable>, RecordError> {
    let mut unreadable = Vec::new();
    for number in segments(disk)? {
        let bytes = match bytes_of(disk, number) {
            // The oldest segment may go while others are read.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            bytes => bytes?,
        };
        let Some(bytes) = bytes else {
            let bytes = disk.open(&path_of(number))?.length()?;
            unreadable.push(Unreadable { path: path_of(number), bytes });
            continue;
        };
        let Segment { deliveries, whole } = Segment::parse(&bytes)?;
        deliveries.into_iter().for_each(&mut *take);
        if whole < bytes.len() {
            let bytes = (bytes.len() - whole) as u64;
            unreadable.push(Unreadable { path: path_of(number), bytes });
        }
    }
    Ok(unreadable)
}
