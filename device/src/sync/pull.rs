//! Taking what changed.

use haversack_core::{Cursor, event::RowKey};
use haversack_sync::{
    message::{Checkpoint, Line, PullRequest},
    outbox::OutboxError,
    planted::{Bug, planted},
    replica::{Batch, Beneath, Differs, End, ReceiveError, Receiver, Replica, Step},
};

use super::{
    BROKEN_MAX, Stop, Sync,
    lines::{Lines, Next},
};
use crate::{DeviceError, TransportError, store::StoreError};

/// How a stream ended.
#[derive(PartialEq)]
enum Ended {
    /// All is shown.
    Shown,
    /// Behind a progress, as was asked for.
    Paused,
    /// Early, with or without progress.
    Early { has_progressed: bool },
    /// What came is not what the server tells: all rows are to be downloaded again.
    Differs,
}

impl Sync<'_> {
    /// Takes streams until what they bring is shown.
    pub(super) fn pull(&mut self) -> Result<(), Stop> {
        let mut broken = 0;
        let mut has_begun_anew = false;
        loop {
            match self.stream() {
                Ok(Ended::Shown) => return Ok(()),
                Ok(Ended::Paused | Ended::Differs) => broken = 0,
                Ok(Ended::Early { has_progressed }) => {
                    broken = if has_progressed { 1 } else { broken + 1 };
                    if broken >= BROKEN_MAX {
                        return Err(DeviceError::Broken(broken).into());
                    }
                }
                Err(Stop::Error(DeviceError::Transport(error))) => {
                    self.mend(error, &mut has_begun_anew)?;
                }
                Err(stop) => return Err(stop),
            }
        }
    }

    /// What can be done about a refusal of the server; if nothing can, the refusal.
    fn mend(&mut self, error: TransportError, has_begun_anew: &mut bool) -> Result<(), Stop> {
        match error.code() {
            Some("log_behind") => {
                let seen = self.device.status().offset;
                let known = error.to_string();
                Err(DeviceError::LogBehind { known, seen: format!("event {seen}") }.into())
            }
            Some("bad_cursor") if !*has_begun_anew => {
                *has_begun_anew = true;
                self.done.anew = Some("the server does not know the device's cursor".to_owned());
                Ok(self.device.distrust()?)
            }
            Some("unknown_device") => Err(self.unknown()),
            // A table that is gone since it was asked for.
            Some("unknown_table") if self.ask.tables.is_some() => {
                self.ask.tables = None;
                Ok(())
            }
            _ => Err(error.into()),
        }
    }

    fn stream(&mut self) -> Result<Ended, Stop> {
        let (request, mut receiver) = self.begin()?;
        let mut lines = Lines::new(self.transport.pull(&request)?);
        self.done.streams += 1;
        let mut has_progressed = false;
        loop {
            let (line, bytes) = match lines.next() {
                Next::Line(line, bytes) => (line, bytes),
                Next::End if receiver.end() == End::Paused && self.ask.max_rows.is_some() => {
                    return Ok(Ended::Paused);
                }
                Next::End | Next::Broken => return Ok(Ended::Early { has_progressed }),
                Next::Wrong(error) => return Err(TransportError::BadAnswer(error.message).into()),
            };
            self.count(&line, bytes);
            match self.line(&mut receiver, line, bytes)? {
                Step::Go => {}
                Step::Keep(batch) => {
                    has_progressed = true;
                    self.device.core().layers.stage(batch)?;
                    self.tell()?;
                }
                Step::Show { batch, is_full } => {
                    self.show(batch, is_full)?;
                    self.tell()?;
                    return Ok(Ended::Shown);
                }
                Step::Discard { replica, differs, is_again } => {
                    return self.discard(replica, differs, is_again);
                }
                // The ground gave way: from the last progress on, it's another one.
                Step::Ended(_) => return Ok(Ended::Early { has_progressed }),
            }
        }
    }

    fn begin(&mut self) -> Result<(PullRequest, Receiver), DeviceError> {
        let mut core = self.device.core();
        // What was shown last must be in the base before something else is staged over it.
        core.layers.tidy()?;
        let identity = core.ledger.outbox().identity().ok_or(OutboxError::Unregistered)?;
        let replica = core.layers.replica();
        let mut request = replica.request(identity.device, self.ask.tables.clone());
        request.max_rows = self.ask.max_rows;
        let receiver = replica.receive(&request);
        Ok((request, receiver))
    }

    fn count(&mut self, line: &Line, bytes: usize) {
        self.done.progress.bytes += bytes as u64;
        match line {
            Line::Put { .. } => self.done.put += 1,
            Line::Del { why, .. } => *self.done.gone.entry(*why).or_default() += 1,
            _ => return,
        }
        self.done.progress.rows += 1;
    }

    fn line(&mut self, receiver: &mut Receiver, line: Line, bytes: usize) -> Result<Step, Stop> {
        let is_first = matches!(line, Line::Checkpoint(_));
        let mut core = self.device.core();
        let mut failed: Option<StoreError> = None;
        let mut version = |row: &RowKey, beneath: Beneath| {
            core.layers.version(row, beneath).unwrap_or_else(|error| {
                failed.get_or_insert(error);
                None
            })
        };
        let step = receiver.line(line, bytes, &mut version);
        if let Some(error) = failed {
            return Err(error.into());
        }
        match step {
            Err(ReceiveError::WentBack { found, reached }) => {
                return Err(DeviceError::behind(found, reached).into());
            }
            Err(ReceiveError::TooMuch) => {
                let mut replica = core.layers.replica().clone();
                replica.drop_staged();
                core.layers.keep_replica(replica)?;
            }
            _ => {}
        }
        let step = step?;
        drop(core);
        if is_first && let Some(checkpoint) = receiver.checkpoint() {
            self.check_numbers(checkpoint)?;
        }
        Ok(step)
    }

    /// Whether the server has judged just the edits that this device has sent, and still knows what it said of
    /// them: one that was put back may have judged them anew.
    fn check_numbers(&self, checkpoint: &Checkpoint) -> Result<(), Stop> {
        let core = self.device.core();
        let outbox = core.ledger.outbox();
        let (known, judged) = (checkpoint.last_mutation, outbox.judged_through());
        if planted(Bug::SkipNumbers) {
            return Ok(());
        }
        if known >= outbox.next_number().get() || known > outbox.sent_through() {
            return Err(Stop::Cloned);
        }
        if known < judged {
            let (known, seen) = (format!("edit {known}"), format!("edit {judged}"));
            return Err(DeviceError::LogBehind { known, seen }.into());
        }
        let told =
            outbox.edits().filter_map(|edit| Some(Cursor::at(edit.outcome.as_ref()?.offset)));
        match told.max().filter(|told| *told > checkpoint.offset) {
            Some(told) => Err(DeviceError::behind(checkpoint.offset, told).into()),
            None => Ok(()),
        }
    }

    /// Shows what is staged, with the metadata that goes with it.
    fn show(&mut self, mut batch: Batch, is_full: bool) -> Result<(), Stop> {
        let (device, known) = {
            let core = self.device.core();
            let identity = core.ledger.outbox().identity().ok_or(OutboxError::Unregistered)?;
            (identity.device, core.metadata.clone())
        };
        let wanted = batch.replica.shown.metadata.clone();
        let metadata = if known.is_none() || wanted.is_some() && wanted != known {
            self.transport.metadata(device, known.as_deref())?
        } else {
            None
        };
        let mut core = self.device.core();
        if let Some(metadata) = &metadata {
            batch.replica.shown.metadata = Some(haversack_sync::digest::fingerprint(metadata));
        }
        self.done.offset = batch.replica.shown.offset;
        core.layers.show(batch, is_full, metadata.as_ref())?;
        if let Some(metadata) = metadata {
            core.take(metadata);
        }
        Ok(())
    }

    fn discard(
        &mut self,
        replica: Replica,
        differs: Differs,
        is_again: bool,
    ) -> Result<Ended, Stop> {
        self.device.core().layers.keep_replica(replica)?;
        if !is_again {
            return Err(DeviceError::Differs(differs).into());
        }
        self.done.anew = Some(differs.to_string());
        Ok(Ended::Differs)
    }
}
