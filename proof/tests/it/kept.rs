//! Tiles in a map, as a store would keep them, and as `tlog_tiles` reads them.

use std::{cell::RefCell, collections::BTreeMap, collections::BTreeSet};

use haversack_proof::{Hash, Levels, Tile, Tiles, leaf_hash, tile::tile_bytes};

/// The entry at `index` in the tests' trees.
pub fn entry(index: u64) -> Vec<u8> {
    format!("entry {index}").into_bytes()
}

pub fn leaf(index: u64) -> Hash {
    leaf_hash(&entry(index))
}

/// All tiles of a tree.
pub struct Kept {
    pub size: u64,
    pub tiles: BTreeMap<(u8, u64), Vec<Hash>>,
}

impl Kept {
    pub fn of(size: u64) -> Self {
        let mut levels = Levels::default();
        let mut tiles = BTreeMap::new();
        for index in 0..size {
            levels.push(leaf(index), &mut |level, index, hashes| {
                assert_eq!(hashes.len(), 256);
                let before = tiles.insert((level, index), hashes.to_vec());
                assert_eq!(before, None, "a tile is completed once");
            });
        }
        for (tile, hashes) in levels.partial() {
            assert_eq!(hashes.len(), usize::from(tile.width));
            tiles.insert((tile.level, tile.index), hashes.to_vec());
        }
        Self { size, tiles }
    }

    /// As much of a tile as its name says.
    pub fn tile(&self, tile: Tile) -> &[Hash] {
        &self.tiles[&(tile.level, tile.index)][..usize::from(tile.width)]
    }

    /// What a tree of `size` leaves has of these tiles.
    pub fn at(&self, size: u64) -> At<'_> {
        assert!(size <= self.size);
        At { kept: self, size, read: RefCell::default() }
    }
}

/// Tiles of a smaller tree. Refuses to give what that tree has not, and notes what was read.
pub struct At<'a> {
    kept: &'a Kept,
    size: u64,
    pub read: RefCell<BTreeSet<Tile>>,
}

impl Tiles for At<'_> {
    type Error = std::convert::Infallible;

    fn hash(&self, level: u8, index: u64) -> Result<Hash, Self::Error> {
        let tile = Tile::of(level, index, self.size).expect("only what the tree has");
        self.read.borrow_mut().insert(tile);
        Ok(self.kept.tile(tile)[(index % 256) as usize])
    }
}

/// `tlog_tiles` asks for tiles and checks them against the root.
impl tlog_tiles::TileReader for Kept {
    fn height(&self) -> u8 {
        8
    }

    fn read_tiles(&self, tiles: &[tlog_tiles::Tile]) -> Result<Vec<Vec<u8>>, tlog_tiles::Error> {
        let ours = tiles.iter().map(|tile| Tile {
            level: tile.level(),
            index: tile.level_index(),
            width: tile.width() as u16,
        });
        Ok(ours.map(|tile| tile_bytes(self.tile(tile))).collect())
    }

    fn save_tiles(&self, _: &[tlog_tiles::Tile], _: &[Vec<u8>]) {}
}

/// A hash as `tlog_tiles` has it.
pub fn theirs(hash: Hash) -> tlog_tiles::Hash {
    tlog_tiles::Hash(hash.0)
}

pub fn all_theirs(path: &[Hash]) -> Vec<tlog_tiles::Hash> {
    path.iter().copied().map(theirs).collect()
}
