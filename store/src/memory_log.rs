//! A log in memory, for tests: durable as long as the process.

use std::{
    collections::BTreeMap,
    sync::{PoisonError, RwLock},
};

use haversack_core::{Cursor, Offset};
use haversack_proof::SALT_BYTES;

use crate::{Log, LogRecord, StoreError, log::head_after, pack::pack};

/// A log that keeps its events in memory. Only an event that no log takes fails.
#[derive(Debug, Default)]
pub struct MemoryLog {
    kept: RwLock<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    records: Vec<LogRecord>,
    /// Where groups end, and the chain there.
    chains: BTreeMap<Cursor, [u8; 32]>,
}

impl Log for MemoryLog {
    fn append(&self, group: &[LogRecord]) -> Result<(), StoreError> {
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        let head = head_after(head_of(&kept), group);
        if group.is_empty() {
            return Ok(());
        }
        let before = kept.chains.last_key_value().map_or([0; 32], |(_, chain)| *chain);
        let packed = pack(group, &vec![0; SALT_BYTES * group.len()], &before)
            .map_err(|large| StoreError::TooLarge { offset: large.offset, bytes: large.bytes })?;
        kept.chains.insert(head, packed.group.chain);
        kept.records.extend_from_slice(group);
        Ok(())
    }

    fn read(&self, from: Offset, limit: usize) -> Result<Vec<LogRecord>, StoreError> {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        let before = usize::try_from(from.get() - 1).unwrap_or(usize::MAX);
        Ok(kept.records.iter().skip(before).take(limit).cloned().collect())
    }

    fn head(&self) -> Cursor {
        head_of(&self.kept.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn chain_at(&self, at: Cursor) -> Result<Option<[u8; 32]>, StoreError> {
        if at == Cursor::START {
            return Ok(Some([0; 32]));
        }
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        Ok(kept.chains.get(&at).copied())
    }
}

fn head_of(kept: &Kept) -> Cursor {
    Cursor::after(kept.records.len() as u64)
}
