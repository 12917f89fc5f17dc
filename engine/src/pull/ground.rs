//! The ground of a stream: rows as they were at its moment, and what has happened since.

use std::sync::Arc;

use haversack_core::{
    Name, RowId, RowVersion, catalog::Catalog, event::RowKey, profile::PublishedProfile,
    security::Privilege,
};
use haversack_replay::State;
use haversack_sync::{
    message::{Mode, StreamError},
    planted::{Bug, planted},
    pull::Ground,
};

use super::{
    lines::{Generation, PutWriter},
    plan::offered,
    units::Units,
};
use crate::live::Live;

/// The ground of a stream.
pub struct LiveGround {
    live: Arc<Live>,
    /// The state that the stream brings,
    state: Arc<State>,
    /// and the one that is durable by now.
    newest: Arc<State>,
    device: RowId,
    user: RowId,
    /// The number of the catalog for kept lines; none: it is not the newest, or lines aren't kept.
    generation: Option<Generation>,
    /// Whether lines are kept for other devices.
    keeps_lines: bool,
    /// Asked for with the first row.
    units: Option<Arc<Units>>,
    /// Of the table that is being written.
    writer: Option<Box<PutWriter>>,
}

impl LiveGround {
    pub(super) fn new(
        live: &Arc<Live>,
        state: &Arc<State>,
        (device, user): (RowId, RowId),
        mode: Mode,
    ) -> Self {
        Self {
            live: Arc::clone(live),
            state: Arc::clone(state),
            newest: Arc::clone(state),
            device,
            user,
            generation: None,
            // What changed lately is on its way to many; all that a new device holds is not.
            keeps_lines: mode != Mode::Full,
            units: None,
            writer: None,
        }
    }

    fn profile<'s>(&self, state: &'s State) -> Option<&'s PublishedProfile> {
        offered(state, state.devices.get(&self.device)?)
    }

    /// Whether the user may still be told of a row that the stream brings.
    fn may_be_told(&self, table: &Name, id: RowId, version: RowVersion) -> bool {
        if Arc::ptr_eq(&self.state, &self.newest) {
            return true;
        }
        let key = &RowKey { table: table.clone(), id };
        let has_same_catalog = Arc::ptr_eq(&self.state.catalog, &self.newest.catalog);
        if has_same_catalog && self.newest.version(key) == Some(version) {
            return true;
        }
        // Of a row that is gone counts what it was. Tables of pairs are never taken offline, so no row
        // hangs on others.
        let row = self.newest.current(key).or_else(|| self.state.current(key));
        let catalog = &self.newest.catalog;
        row.zip(catalog.table(&key.table)).is_some_and(|(row, table)| {
            catalog.allows(self.user, Privilege::Read, table, &row.values)
        })
    }
}

fn error(code: &str, message: &str) -> StreamError {
    StreamError { code: code.to_owned(), message: message.to_owned() }
}

impl Ground for LiveGround {
    fn stands(&mut self) -> Result<(), StreamError> {
        let newest = self.live.environment.state();
        let catalog = &self.state.catalog;
        let is_kept = self.keeps_lines && Arc::ptr_eq(catalog, &newest.catalog);
        self.generation = is_kept.then(|| self.live.lines.generation(catalog));
        if planted(Bug::SkipStands) {
            self.newest = newest;
            return Ok(());
        }
        let app =
            |state: &State| state.devices.get(&self.device).and_then(|known| known.app.clone());
        let has_same_catalog = Arc::ptr_eq(&self.newest.catalog, &newest.catalog);
        if has_same_catalog && app(&self.newest) == app(&newest) {
            self.newest = newest;
            return Ok(());
        }
        self.newest = newest;
        let (then, now) = (self.profile(&self.state), self.profile(&self.newest));
        if then.map(|p| (&p.draft.name, p.version)) != now.map(|p| (&p.draft.name, p.version)) {
            let message = "the device's profile is another now; pull again from the last progress";
            return Err(error("profile_changed", message));
        }
        let items = then.into_iter().flat_map(|profile| &profile.draft.items);
        let schema = |catalog: &Catalog, table: &Name| catalog.table(table).cloned();
        let has_changed = |table: &Name| {
            schema(&self.state.catalog, table) != schema(&self.newest.catalog, table)
        };
        if items.into_iter().any(|item| has_changed(&item.table)) {
            let message = "a table has other columns now; pull again from the last progress";
            return Err(error("schema_changed", message));
        }
        Ok(())
    }

    fn put_lines(
        &mut self,
        table: &Name,
        rows: &[(RowId, RowVersion)],
        lines: &mut Vec<u8>,
    ) -> Result<(), StreamError> {
        let mut writer = self.writer.take().filter(|writer| writer.is_of(table));
        // Before a place for a line is locked.
        let units = self.units.get_or_insert_with(|| self.live.units_of(&self.state.catalog));
        let units = Arc::clone(units);
        let packed = self.state.packed_rows(table.as_str(), rows.iter().map(|(id, _)| *id));
        for ((id, version), row) in rows.iter().zip(packed) {
            if !self.may_be_told(table, *id, *version) && !planted(Bug::SkipRevoked) {
                let message = "a row may not be read any more; pull again from the last progress";
                return Err(error("revoked", message));
            }
            let row = row.expect("a row that belongs on the device is there");
            let state = &self.state;
            let mut write = |line: &mut Vec<u8>| {
                let made = || {
                    let made = PutWriter::new(state, table, &units);
                    Box::new(made.expect("a table that is taken offline is there"))
                };
                writer.get_or_insert_with(made).write(line, *id, row);
            };
            match self.generation {
                Some(generation) => {
                    self.live.lines.append(lines, generation, (table, *id, *version), write);
                }
                None => write(lines),
            }
        }
        self.writer = writer;
        Ok(())
    }
}
