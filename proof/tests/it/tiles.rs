//! Larger trees, through tiles: made, named, read, taken up again.

use std::{collections::BTreeMap, sync::LazyLock};

use haversack_proof::{
    Hash, Levels, Tile,
    tile::{
        consistency_path, frontier, full_tiles, inclusion_path, partial_tiles, root, tile_bytes,
        tile_hashes,
    },
    verify_consistency, verify_inclusion,
};
use proptest::prelude::*;
use tlog_tiles::TileHashReader;

use crate::kept::{Kept, all_theirs, leaf, theirs};

const SIZE_MAX: u64 = 100_000;

static KEPT: LazyLock<Kept> = LazyLock::new(|| Kept::of(SIZE_MAX));

/// A size and a number from 0 to below it.
fn size_and_less() -> impl Strategy<Value = (u64, u64)> {
    let sizes = prop_oneof![
        1..=SIZE_MAX,
        (0u32..=8, 1u64..=256, 0u64..3)
            .prop_map(|(bits, times, less)| { ((times << bits) + less).clamp(1, SIZE_MAX) }),
        65_000u64..66_000
    ];
    sizes.prop_flat_map(|size| (Just(size), 0..size))
}

proptest! {
    #[test]
    fn paths_of_large_trees_are_those_of_tlog_tiles((size, less) in size_and_less()) {
        let at = KEPT.at(size);
        let Ok(root) = root(size, &at);
        let theirs_at = TileHashReader::new(size, theirs(root), &*KEPT);

        let Ok(path) = inclusion_path(less, size, &at);
        let record = tlog_tiles::prove_record(size, less, &theirs_at).unwrap();
        prop_assert_eq!(all_theirs(&path), record);
        prop_assert_eq!(verify_inclusion(&leaf(less), less, size, &root, &path), Ok(()));

        let old = less + 1;
        let Ok(path) = consistency_path(old, size, &at);
        let tree = tlog_tiles::prove_tree(size, old, &theirs_at).unwrap();
        prop_assert_eq!(all_theirs(&path), tree);
        let Ok(old_root) = haversack_proof::tile::root(old, &KEPT.at(old));
        prop_assert_eq!(verify_consistency(old, &old_root, size, &root, &path), Ok(()));
    }

    #[test]
    fn few_tiles_are_read((size, less) in size_and_less()) {
        // Two a level at most: one on the way, one at the right edge. Three levels are in use.
        for what in 0..3 {
            let at = KEPT.at(size);
            let Ok(_) = match what {
                0 => root(size, &at).map(|_| ()),
                1 => inclusion_path(less, size, &at).map(|_| ()),
                _ => consistency_path(less, size, &at).map(|_| ()),
            };
            prop_assert!(at.read.borrow().len() <= 6);
        }
    }

    #[test]
    fn a_tree_is_taken_up_again_from_its_partial_tiles(
        size in 0..SIZE_MAX - 600,
        more in 0u64..600,
    ) {
        let mut partial = vec![Vec::new(); 8];
        for tile in partial_tiles(size) {
            partial[usize::from(tile.level)] = KEPT.tile(tile).to_vec();
        }
        let mut levels = Levels::from_tiles(size, partial.clone()).unwrap();
        let Ok(before) = root(size, &KEPT.at(size));
        prop_assert_eq!(levels.root(), before);
        prop_assert_eq!(levels.partial().map(|(tile, _)| tile).collect::<Vec<_>>(),
            partial_tiles(size).collect::<Vec<_>>());

        let mut completed = Vec::new();
        for index in size..size + more {
            levels.push(leaf(index), &mut |level, index, hashes| {
                completed.push((Tile { level, index, width: 256 }, hashes.to_vec()));
            });
        }
        let Ok(edge) = frontier(size + more, &KEPT.at(size + more));
        prop_assert_eq!(levels.frontier(), edge);
        completed.sort();
        let expected = full_tiles(size, size + more)
            .map(|tile| (tile, KEPT.tile(tile).to_vec()))
            .collect::<Vec<_>>();
        prop_assert_eq!(completed, expected);

        partial[0].push(Hash::ZERO);
        prop_assert_eq!(Levels::from_tiles(size, partial), None);
    }

    #[test]
    fn tiles_and_their_paths_are_those_of_tlog_tiles(
        from in 0u64..1 << 40,
        more in 0u64..200_000,
    ) {
        let to = from + more;
        // They list no partial tile of a level that did not grow.
        let theirs = tlog_tiles::Tile::new_tiles(8, from, to);
        let (full, partial): (Vec<_>, Vec<_>) = theirs.iter().partition(|t| t.width() == 256);
        let expected = full.into_iter().map(path_of_theirs).collect::<Vec<_>>();
        prop_assert_eq!(full_tiles(from, to).map(|t| t.path()).collect::<Vec<_>>(), expected);
        let ours = partial_tiles(to).map(|t| t.path()).collect::<Vec<_>>();
        prop_assert!(partial.into_iter().all(|tile| ours.contains(&path_of_theirs(tile))));
        for tile in partial_tiles(to) {
            let last = tile.index * 256 + u64::from(tile.width) - 1;
            prop_assert_eq!(Tile::of(tile.level, last, to), Some(tile));
            prop_assert_eq!(Tile::of(tile.level, last + 1, to), None);
        }
    }
}

/// Their paths also name the height, which C2SP leaves out as it is always 8.
fn path_of_theirs(tile: &tlog_tiles::Tile) -> String {
    tile.path().replacen("tile/8/", "tile/", 1)
}

#[test]
fn paths_are_as_in_the_specification() {
    let tile = Tile { level: 0, index: 1_234_067, width: 256 };
    assert_eq!(tile.path(), "tile/0/x001/x234/067");
    let tile = Tile { width: 12, ..tile };
    assert_eq!(tile.path(), "tile/0/x001/x234/067.p/12");
    assert_eq!(tile.entries_path(), "tile/entries/x001/x234/067.p/12");
    let tile = Tile { level: 3, index: 7, width: 256 };
    assert_eq!(tile.path(), "tile/3/007");
}

#[test]
fn tiles_of_70_000_are_as_in_the_specification() {
    let full = full_tiles(0, 70_000).fold(BTreeMap::new(), |mut count, tile| {
        *count.entry(tile.level).or_insert(0) += 1;
        count
    });
    assert_eq!(full, BTreeMap::from([(0, 273), (1, 1)]));
    let partial = partial_tiles(70_000).map(|tile| tile.path()).collect::<Vec<_>>();
    assert_eq!(partial, ["tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"]);
    let partial = partial_tiles(256).map(|tile| tile.path()).collect::<Vec<_>>();
    assert_eq!(partial, ["tile/1/000.p/1"]);
    assert_eq!(partial_tiles(u64::MAX).count(), 8);
}

#[test]
fn bytes_of_a_tile_are_its_hashes() {
    let hashes = (0..256).map(leaf).collect::<Vec<_>>();
    for count in [1, 2, 255, 256] {
        let bytes = tile_bytes(&hashes[..count]);
        assert_eq!(bytes.len(), count * 32);
        assert_eq!(tile_hashes(&bytes).unwrap(), &hashes[..count]);
        assert_eq!(tile_hashes(&bytes[1..]), None);
    }
    assert_eq!(tile_hashes(&[]), None);
    assert_eq!(tile_hashes(&[0; 257 * 32]), None);
}
