//! A few neighbouring rows, close together in memory.

use std::{ops::Range, sync::Arc};

use haversack_core::RowId;

use crate::Touches;

/// Rows of one block at the most. With more, each write copies more; with fewer, each row takes more
/// memory.
pub(super) const BLOCK_ROWS_MAX: usize = 32;
/// Bytes of the rows of one block at the most, unless there is one row alone.
const BLOCK_BYTES_MAX: usize = 8 << 10;
/// A row that takes more is kept beside its block, so that its neighbours can be written without
/// copying it.
const ROW_BYTES_MAX: usize = 1 << 10;
/// What a block is given when it must grow: the next few rows need no other piece of memory.
const ROOM_BYTES: usize = 256;
const ROOM_ROWS: usize = 4;

/// Rows that there are or were, by id.
#[derive(Debug, Default)]
pub(super) struct Block {
    tags: Tags,
    /// Ascending.
    ids: Vec<RowId>,
    /// What is known of each, in the same order,
    entries: Vec<Entry>,
    /// and the packed rows.
    bytes: Vec<u8>,
}

/// What ids begin with, as numbers, in the block itself: an id is looked for among these, which are in a few
/// neighbouring lines of the processor's cache, and only where they are equal among the ids.
#[derive(Clone, Debug)]
struct Tags([u32; BLOCK_ROWS_MAX + 1]);

impl Default for Tags {
    /// Where there are no rows, as if their ids came last.
    fn default() -> Self {
        Self([u32::MAX; BLOCK_ROWS_MAX + 1])
    }
}

impl Tags {
    fn of(ids: &[RowId]) -> Self {
        let mut tags = Self::default();
        tags.0.iter_mut().zip(ids).for_each(|(tag, id)| *tag = tag_of(*id));
        tags
    }

    /// How many come before it.
    fn before(&self, tag: u32) -> usize {
        // Few numbers are compared in less time than it takes to guess wrong which half to look into.
        self.0.iter().map(|before| usize::from(*before < tag)).sum()
    }

    fn insert(&mut self, at: usize, id: RowId) {
        self.0.copy_within(at..BLOCK_ROWS_MAX, at + 1);
        self.0[at] = tag_of(id);
    }
}

fn tag_of(id: RowId) -> u32 {
    u32::from_be_bytes(*id.as_bytes().first_chunk().expect("four of sixteen bytes"))
}

#[derive(Clone, Debug)]
struct Entry {
    /// Where its bytes end; it has none if the row is gone, or is kept beside.
    end: u32,
    /// Whatever few rows have.
    aside: Option<Arc<Aside>>,
}

/// What few rows have.
#[derive(Debug)]
struct Aside {
    /// The packed row, if it is large.
    row: Option<Vec<u8>>,
    /// The events on it; none: the usual one alone, see [`super::Slot`].
    touches: Option<Touches>,
}

/// A row to be kept.
pub(super) struct Kept {
    pub id: RowId,
    /// The packed row; empty: it is gone.
    pub bytes: Vec<u8>,
    /// None: only the usual event.
    pub touches: Option<Touches>,
}

impl Block {
    /// A copy with room for another row.
    pub fn copy(&self, bytes: usize) -> Self {
        let mut copy = Self {
            tags: self.tags.clone(),
            ids: Vec::with_capacity(self.ids.len() + ROOM_ROWS),
            entries: Vec::with_capacity(self.entries.len() + ROOM_ROWS),
            bytes: Vec::with_capacity(self.bytes.len() + bytes.max(ROOM_BYTES)),
        };
        copy.ids.extend_from_slice(&self.ids);
        copy.entries.extend_from_slice(&self.entries);
        copy.bytes.extend_from_slice(&self.bytes);
        copy
    }

    /// Where a row is, or where it would be.
    pub fn place(&self, id: RowId) -> Result<usize, usize> {
        self.place_from(self.near(id), id)
    }

    /// Where a row may be: none that comes before has its tag.
    pub fn near(&self, id: RowId) -> usize {
        self.tags.before(tag_of(id))
    }

    /// The same as [`Block::place`], from a place that is near.
    pub fn place_from(&self, near: usize, id: RowId) -> Result<usize, usize> {
        let tag = tag_of(id);
        let alike = self.ids[near..].iter().take_while(|one| tag_of(**one) == tag);
        let at = near + alike.take_while(|before| **before < id).count();
        if self.ids.get(at) == Some(&id) { Ok(at) } else { Err(at) }
    }

    /// Reads something of each line of the processor's cache that tags are in, as [`PackedRow::warm`] does.
    ///
    /// [`PackedRow::warm`]: super::PackedRow::warm
    pub fn warm(&self) -> u32 {
        self.tags.0.iter().step_by(64 / size_of::<u32>()).fold(0, |all, tag| all ^ tag)
    }

    /// The same of what is known of the row at a place.
    pub fn warm_at(&self, place: usize) -> u32 {
        let id = self.ids.get(place).map_or(0, |id| tag_of(*id));
        id ^ self.entries.get(place).map_or(0, |entry| entry.end)
    }

    /// The id of a row.
    pub fn id(&self, place: usize) -> RowId {
        self.ids[place]
    }

    /// The packed row at a place, empty if it is gone, and its events, if they are not the usual one.
    pub fn slot(&self, place: usize) -> (&[u8], Option<&Touches>) {
        let aside = self.entries[place].aside.as_deref();
        let beside = aside.and_then(|aside| aside.row.as_deref());
        let bytes = beside.unwrap_or_else(|| &self.bytes[self.range(place)]);
        (bytes, aside.and_then(|aside| aside.touches.as_ref()))
    }

    /// How many rows there are or were.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    fn start(&self, place: usize) -> usize {
        place.checked_sub(1).map_or(0, |before| self.entries[before].end as usize)
    }

    fn range(&self, place: usize) -> Range<usize> {
        self.start(place)..self.entries[place].end as usize
    }

    /// Puts a row in the place of the one that is there, or between two others.
    pub fn put(&mut self, place: Result<usize, usize>, row: Kept) {
        let Kept { id, bytes, touches } = row;
        let (at, old) = match place {
            Ok(at) => (at, self.range(at)),
            Err(at) => (at, self.start(at)..self.start(at)),
        };
        let (inline, beside) =
            if bytes.len() > ROW_BYTES_MAX { (Vec::new(), Some(bytes)) } else { (bytes, None) };
        let aside = (beside.is_some() || touches.is_some())
            .then(|| Arc::new(Aside { row: beside, touches }));
        let entry = Entry { end: narrow(old.start + inline.len()), aside };
        let old_length = old.len();
        self.splice(old, &inline);
        if place.is_ok() {
            self.entries[at] = entry;
        } else {
            if self.entries.len() == self.entries.capacity() {
                self.ids.reserve_exact(ROOM_ROWS);
                self.entries.reserve_exact(ROOM_ROWS);
            }
            self.tags.insert(at, id);
            self.ids.insert(at, id);
            self.entries.insert(at, entry);
        }
        for entry in &mut self.entries[at + 1..] {
            entry.end = narrow(entry.end as usize + inline.len() - old_length);
        }
    }

    fn splice(&mut self, old: Range<usize>, new: &[u8]) {
        let (length, end) = (self.bytes.len(), old.start + new.len());
        let grown = length - old.len() + new.len();
        if grown > self.bytes.capacity() {
            self.bytes.reserve_exact(grown - length + ROOM_BYTES);
        }
        self.bytes.resize(grown.max(length), 0);
        self.bytes.copy_within(old.end..length, end);
        self.bytes.truncate(grown);
        self.bytes[old.start..end].copy_from_slice(new);
    }

    /// Whether the block must be cut.
    pub fn is_full(&self) -> bool {
        self.entries.len() > BLOCK_ROWS_MAX
            || self.bytes.len() > BLOCK_BYTES_MAX && self.entries.len() > 1
    }

    /// A place with about as many bytes before as behind, and a row on either side.
    pub fn middle(&self) -> usize {
        let half = narrow(self.bytes.len() / 2);
        let middle = match self.entries.len() > BLOCK_ROWS_MAX {
            true => self.entries.len() / 2,
            false => self.entries.partition_point(|entry| entry.end <= half),
        };
        middle.clamp(1, self.entries.len() - 1)
    }

    /// Takes off all rows from a place on.
    pub fn split_off(&mut self, place: usize) -> Self {
        let start = self.start(place);
        let mut entries = self.entries[place..].to_vec();
        entries.iter_mut().for_each(|entry| entry.end -= narrow(start));
        let (ids, bytes) = (self.ids[place..].to_vec(), self.bytes[start..].to_vec());
        self.ids.truncate(place);
        self.tags = Tags::of(&self.ids);
        self.entries.truncate(place);
        self.bytes.truncate(start);
        self.ids.shrink_to(place + ROOM_ROWS);
        self.entries.shrink_to(place + ROOM_ROWS);
        self.bytes.shrink_to(start + ROOM_BYTES);
        Self { tags: Tags::of(&ids), ids, entries, bytes }
    }
}

fn narrow(bytes: usize) -> u32 {
    u32::try_from(bytes).expect("a block is small")
}
