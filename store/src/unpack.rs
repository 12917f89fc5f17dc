//! From parts, in the order of their keys, back to events. Nothing is believed that can be checked.

use crate::{LogRecord, codec, flaw::Flaw, part::Part};

/// Takes in parts and gives back events.
#[derive(Debug, Default)]
pub(crate) struct Unpacker {
    last: Option<Part>,
    /// Pieces of a block that is not complete.
    pieces: Vec<u8>,
}

impl Unpacker {
    /// Takes in the next pair, and puts the events of the block that it completes behind `records`.
    ///
    /// # Errors
    /// If the pair is malformed, or is not the one that comes next.
    pub(crate) fn push(
        &mut self,
        key: &[u8],
        value: &[u8],
        records: &mut Vec<LogRecord>,
    ) -> Result<(), Flaw> {
        let (part, lz4) = Part::from_pair(key, value)?;
        self.check_order(&part)?;
        self.last = Some(part);
        if part.block.pieces == 1 {
            return unpack_block(&part, lz4, records);
        }
        self.pieces.extend_from_slice(lz4);
        if part.ends_block() {
            unpack_block(&part, &std::mem::take(&mut self.pieces), records)?;
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

fn unpack_block(part: &Part, lz4: &[u8], records: &mut Vec<LogRecord>) -> Result<(), Flaw> {
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
        let (record, after) =
            codec::decode::<LogRecord>(rest).map_err(|error| Flaw::new(Some(offset), error))?;
        if record.offset != offset {
            let what = format!("event {} was found in its place", record.offset);
            return Err(Flaw::new(Some(offset), what));
        }
        records.push(record);
        (rest, offset) = (after, offset.next());
    }
    if rest.is_empty() { Ok(()) } else { Err(flaw(format!("{} bytes are left over", rest.len()))) }
}
