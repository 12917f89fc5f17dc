//! From a group of events to its parts.

use haversack_core::{
    Offset,
    event::{Actor, Event},
    limits::GROUP_BYTES_MAX,
};
use haversack_proof::{Entry, EntryActor, Hash, SALT_BYTES, chain_hash, commitment};

use crate::{
    LogRecord, codec,
    part::{BLOCK_RAW_BYTES_MAX, Block, Group, Key, PIECE_BYTES_MAX, Part},
    unpack::Evidence,
};

/// Events of a group from which on it pays to start a thread for hashing them.
const HASHED_ASIDE_EVENTS_MIN: usize = 256;

/// An event that could not be read back.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooLarge {
    pub(crate) offset: Offset,
    pub(crate) bytes: usize,
}

/// A group as it is kept, in sled and in the journal.
#[derive(Debug)]
pub(crate) struct Packed {
    pub(crate) group: Group,
    /// The leaves of its events in the Merkle tree.
    pub(crate) leaves: Vec<Hash>,
    /// What keeps it in sled, in order.
    pub(crate) pairs: Vec<Pair>,
}

/// A key and a value of sled.
pub(crate) type Pair = (Key, Vec<u8>);

/// Makes of a group what keeps it.
///
/// `salts` are random bytes, [`SALT_BYTES`] an event; `before` is the chain before the group.
///
/// # Errors
/// If an event of the group could not be read back.
///
/// # Panics
/// If the group is empty, or has 2^32 events or parts, or there are too few salts.
pub(crate) fn pack(
    group: &[LogRecord],
    salts: &[u8],
    before: &[u8; 32],
) -> Result<Packed, TooLarge> {
    let encoded = Encoded::new(group, salts)?;
    let (leaves, blocks) = encoded.leaves_and_blocks();
    let first = group.first().expect("a group has events").offset;
    let chain = chain_hash(&Hash(*before), first.get(), &leaves).0;
    let parts = count(blocks.iter().map(|block| block.pieces().len()).sum::<usize>());
    let group = Group { first, events: count(group.len()), parts, before: *before, chain };
    let pieces = blocks.iter().flat_map(|block| {
        block.pieces().enumerate().map(move |(piece, lz4)| (block, count(piece), lz4))
    });
    let pairs = pieces
        .enumerate()
        .map(|(part, (block, piece, lz4))| {
            let key = Key { first: block.first, part: count(part) };
            let part = Part { key, group, block: block.header(), piece, salted: true };
            (key, part.to_value(lz4))
        })
        .collect();
    Ok(Packed { group, leaves, pairs })
}

/// The leaf of an event in the Merkle tree.
pub(crate) fn leaf(record: &LogRecord, evidence: &Evidence<'_>) -> Hash {
    entry(record, evidence).leaf()
}

/// What the leaf of an event covers.
pub(crate) fn entry(record: &LogRecord, evidence: &Evidence<'_>) -> Entry<'static> {
    let actor = match &record.inner.actor {
        Actor::Administrator => EntryActor::Administrator,
        Actor::Load => EntryActor::Load,
        Actor::User(id) => EntryActor::User(*id.as_bytes()),
        Actor::Device(id) => EntryActor::Device(*id.as_bytes()),
    };
    Entry {
        offset: record.offset.get(),
        at: record.at.0,
        actor,
        kind: record.inner.event.kind().into(),
        commitment: commitment(evidence.salt, evidence.payload),
    }
}

fn count(count: usize) -> u32 {
    u32::try_from(count).expect("a group has fewer than 2^32 events and parts")
}

/// The events of a group as bytes, one after the other.
struct Encoded<'a> {
    group: &'a [LogRecord],
    /// Of each event its salt, header and payload.
    bytes: Vec<u8>,
    /// Where each event begins, and where the last one ends.
    bounds: Vec<usize>,
    /// Where each event's payload begins.
    payloads: Vec<usize>,
}

impl<'a> Encoded<'a> {
    fn new(group: &'a [LogRecord], salts: &[u8]) -> Result<Self, TooLarge> {
        let (salts, _) = salts.as_chunks::<SALT_BYTES>();
        assert!(salts.len() >= group.len(), "{} salts for {} events", salts.len(), group.len());
        let mut encoded = Self { group, bytes: vec![], bounds: vec![0], payloads: vec![] };
        for (record, salt) in group.iter().zip(salts) {
            encoded.add(record, salt)?;
        }
        Ok(encoded)
    }

    fn add(&mut self, record: &LogRecord, salt: &[u8; SALT_BYTES]) -> Result<(), TooLarge> {
        self.bytes.extend_from_slice(salt);
        let start = self.bytes.len();
        codec::encode(&(record.offset, record.at, &record.inner.actor), &mut self.bytes);
        self.payloads.push(self.bytes.len());
        codec::encode::<Event>(&record.inner.event, &mut self.bytes);
        let event = &self.bytes[start..];
        // Only a large event can be larger still when it's read; the others need no trial.
        let is_too_much = self.bytes.len() > GROUP_BYTES_MAX;
        if is_too_much || event.len() > PIECE_BYTES_MAX && !codec::can_be_read(event) {
            return Err(TooLarge { offset: record.offset, bytes: event.len() });
        }
        self.bounds.push(self.bytes.len());
        Ok(())
    }

    /// Of a large group both at once: hashing and compressing take about as long.
    fn leaves_and_blocks(&self) -> (Vec<Hash>, Vec<Compressed>) {
        if self.group.len() < HASHED_ASIDE_EVENTS_MIN {
            return (self.leaves(), self.blocks());
        }
        std::thread::scope(|scope| {
            let leaves = scope.spawn(|| self.leaves());
            let blocks = self.blocks();
            (leaves.join().expect("hashing does not panic"), blocks)
        })
    }

    fn leaves(&self) -> Vec<Hash> {
        let events = self.group.iter().zip(self.bounds.windows(2)).zip(&self.payloads);
        let leaf = |((record, bounds), payload): ((&LogRecord, &[usize]), &usize)| {
            let salt = self.bytes[bounds[0]..].first_chunk().expect("each event has a salt");
            leaf(record, &Evidence { salt, payload: &self.bytes[*payload..bounds[1]] })
        };
        events.map(leaf).collect()
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
