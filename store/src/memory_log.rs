//! A log in memory, for tests: durable as long as the process.

use std::sync::{PoisonError, RwLock};

use haversack_core::{Cursor, Offset};

use crate::{Log, LogRecord, StoreError, log::head_after};

/// A log that keeps its events in memory. It never fails.
#[derive(Debug, Default)]
pub struct MemoryLog {
    records: RwLock<Vec<LogRecord>>,
}

impl Log for MemoryLog {
    fn append(&self, group: &[LogRecord]) -> Result<(), StoreError> {
        let mut records = self.records.write().unwrap_or_else(PoisonError::into_inner);
        head_after(head_of(&records), group);
        records.extend_from_slice(group);
        Ok(())
    }

    fn read(&self, from: Offset, limit: usize) -> Result<Vec<LogRecord>, StoreError> {
        let records = self.records.read().unwrap_or_else(PoisonError::into_inner);
        let before = usize::try_from(from.get() - 1).unwrap_or(usize::MAX);
        Ok(records.iter().skip(before).take(limit).cloned().collect())
    }

    fn head(&self) -> Cursor {
        head_of(&self.records.read().unwrap_or_else(PoisonError::into_inner))
    }
}

fn head_of(records: &[LogRecord]) -> Cursor {
    Cursor::after(records.len() as u64)
}
