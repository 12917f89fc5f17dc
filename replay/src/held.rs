//! What a device could have held: every version of a row that belonged on it at some moment.
//!
//! Nobody has written down what a device was sent. Whatever belonged on it since it was made known it may
//! have been sent, and may hold until it is told to drop it; what did not belong on it was never sent.

use std::collections::BTreeMap;

use haversack_core::{
    Cursor, Name, RowId, RowVersion, Timestamp,
    event::{Event, Record, RowKey, Sequenced},
};
use haversack_dataset::{Dataset, DeviceRows};

use crate::{State, follow::Follower};

/// A version of a row that a device could have held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The row.
    pub key: RowKey,
    /// The version.
    pub version: RowVersion,
    /// How far the log was when it came first,
    pub from: Cursor,
    /// and when it went last; none: it still belongs on the device.
    pub until: Option<Cursor>,
    /// The columns that have a value, by name; empty if they were not asked for.
    pub columns: Vec<Name>,
}

/// What the devices of a user could have held, as a log is folded.
#[derive(Debug)]
pub struct Holdings {
    devices: Vec<RowId>,
    with_columns: bool,
    follower: Follower,
    /// As it was last looked at,
    seen: Option<DeviceRows>,
    /// row by row.
    now: Dataset,
    held: BTreeMap<(RowKey, RowVersion), Held>,
}

impl Holdings {
    /// Devices of a user that hold nothing yet. The seed spreads what devices name in look-ups.
    #[must_use]
    pub fn new(user: RowId, devices: Vec<RowId>, with_columns: bool, seed: u64) -> Self {
        let (follower, now, held) = (Follower::new(user, seed), Dataset::new(), BTreeMap::new());
        Self { devices, with_columns, follower, seen: None, now, held }
    }

    /// Looks at the state up to this time, whenever the clock may have changed what belongs there: before
    /// the first event, before each up to its time, and when all are folded.
    pub fn before(&mut self, state: &State, at: Timestamp) {
        while let Some(step) = self.follower.next_step(at) {
            self.look(state, step);
        }
        self.look(state, at);
    }

    fn look(&mut self, state: &State, at: Timestamp) {
        let (columnar, caller) = self.follower.ask(state, at);
        let rows = columnar.device_rows(caller);
        let seen = self.seen.take();
        let difference = seen.and_then(|seen| columnar.difference(caller, &seen, &rows));
        self.seen = Some(rows);
        match difference {
            Some(difference) => {
                difference.del.iter().for_each(|(key, _)| self.leave(state, key));
                difference
                    .put
                    .into_iter()
                    .for_each(|(key, version)| self.come(state, key, version));
            }
            // Rows have other numbers now.
            None => {
                let dataset = columnar.dataset(caller);
                let gone = self.now.keys().filter(|key| !dataset.contains_key(*key));
                let gone: Vec<RowKey> = gone.cloned().collect();
                gone.iter().for_each(|key| self.leave(state, key));
                dataset.into_iter().for_each(|(key, version)| self.come(state, key, version));
            }
        }
    }

    /// Looks at the state just after an event.
    pub fn after(&mut self, state: &State, record: &Sequenced<Record>) {
        self.follower.take(state, record);
        self.look(state, record.at);
        // What a device wrote it held, wherever it belongs.
        if let Event::DeviceEdited(edit) = &record.inner.event
            && self.devices.contains(&edit.device)
            && let Some(version) = state.version(&edit.key)
            && version.0 == record.offset
            && !self.now.contains_key(&edit.key)
        {
            let key = edit.key.clone();
            let held = self.found(state, key.clone(), version);
            self.held.insert((key, version), Held { until: Some(state.cursor), ..held });
        }
    }

    /// Every version, by table, id and version; and whether all moments were looked at: where filters read
    /// the clock by the minute there may be too many.
    #[must_use]
    pub fn finish(self) -> (Vec<Held>, bool) {
        let is_whole = !self.follower.is_cut();
        (self.held.into_values().collect(), is_whole)
    }

    fn come(&mut self, state: &State, key: RowKey, version: RowVersion) {
        match self.now.insert(key.clone(), version) {
            Some(before) if before == version => return,
            Some(before) => self.end(state, &key, before),
            None => {}
        }
        let found = || self.found(state, key.clone(), version);
        let again = self.held.get(&(key.clone(), version)).cloned();
        let held = Held { until: None, ..again.unwrap_or_else(found) };
        self.held.insert((key, version), held);
    }

    fn leave(&mut self, state: &State, key: &RowKey) {
        if let Some(version) = self.now.remove(key) {
            self.end(state, key, version);
        }
    }

    fn end(&mut self, state: &State, key: &RowKey, version: RowVersion) {
        if let Some(held) = self.held.get_mut(&(key.clone(), version)) {
            held.until = Some(state.cursor);
        }
    }

    fn found(&self, state: &State, key: RowKey, version: RowVersion) -> Held {
        let columns = if self.with_columns { columns(state, &key) } else { Vec::new() };
        Held { key, version, from: state.cursor, until: None, columns }
    }
}

/// The columns in which a row has a value, those that are derived included.
fn columns(state: &State, key: &RowKey) -> Vec<Name> {
    let (Some(table), Some(row)) = (state.catalog.table(&key.table), state.current(key)) else {
        return Vec::new();
    };
    let has_value =
        |name: &Name| state.catalog.column_value(table, key.id, &row.values, name).is_some();
    table.columns().iter().map(|column| column.name.clone()).filter(has_value).collect()
}
