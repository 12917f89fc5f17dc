//! The Merkle tree of RFC 6962 over leaves that are only ever appended.
//!
//! [`Frontier`] is as much of a tree as its root and further growth need. `verify` checks paths.
//! Making paths needs more of the tree than a frontier has: see [`crate::tile`].

mod verify;

pub(crate) use verify::same_root;
pub use verify::{verify_consistency, verify_inclusion};

use crate::hash::{Hash, empty_root, node_hash};

/// The right edge of a tree: the roots of the perfect subtrees that its leaves fall into, one for
/// each bit that is set in the number of leaves. Also known as a compact range.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// Left to right, so the largest subtree first.
    roots: Vec<Hash>,
}

impl Frontier {
    /// Appends a leaf. Costs one node hash, taken over many leaves.
    ///
    /// # Panics
    /// After 2^64 - 1 leaves.
    pub fn push(&mut self, leaf: Hash) {
        let mut root = leaf;
        for _ in 0..self.size.trailing_ones() {
            let left = self.roots.pop().expect("a root for each bit of the size");
            root = node_hash(&left, &root);
        }
        self.roots.push(root);
        self.size = self.size.checked_add(1).expect("a tree has fewer than 2^64 leaves");
    }

    /// How many leaves there are.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Root of the tree. Costs at most 63 node hashes.
    #[must_use]
    pub fn root(&self) -> Hash {
        join(&self.roots)
    }

    /// The frontier of a tree of `size` leaves from the roots of its perfect subtrees, left to
    /// right (the largest first); none if there are too few or too many of them.
    ///
    /// Whether they are the right ones shows only in [`Frontier::root`].
    #[must_use]
    pub fn from_parts(size: u64, roots: Vec<Hash>) -> Option<Self> {
        let expected = usize::try_from(size.count_ones()).ok()?;
        (roots.len() == expected).then_some(Self { size, roots })
    }

    /// The number of leaves and the roots, as [`Frontier::from_parts`] takes them.
    #[must_use]
    pub fn parts(&self) -> (u64, &[Hash]) {
        (self.size, &self.roots)
    }
}

/// Root over the roots of perfect subtrees, left to right, each smaller than the one before it.
pub(crate) fn join(roots: &[Hash]) -> Hash {
    let mut from_right = roots.iter().rev();
    let Some(last) = from_right.next() else { return empty_root() };
    from_right.fold(*last, |right, left| node_hash(left, &right))
}

/// Root of a perfect tree: `hashes` are its leaves, or nodes of one height, in number a power of 2.
pub(crate) fn perfect_root(hashes: &[Hash]) -> Hash {
    match hashes {
        [] => unreachable!("a perfect tree has leaves"),
        [root] => *root,
        _ => {
            let (left, right) = hashes.split_at(hashes.len() / 2);
            node_hash(&perfect_root(left), &perfect_root(right))
        }
    }
}

/// Number of leaves to the left of the root in a tree of `size` leaves, 2 or more: the largest
/// power of 2 below `size`, RFC 6962 section 2.1.
pub(crate) fn left_size(size: u64) -> u64 {
    1 << (size - 1).ilog2()
}
