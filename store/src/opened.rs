//! A group read back from either copy, with everything that can be checked of it checked.

use haversack_core::{Offset, limits::GROUP_BYTES_MAX};
use haversack_proof::{Hash, chain_hash};

use crate::{
    LogRecord,
    fault::Failed,
    flaw::Flaw,
    index::Index,
    pack::{Pair, leaf},
    part::{Group, Key, Part},
    unpack::{Evidence, Unpacker},
};

/// Reads the events of a group from its pairs and hands them on; gives back their leaves.
///
/// # Errors
/// If the pairs are not those of this group: all of it, unchanged, with the right chain.
pub(crate) fn open(
    group: &Group,
    pairs: &[Pair],
    take: &mut dyn FnMut(LogRecord, Evidence<'_>),
) -> Result<Vec<Hash>, Flaw> {
    let flaw = |what: &str| Flaw::new(Some(group.first), what);
    let mut unpacker = Unpacker::default();
    let mut leaves = Vec::new();
    let mut bytes = 0;
    for (key, value) in pairs {
        // Before it's decompressed: a few hostile bytes can announce much.
        bytes += Part::from_pair(&key.to_bytes(), value)?.0.new_bytes();
        if bytes > GROUP_BYTES_MAX {
            return Err(flaw("a group is too large"));
        }
        unpacker.push(&key.to_bytes(), value, &mut |record, evidence| {
            leaves.push(leaf(&record, &evidence));
            take(record, evidence);
        })?;
    }
    let whole = unpacker.last().is_some_and(|last| last.ends_group() && last.group == *group)
        && leaves.len() as u64 == u64::from(group.events);
    if !whole {
        return Err(flaw("a group is not complete"));
    }
    let chain = chain_hash(&Hash(group.before), group.first.get(), &leaves);
    if chain.0 == group.chain { Ok(leaves) } else { Err(flaw("the hash chain is broken")) }
}

/// The group that begins at an event, as an index has it: none if it has nothing there.
pub(crate) fn indexed(
    index: &dyn Index,
    first: Offset,
) -> Result<Option<(Group, Vec<Pair>)>, Failed> {
    let start = Key { first, part: 0 };
    let mut pairs: Vec<Pair> = Vec::new();
    let mut group = None;
    for pair in index.from(start) {
        let (key, value) = pair?;
        let (part, _) = Part::from_pair(&key, &value)?;
        if pairs.is_empty() && part.key != start {
            return Ok(None);
        }
        if part.group.first != first {
            break;
        }
        group = Some(part.group);
        pairs.push((part.key, value));
        if pairs.len() as u64 == u64::from(part.group.parts) {
            break;
        }
    }
    Ok(group.map(|group| (group, pairs)))
}
