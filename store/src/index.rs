//! The copy of the log that is read: groups cut into parts, by the offsets of their events.
//!
//! It's filled right after a group was acknowledged, and made again from the journal if it's lost.

mod caught;
mod memory;
pub(crate) mod sled;

use std::io;

use crate::{
    flaw::Flaw,
    pack::Pair,
    part::{Key, Part},
};

pub(crate) use caught::caught;
pub use memory::SimIndex;

/// What an index did instead of what it was asked for.
#[derive(Debug)]
pub(crate) enum Fault {
    /// sled says so.
    Told(::sled::Error),
    /// A file failed.
    File(io::Error),
    /// sled panicked.
    Panicked(String),
}

impl From<::sled::Error> for Fault {
    fn from(error: ::sled::Error) -> Self {
        Self::Told(error)
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::File(error)
    }
}

/// A pair as it's stored: nothing is known of it yet.
pub(crate) type RawPair = (Vec<u8>, Vec<u8>);

/// Pairs in the order of their keys.
pub(crate) type RawPairs<'a> = Box<dyn Iterator<Item = Result<RawPair, Fault>> + 'a>;

/// An ordered map from keys to values. Only [`caught`] code calls it: sled may panic.
pub(crate) trait Index: Send + Sync {
    /// Writes pairs, all or none; they need not be durable.
    fn write(&self, pairs: &[Pair]) -> Result<(), Fault>;

    /// Makes all that was written durable.
    fn sync(&self) -> Result<(), Fault>;

    /// The pairs from `key` on.
    fn from(&self, key: Key) -> RawPairs<'_>;

    /// The last pair up to `key`, that one included.
    fn up_to(&self, key: Key) -> Result<Option<RawPair>, Fault>;
}

/// Where an index is kept.
pub(crate) trait IndexHome: Send + Sync {
    /// Opens it, or makes an empty one where there is none.
    fn open(&self) -> Result<Box<dyn Index>, Fault>;

    /// Takes it away, whatever is there. It must not be open.
    fn clear(&self) -> io::Result<()>;
}

/// The last part up to `key`.
pub(crate) fn part_up_to(
    index: &dyn Index,
    key: Key,
) -> Result<Option<Part>, crate::fault::Failed> {
    let Some((key, value)) = index.up_to(key)? else { return Ok(None) };
    Ok(Some(Part::from_pair(&key, &value)?.0))
}

/// The last part of all.
pub(crate) fn last_part(index: &dyn Index) -> Result<Option<Part>, crate::fault::Failed> {
    part_up_to(index, Key::MAX)
}

/// The key of the first part of the block that holds an event.
pub(crate) fn start_of(
    index: &dyn Index,
    offset: haversack_core::Offset,
) -> Result<Key, crate::fault::Failed> {
    let missing = || Flaw::new(Some(offset), "this event is missing");
    let part = part_up_to(index, Key { first: offset, part: u32::MAX })?.ok_or_else(missing)?;
    let holds = offset.get() - part.key.first.get() < u64::from(part.block.events);
    // A block of several pieces was found by its last one.
    match part.key.part.checked_sub(part.piece) {
        Some(number) if holds => Ok(Key { first: part.key.first, part: number }),
        _ => Err(missing().into()),
    }
}
