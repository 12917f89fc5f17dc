//! Stretches of ids: the keys of blocks.

use std::cmp::Ordering;

use haversack_core::RowId;

/// The ids from one to another, both included.
///
/// Spans that have an id in common are equal to each other. Those of one map never have, so that there
/// it is a total order; and looking for a single id finds the span that holds it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub first: RowId,
    pub last: RowId,
}

impl Span {
    /// Every id.
    pub const ALL: Self =
        Self { first: RowId::from_bytes([0; 16]), last: RowId::from_bytes([u8::MAX; 16]) };

    /// One id.
    pub fn of(id: RowId) -> Self {
        Self { first: id, last: id }
    }

    /// The ids before one, and those from it on.
    pub fn split(self, at: RowId) -> (Self, Self) {
        let before = u128::from_be_bytes(*at.as_bytes()).checked_sub(1);
        let before = before.expect("a span is split behind its first id").to_be_bytes();
        (Self { last: RowId::from_bytes(before), ..self }, Self { first: at, ..self })
    }
}

impl Ord for Span {
    fn cmp(&self, other: &Self) -> Ordering {
        if self.last < other.first {
            Ordering::Less
        } else if self.first > other.last {
            Ordering::Greater
        } else {
            Ordering::Equal
        }
    }
}

impl PartialOrd for Span {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Span {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Span {}
