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
    /// What it began on; none: it is a load's, and never goes back.
    base: Option<&'a State>,
    /// What it last went back to, and how many of the events are folded into that.
    gone_back: Option<(State, usize)>,
    /// Whether an event could not be folded, and may have left something in the state.
    is_torn: bool,
    /// Why none of it may enter the log.
    pub failed: Option<EngineError>,
}

impl<'a> Group<'a> {
    pub(crate) fn new(log: &'a dyn Log, state: &'a State, now: Timestamp) -> Self {
        Self { base: Some(state), ..Self::on(log, state.clone(), now) }
    }

    /// A group on a state that nobody else has.
    pub(crate) fn on(log: &'a dyn Log, state: State, now: Timestamp) -> Self {
        let at = now.max(state.at);
        let records = Vec::new();
        let ahead = state;
        Self { log, at, ahead, records, base: None, gone_back: None, is_torn: false, failed: None }
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
        self.fold(Sequenced { offset, at: self.at, inner: record })?;
        Ok(offset)
    }

    fn fold(&mut self, record: LogRecord) -> Result<(), EngineError> {
        let past = LogPast { log: self.log, pending: &self.records };
        let folded = fold(&mut self.ahead, &record, Judging::InForce, &past);
        self.is_torn |= folded.is_err();
        folded?;
        self.records.push(record);
        Ok(())
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
    pub(crate) fn mark(&self) -> usize {
        self.records.len()
    }

    /// Forgets what came after the mark: the events before it are folded once more, each once however often
    /// the group goes back. To keep the state of every mark would be to copy nearly all that is written after
    /// it, and most marks are never gone back to.
    pub(crate) fn reset(&mut self, mark: usize) {
        if self.records.len() == mark && !self.is_torn {
            return;
        }
        let base = self.base.expect("a load does not go back");
        self.records.truncate(mark);
        let (state, folded) = match self.gone_back.take() {
            Some((state, folded)) if folded <= mark => (state, folded),
            _ => (base.clone(), 0),
        };
        let again = self.records.split_off(folded);
        (self.ahead, self.is_torn) = (state, false);
        match again.into_iter().try_for_each(|record| self.fold(record)) {
            Ok(()) => self.gone_back = Some((self.ahead.clone(), mark)),
            // Answers were made for events that are lost now.
            Err(error) => self.failed = Some(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use haversack_core::{RowId, event::Device};
    use haversack_replay::Digest;
    use haversack_store::MemoryLog;

    use super::*;

    fn add(group: &mut Group<'_>, number: u8) {
        let (id, user) = (RowId::from_bytes([number; 16]), RowId::default());
        let device = Device { id, user, name: number.to_string(), platform: String::new() };
        let event = Event::DeviceRegistered(device);
        group.add(Record { actor: Actor::User(user), event }).unwrap();
    }

    #[test]
    fn what_came_after_a_mark_is_forgotten() {
        let (log, begin) = (MemoryLog::default(), State::default());
        let [mut group, mut other] = [0, 1].map(|_| Group::new(&log, &begin, Timestamp(1)));
        add(&mut group, 1);
        let mark = group.mark();
        group.reset(mark);
        assert_eq!(group.records.len(), mark, "there was nothing to forget");
        add(&mut group, 2);
        add(&mut group, 3);
        group.reset(mark);
        add(&mut group, 4);
        add(&mut group, 5);
        group.reset(mark + 1);
        add(&mut group, 6);
        group.reset(mark);
        add(&mut group, 7);
        add(&mut other, 1);
        add(&mut other, 7);
        assert_eq!(Digest::of(&group.ahead), Digest::of(&other.ahead));
        assert_eq!(group.records, other.records);
        assert!(group.failed.is_none());
    }
}
