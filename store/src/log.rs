//! The log as the rest of the program sees it.

use haversack_core::{
    Cursor, Offset,
    event::{Record, Sequenced},
};

use crate::StoreError;

/// An event as the log keeps it.
pub type LogRecord = Sequenced<Record>;

/// An append-only sequence of events: dense, from offset 1, never edited.
///
/// One thread appends, any number read. A reader sees whole groups, and none that is not durable.
pub trait Log: Send + Sync {
    /// Appends one group, whole or not at all, whatever happens; it's durable when this returns.
    /// A group of no events changes nothing.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`] if an event can't be kept: nothing was written, and the log goes on.
    /// [`StoreError::Full`] if there was no space: nothing counts of it, and later appends may go
    /// through. [`StoreError::SyncFailed`] if the group may not be durable: it's not visible, and
    /// every later append is refused until the log is opened again, which tells whether it's there.
    ///
    /// # Panics
    /// If the offsets don't follow the head densely: giving them is the caller's task.
    fn append(&self, group: &[LogRecord]) -> Result<(), StoreError>;

    /// Reads up to `limit` events from `from` on, in order; fewer only at the log's end.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] with the first offset that can't be read; [`StoreError::Io`].
    fn read(&self, from: Offset, limit: usize) -> Result<Vec<LogRecord>, StoreError>;

    /// The last durable event.
    fn head(&self) -> Cursor;

    /// The hash chain with the group that ends at `at`: it stands for all events up to there, so
    /// that what was derived from them can say so. None if no group ends there.
    ///
    /// # Errors
    /// As [`Log::read`].
    fn chain_at(&self, at: Cursor) -> Result<Option<[u8; 32]>, StoreError>;
}

/// The head after `group` is appended.
///
/// # Panics
/// If the group doesn't follow the head.
pub(crate) fn head_after(mut head: Cursor, group: &[LogRecord]) -> Cursor {
    group.iter().for_each(|record| head.advance(record.offset));
    head
}
