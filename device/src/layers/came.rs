//! All rows at once, whatever table they are of.

use std::ops::ControlFlow;

use haversack_core::{Name, event::RowKey};

use super::{Layers, StoredRow, damaged, decode, id_of, layer_key};
use crate::{device::Came, store::StoreError};

impl Layers {
    /// All rows that are shown, of tables that the server told of and of any other.
    pub fn all(&self) -> Result<Came, StoreError> {
        let mut rows = Came::new();
        for layer in self.shown() {
            let prefix = layer_key(layer);
            let mut wrong = None;
            self.store.scan(&prefix, &mut |key, value| match take(
                &mut rows,
                &key[prefix.len()..],
                &value,
            ) {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    wrong = Some(error);
                    ControlFlow::Break(())
                }
            })?;
            wrong.map_or(Ok(()), Err)?;
        }
        Ok(rows)
    }
}

/// Lays a stored row over those below it. The key is what stands behind the layer's.
fn take(rows: &mut Came, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
    let table = key.split_last_chunk::<16>().and_then(|(name, _)| name.split_last());
    let table = table.and_then(|(_, name)| std::str::from_utf8(name).ok()?.parse().ok());
    let table: Name = table.ok_or_else(|| damaged("a row has no table"))?;
    let key = RowKey { table, id: id_of(key)? };
    match decode(value)? {
        Some(StoredRow { version, row }) => drop(rows.insert(key, (version, row))),
        None => drop(rows.remove(&key)),
    }
    Ok(())
}
