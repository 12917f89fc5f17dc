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
/// Places of a block: a row more than it may have is in it just before it is cut.
const PLACES: usize = BLOCK_ROWS_MAX + 1;

/// Rows that there are or were, by id. What is looked at to find one lies together, and there is little
/// to allocate: a write copies a block, and lets one go.
#[derive(Debug)]
pub(super) struct Block {
    length: usize,
    /// What ids begin with, as numbers: an id is looked for among these, and only where they are equal among
    /// the ids. Where there is no row, as if its id came last.
    tags: [u32; PLACES],
    /// Where the bytes of each row end; it has none if it is gone, or is kept beside.
    ends: [u16; PLACES],
    /// Ascending.
    ids: [RowId; PLACES],
    /// The packed rows.
    bytes: Vec<u8>,
    /// Whatever few rows have; none: no row has any.
    asides: Option<Box<Asides>>,
}

impl Default for Block {
    fn default() -> Self {
        Self {
            length: 0,
            tags: [u32::MAX; PLACES],
            ends: [0; PLACES],
            ids: [RowId::default(); PLACES],
            bytes: Vec::new(),
            asides: None,
        }
    }
}

/// What an id begins with, as a number that is ordered as ids are.
pub(super) fn tag_of(id: RowId) -> u32 {
    u32::from_be_bytes(*id.as_bytes().first_chunk().expect("four of sixteen bytes"))
}

type Asides = [Option<Arc<Aside>>; PLACES];
const NO_ASIDES: Asides = [const { None }; PLACES];

fn unless_empty(asides: Box<Asides>) -> Option<Box<Asides>> {
    asides.iter().any(Option::is_some).then_some(asides)
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
    pub fn copy(&self, room: usize) -> Self {
        let mut bytes = Vec::with_capacity(self.bytes.len() + room.max(ROOM_BYTES));
        bytes.extend_from_slice(&self.bytes);
        let Self { length, tags, ends, ids, bytes: _, asides } = self;
        Self { length: *length, tags: *tags, ends: *ends, ids: *ids, bytes, asides: asides.clone() }
    }

    /// Where a row is, or where it would be.
    pub fn place(&self, id: RowId) -> Result<usize, usize> {
        self.place_from(self.near(id), id)
    }

    /// Where a row may be: none that comes before has its tag.
    pub fn near(&self, id: RowId) -> usize {
        // Few numbers are compared in less time than it takes to guess wrong which half to look into.
        let tag = tag_of(id);
        self.tags.iter().map(|before| usize::from(*before < tag)).sum()
    }

    /// The same as [`Block::place`], from a place that is near.
    pub fn place_from(&self, near: usize, id: RowId) -> Result<usize, usize> {
        let (tag, ids) = (tag_of(id), &self.ids[..self.length]);
        let alike = ids[near..].iter().take_while(|one| tag_of(**one) == tag);
        let at = near + alike.take_while(|before| **before < id).count();
        if ids.get(at) == Some(&id) { Ok(at) } else { Err(at) }
    }

    /// Reads something of each line of the processor's cache that tags are in, and the length, as
    /// [`PackedRow::warm`] does.
    ///
    /// [`PackedRow::warm`]: super::PackedRow::warm
    pub fn warm(&self) -> u32 {
        let lines = self.tags.iter().step_by(64 / size_of::<u32>());
        lines.fold(u32::from(self.length == 0), |all, tag| all ^ tag)
    }

    /// The same of what is known of the row at a place.
    pub fn warm_at(&self, place: usize) -> u32 {
        self.ids.get(place).map_or(0, |id| tag_of(*id))
            ^ self.ends.get(place).map_or(0, |end| u32::from(*end))
    }

    /// The id of a row.
    pub fn id(&self, place: usize) -> RowId {
        self.ids[..self.length][place]
    }

    fn aside(&self, place: usize) -> Option<&Aside> {
        self.asides.as_ref()?[place].as_deref()
    }

    /// The packed row at a place, empty if it is gone, and its events, if they are not the usual one.
    pub fn slot(&self, place: usize) -> (&[u8], Option<&Touches>) {
        let aside = self.aside(place);
        let beside = aside.and_then(|aside| aside.row.as_deref());
        let bytes = beside.unwrap_or_else(|| &self.bytes[self.range(place)]);
        (bytes, aside.and_then(|aside| aside.touches.as_ref()))
    }

    /// How many rows there are or were.
    pub fn len(&self) -> usize {
        self.length
    }

    fn start(&self, place: usize) -> usize {
        place.checked_sub(1).map_or(0, |before| usize::from(self.ends[before]))
    }

    fn range(&self, place: usize) -> Range<usize> {
        self.start(place)..usize::from(self.ends[..self.length][place])
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
        let (end, old_length) = (old.start + inline.len(), old.len());
        self.splice(old, &inline);
        if place.is_err() {
            self.open(at, id);
        }
        self.ends[at] = narrow(end);
        for later in &mut self.ends[at + 1..self.length] {
            *later = narrow(usize::from(*later) + inline.len() - old_length);
        }
        let aside = (beside.is_some() || touches.is_some())
            .then(|| Arc::new(Aside { row: beside, touches }));
        match &mut self.asides {
            Some(asides) => asides[at] = aside,
            None if aside.is_some() => self.asides.insert(Box::new(NO_ASIDES))[at] = aside,
            None => {}
        }
    }

    /// Makes place for a row between two others.
    fn open(&mut self, at: usize, id: RowId) {
        let later = at..self.length;
        self.tags.copy_within(later.clone(), at + 1);
        self.ends.copy_within(later.clone(), at + 1);
        self.ids.copy_within(later, at + 1);
        (self.tags[at], self.ids[at]) = (tag_of(id), id);
        self.length += 1;
        if let Some(asides) = &mut self.asides {
            asides[at..self.length].rotate_right(1);
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
        self.length > BLOCK_ROWS_MAX || self.bytes.len() > BLOCK_BYTES_MAX && self.length > 1
    }

    /// A place with about as many bytes before as behind, and a row on either side.
    pub fn middle(&self) -> usize {
        let half = narrow(self.bytes.len() / 2);
        let middle = match self.length > BLOCK_ROWS_MAX {
            true => self.length / 2,
            false => self.ends[..self.length].partition_point(|end| *end <= half),
        };
        middle.clamp(1, self.length - 1)
    }

    /// Takes off all rows from a place on.
    pub fn split_off(&mut self, place: usize) -> Self {
        let start = self.start(place);
        let mut rest = Self { length: self.length - place, ..Self::default() };
        rest.tags[..rest.length].copy_from_slice(&self.tags[place..self.length]);
        rest.ids[..rest.length].copy_from_slice(&self.ids[place..self.length]);
        for (end, of) in rest.ends.iter_mut().zip(&self.ends[place..self.length]) {
            *end = of - narrow(start);
        }
        if let Some(mut asides) = self.asides.take() {
            let mut of_rest = Box::new(NO_ASIDES);
            of_rest[..rest.length].swap_with_slice(&mut asides[place..self.length]);
            (self.asides, rest.asides) = (unless_empty(asides), unless_empty(of_rest));
        }
        rest.bytes = self.bytes[start..].to_vec();
        self.bytes.truncate(start);
        self.bytes.shrink_to(start + ROOM_BYTES);
        self.tags[place..].fill(u32::MAX);
        self.length = place;
        rest
    }
}

const _: () = assert!(BLOCK_BYTES_MAX + ROW_BYTES_MAX <= u16::MAX as usize, "places have 16 bits");

/// A place among the bytes of a block: of its rows, and of one more before it is cut.
fn narrow(bytes: usize) -> u16 {
    u16::try_from(bytes).expect("a block is small")
}
