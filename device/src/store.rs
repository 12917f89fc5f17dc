//! Where a device keeps rows: an ordered map from keys to values, written a batch at a time.
//!
//! Rows can be downloaded again. So a store that is damaged says so and is begun anew; edits are
//! elsewhere ([`crate::ledger`]).

mod caught;
mod memory;
mod parts;
mod sled;

use std::{collections::BTreeMap, ops::ControlFlow};

pub use memory::MemoryStore;
pub use sled::SledStore;

/// Changes that are made whole or not at all; none takes a value away.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// By key, each once.
    pub changes: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
}

impl Batch {
    /// Puts a value.
    pub fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.changes.insert(key, Some(value));
    }

    /// Takes a value away.
    pub fn remove(&mut self, key: Vec<u8>) {
        self.changes.insert(key, None);
    }
}

/// Why a store can't answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// What it holds is not what was written.
    #[error("the rows on this device are damaged: {0}")]
    Damaged(String),
    /// The system.
    #[error("{during}: {source}")]
    Io {
        /// What was being done.
        during: &'static str,
        /// What failed.
        source: std::io::Error,
    },
}

/// What a scan calls for each pair; it may end the scan.
pub type Each<'a> = &'a mut dyn FnMut(&[u8], Vec<u8>) -> ControlFlow<()>;

/// An ordered map from keys to values.
pub trait Store: Send {
    /// The value of a key.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// The pairs whose keys begin so, in the order of keys.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn scan(&self, prefix: &[u8], each: Each<'_>) -> Result<(), StoreError>;

    /// Makes changes, all or none. They need not be durable, but no later ones are without them.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn write(&mut self, batch: Batch) -> Result<(), StoreError>;

    /// Makes all changes durable.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn sync(&mut self) -> Result<(), StoreError>;
}
