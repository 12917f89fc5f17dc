//! What a stream tells of each table at its end: how many rows the device holds then, and their digest.

use std::{collections::BTreeMap, sync::Arc};

use haversack_core::{Name, RowId, RowVersion, event::RowKey};
use haversack_dataset::DeviceRows;
use haversack_sync::{digest::TableDigest, message::TableState, pull::Change};

use super::{
    Delivered,
    delivered::{Sums, Tables},
    facts::ProfileFacts,
    plan::Found,
};
use crate::live::Now;

impl Now {
    /// The tables of a device after changes since it was sent others, under the same catalog: with what
    /// changed taken off and put to, however many rows there are. None: it can't be told.
    pub(super) fn tables_after(&self, kept: Delivered, found: &Found) -> Option<Tables> {
        if found.is_empty() {
            return Some(kept.tables);
        }
        let mut tables = kept.tables.as_ref().clone();
        for (table, changes) in found {
            let (count, digest) = tables.entry(table.clone()).or_default();
            for (id, change) in changes {
                if self.columnar.is_among(&kept.rows, table.as_str(), *id)? {
                    let key = RowKey { table: table.clone(), id: *id };
                    let had = self.state.version_after(&key, kept.moment.offset)?;
                    *count = count.checked_sub(1)?;
                    digest.remove(table.as_str(), *id, had);
                }
                if let Change::Put(version) = change {
                    *count += 1;
                    digest.add(table.as_str(), *id, *version);
                }
            }
        }
        Some(Arc::new(tables))
    }

    /// The tables of a device, row by row.
    pub(super) fn tables_of(&self, rows: &DeviceRows, facts: Option<&ProfileFacts>) -> Tables {
        tables_of(self.columnar.rows_of(rows), facts)
    }
}

/// The tables of a device that has nothing but what it is sent now.
pub(super) fn tables_of_puts(found: &Found, facts: Option<&ProfileFacts>) -> Tables {
    let put = |(id, change): &(RowId, Change)| match change {
        Change::Put(version) => Some((*id, *version)),
        Change::Del(_) => None,
    };
    tables_of(found.iter().map(|(table, changes)| (table, changes.iter().filter_map(put))), facts)
}

fn tables_of<'t>(
    all: impl Iterator<Item = (&'t Name, impl IntoIterator<Item = (RowId, RowVersion)>)>,
    facts: Option<&ProfileFacts>,
) -> Tables {
    let names = facts.into_iter().flat_map(|facts| facts.tables.keys());
    let mut tables: Sums = names.map(|name| (name.clone(), Default::default())).collect();
    for (table, rows) in all {
        let (count, digest) = tables.entry(table.clone()).or_default();
        for (id, version) in rows {
            *count += 1;
            digest.add(table.as_str(), id, version);
        }
    }
    Arc::new(tables)
}

/// As the protocol says it, of those that were asked for.
pub(super) fn states(
    tables: &Tables,
    facts: Option<&ProfileFacts>,
    asked: Option<&[Name]>,
) -> BTreeMap<Name, TableState> {
    let is_asked = |name: &Name| asked.is_none_or(|asked| asked.contains(name));
    let state = |(name, (rows, digest)): (&Name, &(u64, TableDigest))| {
        let next_sync_seconds = *facts?.tables.get(name)?;
        Some((name.clone(), TableState { rows: *rows, digest: *digest, next_sync_seconds }))
    };
    tables.iter().filter(|(name, _)| is_asked(name)).filter_map(state).collect()
}
