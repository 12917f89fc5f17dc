//! Sending edits.

use haversack_core::Cursor;
use haversack_sync::{
    message::{OutcomeKind, PushOutcome, PushRequest},
    planted::{Bug, planted},
};

use super::{Stop, Sync};
use crate::{DeviceError, TransportError};

/// Room for what is around the edits of a request.
const ENVELOPE_BYTES: usize = 256;

impl Sync<'_> {
    /// Sends what is queued, a batch at a time; says whether anything was.
    pub(super) fn push(&mut self) -> Result<bool, Stop> {
        let mut has_pushed = false;
        while let Some(request) = self.next_batch()? {
            let answer = match self.transport.push(&request) {
                Ok(answer) => answer,
                Err(error) => return Err(self.refused(error)),
            };
            self.judged(answer.outcomes)?;
            has_pushed = true;
            self.tell()?;
        }
        Ok(has_pushed)
    }

    fn next_batch(&mut self) -> Result<Option<PushRequest>, DeviceError> {
        let mut core = self.device.core();
        let limits = core.settings.limits.clone();
        let bytes = limits.body_bytes.saturating_sub(ENVELOPE_BYTES);
        let outbox = core.ledger.outbox();
        let Some((mutations, sent)) = outbox.batch(limits.push_mutations, bytes) else {
            return Ok(None);
        };
        let Some(identity) = outbox.identity().cloned() else {
            return Err(haversack_sync::outbox::OutboxError::Unregistered.into());
        };
        let is_new = outbox.unsent().take(mutations.len()).any(|edit| !edit.was_sent);
        if is_new && !planted(Bug::ForgetSent) {
            // From now on these may have been judged, whatever becomes of the answer.
            core.ledger.record(vec![sent])?;
        }
        Ok(Some(PushRequest { device_id: identity.device, mutations }))
    }

    fn judged(&mut self, outcomes: Vec<PushOutcome>) -> Result<(), DeviceError> {
        let is_problem = |outcome: &&PushOutcome| {
            outcome.first.unwrap_or(outcome.outcome) != OutcomeKind::Applied
        };
        let problems = outcomes.iter().filter(is_problem).count() as u64;
        let mut core = self.device.core();
        let records = core.ledger.outbox().judged(outcomes);
        if records.is_empty() {
            let message = "it tells no outcome of the edits that were sent";
            return Err(TransportError::BadAnswer(message.to_owned()).into());
        }
        self.done.progress.edits += records.len() as u64;
        self.done.problems += problems;
        Ok(core.ledger.record(records)?)
    }

    /// Numbers that don't fit are those of somebody else with this device's name, unless the server has
    /// lost events: then the pull says so.
    fn refused(&mut self, error: TransportError) -> Stop {
        match error.code() {
            Some("mutation_reused" | "mutation_gap") => match self.pull() {
                Ok(()) | Err(Stop::Cloned) => Stop::Cloned,
                Err(stop) => stop,
            },
            Some("unknown_device") => self.unknown(),
            _ => error.into(),
        }
    }

    /// A server that does not know the device has lost events, or is another one, if the device has seen
    /// any of them.
    pub(super) fn unknown(&self) -> Stop {
        let core = self.device.core();
        let (seen, judged) =
            (core.layers.replica().shown.offset, core.ledger.outbox().judged_through());
        if seen == Cursor::START && judged == 0 {
            return Stop::Cloned;
        }
        let known = "nothing".to_owned();
        DeviceError::LogBehind { known, seen: format!("event {seen}, edit {judged}") }.into()
    }
}
