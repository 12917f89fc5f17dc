//! The ground of a stream: rows as they were at its moment, and what has happened since.

use std::sync::Arc;

use haversack_core::{
    Name, RowId, RowVersion, catalog::Catalog, event::RowKey, profile::PublishedProfile,
    security::Privilege,
};
use haversack_replay::State;
use haversack_sync::{message::StreamError, pull::Ground};

use super::{lines::write_put, plan::offered};
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
}

impl LiveGround {
    pub(super) fn new(live: &Arc<Live>, state: &Arc<State>, device: RowId, user: RowId) -> Self {
        let (live, state) = (Arc::clone(live), Arc::clone(state));
        let newest = Arc::clone(&state);
        Self { live, state, newest, device, user }
    }

    fn profile<'s>(&self, state: &'s State) -> Option<&'s PublishedProfile> {
        offered(state, state.devices.get(&self.device)?)
    }

    /// Whether the user may still be told of a row that the stream brings.
    fn may_be_told(&self, key: &RowKey, version: RowVersion) -> bool {
        if Arc::ptr_eq(&self.state, &self.newest) {
            return true;
        }
        let has_same_catalog = Arc::ptr_eq(&self.state.catalog, &self.newest.catalog);
        let now = self.newest.version(key);
        if has_same_catalog && now == Some(version) {
            return true;
        }
        // Of a row that is gone counts what it was.
        let row = self.newest.current(key).or_else(|| self.state.current(key));
        let catalog = &self.newest.catalog;
        row.zip(catalog.table(&key.table)).is_some_and(|(row, table)| {
            match catalog.relationship_of_intersect(&key.table) {
                Some(_) => readable_pair(&self.newest, self.user, &key.table, &row.values),
                None => catalog.allows(self.user, Privilege::Read, table, &row.values),
            }
        })
    }
}

/// Whether both ends of a pair may be read.
fn readable_pair(
    state: &State,
    user: RowId,
    intersect: &Name,
    values: &haversack_core::Values,
) -> bool {
    use haversack_core::Value;
    let Some(relationship) = state.catalog.relationship_of_intersect(intersect) else {
        return false;
    };
    let end = |column: Option<&Name>, table: &Name| {
        let id = match values.get(column?)? {
            Value::Reference(reference) => reference.id,
            Value::Id(id) => *id,
            _ => return None,
        };
        let row = state.current(&RowKey { table: table.clone(), id })?;
        let of = state.catalog.table(table)?;
        state.catalog.allows(user, Privilege::Read, of, &row.values).then_some(())
    };
    end(Some(&relationship.column), &relationship.table).is_some()
        && end(relationship.target_column.as_ref(), &relationship.target).is_some()
}

fn error(code: &str, message: &str) -> StreamError {
    StreamError { code: code.to_owned(), message: message.to_owned() }
}

impl Ground for LiveGround {
    fn stands(&mut self) -> Result<(), StreamError> {
        let newest = self.live.environment.state();
        if Arc::ptr_eq(&self.newest.catalog, &newest.catalog) {
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

    fn put_line(
        &mut self,
        table: &Name,
        id: RowId,
        version: RowVersion,
        line: &mut Vec<u8>,
    ) -> Result<(), StreamError> {
        let key = RowKey { table: table.clone(), id };
        if !self.may_be_told(&key, version) {
            let message = "a row may not be read any more; pull again from the last progress";
            return Err(error("revoked", message));
        }
        let catalog = &self.state.catalog;
        let write = |line: &mut Vec<u8>| {
            let row = self.state.current(&key).expect("a row that belongs on the device is there");
            write_put(line, catalog, (table, id, version), &row.values);
        };
        if Arc::ptr_eq(catalog, &self.newest.catalog) {
            self.live.lines.append(line, catalog, (table, id, version), write);
        } else {
            write(line);
        }
        Ok(())
    }
}
