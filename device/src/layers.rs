//! Rows in a store, as layers: what is shown, and what a stream has staged.
//!
//! ```text
//! staged:   what came of a stream under way, seen by nobody
//! upper:    what came of the last one, shown, on its way into the base
//! base:     the rest of what is shown
//! ```
//!
//! Each layer has a number, which stands in its keys. Which layer is which stands in one small value,
//! [`Kept`]. So a million rows are shown at once by writing that one value; rows move to where they belong
//! afterwards, a piece at a time, and look the same meanwhile.
//!
//! ```text
//! s                              Kept, as JSON
//! m                              metadata, as JSON
//! r, layer (u32), table, 0, id   version (u64; 0: no row), the row as JSON text
//! ```

mod came;
mod tidy;

use std::{collections::BTreeMap, ops::ControlFlow};

use haversack_core::{Name, Offset, RowId, RowVersion, event::RowKey, metadata::Metadata};
use haversack_sync::{
    planted::{Bug, planted},
    replica::{self, Batch as Came, Beneath, Replica, RowChange},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::store::{Batch, Store, StoreError};

const KEPT: &[u8] = b"s";
const METADATA: &[u8] = b"m";
/// Changes that go into the base with the step that shows them.
const SMALL_CHANGES: usize = 2_000;

/// What a device holds, but for the rows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Kept {
    replica: Replica,
    base: u32,
    upper: Option<u32>,
    staged: Option<u32>,
    next: u32,
    /// Layers that nobody reads any more.
    dead: Vec<u32>,
}

/// Reads what is stored of a row; none is one that is not there.
type ReadRow<'a, T> = &'a dyn Fn(&[u8]) -> Result<Option<T>, StoreError>;

/// Rows of a device.
pub(crate) struct Layers {
    store: Box<dyn Store>,
    kept: Kept,
}

/// A row as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StoredRow {
    pub version: RowVersion,
    pub row: Map<String, Json>,
}

fn layer_key(layer: u32) -> Vec<u8> {
    let mut key = vec![b'r'];
    key.extend(layer.to_be_bytes());
    key
}

fn table_key(layer: u32, table: &Name) -> Vec<u8> {
    let mut key = layer_key(layer);
    key.extend(table.as_bytes());
    key.push(0);
    key
}

fn row_key(layer: u32, row: &RowKey) -> Vec<u8> {
    let mut key = table_key(layer, &row.table);
    key.extend(row.id.as_bytes());
    key
}

fn id_of(key: &[u8]) -> Result<RowId, StoreError> {
    let id = key.last_chunk().ok_or_else(|| damaged("a row has no id"))?;
    Ok(RowId::from_bytes(*id))
}

fn damaged(what: &str) -> StoreError {
    StoreError::Damaged(what.to_owned())
}

fn encode(change: &RowChange) -> Vec<u8> {
    match change {
        RowChange::Put { version, row } => {
            let mut value = version.0.get().to_be_bytes().to_vec();
            serde_json::to_writer(&mut value, row).expect("memory takes all");
            value
        }
        RowChange::Del(_) => vec![0; 8],
    }
}

fn version_of(value: &[u8]) -> Result<Option<RowVersion>, StoreError> {
    let number = value.first_chunk().ok_or_else(|| damaged("a row is cut off"))?;
    Ok(Offset::new(u64::from_be_bytes(*number)).map(RowVersion))
}

fn decode(value: &[u8]) -> Result<Option<StoredRow>, StoreError> {
    let Some(version) = version_of(value)? else { return Ok(None) };
    let row = serde_json::from_slice(&value[8..]).map_err(|_| damaged("a row is no JSON"))?;
    Ok(Some(StoredRow { version, row }))
}

impl Layers {
    /// The rows in a store.
    pub fn open(store: Box<dyn Store>) -> Result<Self, StoreError> {
        let kept = match store.get(KEPT)? {
            Some(text) => serde_json::from_slice(&text)
                .map_err(|_| damaged("what is kept of the state is no JSON"))?,
            None => Kept::default(),
        };
        Ok(Self { store, kept })
    }

    pub fn replica(&self) -> &Replica {
        &self.kept.replica
    }

    /// Makes changes and what is kept durable as one.
    fn commit(&mut self, mut batch: Batch, kept: Kept) -> Result<(), StoreError> {
        let text = serde_json::to_vec(&kept).expect("what is kept has only text keys");
        batch.put(KEPT.to_vec(), text);
        self.store.write(batch)?;
        if !planted(Bug::SkipRowSync) {
            self.store.sync()?;
        }
        self.kept = kept;
        Ok(())
    }

    /// The metadata, if there is any.
    pub fn metadata(&self) -> Result<Option<Metadata>, StoreError> {
        let Some(text) = self.store.get(METADATA)? else { return Ok(None) };
        serde_json::from_slice(&text).map(Some).map_err(|_| damaged("the metadata is no JSON"))
    }

    /// Keeps another replica, and lets go of what was staged.
    pub fn keep_replica(&mut self, replica: Replica) -> Result<(), StoreError> {
        let mut kept = Kept { replica, ..self.kept.clone() };
        if !kept.replica.is_under_way() {
            kept.dead.extend(kept.staged.take());
        }
        self.commit(Batch::default(), kept)
    }

    /// Stages what came.
    pub fn stage(&mut self, came: Came) -> Result<(), StoreError> {
        let mut kept = self.kept.clone();
        let staged = stage_layer(&mut kept, came.drops_staged);
        let mut batch = Batch::default();
        for (row, change) in &came.changes {
            batch.put(row_key(staged, row), encode(change));
        }
        kept.replica = came.replica;
        self.commit(batch, kept)
    }

    /// Stages what came last, and shows all that is staged, with the metadata that goes with it.
    pub fn show(
        &mut self,
        came: Came,
        is_full: bool,
        metadata: Option<&Metadata>,
    ) -> Result<(), StoreError> {
        let mut kept = self.kept.clone();
        let mut batch = Batch::default();
        let is_small = came.changes.len() <= SMALL_CHANGES && kept.upper.is_none();
        let has_staged = kept.staged.is_some() && !came.drops_staged;
        if !is_full && !has_staged && is_small {
            // What a device gets most of the time: few changes, and none staged before.
            kept.dead.extend(kept.staged.take());
            for (row, change) in &came.changes {
                into_base(&mut batch, row_key(kept.base, row), encode(change));
            }
        } else {
            let staged = stage_layer(&mut kept, came.drops_staged);
            for (row, change) in &came.changes {
                batch.put(row_key(staged, row), encode(change));
            }
            kept.staged = None;
            if is_full && !planted(Bug::KeepShown) {
                kept.dead.extend([kept.base].into_iter().chain(kept.upper.take()));
                kept.base = staged;
            } else {
                kept.upper = Some(staged);
            }
        }
        if let Some(metadata) = metadata {
            put_metadata(&mut batch, metadata);
        }
        kept.replica = came.replica;
        self.commit(batch, kept)
    }

    /// The version of a row as a stream under way finds it.
    pub fn version(
        &self,
        row: &RowKey,
        beneath: Beneath,
    ) -> Result<Option<RowVersion>, StoreError> {
        let staged = self.kept.staged.filter(|_| beneath.staged);
        let shown = [self.kept.upper, Some(self.kept.base)];
        let shown = shown.into_iter().flatten().filter(|_| beneath.shown);
        for layer in staged.into_iter().chain(shown) {
            if let Some(value) = self.store.get(&row_key(layer, row))? {
                return version_of(&value);
            }
        }
        Ok(None)
    }

    /// A row that is shown.
    pub fn row(&self, row: &RowKey) -> Result<Option<StoredRow>, StoreError> {
        for layer in [self.kept.upper, Some(self.kept.base)].into_iter().flatten() {
            if let Some(value) = self.store.get(&row_key(layer, row))? {
                return decode(&value);
            }
        }
        Ok(None)
    }

    /// The rows of a table that are shown.
    pub fn rows(&self, table: &Name) -> Result<BTreeMap<RowId, StoredRow>, StoreError> {
        self.read(&self.shown(), table, &decode)
    }

    /// The first table whose rows are not those that came. A disk may lose some without a word.
    pub fn differing(&self) -> Result<Option<Name>, StoreError> {
        for (name, table) in &self.kept.replica.shown.tables {
            let versions = self.read(&self.shown(), name, &version_of)?;
            if rows_of(name, versions.iter().map(|(id, version)| (*id, *version))) != table.rows {
                return Ok(Some(name.clone()));
            }
        }
        Ok(None)
    }

    /// Whether what is staged, with what is shown beneath, is not what came: nobody would notice later, as
    /// it is only counted while it comes.
    pub fn staged_differs(&self) -> Result<bool, StoreError> {
        let Some((told, is_full)) = self.kept.replica.staged_rows() else { return Ok(false) };
        let beneath = if is_full { Vec::new() } else { self.shown() };
        let layers: Vec<u32> = beneath.into_iter().chain(self.kept.staged).collect();
        for (name, told) in told {
            let versions = self.read(&layers, name, &version_of)?;
            if rows_of(name, versions.into_iter()) != *told {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The layers that are shown, each over those before it.
    fn shown(&self) -> Vec<u32> {
        [Some(self.kept.base), self.kept.upper].into_iter().flatten().collect()
    }

    /// What layers, each over those before it, have of each row of a table.
    fn read<T>(
        &self,
        layers: &[u32],
        table: &Name,
        read: ReadRow<'_, T>,
    ) -> Result<BTreeMap<RowId, T>, StoreError> {
        let mut rows = BTreeMap::new();
        for layer in layers.iter().copied() {
            let mut take = |key: &[u8], value: Vec<u8>| {
                let id = id_of(key)?;
                match read(&value)? {
                    Some(row) => drop(rows.insert(id, row)),
                    None => drop(rows.remove(&id)),
                }
                Ok(())
            };
            let mut wrong = None;
            self.store.scan(
                &table_key(layer, table),
                &mut |key, value| match take(key, value) {
                    Ok(()) => ControlFlow::Continue(()),
                    Err(error) => {
                        wrong = Some(error);
                        ControlFlow::Break(())
                    }
                },
            )?;
            wrong.map_or(Ok(()), Err)?;
        }
        Ok(rows)
    }
}

/// How many rows these are, and their digest.
pub(crate) fn rows_of(
    table: &Name,
    versions: impl Iterator<Item = (RowId, RowVersion)>,
) -> replica::Rows {
    let mut rows = replica::Rows::default();
    for (id, version) in versions {
        rows.count += 1;
        rows.digest.add(table, id, version);
    }
    rows
}

fn put_metadata(batch: &mut Batch, metadata: &Metadata) {
    let text = serde_json::to_vec(metadata).expect("metadata has only text keys");
    batch.put(METADATA.to_vec(), text);
}

/// The layer of what is staged, a new one if what was is to be dropped.
fn stage_layer(kept: &mut Kept, drops_staged: bool) -> u32 {
    if drops_staged {
        kept.dead.extend(kept.staged.take());
    }
    // The base of a new store is layer 0.
    let new = kept.next.max(1);
    let staged = *kept.staged.get_or_insert(new);
    kept.next = kept.next.max(staged + 1);
    staged
}

/// In the base a row that is not there needs no entry.
fn into_base(batch: &mut Batch, key: Vec<u8>, value: Vec<u8>) {
    if value == [0; 8] { batch.remove(key) } else { batch.put(key, value) }
}
