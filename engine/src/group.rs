//! A commit group in the making: events judged and folded ahead of the log, and not yet durable.

use haversack_core::{
    Offset, Timestamp,
    event::{Actor, DeviceEdit, Event, RULES_VERSION, Record, Sequenced, Verdict},
};
use haversack_replay::{Judging, Past, PastError, State, fold, judge};
use haversack_store::{Log, LogRecord};

use crate::EngineError;

/// The log and, after it, a group that is not in it yet.
pub(crate) struct LogPast<'a> {
    pub log: &'a dyn Log,
    pub pending: &'a [LogRecord],
}

impl Past for LogPast<'_> {
    fn record(&self, offset: Offset) -> Result<Sequenced<Record>, PastError> {
        if let Some(first) = self.pending.first()
            && let Some(at) = offset.get().checked_sub(first.offset.get())
            && let Some(record) = self.pending.get(usize::try_from(at).unwrap_or(usize::MAX))
        {
            return Ok(record.clone());
        }
        let read = self.log.read(offset, 1);
        let mut found = read.map_err(|error| PastError { offset, source: Box::new(error) })?;
        found.pop().ok_or_else(|| PastError { offset, source: "the log ends before".into() })
    }
}

/// A commit group in the making.
pub(crate) struct Group<'a> {
    log: &'a dyn Log,
    /// When its events enter the log: the later of the clock and the event before.
    at: Timestamp,
    /// The state with the group's events folded in; shown to nobody before they are durable.
    pub ahead: State,
    /// The events.
    pub records: Vec<LogRecord>,
}

impl<'a> Group<'a> {
    pub(crate) fn new(log: &'a dyn Log, state: &State, now: Timestamp) -> Self {
        Self::on(log, state.clone(), now)
    }

    /// A group on a state that nobody else has.
    pub(crate) fn on(log: &'a dyn Log, state: State, now: Timestamp) -> Self {
        Self { log, at: now.max(state.at), ahead: state, records: Vec::new() }
    }

    /// Adds an event that was judged. The first event of a log is always that it was made.
    pub(crate) fn add(&mut self, record: Record) -> Result<Offset, EngineError> {
        if self.ahead.cursor.last().is_none()
            && !matches!(record.event, Event::EnvironmentCreated { .. })
        {
            let created = Event::EnvironmentCreated { name: String::new(), rules: RULES_VERSION };
            self.append(Record { actor: Actor::Administrator, event: created })?;
        }
        self.append(record)
    }

    fn append(&mut self, record: Record) -> Result<Offset, EngineError> {
        let offset = self.ahead.cursor.next();
        let record = Sequenced { offset, at: self.at, inner: record };
        let past = LogPast { log: self.log, pending: &self.records };
        fold(&mut self.ahead, &record, Judging::InForce, &past)?;
        self.records.push(record);
        Ok(offset)
    }

    /// Judges a device's edit by the policy in force, and adds it with its verdict.
    pub(crate) fn add_edit(
        &mut self,
        mut edit: DeviceEdit,
    ) -> Result<(Offset, Verdict), EngineError> {
        let past = LogPast { log: self.log, pending: &self.records };
        let policy = self.ahead.catalog.settings.policy();
        edit.verdict = judge(&self.ahead, &edit, policy, &past)?;
        let verdict = edit.verdict;
        let actor = Actor::Device(edit.device);
        let offset = self.add(Record { actor, event: Event::DeviceEdited(edit) })?;
        Ok((offset, verdict))
    }

    /// The event at `offset`, in the log or in this group.
    pub(crate) fn record(&self, offset: Offset) -> Result<LogRecord, EngineError> {
        Ok(self.past().record(offset)?)
    }

    /// The log and this group.
    pub(crate) fn past(&self) -> LogPast<'_> {
        LogPast { log: self.log, pending: &self.records }
    }

    /// A mark to come back to, if what follows is refused after all.
    pub(crate) fn mark(&self) -> (State, usize) {
        (self.ahead.clone(), self.records.len())
    }

    /// Forgets what came after the mark.
    pub(crate) fn reset(&mut self, (state, length): (State, usize)) {
        self.ahead = state;
        self.records.truncate(length);
    }
}
