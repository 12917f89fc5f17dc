//! Tree and paths exactly as RFC 6962 sections 2.1 to 2.1.2 define them: recursive, over a list of
//! leaves. Roots are remembered, as otherwise all pairs would take minutes.

use std::{cell::RefCell, collections::BTreeMap};

use haversack_proof::{Hash, empty_root, leaf_hash, node_hash};

/// A list of leaves, and the definitions on it.
pub struct Oracle {
    leaves: Vec<Hash>,
    roots: RefCell<BTreeMap<(usize, usize), Hash>>,
}

impl Oracle {
    pub fn new(entries: &[Vec<u8>]) -> Self {
        let leaves = entries.iter().map(|entry| leaf_hash(entry)).collect();
        Self { leaves, roots: RefCell::default() }
    }

    pub fn leaf(&self, index: usize) -> Hash {
        self.leaves[index]
    }

    pub fn root(&self, size: usize) -> Hash {
        self.mth(0, size)
    }

    pub fn inclusion(&self, index: usize, size: usize) -> Vec<Hash> {
        self.path(index, 0, size)
    }

    pub fn consistency(&self, old: usize, new: usize) -> Vec<Hash> {
        if old == 0 { Vec::new() } else { self.subproof(old, 0, new, true) }
    }

    /// MTH(D[from:to]).
    fn mth(&self, from: usize, to: usize) -> Hash {
        if let Some(root) = self.roots.borrow().get(&(from, to)) {
            return *root;
        }
        let root = match to - from {
            0 => empty_root(),
            1 => self.leaves[from],
            n => {
                let k = split(n);
                node_hash(&self.mth(from, from + k), &self.mth(from + k, to))
            }
        };
        self.roots.borrow_mut().insert((from, to), root);
        root
    }

    /// PATH(m, D[from:to]).
    fn path(&self, m: usize, from: usize, to: usize) -> Vec<Hash> {
        let n = to - from;
        if n == 1 {
            return Vec::new();
        }
        let k = split(n);
        let (mut path, sibling) = if m < k {
            (self.path(m, from, from + k), self.mth(from + k, to))
        } else {
            (self.path(m - k, from + k, to), self.mth(from, from + k))
        };
        path.push(sibling);
        path
    }

    /// SUBPROOF(m, D[from:to], b).
    fn subproof(&self, m: usize, from: usize, to: usize, b: bool) -> Vec<Hash> {
        let n = to - from;
        if m == n {
            return if b { Vec::new() } else { vec![self.mth(from, to)] };
        }
        let k = split(n);
        let (mut path, sibling) = if m <= k {
            (self.subproof(m, from, from + k, b), self.mth(from + k, to))
        } else {
            (self.subproof(m - k, from + k, to, false), self.mth(from, from + k))
        };
        path.push(sibling);
        path
    }
}

/// The largest power of two that is smaller than `n`.
fn split(n: usize) -> usize {
    let mut k = 1;
    while k * 2 < n {
        k *= 2;
    }
    k
}
