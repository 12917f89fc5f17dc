//! Roots and paths, made from tiles.
//!
//! Each reads hashes of O(log n) tiles: of any perfect subtree, those hashes of one tile that lie
//! under its root.

use super::{HEIGHT, TILE_WIDTH};
use crate::{
    hash::Hash,
    tree::{Frontier, join, left_size, perfect_root},
};

/// The hashes of a tree's tiles, full and partial.
pub trait Tiles {
    /// Why a hash can't be read.
    type Error;

    /// The hash at `index` of the tile level `level`: the root over the leaves from
    /// `index` × 256^`level` to just before (`index` + 1) × 256^`level`. It is at `index` mod 256
    /// in the tile `index` / 256; see [`super::Tile::of`].
    ///
    /// Asked only for hashes that a tree of the size in question has. Hashes of a tile are asked
    /// for one after the other, so it is worth keeping the last tile at hand.
    ///
    /// # Errors
    /// If it can't be read.
    fn hash(&self, level: u8, index: u64) -> Result<Hash, Self::Error>;
}

/// Root of the tree of the first `size` leaves.
///
/// # Errors
/// If a hash can't be read.
pub fn root<T: Tiles>(size: u64, tiles: &T) -> Result<Hash, T::Error> {
    range_root(0, size, tiles)
}

/// Frontier of the tree of the first `size` leaves.
///
/// # Errors
/// If a hash can't be read.
pub fn frontier<T: Tiles>(size: u64, tiles: &T) -> Result<Frontier, T::Error> {
    let roots = perfect_roots(0, size, tiles)?;
    Ok(Frontier::from_parts(size, roots).expect("one root for each bit of the size"))
}

/// Path from the leaf at `index`, from 0, to the root of the tree of the first `size` leaves: PATH
/// of RFC 6962 section 2.1.1.
///
/// # Errors
/// If a hash can't be read.
///
/// # Panics
/// If `index` is not below `size`.
pub fn inclusion_path<T: Tiles>(index: u64, size: u64, tiles: &T) -> Result<Vec<Hash>, T::Error> {
    assert!(index < size, "leaf {index} is not in a tree of {size}");
    let (mut from, mut to) = (0, size);
    let mut path = Vec::new();
    while to - from > 1 {
        let middle = from + left_size(to - from);
        if index < middle {
            path.push(range_root(middle, to, tiles)?);
            to = middle;
        } else {
            path.push(range_root(from, middle, tiles)?);
            from = middle;
        }
    }
    path.reverse();
    Ok(path)
}

/// Path that proves that the tree of the first `new` leaves begins with that of the first `old`:
/// PROOF of RFC 6962 section 2.1.2. It is empty if they are equal or `old` is 0.
///
/// # Errors
/// If a hash can't be read.
///
/// # Panics
/// If `old` is above `new`.
pub fn consistency_path<T: Tiles>(old: u64, new: u64, tiles: &T) -> Result<Vec<Hash>, T::Error> {
    assert!(old <= new, "a tree of {old} leaves is not the beginning of one of {new}");
    let mut path = Vec::new();
    if old == 0 {
        return Ok(path);
    }
    let (mut from, mut to) = (0, new);
    while old != to {
        let middle = from + left_size(to - from);
        if old <= middle {
            path.push(range_root(middle, to, tiles)?);
            to = middle;
        } else {
            path.push(range_root(from, middle, tiles)?);
            from = middle;
        }
    }
    // If the way never went right, this is the root of the old tree, which the verifier has.
    if from > 0 {
        path.push(range_root(from, to, tiles)?);
    }
    path.reverse();
    Ok(path)
}

/// Root over the leaves from `from` to just before `to`, which are a subtree of an RFC 6962 tree.
fn range_root<T: Tiles>(from: u64, to: u64, tiles: &T) -> Result<Hash, T::Error> {
    Ok(join(&perfect_roots(from, to, tiles)?))
}

/// Roots of the perfect subtrees that such leaves fall into, left to right.
fn perfect_roots<T: Tiles>(from: u64, to: u64, tiles: &T) -> Result<Vec<Hash>, T::Error> {
    let count = to - from;
    let mut start = from;
    let mut roots = Vec::new();
    for height in (0..u64::BITS).rev().filter(|height| (count >> height) & 1 == 1) {
        roots.push(node(height, start >> height, tiles)?);
        start = start.wrapping_add(1 << height);
    }
    Ok(roots)
}

/// The node at `index` among those over 2^`height` leaves, worked out from its tile.
fn node<T: Tiles>(height: u32, index: u64, tiles: &T) -> Result<Hash, T::Error> {
    let level = u8::try_from(height / HEIGHT).expect("a tree has 8 levels");
    let below = height % HEIGHT;
    let first = index << below;
    // Half a tile is the most: a whole one has its root in the level above.
    let mut hashes = [Hash::ZERO; TILE_WIDTH as usize / 2];
    let hashes = &mut hashes[..1 << below];
    for (place, hash) in (first..).zip(hashes.iter_mut()) {
        *hash = tiles.hash(level, place)?;
    }
    Ok(perfect_root(hashes))
}
