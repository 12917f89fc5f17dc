//! The record of deliveries within a stream. No signature is over it, as nothing follows from it.

use std::{
    io::{self, Write},
    path::Path,
    sync::Arc,
};

use haversack_core::{Cursor, Offset, delivery::Delivery};

use super::{DELIVERIES, TransferError, piece};
use crate::{
    DeliveryWriter, StoreError,
    deliveries::{MAGIC, Segment, Sizes, deliveries, framed},
    disk::RealDisk,
};

/// Deliveries are gathered until so many bytes are a piece.
const PIECE_BYTES: usize = 1 << 20;

/// Writes the deliveries of events up to `until`. What of the record can't be read is left out, as
/// `audit deliveries` says what that is.
pub(super) fn export(
    directory: &Path,
    until: Cursor,
    out: &mut dyn Write,
) -> Result<(), TransferError> {
    let mut gathered = MAGIC.to_vec();
    let mut written: io::Result<()> = Ok(());
    deliveries(directory, &mut |delivery| {
        if delivery.offset > until || written.is_err() {
            return;
        }
        gathered.extend(framed(&delivery).into_iter().flatten());
        if gathered.len() >= PIECE_BYTES {
            written = piece(out, DELIVERIES, &gathered);
            gathered.truncate(MAGIC.len());
        }
    })?;
    written?;
    if gathered.len() > MAGIC.len() {
        piece(out, DELIVERIES, &gathered)?;
    }
    Ok(())
}

/// Takes a piece of deliveries into the record of a directory that is being made, but for those of events
/// that are left out. None if it is malformed.
pub(super) fn import(
    (directory, until): (&Path, Option<Offset>),
    bytes: &[u8],
    writer: &mut Option<DeliveryWriter>,
) -> Result<Option<()>, TransferError> {
    let segment = Segment::parse(bytes).map_err(|error| error.told(directory))?;
    if segment.whole != bytes.len() {
        return Ok(None);
    }
    let is_within = |delivery: &Delivery| until.is_none_or(|u| delivery.offset <= Cursor::at(u));
    let taken: Vec<Delivery> = segment.deliveries.into_iter().filter(is_within).collect();
    let writer = match writer {
        Some(writer) => writer,
        None => writer.insert(begin(directory)?),
    };
    writer.append(&taken).map_err(failed)?;
    Ok(Some(()))
}

/// Makes durable what was taken.
pub(super) fn finish(writer: Option<DeliveryWriter>) -> Result<(), TransferError> {
    writer.map_or(Ok(()), |writer| writer.sync()).map_err(failed)
}

fn begin(directory: &Path) -> Result<DeliveryWriter, TransferError> {
    let disk = Arc::new(RealDisk::new(directory));
    let opened = DeliveryWriter::open(disk, Sizes::default(), &Arc::default());
    let (writer, _) = opened.map_err(|error| error.told(directory))?.expect("nobody else has it");
    Ok(writer)
}

fn failed(source: io::Error) -> TransferError {
    StoreError::Io { during: "writing the record of deliveries", source }.into()
}
