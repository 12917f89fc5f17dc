//! How a tree is kept: in tiles of 256 hashes, as C2SP tlog-tiles lays them out
//! (<https://c2sp.org/tlog-tiles>).
//!
//! A tile of level 0 has leaves. A hash of level 1 is the root over a full tile of level 0, and so
//! on: a hash of level `l` stands for 256^l leaves, so no tree of fewer than 2^64 leaves has more
//! than 8 levels. What lies between is not kept, as the hashes of one tile give it again.
//!
//! This file names tiles and says which there are. [`Levels`] makes them, [`Tiles`] reads them.

mod levels;
mod read;

pub use levels::Levels;
pub use read::{Tiles, consistency_path, frontier, inclusion_path, root};

use crate::hash::Hash;

/// Hashes in a full tile, which is so 8,192 bytes.
pub const TILE_WIDTH: u16 = 256;

/// Levels of a tree of fewer than 2^64 leaves.
pub const LEVELS: u8 = 8;

/// Binary levels that a tile spans.
const HEIGHT: u32 = 8;

/// The name of a tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tile {
    /// Its level, below [`LEVELS`].
    pub level: u8,
    /// Its place in the level, from 0.
    pub index: u64,
    /// How many hashes it has, from 1; [`TILE_WIDTH`] if it is full.
    pub width: u16,
}

impl Tile {
    /// Where it is served, such as `tile/0/x001/x234/067` or, partial, `tile/0/067.p/12`.
    #[must_use]
    pub fn path(&self) -> String {
        format!("tile/{}/{}", self.level, numbered(self.index, self.width))
    }

    /// Where the entries are served whose leaves are in this tile, which is of level 0: the same
    /// with `entries` for the level.
    #[must_use]
    pub fn entries_path(&self) -> String {
        format!("tile/entries/{}", numbered(self.index, self.width))
    }

    /// The tile that has the hash at `index` of `level`, as wide as it is in a tree of `size`
    /// leaves; none if that tree has no such hash.
    #[must_use]
    pub fn of(level: u8, index: u64, size: u64) -> Option<Self> {
        let count = hashes_at(level, size);
        if index >= count {
            return None;
        }
        let tile = index >> HEIGHT;
        let width = (count - (tile << HEIGHT)).min(TILE_WIDTH.into());
        Some(Self { level, index: tile, width: width as u16 })
    }
}

/// The full tiles that a tree gets when it grows from `from` leaves to `to`; by level, then index.
pub fn full_tiles(from: u64, to: u64) -> impl Iterator<Item = Tile> {
    (0..LEVELS).flat_map(move |level| {
        let full = hashes_at(level, from) >> HEIGHT..hashes_at(level, to) >> HEIGHT;
        full.map(move |index| Tile { level, index, width: TILE_WIDTH })
    })
}

/// The partial tiles of a tree of `size` leaves, at most one a level. With the full tiles from 0 to
/// `size` they are all of its tiles.
pub fn partial_tiles(size: u64) -> impl Iterator<Item = Tile> {
    (0..LEVELS).filter_map(move |level| {
        let width = width_at(level, size);
        let index = hashes_at(level, size) >> HEIGHT;
        (width > 0).then_some(Tile { level, index, width })
    })
}

/// Hashes as the bytes of a tile: one after the other.
#[must_use]
pub fn tile_bytes(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

/// The hashes of a tile; none if `bytes` is not a whole number of hashes from 1 to [`TILE_WIDTH`].
#[must_use]
pub fn tile_hashes(bytes: &[u8]) -> Option<Vec<Hash>> {
    let (hashes, rest) = bytes.as_chunks::<32>();
    let fits = (1..=usize::from(TILE_WIDTH)).contains(&hashes.len());
    (rest.is_empty() && fits).then(|| hashes.iter().copied().map(Hash).collect())
}

/// How many hashes a tree of `size` leaves has at `level`.
fn hashes_at(level: u8, size: u64) -> u64 {
    size.checked_shr(u32::from(level) * HEIGHT).unwrap_or(0)
}

/// How many of these are in a partial tile.
fn width_at(level: u8, size: u64) -> u16 {
    (hashes_at(level, size) % u64::from(TILE_WIDTH)) as u16
}

/// Index and width in a path: digits in threes, an `x` before all but the last three.
fn numbered(index: u64, width: u16) -> String {
    let mut path = format!("{:03}", index % 1000);
    let mut above = index / 1000;
    while above > 0 {
        path = format!("x{:03}/{path}", above % 1000);
        above /= 1000;
    }
    if width == TILE_WIDTH { path } else { format!("{path}.p/{width}") }
}
