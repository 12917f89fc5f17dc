//! What changed, in the order in which it did: sets that were made before are kept up from it.

use std::collections::VecDeque;

use roaring::RoaringBitmap;

use super::{
    ids::RowNumber,
    references::{TableNumber, Target},
};

/// Changes kept at the most; what is older than that is evaluated anew.
pub(super) const CHANGES_MAX: u64 = 1 << 20;

/// A row that was put in, written anew or taken out.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub(super) table: TableNumber,
    pub(super) row: RowNumber,
    /// Where it pointed before and does not point any more, or the other way round.
    pub(super) moved: Box<[Target]>,
    /// Whether the row came or went, or anything but plain values changed in it.
    pub(super) is_structural: bool,
}

/// Changes, by their numbers.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// How many are not kept any more.
    gone: u64,
    kept: VecDeque<Change>,
}

impl Changes {
    /// How many changes there were.
    pub(super) fn now(&self) -> u64 {
        self.gone + self.kept.len() as u64
    }

    pub(super) fn push(&mut self, change: Change) {
        if self.kept.len() as u64 >= CHANGES_MAX {
            self.kept.pop_front();
            self.gone += 1;
        }
        self.kept.push_back(change);
    }

    /// The changes after so many; none: not all of them are kept.
    pub(super) fn since(&self, at: u64) -> Option<impl Iterator<Item = &Change>> {
        let from = usize::try_from(at.checked_sub(self.gone)?).ok()?;
        Some(self.kept.range(from.min(self.kept.len())..))
    }

    /// The rows of a table that changed after so many; none: not all changes are kept.
    pub(super) fn rows_since(&self, at: u64, table: TableNumber) -> Option<RoaringBitmap> {
        let changes = self.since(at)?.filter(|change| change.table == table);
        Some(changes.map(|change| change.row).collect())
    }
}
