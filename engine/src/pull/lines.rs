//! Put lines, written once for all devices that get the row: within a bound, the latest asked for.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use haversack_core::{Name, RowId, RowVersion, Values, catalog::Catalog, json::write_row};
use haversack_sync::planted::{Bug, planted};

use crate::live::locked;

/// Lines kept, in bytes of text; their keys and places come on top.
const LINES_BYTES_MAX: usize = 8 << 20;

/// Put lines that were written lately. A catalog may change what a row looks like, so lines are of one.
#[derive(Default)]
pub(crate) struct Lines(Mutex<Kept>);

type Key = (RowId, RowVersion, Name);

/// Two halves: the older one goes when the newer is full, with what was not asked for meanwhile.
#[derive(Default)]
struct Kept {
    catalog: Option<Arc<Catalog>>,
    newer: BTreeMap<Key, Arc<[u8]>>,
    newer_bytes: usize,
    older: BTreeMap<Key, Arc<[u8]>>,
}

impl Lines {
    /// The line of a row, if it is kept.
    pub fn find(&self, catalog: &Arc<Catalog>, key: &Key) -> Option<Arc<[u8]>> {
        let mut kept = locked(&self.0);
        kept.of(catalog);
        if let Some(line) = kept.newer.get(key) {
            return Some(Arc::clone(line));
        }
        let line = kept.older.remove(key)?;
        kept.insert(key.clone(), Arc::clone(&line));
        Some(line)
    }

    /// Keeps a line.
    pub fn keep(&self, catalog: &Arc<Catalog>, key: Key, line: &[u8]) {
        let mut kept = locked(&self.0);
        kept.of(catalog);
        kept.insert(key, Arc::from(line));
    }
}

impl Kept {
    fn of(&mut self, catalog: &Arc<Catalog>) {
        if planted(Bug::StaleLines) {
            return;
        }
        if self.catalog.as_ref().is_none_or(|kept| !Arc::ptr_eq(kept, catalog)) {
            *self = Self { catalog: Some(Arc::clone(catalog)), ..Self::default() };
        }
    }

    fn insert(&mut self, key: Key, line: Arc<[u8]>) {
        self.newer_bytes += line.len();
        self.newer.insert(key, line);
        if self.newer_bytes > LINES_BYTES_MAX / 2 {
            self.older = std::mem::take(&mut self.newer);
            self.newer_bytes = 0;
        }
    }
}

/// Writes a put line, with its end.
pub(crate) fn write_put(
    line: &mut Vec<u8>,
    catalog: &Catalog,
    (table, id, version): (&Name, RowId, RowVersion),
    values: &Values,
) {
    use std::io::Write;
    let Some(of) = catalog.table(table) else { return };
    // Names have nothing that JSON would escape. The order of keys is that of the message's own form.
    line.extend_from_slice(b"{\"t\":\"put\",\"table\":\"");
    line.extend_from_slice(table.as_str().as_bytes());
    line.extend_from_slice(b"\",\"id\":\"");
    id.write_to(line);
    write!(line, "\",\"v\":{version},\"row\":").expect("memory takes all");
    write_row(line, catalog, of, id, values);
    line.extend_from_slice(b"}\n");
}
