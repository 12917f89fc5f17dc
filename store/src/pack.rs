//! From a group of events to its parts.

use haversack_core::Offset;

use crate::{
    LogRecord, codec,
    part::{BLOCK_RAW_BYTES_MAX, Block, Group, Key, PIECE_BYTES_MAX, Part},
};

/// An event that could not be read back.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooLarge {
    pub(crate) offset: Offset,
    pub(crate) bytes: usize,
}

/// The pairs that keep a group in sled, in order.
///
/// # Errors
/// If an event of the group could not be read back.
///
/// # Panics
/// If the group is empty, or has 2^32 events or parts.
pub(crate) fn pack(group: &[LogRecord]) -> Result<Vec<(Key, Vec<u8>)>, TooLarge> {
    let encoded = Encoded::new(group)?;
    let blocks = encoded.blocks();
    let parts = blocks.iter().map(|block| block.pieces().len()).sum::<usize>();
    let first = group.first().expect("a group has events").offset;
    let group = Group { first, events: count(group.len()), parts: count(parts) };
    let pieces = blocks.iter().flat_map(|block| {
        block.pieces().enumerate().map(move |(piece, lz4)| (block, count(piece), lz4))
    });
    Ok(pieces
        .enumerate()
        .map(|(part, (block, piece, lz4))| {
            let key = Key { first: block.first, part: count(part) };
            (key, Part { key, group, block: block.header(), piece }.to_value(lz4))
        })
        .collect())
}

fn count(count: usize) -> u32 {
    u32::try_from(count).expect("a group has fewer than 2^32 events and parts")
}

/// The events of a group as bytes, one after the other.
struct Encoded<'a> {
    group: &'a [LogRecord],
    bytes: Vec<u8>,
    /// Where each event begins, and where the last one ends.
    bounds: Vec<usize>,
}

impl<'a> Encoded<'a> {
    fn new(group: &'a [LogRecord]) -> Result<Self, TooLarge> {
        let mut encoded = Self { group, bytes: Vec::new(), bounds: vec![0] };
        for record in group {
            let start = encoded.bytes.len();
            codec::encode(record, &mut encoded.bytes);
            let event = &encoded.bytes[start..];
            // Only a large event can be larger still when it's read; the others need no trial.
            if event.len() > PIECE_BYTES_MAX && !codec::can_be_read(event) {
                return Err(TooLarge { offset: record.offset, bytes: event.len() });
            }
            encoded.bounds.push(encoded.bytes.len());
        }
        Ok(encoded)
    }

    /// Cuts the events into blocks that fill their parts well. What one block shrank to is the
    /// guess for the next, so that most are compressed once.
    fn blocks(&self) -> Vec<Compressed> {
        let mut blocks = Vec::new();
        let mut start = 0;
        let mut goal = PIECE_BYTES_MAX * 2;
        while start < self.group.len() {
            let block = self.block(start, goal);
            goal = PIECE_BYTES_MAX * block.raw_bytes / block.lz4.len();
            goal = (goal - goal / 32).clamp(PIECE_BYTES_MAX, BLOCK_RAW_BYTES_MAX);
            start += block.events;
            blocks.push(block);
        }
        blocks
    }

    /// The block of the events from `start` on that take `goal` bytes, or of fewer if these don't
    /// fit into a part, or of one event that may be of any size.
    fn block(&self, start: usize, mut goal: usize) -> Compressed {
        loop {
            let end = self.end_within(start, goal);
            let raw = &self.bytes[self.bounds[start]..self.bounds[end]];
            let lz4 = lz4_flex::block::compress(raw);
            if lz4.len() <= PIECE_BYTES_MAX || end == start + 1 {
                let (first, events) = (self.group[start].offset, end - start);
                return Compressed { first, events, raw_bytes: raw.len(), lz4 };
            }
            let fitting = raw.len() * PIECE_BYTES_MAX / lz4.len();
            goal = fitting - fitting / 16;
        }
    }

    /// The end of the events from `start` on that take up to `goal` bytes; at least one event.
    fn end_within(&self, start: usize, goal: usize) -> usize {
        let limit = self.bounds[start] + goal;
        let end = self.bounds.partition_point(|&bound| bound <= limit) - 1;
        end.max(start + 1)
    }
}

struct Compressed {
    first: Offset,
    events: usize,
    raw_bytes: usize,
    lz4: Vec<u8>,
}

impl Compressed {
    fn pieces(&self) -> std::slice::Chunks<'_, u8> {
        self.lz4.chunks(PIECE_BYTES_MAX)
    }

    fn header(&self) -> Block {
        Block {
            events: count(self.events),
            raw_bytes: count(self.raw_bytes),
            pieces: count(self.pieces().len()),
        }
    }
}
