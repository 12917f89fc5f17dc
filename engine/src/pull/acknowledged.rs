//! What a device acknowledges with a cursor: from what it holds to an entry of the record of deliveries.

use std::{collections::BTreeMap, sync::Arc};

use haversack_core::{
    Name, RowId,
    catalog::Catalog,
    delivery::{DeliveredProfile, DeliveredRows, DeliveredTable, Delivery},
    profile::PublishedProfile,
};
use haversack_replay::DeviceState;
use haversack_sync::cursor::{Holding, Moment};

use super::delivered::Tables;
use crate::live::{Live, Now};

/// What is still known of what a device was sent.
struct Sent {
    moment: Moment,
    catalog: Option<Arc<Catalog>>,
    tables: Option<Tables>,
}

impl Live {
    /// Has it written down what a device says that it holds, unless that is on record, or a stream to the
    /// device is under way. Costs a look-up if the device said so before.
    pub(super) fn acknowledge(&self, now: &Now, device: &DeviceState, held: &Holding) {
        let Some(deliveries) = &self.deliveries else { return };
        let (id, user) = (device.device.id, device.device.user);
        let tables_of = |moment| Some(self.kept_tables(id, moment)?.1);
        if deliveries.has(id, held, tables_of) {
            return;
        }
        let Some(named) = held.named() else { return };
        let Some(newest) = held.moments().pop() else { return };
        let mut tables = BTreeMap::new();
        if let Some(rest) = held.rest() {
            tables = self.sent(now, id, rest).all_tables(user);
        }
        for (table, moment) in named {
            let sent = self.sent(now, id, moment);
            tables.insert(table.clone(), sent.table(table));
        }
        let delivery = Delivery {
            device: id,
            user,
            at: self.environment.now(),
            offset: newest.offset,
            clock: newest.now,
            profile: self.sent(now, id, newest).profile(user),
            tables: tables.into_values().collect(),
        };
        let sent = held.moment().and_then(tables_of);
        deliveries.take(held.clone(), delivery, sent.as_ref());
    }

    /// What is known of what was sent at a moment. Nothing is folded to know it: a server that was started
    /// anew knows the profile of the newest moment, and mostly of the one that it has just gone back to.
    fn sent(&self, now: &Now, device: RowId, moment: Moment) -> Sent {
        if let Some((catalog, tables)) = self.kept_tables(device, moment) {
            return Sent { moment, catalog: Some(catalog), tables: Some(tables) };
        }
        let is_now = moment.offset == now.state.cursor;
        let catalog = if is_now {
            Some(Arc::clone(&now.state.catalog))
        } else {
            self.past_catalog(moment.offset)
        };
        Sent { moment, catalog, tables: None }
    }
}

impl Sent {
    fn published(&self, user: RowId) -> Option<&PublishedProfile> {
        let catalog = self.catalog.as_ref().filter(|_| self.moment.is_offered)?;
        catalog.published_profile_of(user)
    }

    fn profile(&self, user: RowId) -> DeliveredProfile {
        match self.published(user) {
            Some(PublishedProfile { version, draft }) => {
                DeliveredProfile::Published { name: draft.name.clone(), version: *version }
            }
            None if self.moment.is_offered && self.catalog.is_none() => DeliveredProfile::Unknown,
            None => DeliveredProfile::None,
        }
    }

    fn table(&self, name: &Name) -> DeliveredTable {
        let Moment { offset, now: clock, .. } = self.moment;
        let held = self.tables.as_ref().map(|tables| {
            let (rows, digest) = tables.get(name).copied().unwrap_or_default();
            DeliveredRows { rows, digest: digest.0 }
        });
        DeliveredTable { table: name.clone(), offset, clock, held }
    }

    /// The tables with rows, and those of the profile.
    fn all_tables(&self, user: RowId) -> BTreeMap<Name, DeliveredTable> {
        let items = self.published(user).into_iter().flat_map(|profile| &profile.draft.items);
        let sent = self.tables.iter().flat_map(|tables| tables.keys());
        let names = items.map(|item| &item.table).chain(sent);
        names.map(|name| (name.clone(), self.table(name))).collect()
    }
}
