//! What devices were sent lately: kept in memory, so that the next difference costs only what changed.
//!
//! Nothing rests on it. A moment that is not kept is evaluated from the log.

use std::{collections::BTreeMap, sync::Arc};

use haversack_core::{Name, RowId, catalog::Catalog};
use haversack_dataset::DeviceRows;
use haversack_sync::{
    cursor::Moment,
    digest::TableDigest,
    planted::{Bug, planted},
};

use crate::live::{Live, locked};

/// Moments kept of a device: the one it has, the one it's being brought to, and two that broke off.
const KEPT_PER_DEVICE: usize = 4;
/// Devices of which moments are kept.
const DEVICES_MAX: usize = 100_000;

/// What belonged on a device at a moment.
#[derive(Clone)]
pub(crate) struct Delivered {
    pub moment: Moment,
    pub rows: DeviceRows,
    pub catalog: Arc<Catalog>,
    pub tables: Tables,
}

/// How many rows of each table, and their digest.
pub(crate) type Tables = Arc<Sums>;
/// The same, of one that does not share it.
pub(crate) type Sums = BTreeMap<Name, (u64, TableDigest)>;

impl Live {
    /// What belonged on a device at a moment, if it is kept.
    pub(super) fn kept(&self, device: RowId, moment: Moment) -> Option<Delivered> {
        let delivered = locked(&self.delivered);
        delivered.get(&device)?.iter().find(|kept| kept.moment == moment).cloned()
    }

    /// Of what a device was sent at a moment, if that is kept: the catalog of then, and the tables.
    pub(super) fn kept_tables(
        &self,
        device: RowId,
        moment: Moment,
    ) -> Option<(Arc<Catalog>, Tables)> {
        let delivered = locked(&self.delivered);
        let kept = delivered.get(&device)?.iter().find(|kept| kept.moment == moment)?;
        Some((Arc::clone(&kept.catalog), Arc::clone(&kept.tables)))
    }

    /// Keeps it, beside those of `held` that are kept; others of the device are let go.
    pub(super) fn keep(&self, device: RowId, held: &[Moment], mut sent: Delivered) {
        let mut delivered = locked(&self.delivered);
        if delivered.len() >= DEVICES_MAX && !delivered.contains_key(&device) {
            delivered.pop_first();
        }
        let kept = delivered.entry(device).or_default();
        if planted(Bug::KeepStaleDelivered)
            && let Some(last) = kept.last()
        {
            sent.rows = last.rows.clone();
        }
        kept.retain(|kept| held.contains(&kept.moment) && kept.moment != sent.moment);
        if kept.len() >= KEPT_PER_DEVICE {
            kept.remove(0);
        }
        kept.push(sent);
        kept.shrink_to_fit();
    }
}
