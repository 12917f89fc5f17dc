//! Every pair up to 300 leaves: our paths, the RFC's definition and two crates by other people
//! agree; and what was tampered with is refused.

use ct_merkle::{ConsistencyProof, InclusionProof, RootHash, mem_backed_tree::MemoryBackedTree};
use haversack_proof::{
    Frontier, Hash, Levels, VerifyError, empty_root,
    tile::{consistency_path, frontier, inclusion_path, root, tile_bytes},
    verify_consistency, verify_inclusion,
};
use sha2::Sha256;

use crate::{
    kept::{Kept, all_theirs, entry, leaf, theirs},
    oracle::Oracle,
};

const SIZE_MAX: u64 = 300;

fn oracle() -> Oracle {
    Oracle::new(&(0..SIZE_MAX).map(entry).collect::<Vec<_>>())
}

fn ct_root(root: Hash, size: u64) -> RootHash<Sha256> {
    RootHash::new(root.0.into(), size)
}

#[test]
fn roots_are_the_same_by_every_way() {
    let (oracle, kept) = (oracle(), Kept::of(SIZE_MAX));
    let mut ct = MemoryBackedTree::<Sha256, Vec<u8>>::new();
    let (mut pushed, mut levels) = (Frontier::default(), Levels::default());
    assert_eq!(levels.root(), empty_root());
    for size in 1..=SIZE_MAX {
        ct.push(entry(size - 1));
        pushed.push(leaf(size - 1));
        levels.push(leaf(size - 1), &mut |_, _, _| ());
        let expected = oracle.root(size as usize);
        assert_eq!(expected.0.as_slice(), ct.root().as_bytes().as_slice());
        assert_eq!(expected, pushed.root());
        assert_eq!(expected, levels.root());
        let Ok(read) = root(size, &kept.at(size));
        assert_eq!(expected, read);
        let Ok(read) = frontier(size, &kept.at(size));
        assert_eq!(pushed, read);
        assert_eq!(pushed, levels.frontier());
        let (size, roots) = pushed.parts();
        assert_eq!(Frontier::from_parts(size, roots.to_vec()), Some(pushed.clone()));
        assert_eq!(Frontier::from_parts(size, roots[1..].to_vec()), None);
    }
}

#[test]
fn every_inclusion_is_proved() {
    let (oracle, kept) = (oracle(), Kept::of(SIZE_MAX));
    for size in 1..=SIZE_MAX {
        let root = oracle.root(size as usize);
        for index in 0..size {
            let Ok(path) = inclusion_path(index, size, &kept.at(size));
            assert_eq!(path, oracle.inclusion(index as usize, size as usize));
            let leaf = leaf(index);
            assert_eq!(verify_inclusion(&leaf, index, size, &root, &path), Ok(()));
            let proof = InclusionProof::<Sha256>::from_bytes(tile_bytes(&path));
            ct_root(root, size).verify_inclusion(&entry(index), index, &proof).unwrap();
            let path = all_theirs(&path);
            tlog_tiles::check_record(&path, size, theirs(root), index, theirs(leaf)).unwrap();
        }
    }
}

#[test]
fn every_consistency_is_proved() {
    let (oracle, kept) = (oracle(), Kept::of(SIZE_MAX));
    for new in 1..=SIZE_MAX {
        let new_root = oracle.root(new as usize);
        for old in 0..=new {
            let Ok(path) = consistency_path(old, new, &kept.at(new));
            assert_eq!(path, oracle.consistency(old as usize, new as usize));
            let old_root = oracle.root(old as usize);
            assert_eq!(verify_consistency(old, &old_root, new, &new_root, &path), Ok(()));
            // The others know no proofs from an empty tree.
            if old > 0 {
                let proof = ConsistencyProof::<Sha256>::try_from_bytes(tile_bytes(&path)).unwrap();
                ct_root(new_root, new).verify_consistency(&ct_root(old_root, old), &proof).unwrap();
                let path = all_theirs(&path);
                tlog_tiles::check_tree(&path, new, theirs(new_root), old, theirs(old_root))
                    .unwrap();
            }
        }
    }
}

/// Paths that are like `path` and are not: a bit of a hash turned, hashes left out, put in, swapped.
fn other_paths(path: &[Hash]) -> Vec<Vec<Hash>> {
    let mut others = Vec::new();
    for at in 0..path.len() {
        let mut turned = path.to_vec();
        turned[at].0[at % 32] ^= 1 << (at % 8);
        let mut fewer = path.to_vec();
        fewer.remove(at);
        let mut more = path.to_vec();
        more.insert(at, path[at]);
        others.extend([turned, fewer, more]);
        if at > 0 {
            let mut swapped = path.to_vec();
            swapped.swap(at - 1, at);
            others.push(swapped);
        }
    }
    let mut longer = path.to_vec();
    longer.push(Hash::ZERO);
    others.push(longer);
    others
}

#[test]
fn other_inclusions_are_refused() {
    let oracle = oracle();
    for size in 1..=40 {
        let root = oracle.root(size as usize);
        for index in 0..size {
            let path = oracle.inclusion(index as usize, size as usize);
            for other in other_paths(&path) {
                verify_inclusion(&leaf(index), index, size, &root, &other).unwrap_err();
            }
            for other in (0..=size + 1).filter(|other| *other != index) {
                verify_inclusion(&leaf(index), other, size, &root, &path).unwrap_err();
                verify_inclusion(&leaf(other), index, size, &root, &path).unwrap_err();
            }
            // A node is no leaf, and a path from it is no path from a leaf.
            if let [sibling, rest @ ..] = path.as_slice() {
                verify_inclusion(sibling, index, size, &root, rest).unwrap_err();
            }
        }
    }
}

#[test]
fn other_consistencies_are_refused() {
    let oracle = oracle();
    let root = |size: u64| oracle.root(size as usize);
    for new in 1..=40 {
        for old in 0..=new {
            let path = oracle.consistency(old as usize, new as usize);
            let verify = |old, old_root: &Hash, new_root: &Hash, path: &[Hash]| {
                verify_consistency(old, old_root, new, new_root, path)
            };
            for other in other_paths(&path) {
                verify(old, &root(old), &root(new), &other).unwrap_err();
            }
            for other in (0..=40).filter(|other| *other != old) {
                verify(old, &root(other), &root(new), &path).unwrap_err();
                // Any tree begins with the empty one, so this is right where the path is empty.
                if !(other == 0 && path.is_empty()) && other != new {
                    verify(other, &root(old), &root(new), &path).unwrap_err();
                }
            }
            for other in (1..=40).filter(|other| *other != new && old > 0) {
                verify(old, &root(old), &root(other), &path).unwrap_err();
            }
        }
    }
}

#[test]
fn a_refusal_says_why() {
    let oracle = oracle();
    let (six, eight) = (oracle.root(6), oracle.root(8));
    let path = oracle.consistency(6, 8);
    let shrunk = verify_consistency(8, &eight, 6, &six, &path);
    assert_eq!(shrunk, Err(VerifyError::Shrunk { old: 8, new: 6 }));
    let two = verify_consistency(8, &six, 8, &eight, &[]).unwrap_err();
    assert_eq!(two, VerifyError::TwoRoots { size: 8, one: six, other: eight });
    let short = verify_consistency(6, &six, 8, &eight, &path[1..]);
    assert_eq!(short, Err(VerifyError::PathLength { found: 2, expected: 3 }));
    let beyond = verify_inclusion(&leaf(8), 8, 8, &eight, &[]).unwrap_err();
    assert_eq!(
        beyond.to_string(),
        "event 9 is not in a log of 8 events; ask for a proof under a later checkpoint"
    );
    // The largest numbers there are: nothing overflows.
    let path = [Hash::ZERO; 64];
    for index in [0, 1, u64::MAX - 1, u64::MAX] {
        verify_inclusion(&six, index, u64::MAX, &six, &path).unwrap_err();
        verify_consistency(index, &six, u64::MAX, &eight, &path).unwrap_err();
        verify_consistency(index, &six, u64::MAX, &eight, &[]).unwrap_err();
    }
}
