//! Columns whose values are kept once each: texts and lists of options. A condition looks at each
//! different value once, however many rows have it.

use std::ops::Range;

use hashbrown::HashTable;
use roaring::RoaringBitmap;

use super::{ids::RowNumber, numbers::bits, pieces::Pieces};

/// Bits of a [`Span`] that say how long a value is. An event has less than 2^24 bytes, so no value
/// has more.
const LENGTH_BITS: u32 = 28;
/// So much may be left of values that are gone before the others are moved together; beyond that, as
/// much as of those that are there.
const GARBAGE_MAX: usize = 1 << 14;

/// Where a value lies, and how long it is, in one number.
#[derive(Clone, Copy, Debug, Default)]
struct Span(u64);

impl Span {
    fn new(from: usize, length: usize) -> Self {
        let (from, length) = (from as u64, length as u64);
        assert!(length >> LENGTH_BITS == 0, "a value is shorter than an event");
        assert!(from >> (u64::BITS - LENGTH_BITS) == 0, "a column has less than 2^36 bytes");
        Self(from << LENGTH_BITS | length)
    }

    fn length(self) -> usize {
        usize::try_from(self.0 & ((1 << LENGTH_BITS) - 1)).expect("it was one")
    }

    fn range(self) -> Range<usize> {
        let from = usize::try_from(self.0 >> LENGTH_BITS).expect("it was one");
        from..from + self.length()
    }
}

/// A column of values that are kept once each.
#[derive(Clone, Debug)]
pub(super) struct Dictionary<P> {
    /// By row: the value's code.
    codes: Vec<u32>,
    /// By code: where the value lies,
    spans: Vec<Span>,
    /// and how many rows have it. Codes that no row has are given anew.
    rows: Vec<u32>,
    unused: Vec<u32>,
    pieces: P,
    /// How much of them is left of values that no row has.
    garbage: usize,
    by_value: HashTable<u32>,
    seed: u64,
}

impl<P: Pieces> Dictionary<P> {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            codes: Vec::new(),
            spans: Vec::new(),
            rows: Vec::new(),
            unused: Vec::new(),
            pieces: P::default(),
            garbage: 0,
            by_value: HashTable::new(),
            seed,
        }
    }

    /// Puts a value in a row's cell. A cell that had one must have been cleared.
    pub(super) fn set(&mut self, row: RowNumber, value: &P::Piece) {
        let hash = P::hash(self.seed, value);
        let code = self.find(hash, value).unwrap_or_else(|| {
            let code = self.add(value);
            let Self { by_value, spans, pieces, seed, .. } = self;
            let hash_of = |code: &u32| hash_of(*seed, pieces, spans, *code);
            by_value.insert_unique(hash, code, hash_of);
            code
        });
        self.fill(row, code);
    }

    fn fill(&mut self, row: RowNumber, code: u32) {
        self.rows[code as usize] += 1;
        let at = row as usize;
        if self.codes.len() <= at {
            self.codes.resize(at + 1, 0);
        }
        self.codes[at] = code;
    }

    /// Takes the value out of a row's cell, which has one.
    pub(super) fn clear(&mut self, row: RowNumber) {
        let code = self.codes[row as usize];
        let at = code as usize;
        self.rows[at] -= 1;
        if self.rows[at] > 0 {
            return;
        }
        let hash = hash_of(self.seed, &self.pieces, &self.spans, code);
        if let Ok(entry) = self.by_value.find_entry(hash, |at| *at == code) {
            entry.remove();
        }
        self.garbage += self.spans[at].length();
        self.spans[at] = Span::default();
        self.unused.push(code);
        if self.garbage > GARBAGE_MAX.max(self.pieces.length() / 2) {
            self.compact();
        }
    }

    /// Moves the values together, over what is left of those that are gone.
    fn compact(&mut self) {
        let mut pieces = P::default();
        for span in &mut self.spans {
            let piece = self.pieces.piece(span.range());
            *span = Span::new(pieces.length(), P::length_of(piece));
            pieces.append(piece);
        }
        self.pieces = pieces;
        self.garbage = 0;
    }

    fn find(&self, hash: u64, value: &P::Piece) -> Option<u32> {
        self.by_value.find(hash, |code| self.value(*code) == value).copied()
    }

    /// Gives a value that no row has yet its code.
    fn add(&mut self, value: &P::Piece) -> u32 {
        let span = Span::new(self.pieces.length(), P::length_of(value));
        self.pieces.append(value);
        if let Some(code) = self.unused.pop() {
            self.spans[code as usize] = span;
            return code;
        }
        let code = u32::try_from(self.spans.len()).expect("no more values than rows");
        self.spans.push(span);
        self.rows.push(0);
        code
    }

    fn value(&self, code: u32) -> &P::Piece {
        self.pieces.piece(self.spans[code as usize].range())
    }

    /// The value in a row's cell, which has one.
    pub(super) fn get(&self, row: RowNumber) -> &P::Piece {
        self.value(self.codes[row as usize])
    }

    /// The code of the value in a row's cell, which has one.
    pub(super) fn code_at(&self, row: RowNumber) -> u32 {
        self.codes[row as usize]
    }

    /// How many codes there are, with those that no row has.
    pub(super) fn codes(&self) -> usize {
        self.spans.len()
    }

    /// Values by their codes.
    pub(super) fn values(&self) -> impl Iterator<Item = &P::Piece> {
        self.spans.iter().map(|span| self.pieces.piece(span.range()))
    }

    /// Rows, null ones among them, whose value passes a test. Each different value is tested once.
    pub(super) fn scan(&self, mut test: impl FnMut(&P::Piece) -> bool) -> RoaringBitmap {
        let used = self.values().zip(&self.rows);
        let passes: Vec<bool> = used.map(|(value, rows)| *rows > 0 && test(value)).collect();
        if passes.iter().any(|passes| *passes) {
            bits(&self.codes, |code| passes[code as usize])
        } else {
            RoaringBitmap::new()
        }
    }

    /// Bytes in memory.
    pub(super) fn bytes(&self) -> usize {
        let numbers = self.codes.capacity() + self.rows.capacity() + self.unused.capacity();
        numbers * size_of::<u32>()
            + self.spans.capacity() * size_of::<Span>()
            + self.pieces.bytes()
            + self.by_value.allocation_size()
    }
}

fn hash_of<P: Pieces>(seed: u64, pieces: &P, spans: &[Span], code: u32) -> u64 {
    P::hash(seed, pieces.piece(spans[code as usize].range()))
}

/// A column on the way: rows come in order, and hashes are kept so that none is made twice.
pub(super) struct Filling<P> {
    dictionary: Dictionary<P>,
    /// By code.
    hashes: Vec<u64>,
}

impl<P: Pieces> Filling<P> {
    pub(super) fn new(seed: u64) -> Self {
        Self { dictionary: Dictionary::new(seed), hashes: Vec::new() }
    }

    /// Puts a value in the cell of a row, which comes after all that have one.
    pub(super) fn push(&mut self, row: RowNumber, value: &P::Piece) {
        let (dictionary, hashes) = (&mut self.dictionary, &mut self.hashes);
        let hash = P::hash(dictionary.seed, value);
        let code = dictionary.find(hash, value).unwrap_or_else(|| {
            hashes.push(hash);
            let code = dictionary.add(value);
            dictionary.by_value.insert_unique(hash, code, |code| hashes[*code as usize]);
            code
        });
        dictionary.fill(row, code);
    }

    /// The column, without memory that nothing is kept in.
    pub(super) fn finish(self) -> Dictionary<P> {
        let Self { mut dictionary, hashes } = self;
        dictionary.codes.shrink_to_fit();
        dictionary.spans.shrink_to_fit();
        dictionary.rows.shrink_to_fit();
        dictionary.pieces.shrink();
        dictionary.by_value.shrink_to_fit(|code| hashes[*code as usize]);
        dictionary
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_are_gone_leave_room_behind() {
        let mut texts = Dictionary::<String>::new(1);
        texts.set(0, "stays");
        texts.set(1, "");
        for round in 0..10_000 {
            texts.set(2, &format!("goes, and makes room again, {round}"));
            texts.clear(2);
        }
        assert_eq!((texts.get(0), texts.get(1), texts.codes()), ("stays", "", 3));
        assert!(texts.pieces.len() < 2 * GARBAGE_MAX, "{} bytes are kept", texts.pieces.len());
        texts.set(2, "stays");
        assert_eq!(texts.code_at(2), texts.code_at(0));
    }

    #[test]
    fn lists_are_told_apart() {
        let mut lists = Filling::<Vec<i32>>::new(1);
        for (row, list) in (0..).zip([&[1, 2][..], &[], &[1], &[1, 2]]) {
            lists.push(row, list);
        }
        let lists = lists.finish();
        assert_eq!((lists.get(0), lists.get(1), lists.get(2)), (&[1, 2][..], &[][..], &[1][..]));
        assert_eq!((lists.code_at(0), lists.codes()), (lists.code_at(3), 3));
    }
}
