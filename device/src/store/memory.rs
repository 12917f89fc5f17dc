//! A store in memory, which loses in a crash what was not synced.

use std::{
    collections::BTreeMap,
    ops::ControlFlow,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{Batch, Each, Store, StoreError};
use crate::home::StoreHome;

/// A store in memory, for tests and simulation. Its clones are handles of the same one.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore(Arc<Mutex<Content>>);

#[derive(Debug, Default)]
struct Content {
    synced: BTreeMap<Vec<u8>, Vec<u8>>,
    now: BTreeMap<Vec<u8>, Vec<u8>>,
    unsynced: Vec<Batch>,
    writes: u64,
    /// Writes and syncs.
    operations: u64,
    /// From this operation on none is made.
    crash: Option<u64>,
}

impl MemoryStore {
    /// What is left after a crash: all that was synced, and by the seed some of the batches after it, up
    /// to one of them. What others still write by their handles has no effect on it.
    #[must_use]
    pub fn crashed(&self, seed: u64) -> Self {
        let content = self.content();
        let mut now = content.synced.clone();
        let kept = usize::try_from(seed).unwrap_or(0) % (content.unsynced.len() + 1);
        content.unsynced.iter().take(kept).for_each(|batch| apply(&mut now, batch));
        let synced = now.clone();
        let Content { writes, operations, .. } = *content;
        Self(Arc::new(Mutex::new(Content {
            synced,
            now,
            writes,
            operations,
            ..Content::default()
        })))
    }

    /// Has the operation with this number fail, and all after it: each write and each sync is one. None is
    /// `u64::MAX`.
    pub fn crash_at(&self, operation: u64) {
        self.content().crash = Some(operation);
    }

    /// Whether an operation has failed so.
    #[must_use]
    pub fn has_crashed(&self) -> bool {
        let content = self.content();
        content.crash.is_some_and(|crash| content.operations > crash)
    }

    /// How often something was written or synced.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.content().operations
    }

    /// How often something was written.
    #[must_use]
    pub fn writes(&self) -> u64 {
        self.content().writes
    }

    /// Loses a value without a word, as a damaged disk would.
    pub fn lose(&self, key: &[u8]) {
        let mut content = self.content();
        content.now.remove(key);
        content.synced.remove(key);
    }

    /// The keys that begin so.
    #[must_use]
    pub fn keys(&self, prefix: &[u8]) -> Vec<Vec<u8>> {
        self.content().now.keys().filter(|key| key.starts_with(prefix)).cloned().collect()
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The content for a write or a sync, unless the machine has crashed by then.
    fn operation(&self, during: &'static str) -> Result<MutexGuard<'_, Content>, StoreError> {
        let mut content = self.content();
        let number = content.operations;
        content.operations += 1;
        if content.crash.is_some_and(|crash| number >= crash) {
            let source = std::io::Error::other("the machine crashed");
            return Err(StoreError::Io { during, source });
        }
        Ok(content)
    }
}

fn apply(map: &mut BTreeMap<Vec<u8>, Vec<u8>>, batch: &Batch) {
    for (key, value) in &batch.changes {
        match value {
            Some(value) => drop(map.insert(key.clone(), value.clone())),
            None => drop(map.remove(key)),
        }
    }
}

impl Store for MemoryStore {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.content().now.get(key).cloned())
    }

    fn scan(&self, prefix: &[u8], each: Each<'_>) -> Result<(), StoreError> {
        let content = self.content();
        let pairs = content.now.range(prefix.to_vec()..);
        for (key, value) in pairs.take_while(|(key, _)| key.starts_with(prefix)) {
            if each(key, value.clone()) == ControlFlow::Break(()) {
                break;
            }
        }
        Ok(())
    }

    fn write(&mut self, batch: Batch) -> Result<(), StoreError> {
        let mut content = self.operation("writing rows")?;
        apply(&mut content.now, &batch);
        content.unsynced.push(batch);
        content.writes += 1;
        Ok(())
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        let mut content = self.operation("syncing rows")?;
        content.unsynced.clear();
        content.synced = content.now.clone();
        Ok(())
    }
}

/// It lies where its handles are.
impl StoreHome for MemoryStore {
    fn open(&self) -> Result<Box<dyn Store>, StoreError> {
        Ok(Box::new(self.clone()))
    }

    fn clear(&self) -> std::io::Result<()> {
        let mut content = self.content();
        let Content { writes, operations, crash, .. } = *content;
        *content = Content { writes, operations, crash, ..Content::default() };
        Ok(())
    }
}
