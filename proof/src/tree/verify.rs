//! Checking a path: from what is claimed up to a root that is trusted.
//!
//! The rules are those of RFC 9162 sections 2.1.3.2 and 2.1.4.2, which are RFC 6962's. How many
//! hashes a path must have follows from the sizes alone. It is checked first; after that no hash
//! can be missing, left over, or read for another purpose.

use crate::{
    error::VerifyError,
    hash::{Hash, empty_root, node_hash},
};

/// Checks that `leaf` is the leaf at `index`, from 0, of the tree of `size` leaves with this root.
/// `path` has the siblings from the leaf up.
///
/// # Errors
/// If that is not proved.
pub fn verify_inclusion(
    leaf: &Hash,
    index: u64,
    size: u64,
    root: &Hash,
    path: &[Hash],
) -> Result<(), VerifyError> {
    if index >= size {
        return Err(VerifyError::NotInTree { index, size });
    }
    let shape = Shape::of(index, size);
    check_length(path, shape.inner + shape.outer)?;
    let (inner, outer) = path.split_at(shape.inner);
    let found = climb_left(climb(*leaf, index, inner), outer);
    if found != *root {
        return Err(VerifyError::Root { size, found, expected: *root });
    }
    Ok(())
}

/// Checks that the tree of `new_size` leaves begins with the leaves of the tree of `old_size`.
/// `path` is as RFC 6962 section 2.1.2 makes it; it is empty if the sizes are equal or `old_size`
/// is 0, as every tree begins with the empty one.
///
/// # Errors
/// If that is not proved.
pub fn verify_consistency(
    old_size: u64,
    old_root: &Hash,
    new_size: u64,
    new_root: &Hash,
    path: &[Hash],
) -> Result<(), VerifyError> {
    if old_size > new_size {
        return Err(VerifyError::Shrunk { old: old_size, new: new_size });
    }
    if old_size == new_size {
        check_length(path, 0)?;
        return same_root(new_size, old_root, new_root);
    }
    if old_size == 0 {
        check_length(path, 0)?;
        return check_old(0, empty_root(), old_root);
    }
    // The path begins at the largest perfect subtree that ends where the old tree ends.
    let height = old_size.trailing_zeros();
    let mut shape = Shape::of(old_size - 1, new_size);
    // The last leaf of that subtree lies right in all of its `height` levels, and the way of leaf
    // `old_size` turns off above them: so `inner` is larger than `height`.
    shape.inner -= height as usize;
    let is_perfect = old_size.is_power_of_two();
    let start = usize::from(!is_perfect);
    check_length(path, start + shape.inner + shape.outer)?;
    let (seed, rest) = if is_perfect { (*old_root, path) } else { (path[0], &path[1..]) };
    let (inner, outer) = rest.split_at(shape.inner);
    let index = (old_size - 1) >> height;
    check_old(old_size, climb_left(climb_old(seed, index, inner), outer), old_root)?;
    let found = climb_left(climb(seed, index, inner), outer);
    if found != *new_root {
        return Err(VerifyError::Root { size: new_size, found, expected: *new_root });
    }
    Ok(())
}

/// The two parts of the way from a leaf to the root.
struct Shape {
    /// Levels up to where the way meets that of the last leaf: a sibling at each, left or right.
    inner: usize,
    /// Levels above, along the right edge, at which there is a sibling: always to the left.
    outer: usize,
}

impl Shape {
    /// The way of the leaf at `index`, which is in a tree of `size` leaves.
    fn of(index: u64, size: u64) -> Self {
        let inner = u64::BITS - (index ^ (size - 1)).leading_zeros();
        let above = index.checked_shr(inner).unwrap_or(0);
        Self { inner: inner as usize, outer: above.count_ones() as usize }
    }
}

/// Up through siblings on both sides: bit by bit, `index` says on which side the way is.
fn climb(seed: Hash, index: u64, siblings: &[Hash]) -> Hash {
    siblings.iter().enumerate().fold(seed, |hash, (level, sibling)| {
        if (index >> level) & 1 == 0 {
            node_hash(&hash, sibling)
        } else {
            node_hash(sibling, &hash)
        }
    })
}

/// Up as in the old tree, which had none of the siblings to the right.
fn climb_old(seed: Hash, index: u64, siblings: &[Hash]) -> Hash {
    siblings.iter().enumerate().fold(seed, |hash, (level, sibling)| {
        if (index >> level) & 1 == 0 { hash } else { node_hash(sibling, &hash) }
    })
}

/// Up through siblings to the left.
fn climb_left(seed: Hash, siblings: &[Hash]) -> Hash {
    siblings.iter().fold(seed, |hash, sibling| node_hash(sibling, &hash))
}

fn check_length(path: &[Hash], expected: usize) -> Result<(), VerifyError> {
    let found = path.len();
    if found != expected {
        return Err(VerifyError::PathLength { found, expected });
    }
    Ok(())
}

fn check_old(size: u64, found: Hash, expected: &Hash) -> Result<(), VerifyError> {
    if found != *expected {
        return Err(VerifyError::OldRoot { size, found, expected: *expected });
    }
    Ok(())
}

/// Two trees of one size are the same tree, or one of them is a lie.
pub(crate) fn same_root(size: u64, one: &Hash, other: &Hash) -> Result<(), VerifyError> {
    if one != other {
        return Err(VerifyError::TwoRoots { size, one: *one, other: *other });
    }
    Ok(())
}
