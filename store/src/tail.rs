//! Finding one's place in the log: its end, and the part that an event begins in.

use haversack_core::{Cursor, Offset};

use crate::{
    fault::Failed,
    flaw::Flaw,
    part::{Key, Part},
    sled_file::{Fault, SledFile},
    unpack::Unpacker,
};

/// The last event of the log, when its last group was found whole.
pub(crate) fn tail(sled: &SledFile) -> Result<Cursor, Failed> {
    let end = Key { first: Offset::new(u64::MAX).expect("not 0"), part: u32::MAX };
    let Some(last) = part_up_to(sled, end)? else { return Ok(Cursor::START) };
    check_join(sled, &last)?;
    let mut records = Vec::new();
    let mut unpacker = Unpacker::default();
    for pair in sled.parts_from(Key { first: last.group.first, part: 0 }) {
        let (key, value) = pair.map_err(Fault::from)?;
        unpacker.push(&key, &value, &mut records)?;
        // All that is wanted is that they can be read.
        records.clear();
    }
    match unpacker.last() {
        Some(last) if last.ends_group() => {
            Ok(Cursor::after(last.group.first.get() + u64::from(last.group.events) - 1))
        }
        _ => Err(Flaw::new(Some(last.group.first), "the last group is not complete").into()),
    }
}

/// Checks that the last group begins with its first part, right after the group before it.
fn check_join(sled: &SledFile, last: &Part) -> Result<(), Failed> {
    let incomplete = || Flaw::new(Some(last.group.first), "the last group has no beginning");
    let start = Key { first: last.group.first, part: 0 };
    let first = part_up_to(sled, start)?.filter(Part::starts_group).ok_or_else(incomplete)?;
    let joined = match key_before(start) {
        None => true,
        Some(key) => part_up_to(sled, key)?.is_some_and(|before| first.follows(&before)),
    };
    if joined {
        Ok(())
    } else {
        Err(Flaw::new(Some(start.first), "the group before this event is missing").into())
    }
}

/// The greatest key that a part of an earlier group can have; none before the first group.
fn key_before(start: Key) -> Option<Key> {
    Some(Key { first: Offset::new(start.first.get() - 1)?, part: u32::MAX })
}

/// The key of the first part of the block that holds `offset`.
pub(crate) fn start_of(sled: &SledFile, offset: Offset) -> Result<Key, Failed> {
    let missing = || Flaw::new(Some(offset), "this event is missing");
    let part = part_up_to(sled, Key { first: offset, part: u32::MAX })?.ok_or_else(missing)?;
    let holds = offset.get() - part.key.first.get() < u64::from(part.block.events);
    // A block of several pieces was found by its last one.
    match part.key.part.checked_sub(part.piece) {
        Some(number) if holds => Ok(Key { first: part.key.first, part: number }),
        _ => Err(missing().into()),
    }
}

fn part_up_to(sled: &SledFile, key: Key) -> Result<Option<Part>, Failed> {
    let Some((key, value)) = sled.part_up_to(key).map_err(Fault::from)? else { return Ok(None) };
    Ok(Some(Part::from_pair(&key, &value)?.0))
}
