//! Positions: in the log, of a row, of what a device had seen, in a device's queue of edits.

use std::{fmt, num::NonZeroU64};

use bincode::{Decode, Encode};
use serde::{Deserialize, Serialize};

/// Position of one event in the log. Dense, from 1.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Offset(NonZeroU64);

impl Offset {
    /// The offset of the first event.
    pub const FIRST: Self = Self(NonZeroU64::MIN);

    /// The offset with this number, if it is one.
    #[must_use]
    pub const fn new(number: u64) -> Option<Self> {
        match NonZeroU64::new(number) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> u64 {
        self.0.get()
    }

    /// The offset after this one.
    ///
    /// # Panics
    /// After 2^64 - 1 events.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.checked_add(1).expect("a log holds fewer than 2^64 events"))
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The last event that a reader has taken in; none before the first.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Encode,
    Decode,
    Serialize,
    Deserialize,
)]
#[serde(transparent)]
pub struct Cursor(Option<Offset>);

impl Cursor {
    /// Before the first event.
    pub const START: Self = Self(None);

    /// After the event at `offset`.
    #[must_use]
    pub fn at(offset: Offset) -> Self {
        Self(Some(offset))
    }

    /// After `count` events.
    #[must_use]
    pub fn after(count: u64) -> Self {
        Self(Offset::new(count))
    }

    /// The last event taken in.
    #[must_use]
    pub fn last(self) -> Option<Offset> {
        self.0
    }

    /// How many events have been taken in.
    #[must_use]
    pub fn count(self) -> u64 {
        self.0.map_or(0, Offset::get)
    }

    /// The offset that this cursor waits for.
    #[must_use]
    pub fn next(self) -> Offset {
        self.0.map_or(Offset::FIRST, Offset::next)
    }

    /// Moves past `offset`.
    ///
    /// # Panics
    /// If `offset` is not the next one: the log has no holes.
    pub fn advance(&mut self, offset: Offset) {
        assert_eq!(offset, self.next(), "offsets are dense");
        self.0 = Some(offset);
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.count().fmt(f)
    }
}

/// Version of a row: the offset of the last event that wrote it.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct RowVersion(pub Offset);

impl fmt::Display for RowVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a device had seen of a row when it edited it: events on the row up to this offset, or none.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize,
)]
#[serde(transparent)]
pub struct BaseVersion(Option<Offset>);

impl BaseVersion {
    /// Nothing seen: the device made the row itself.
    pub const NONE: Self = Self(None);

    /// Everything up to `offset` seen.
    #[must_use]
    pub fn seen(offset: Offset) -> Self {
        Self(Some(offset))
    }

    /// The offset, if anything was seen.
    #[must_use]
    pub fn offset(self) -> Option<Offset> {
        self.0
    }

    /// Whether the device had seen the event at `offset`.
    #[must_use]
    pub fn covers(self, offset: Offset) -> bool {
        self.0.is_some_and(|base| offset <= base)
    }
}

/// Number of an edit on its device: 1, 2, 3 …; with the device, the edit's idempotency key.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct MutationNumber(NonZeroU64);

impl MutationNumber {
    /// The number of a device's first edit.
    pub const FIRST: Self = Self(NonZeroU64::MIN);

    /// The mutation number with this value, if it is one.
    #[must_use]
    pub fn new(number: u64) -> Option<Self> {
        NonZeroU64::new(number).map(Self)
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> u64 {
        self.0.get()
    }

    /// The number after this one.
    ///
    /// # Panics
    /// After 2^64 - 1 edits of one device.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.checked_add(1).expect("a device makes fewer than 2^64 edits"))
    }
}

impl fmt::Display for MutationNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
