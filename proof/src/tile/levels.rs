//! A tree that grows: leaves go in, full tiles come out.
//!
//! All that is kept is the partial tile of each level, at most 255 hashes; that is also all that a
//! tree can be taken up from again. A node is hashed when its tile is full, once, so a leaf costs
//! one node hash, taken over many. The root is worked out when it is asked for.

use std::convert::Infallible;

use super::{LEVELS, TILE_WIDTH, Tile, Tiles, hashes_at, partial_tiles, read, width_at};
use crate::{
    hash::Hash,
    tree::{Frontier, perfect_root},
};

/// The partial tiles of a growing tree.
///
/// Invariant: level `l` has (size / 256^l) mod 256 hashes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Levels {
    size: u64,
    partial: [Vec<Hash>; LEVELS as usize],
}

impl Levels {
    /// Appends a leaf. For each tile that becomes full, from level 0 up, `completed` is called with
    /// its level, its index and its 256 hashes.
    ///
    /// # Panics
    /// After 2^64 - 1 leaves.
    pub fn push(&mut self, leaf: Hash, completed: &mut impl FnMut(u8, u64, &[Hash])) {
        self.size = self.size.checked_add(1).expect("a tree has fewer than 2^64 leaves");
        let mut hash = leaf;
        for (level, hashes) in (0..LEVELS).zip(&mut self.partial) {
            hashes.push(hash);
            if hashes.len() < usize::from(TILE_WIDTH) {
                return;
            }
            completed(level, hashes_at(level + 1, self.size) - 1, hashes);
            hash = perfect_root(hashes);
            hashes.clear();
        }
    }

    /// How many leaves there are.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The partial tiles with their hashes, from level 0 up; levels with none are left out.
    pub fn partial(&self) -> impl Iterator<Item = (Tile, &[Hash])> {
        partial_tiles(self.size)
            .map(|tile| (tile, self.partial[usize::from(tile.level)].as_slice()))
    }

    /// The tree of `size` leaves whose partial tiles are these, one for each level from 0 up, empty
    /// where there is none; levels at the end may be left out. None if one has another number of
    /// hashes than a tree of `size` leaves.
    ///
    /// Whether they are the right ones shows only in [`Levels::root`].
    #[must_use]
    pub fn from_tiles(size: u64, mut partial: Vec<Vec<Hash>>) -> Option<Self> {
        if partial.len() > usize::from(LEVELS) {
            return None;
        }
        partial.resize(usize::from(LEVELS), Vec::new());
        let fits = (0..)
            .zip(&partial)
            .all(|(level, hashes)| hashes.len() == usize::from(width_at(level, size)));
        let partial = partial.try_into().expect("as many as there are levels");
        fits.then_some(Self { size, partial })
    }

    /// Root of the tree. Costs up to 255 node hashes for each level in use.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.frontier().root()
    }

    /// The frontier of the tree.
    #[must_use]
    pub fn frontier(&self) -> Frontier {
        let Ok(frontier) = read::frontier(self.size, &RightEdge(self));
        frontier
    }
}

/// The partial tiles are all that a frontier is made of.
struct RightEdge<'a>(&'a Levels);

impl Tiles for RightEdge<'_> {
    type Error = Infallible;

    fn hash(&self, level: u8, index: u64) -> Result<Hash, Infallible> {
        let place = index % u64::from(TILE_WIDTH);
        Ok(self.0.partial[usize::from(level)][place as usize])
    }
}
