//! From parts, in the order of their keys, back to events. Nothing is believed that can be checked.

use haversack_core::event::{Actor, Event, Record, Sequenced};
use haversack_proof::SALT_BYTES;

use crate::{LogRecord, codec, flaw::Flaw, part::Part};

/// What of an event's bytes its leaf in the Merkle tree is made from.
pub(crate) struct Evidence<'a> {
    /// Drawn at random when the event was logged.
    pub(crate) salt: &'a [u8; SALT_BYTES],
    /// The event without its header.
    pub(crate) payload: &'a [u8],
}

/// Takes in parts and gives back events.
#[derive(Debug, Default)]
pub(crate) struct Unpacker {
    last: Option<Part>,
    /// Pieces of a block that is not complete.
    pieces: Vec<u8>,
}

impl Unpacker {
    /// Takes in the next pair, and hands on the events of the block that it completes.
    ///
    /// # Errors
    /// If the pair is malformed, or is not the one that comes next.
    pub(crate) fn push(
        &mut self,
        key: &[u8],
        value: &[u8],
        take: &mut impl FnMut(LogRecord, Evidence<'_>),
    ) -> Result<(), Flaw> {
        let (part, lz4) = Part::from_pair(key, value)?;
        self.check_order(&part)?;
        self.last = Some(part);
        if part.block.pieces == 1 {
            return unpack_block(&part, lz4, take);
        }
        self.pieces.extend_from_slice(lz4);
        if part.ends_block() {
            unpack_block(&part, &std::mem::take(&mut self.pieces), take)?;
        }
        Ok(())
    }

    fn check_order(&self, part: &Part) -> Result<(), Flaw> {
        let in_order = match &self.last {
            None => part.piece == 0,
            Some(last) => part.follows(last),
        };
        if in_order {
            return Ok(());
        }
        Err(Flaw::new(Some(part.key.first), "the part before this event is missing"))
    }

    /// The last part that was taken in.
    pub(crate) fn last(&self) -> Option<&Part> {
        self.last.as_ref()
    }
}

fn unpack_block(
    part: &Part,
    lz4: &[u8],
    take: &mut impl FnMut(LogRecord, Evidence<'_>),
) -> Result<(), Flaw> {
    let flaw = |what: String| Flaw::new(Some(part.key.first), what);
    // The header was checked: this is at most one event's limit.
    let size = part.block.raw_bytes as usize;
    let raw = lz4_flex::block::decompress(lz4, size).map_err(|error| flaw(error.to_string()))?;
    if raw.len() != size {
        return Err(flaw(format!("{} bytes were found, expected {size}", raw.len())));
    }
    let mut rest = raw.as_slice();
    let mut offset = part.key.first;
    for _ in 0..part.block.events {
        let event = |what: String| Flaw::new(Some(offset), what);
        let (record, evidence, after) = unpack_event(rest, part.salted).map_err(event)?;
        if record.offset != offset {
            return Err(event(format!("event {} was found in its place", record.offset)));
        }
        take(record, evidence);
        (rest, offset) = (after, offset.next());
    }
    if rest.is_empty() { Ok(()) } else { Err(flaw(format!("{} bytes are left over", rest.len()))) }
}

/// Reads an event from the start of `bytes`, and says what follows it.
fn unpack_event(bytes: &[u8], salted: bool) -> Result<(LogRecord, Evidence<'_>, &[u8]), String> {
    const UNSALTED: &[u8; SALT_BYTES] = &[0; SALT_BYTES];
    let (salt, bytes) = if salted {
        bytes.split_first_chunk().ok_or("an event is cut off")?
    } else {
        (UNSALTED, bytes)
    };
    let ((offset, at, actor), payload) = codec::decode::<(_, _, Actor)>(bytes)?;
    let (event, after) = codec::decode::<Event>(payload)?;
    let payload = &payload[..payload.len() - after.len()];
    let record = Sequenced { offset, at, inner: Record { actor, event } };
    Ok((record, Evidence { salt, payload }, after))
}
