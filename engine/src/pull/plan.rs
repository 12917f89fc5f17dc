//! The plan of a stream: what the device holds, what belongs on it, and the changes between.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use haversack_core::{
    Name, RowId, catalog::Catalog, event::RowKey, metadata::Metadata, profile::PublishedProfile,
};
use haversack_dataset::{Caller, Departure, DeviceRows, Difference, Rows};
use haversack_replay::{DeviceState, State};
use haversack_sync::{
    cursor::{Holding, Moment},
    digest::fingerprint,
    message::{Checkpoint, Mode, Why},
    planted::{Bug, planted},
    pull::{Change, Changes, Plan, Pull},
};

use super::{
    Delivered, LiveGround, PullAsk, PullError,
    facts::ProfileFacts,
    looks::Looks,
    tables::{states, tables_of_puts},
};
use crate::{
    EngineError,
    commit::history,
    live::{Live, Now},
};

/// The changes found, by table and id.
pub(super) type Found = BTreeMap<Name, Changes>;

impl Live {
    /// A stream that brings a device to what belongs on it now, and the ground that it is written on.
    ///
    /// # Errors
    /// See [`PullError`].
    pub fn pull(self: &Arc<Self>, ask: &PullAsk) -> Result<(Pull, LiveGround), PullError> {
        self.wait_for(self.environment.state().cursor);
        let now = self.now.read();
        let (device, held) = self.asked(&now, ask)?;
        let user = device.device.user;
        let profile = offered(&now.state, device);
        let facts = profile.map(|profile| self.facts_of(&now.state.catalog, profile));
        let moment = Moment {
            offset: now.state.cursor,
            history: now.history,
            now: self.time(&now.state),
            is_offered: profile.is_some(),
        };
        let caller = Caller::user(&now.state.catalog, user, moment.now);
        let rows = now.belonging(device, &caller);
        let moments = held.moments();
        let mut found = self.found(&now, &caller, ask.device, (&held, &moments), &rows)?;
        self.acknowledge(&now, device, &held);
        // All rows come to a device that has none, and they lie all over the memory: it is gone through once.
        let all = moments.is_empty().then(|| tables_of_puts(&found, facts.as_deref()));
        if let Some(asked) = &ask.tables {
            found.retain(|table, _| asked.contains(table));
        }
        // Of a holding that is not whole, what did not come yet may have gone meanwhile; and tables may be
        // others, though no row is.
        let tables = held
            .moment()
            .filter(|_| ask.tables.is_none())
            .and_then(|whole| self.kept(ask.device, whole))
            .filter(|kept| {
                Arc::ptr_eq(&kept.catalog, &now.state.catalog)
                    && kept.moment.is_offered == moment.is_offered
            })
            .and_then(|kept| now.tables_after(kept, &found));
        let tables = tables.or(all).unwrap_or_else(|| now.tables_of(&rows, facts.as_deref()));
        let checkpoint =
            self.checkpoint(&now.state, device, profile, facts.as_deref(), ask, moment);
        let mode = checkpoint.mode;
        let plan = Plan {
            device: ask.device,
            checkpoint,
            to: moment,
            changes: found.into_iter().collect(),
            tables: states(&tables, facts.as_deref(), ask.tables.as_deref()),
            asked: ask.tables.clone(),
            max_rows: ask.max_rows,
            held,
        };
        let catalog = Arc::clone(&now.state.catalog);
        self.keep(ask.device, &moments, Delivered { moment, rows, catalog, tables });
        let ground = LiveGround::new(self, &now.state, (ask.device, user), mode);
        Ok((Pull::new(plan, self.key.clone()), ground))
    }

    /// Whether a pull from this cursor would bring something.
    ///
    /// # Errors
    /// See [`PullError`].
    pub fn would_bring(&self, device: RowId, cursor: Option<&str>) -> Result<bool, PullError> {
        self.brings(&self.now.read(), device, cursor)
    }

    pub(super) fn brings(
        &self,
        now: &Now,
        device: RowId,
        cursor: Option<&str>,
    ) -> Result<bool, PullError> {
        let ask =
            PullAsk { device, cursor: cursor.map(str::to_owned), max_rows: None, tables: None };
        let (known, held) = self.asked(now, &ask)?;
        let caller = Caller::user(&now.state.catalog, known.device.user, self.time(&now.state));
        let rows = now.belonging(known, &caller);
        let moments = held.moments();
        let found = self.found(now, &caller, device, (&held, &moments), &rows)?;
        if planted(Bug::PokeForPutsOnly) {
            let mut changes = found.values().flatten();
            return Ok(changes.any(|(_, change)| matches!(change, Change::Put(_))));
        }
        Ok(!found.is_empty())
    }

    /// Whether a pull needs nothing but what is kept in memory.
    #[must_use]
    pub fn is_quick(&self, ask: &PullAsk) -> bool {
        let held = ask.cursor.as_deref().map(|text| Holding::open(text, ask.device, &self.key));
        let moments = held.and_then(Result::ok).map(|held| held.moments());
        moments.into_iter().flatten().all(|moment| self.kept(ask.device, moment).is_some())
    }

    /// The name of the published profile that a device gets.
    #[must_use]
    pub fn profile_of(&self, device: RowId) -> Option<String> {
        let state = self.environment.state();
        let profile = offered(&state, state.devices.get(&device)?)?;
        Some(profile.draft.name.clone())
    }

    /// What a device must know besides rows, and its fingerprint.
    ///
    /// # Errors
    /// [`PullError::UnknownDevice`].
    pub fn metadata(&self, device: RowId) -> Result<(Metadata, String), PullError> {
        let state = self.environment.state();
        let known = state.devices.get(&device).ok_or(PullError::UnknownDevice(device))?;
        let items = offered(&state, known).into_iter().flat_map(|profile| &profile.draft.items);
        let tables = items.map(|item| item.table.clone()).collect();
        let metadata = state.catalog.metadata(known.device.user, &tables);
        let fingerprint = fingerprint(&metadata);
        Ok((metadata, fingerprint))
    }

    fn asked<'s>(
        &self,
        now: &'s Now,
        ask: &PullAsk,
    ) -> Result<(&'s DeviceState, Holding), PullError> {
        let state = &now.state;
        let device = state.devices.get(&ask.device);
        let device = device.ok_or(PullError::UnknownDevice(ask.device))?;
        let unknown = ask.tables.iter().flatten().find(|name| state.catalog.table(name).is_none());
        if let Some(table) = unknown {
            return Err(PullError::UnknownTable(table.clone()));
        }
        let held = match &ask.cursor {
            Some(cursor) => Holding::open(cursor, ask.device, &self.key)?,
            None => Holding::default(),
        };
        for moment in held.moments() {
            if !self.has_been(now, ask.device, moment)? && !planted(Bug::SkipLogBehind) {
                return Err(PullError::LogBehind { seen: moment.offset, head: state.cursor });
            }
        }
        Ok((device, held))
    }

    /// Whether this log has been at a moment that a device has seen.
    fn has_been(&self, now: &Now, device: RowId, moment: Moment) -> Result<bool, PullError> {
        let head = now.state.cursor;
        if moment.offset > head {
            return Ok(false);
        }
        if moment.offset == head || planted(Bug::ForgetHistory) {
            return Ok(moment.history == now.history || planted(Bug::ForgetHistory));
        }
        if self.kept(device, moment).is_some() {
            return Ok(true);
        }
        let had = history(self.environment.log(), moment.offset).map_err(EngineError::from)?;
        Ok(had == Some(moment.history))
    }

    /// The changes from what is held to what belongs there, each row by the moment that it is of.
    fn found(
        &self,
        now: &Now,
        caller: &Caller,
        device: RowId,
        (held, moments): (&Holding, &[Moment]),
        rows: &DeviceRows,
    ) -> Result<Found, PullError> {
        let mut found = Found::new();
        for moment in moments {
            let is_of = |table: &Name, id| {
                held.moment() == Some(*moment)
                    || held.moment_of(table, id) == Some(*moment)
                    || planted(Bug::IgnoreStretches)
            };
            let (mut difference, mut looks) = self.since(now, caller, device, *moment, rows)?;
            if planted(Bug::ForgetDels) {
                difference.del.retain(|(_, why)| *why != Departure::Left);
            }
            if planted(Bug::DropLooks) {
                looks.clear();
            }
            let put = difference.put.into_iter().map(|(key, version)| (key, Change::Put(version)));
            let del = difference.del.into_iter().map(|(key, why)| (key, Change::Del(told(why))));
            for (key, change) in looks.into_iter().chain(put).chain(del) {
                if is_of(&key.table, key.id) {
                    found.entry(key.table).or_default().push((key.id, change));
                }
            }
        }
        if held.moment().is_none() {
            for (table, rows) in now.columnar.rows_of(rows) {
                let is_new = |(id, _): &(RowId, _)| held.moment_of(table, *id).is_none();
                let mut new = rows.into_iter().filter(is_new).peekable();
                if new.peek().is_some() {
                    let new = new.map(|(id, version)| (id, Change::Put(version)));
                    found.entry(table.clone()).or_default().extend(new);
                }
            }
        }
        found.values_mut().for_each(by_id);
        Ok(found)
    }

    /// The difference from what belonged on the device at a moment to what does now, and the rows of
    /// both that look different though nobody wrote them.
    fn since(
        &self,
        now: &Now,
        caller: &Caller,
        device: RowId,
        moment: Moment,
        rows: &DeviceRows,
    ) -> Result<(Difference, Vec<Looking>), PullError> {
        let state = now.state.as_ref();
        if let Some(kept) = self.kept(device, moment)
            && let Some(difference) = now.columnar.difference(caller, &kept.rows, rows)
        {
            let looks = looking(now, rows, &kept.catalog);
            return Ok((difference, looks));
        }
        let user = state.devices.get(&device).map(|known| known.device.user);
        let user = user.ok_or(PullError::UnknownDevice(device))?;
        let (before, catalog) = self.dataset_at(user, moment)?;
        let belongs = now
            .columnar
            .rows_of(rows)
            .flat_map(|(table, rows)| {
                rows.into_iter().map(|(id, v)| (RowKey { table: table.clone(), id }, v))
            })
            .collect();
        let difference = Difference::between(state, caller, &before, &belongs);
        Ok((difference, looking(now, rows, &catalog)))
    }

    fn checkpoint(
        &self,
        state: &State,
        device: &DeviceState,
        profile: Option<&PublishedProfile>,
        facts: Option<&ProfileFacts>,
        ask: &PullAsk,
        moment: Moment,
    ) -> Checkpoint {
        let tables: BTreeSet<Name> =
            facts.into_iter().flat_map(|facts| facts.tables.keys().cloned()).collect();
        let metadata = self.metadata_of(&state.catalog, device.device.user, &tables);
        Checkpoint {
            offset: moment.offset,
            now: moment.now,
            profile: profile.map(|profile| profile.draft.name.clone()),
            profile_version: profile.map(|profile| profile.version),
            mode: if ask.cursor.is_some() { Mode::Delta } else { Mode::Full },
            last_mutation: (device.edits.len() as u64)
                .saturating_sub(u64::from(planted(Bug::LastMutationLags))),
            metadata: Some(metadata.to_string()),
        }
    }
}

impl Now {
    /// The rows that belong on a device now.
    pub(super) fn belonging(&self, device: &DeviceState, caller: &Caller) -> DeviceRows {
        match offered(&self.state, device) {
            Some(_) => self.columnar.device_rows(caller),
            None => DeviceRows::default(),
        }
    }
}

/// A row, put again.
type Looking = (RowKey, Change);

/// The published profile that a device gets.
pub(crate) fn offered<'s>(state: &'s State, device: &DeviceState) -> Option<&'s PublishedProfile> {
    let profile = state.catalog.published_profile_of(device.device.user)?;
    let app = device.app.as_deref().filter(|_| !planted(Bug::IgnoreApp));
    state.catalog.offers(app, &profile.draft.name).then_some(profile)
}

/// Rows that look different than under another catalog. Those that are new or written anyway are among
/// them, as they are put once.
fn looking(now: &Now, rows: &DeviceRows, before: &Arc<Catalog>) -> Vec<Looking> {
    let state = now.state.as_ref();
    let Some(looks) = Looks::between(before, &state.catalog) else { return Vec::new() };
    if !now.columnar.tables_of(rows).any(|table| looks.concern(table)) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (table, rows) in now.columnar.rows_of(rows).filter(|(table, _)| looks.concern(table)) {
        let looks = looks.of(table);
        for (id, version) in rows {
            let row = state.row(table, id);
            if row.is_some_and(|row| looks.has_changed(id, &row.values)) {
                let key = RowKey { table: table.clone(), id };
                found.push((key, Change::Put(version)));
            }
        }
    }
    found
}

fn told(why: Departure) -> Why {
    match why {
        Departure::Left => Why::Left,
        Departure::Deleted => Why::Deleted,
        Departure::Revoked => Why::Revoked,
    }
}

/// In the order of ids, each once: what was found last counts.
fn by_id(changes: &mut Changes) {
    // The sort keeps what has the same id in the order in which it was found.
    changes.sort_by_key(|(id, _)| *id);
    changes.dedup_by(|next, kept| {
        let is_same = next.0 == kept.0;
        if is_same {
            kept.1 = next.1;
        }
        is_same
    });
}
