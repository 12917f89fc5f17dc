//! What the log says: a second fold of it, with the state after every event, and what the obvious
//! evaluator makes of those.

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use haversack_core::{
    Cursor, Name, Offset, RowId, RowVersion, Timestamp,
    event::{Event, RowKey, Verdict},
    json::row_object,
    profile::PublishedProfile,
    security::Privilege,
};
use haversack_dataset::{Caller, Evaluator, Obvious, Rows};
use haversack_engine::Environment;
use haversack_replay::{Digest, Judging, State, fold};
use haversack_store::LogRecord;
use haversack_sync::{digest::fingerprint, mutation::Mutation};
use serde_json::{Map, Value as Json};

use crate::violation::{Checked, check, violated};

/// Rows as a device shows them.
pub type Shown = BTreeMap<RowKey, (RowVersion, Rc<Map<String, Json>>)>;

/// Moments whose datasets are kept.
const KEPT: usize = 64;

/// Whose dataset: of a device, at an offset, by a clock.
type Moment = (RowId, u64, i64);

/// The log, and what follows from it.
#[derive(Default)]
pub struct Oracle {
    log: Vec<LogRecord>,
    /// The state after each event, that before the first at 0.
    states: Vec<State>,
    /// What devices sent under a number, by device and number.
    pub sent: BTreeMap<(RowId, u64), Vec<Mutation>>,
    /// What was answered: where it is, and the verdict.
    answered: BTreeMap<(RowId, u64), (Offset, Verdict)>,
    kept: BTreeMap<Moment, Rc<Shown>>,
}

impl Oracle {
    /// Of an empty log.
    #[must_use]
    pub fn new() -> Self {
        Self { states: vec![State::default()], ..Self::default() }
    }

    /// The log.
    #[must_use]
    pub fn log(&self) -> &[LogRecord] {
        &self.log
    }

    /// The state after all that is durable.
    ///
    /// # Panics
    /// Never: that of the empty log is there.
    #[must_use]
    pub fn newest(&self) -> &State {
        self.states.last().expect("that of the empty log is there")
    }

    /// The state after an event.
    #[must_use]
    pub fn at(&self, cursor: Cursor) -> Option<&State> {
        self.states.get(usize::try_from(cursor.count()).ok()?)
    }

    /// Takes in what is durable by now.
    ///
    /// # Errors
    /// If it does not follow on what was, or has an edit that no device sent.
    pub fn catch_up(&mut self, environment: &Environment) -> Checked {
        let head = environment.state().cursor;
        check(environment.log().head() == head, "R1", || {
            format!("event {head} is shown, and the log ends at {}", environment.log().head())
        })?;
        loop {
            let next = Cursor::after(self.log.len() as u64).next();
            let read =
                environment.log().read(next, 1_000).map_err(|error| violated("R4", error))?;
            if read.is_empty() {
                break;
            }
            read.into_iter().try_for_each(|record| self.take(record))?;
        }
        check(self.newest().cursor == head, "R3", || {
            format!("the log has {} events, its head says {head}", self.log.len())
        })
    }

    fn take(&mut self, record: LogRecord) -> Checked {
        let mut state = self.newest().clone();
        if let Event::DeviceEdited(edit) = &record.inner.event {
            let expected = state.devices.get(&edit.device).map(|known| known.next_mutation());
            check(expected == Some(edit.number), "R2", || {
                format!(
                    "event {} has mutation {}, expected {expected:?}",
                    record.offset, edit.number
                )
            })?;
            let sent = self.sent.get(&(edit.device, edit.number.get()));
            let is_same = |sent: &Mutation| {
                sent.table == edit.key.table
                    && sent.id == edit.key.id
                    && sent.base == edit.base
                    && sent.operation == edit.request.operation()
            };
            check(sent.is_some_and(|sent| sent.iter().any(is_same)), "R18", || {
                format!("event {} is an edit that nobody sent", record.offset)
            })?;
        }
        let past: &[LogRecord] = &self.log;
        fold(&mut state, &record, Judging::InForce, past).map_err(|error| violated("R6", error))?;
        self.log.push(record);
        self.states.push(state);
        Ok(())
    }

    /// After a start: what was durable must be there, and all that was before; then what came.
    ///
    /// # Errors
    /// If an event is gone or is another one.
    pub fn reopened(&mut self, environment: &Environment) -> Checked<usize> {
        let before = self.log.len();
        let read = environment.log().read(Offset::FIRST, before.max(1));
        let read = read.map_err(|error| violated("R4", error))?;
        check(read.len() >= before, "R1", || {
            format!("{before} events were shown, {} are left", read.len())
        })?;
        check(read[..before] == self.log, "R3", || "events are others than they were".to_owned())?;
        self.catch_up(environment)?;
        self.same_digest(environment)?;
        Ok(self.log.len() - before)
    }

    /// Whether the engine's state is that of the second fold.
    ///
    /// # Errors
    /// If it is not.
    pub fn same_digest(&self, environment: &Environment) -> Checked {
        let (one, other) = (Digest::of(&environment.state()), Digest::of(self.newest()));
        check(one == other, "R6", || format!("the engine's state is {one}, folded it is {other}"))
    }

    /// The log was put back to an older copy: what came since is nowhere any more.
    pub fn put_back(&mut self, events: usize) {
        self.log.truncate(events);
        self.states.truncate(events + 1);
        self.kept.clear();
        self.answered.retain(|_, (offset, _)| offset.get() <= events as u64);
    }

    /// An edit was answered.
    ///
    /// # Errors
    /// If the log says otherwise, or it was answered otherwise before.
    pub fn answer(&mut self, edit: (RowId, u64), (offset, verdict): (Offset, Verdict)) -> Checked {
        let before = self.answered.insert(edit, (offset, verdict));
        check(before.is_none_or(|before| before == (offset, verdict)), "R2", || {
            format!("edit {edit:?} was answered {before:?}, and now {offset} {verdict:?}")
        })?;
        self.is_in_log(edit, offset, verdict)
    }

    fn is_in_log(
        &self,
        (device, number): (RowId, u64),
        offset: Offset,
        verdict: Verdict,
    ) -> Checked {
        let record = usize::try_from(offset.get() - 1).ok().and_then(|at| self.log.get(at));
        let is_it = matches!(record.map(|record| &record.inner.event), Some(Event::DeviceEdited(edit))
            if edit.device == device && edit.number.get() == number && edit.verdict == verdict);
        check(is_it, "R1", || {
            format!(
                "edit {number} of {device} was answered {verdict:?} at {offset}, which is {record:?}"
            )
        })
    }

    /// Whether every edit that was answered is in the log as it was answered.
    ///
    /// # Errors
    /// If one is not.
    pub fn answers_stand(&self) -> Checked {
        self.answered
            .iter()
            .try_for_each(|(edit, (offset, verdict))| self.is_in_log(*edit, *offset, *verdict))
    }

    /// The published profile that a device gets after an event.
    #[must_use]
    pub fn offered(state: &State, device: RowId) -> Option<&PublishedProfile> {
        let known = state.devices.get(&device)?;
        let profile = state.catalog.published_profile_of(known.device.user)?;
        state.catalog.offers(known.app.as_deref(), &profile.draft.name).then_some(profile)
    }

    /// What a device must show that was brought to a moment.
    ///
    /// # Errors
    /// If there is no such moment.
    pub fn expected(
        &mut self,
        device: RowId,
        offset: Cursor,
        now: Timestamp,
    ) -> Checked<Rc<Shown>> {
        let moment = (device, offset.count(), now.0);
        if let Some(kept) = self.kept.get(&moment) {
            return Ok(Rc::clone(kept));
        }
        let gone =
            || violated("R16", format!("event {offset} is not durable, and a device has seen it"));
        let state = self.at(offset).ok_or_else(gone)?;
        let shown = Rc::new(dataset(state, device, now));
        if self.kept.len() >= KEPT {
            self.kept.pop_first();
        }
        self.kept.insert(moment, Rc::clone(&shown));
        Ok(shown)
    }

    /// Whether a user may be told of a row by now, which a stream of another state has.
    #[must_use]
    pub fn may_be_told(&self, user: RowId, key: &RowKey, stream: Cursor) -> bool {
        let newest = self.newest();
        let caller = Caller::user(&newest.catalog, user, newest.at);
        if newest.current(key).is_some() {
            return Obvious::new(newest).readable(&caller, &key.table, key.id);
        }
        // Of a row that is gone counts what it was, by the roles of now.
        let (Some(then), Some(table)) = (self.at(stream), newest.catalog.table(&key.table)) else {
            return false;
        };
        let Some(row) = then.current(key) else { return false };
        newest.catalog.allows(user, Privilege::Read, table, &row.values)
    }

    /// The fingerprint of what a device knows besides rows, after an event.
    #[must_use]
    pub fn metadata(state: &State, device: RowId) -> String {
        let items =
            Self::offered(state, device).into_iter().flat_map(|profile| &profile.draft.items);
        let tables: BTreeSet<Name> = items.map(|item| item.table.clone()).collect();
        let user = state.devices.get(&device).map(|known| known.device.user).unwrap_or_default();
        fingerprint(&state.catalog.metadata(user, &tables))
    }
}

/// The rows that belong on a device, as they look.
fn dataset(state: &State, device: RowId, now: Timestamp) -> Shown {
    let Some(known) = state.devices.get(&device) else { return Shown::new() };
    if Oracle::offered(state, device).is_none() {
        return Shown::new();
    }
    let caller = Caller::user(&state.catalog, known.device.user, now);
    let rows = Obvious::new(state).dataset(&caller);
    rows.into_iter()
        .filter_map(|(key, version)| {
            let row = state.row(&key.table, key.id)?;
            let table = state.catalog.table(&key.table)?;
            let object = row_object(&state.catalog, table, key.id, &row.values);
            Some((key, (version, Rc::new(object))))
        })
        .collect()
}
