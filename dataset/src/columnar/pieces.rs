//! Values of different lengths, one behind the other: texts, lists of options.

use std::ops::Range;

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Values one behind the other, in one piece of memory.
pub(super) trait Pieces: Clone + Default {
    /// One of them.
    type Piece: ?Sized + Eq;

    /// How long all are.
    fn length(&self) -> usize;

    /// How long one is.
    fn length_of(piece: &Self::Piece) -> usize;

    /// The one that lies there.
    fn piece(&self, at: Range<usize>) -> &Self::Piece;

    /// Puts one behind the others.
    fn append(&mut self, piece: &Self::Piece);

    /// A hash that nobody can foresee who does not know the seed.
    fn hash(seed: u64, piece: &Self::Piece) -> u64;

    /// Gives back memory that nothing is kept in.
    fn shrink(&mut self);

    /// Bytes in memory.
    fn bytes(&self) -> usize;
}

impl Pieces for String {
    type Piece = str;

    fn length(&self) -> usize {
        self.len()
    }

    fn length_of(piece: &str) -> usize {
        piece.len()
    }

    fn piece(&self, at: Range<usize>) -> &str {
        &self[at]
    }

    fn append(&mut self, piece: &str) {
        self.push_str(piece);
    }

    fn hash(seed: u64, piece: &str) -> u64 {
        xxh3_64_with_seed(piece.as_bytes(), seed)
    }

    fn shrink(&mut self) {
        self.shrink_to_fit();
    }

    fn bytes(&self) -> usize {
        self.capacity()
    }
}

impl Pieces for Vec<i32> {
    type Piece = [i32];

    fn length(&self) -> usize {
        self.len()
    }

    fn length_of(piece: &[i32]) -> usize {
        piece.len()
    }

    fn piece(&self, at: Range<usize>) -> &[i32] {
        &self[at]
    }

    fn append(&mut self, piece: &[i32]) {
        self.extend_from_slice(piece);
    }

    fn hash(seed: u64, piece: &[i32]) -> u64 {
        let with = |seed, option: &i32| xxh3_64_with_seed(&option.to_le_bytes(), seed);
        piece.iter().fold(seed, with)
    }

    fn shrink(&mut self) {
        self.shrink_to_fit();
    }

    fn bytes(&self) -> usize {
        self.capacity() * size_of::<i32>()
    }
}
