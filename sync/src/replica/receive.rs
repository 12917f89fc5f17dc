//! One stream, line by line.

use std::collections::BTreeMap;

use haversack_core::{Cursor, Name, RowVersion, event::RowKey, limits::RECEIVED_BYTES_MAX};

use super::{Batch, Differs, Replica, RowChange, Rows, Shown, Staged, Step, Table};
use crate::message::{Checkpoint, Complete, Line, Mode, PullRequest};

/// Takes in the lines of one stream.
#[derive(Debug)]
pub struct Receiver {
    before: Replica,
    asked: Option<Vec<Name>>,
    begins_with_nothing: bool,
    checkpoint: Option<Checkpoint>,
    /// What came since the last progress.
    changes: BTreeMap<RowKey, RowChange>,
    bytes: usize,
    beneath: Beneath,
    drops_staged: bool,
    is_full: bool,
    rows: BTreeMap<Name, Rows>,
    last: Last,
}

/// Where the version of a row is looked up that did not come since the last progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beneath {
    /// Among what is staged,
    pub staged: bool,
    /// then among what is shown.
    pub shown: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Last {
    Change,
    Progress,
    End,
}

/// How a stream ended whose bytes have ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// With its last line.
    Whole,
    /// Behind a progress: the server has brought as much as was asked for, or the stream broke there.
    Paused,
    /// Anywhere else.
    Broken,
}

/// Why a stream can't be taken in. What was kept of it stays.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReceiveError {
    /// It brings an older state than the device has had.
    #[error(
        "the server is at {found}, and this device has been at {reached}: the server lost events, \
         or is another one"
    )]
    WentBack {
        /// The state that the stream brings.
        found: Cursor,
        /// The state that the device has had.
        reached: Cursor,
    },
    /// It is not what the protocol says.
    #[error("the server's stream {0}")]
    Disorder(&'static str),
    /// Too much came without a progress.
    #[error("more than {RECEIVED_BYTES_MAX} bytes came without a line of progress")]
    TooMuch,
}

impl Replica {
    /// Takes in the stream that answers a [`Replica::request`].
    #[must_use]
    pub fn receive(&self, request: &PullRequest) -> Receiver {
        Receiver {
            before: self.clone(),
            asked: request.tables.clone(),
            begins_with_nothing: request.cursor.is_none(),
            checkpoint: None,
            changes: BTreeMap::new(),
            bytes: 0,
            beneath: Beneath { staged: false, shown: false },
            drops_staged: false,
            is_full: false,
            rows: BTreeMap::new(),
            last: Last::Change,
        }
    }
}

impl Receiver {
    /// Takes in a line of so many bytes. `version` looks up what the device holds of a row.
    ///
    /// # Errors
    /// If the stream can't be taken in: it is to be let go.
    pub fn line(
        &mut self,
        line: Line,
        bytes: usize,
        version: &mut dyn FnMut(&RowKey, Beneath) -> Option<RowVersion>,
    ) -> Result<Step, ReceiveError> {
        if self.last == Last::End {
            return Err(ReceiveError::Disorder("goes on behind its end"));
        }
        if self.checkpoint.is_none() && !matches!(line, Line::Checkpoint(_) | Line::Error(_)) {
            return Err(ReceiveError::Disorder("does not begin with its checkpoint"));
        }
        self.last = Last::Change;
        match line {
            Line::Checkpoint(checkpoint) => self.begin(checkpoint).map(|()| Step::Go),
            Line::Put { table, id, version: new, row } => {
                let at =
                    self.checkpoint.as_ref().map_or(Cursor::START, |checkpoint| checkpoint.offset);
                if Cursor::at(new.0) > at {
                    return Err(ReceiveError::Disorder(
                        "has a row that is newer than it says it is",
                    ));
                }
                let change = RowChange::Put { version: new, row };
                self.change(RowKey { table, id }, change, bytes, version)
            }
            Line::Del { table, id, why } => {
                self.change(RowKey { table, id }, RowChange::Del(why), bytes, version)
            }
            Line::Progress { cursor } => Ok(Step::Keep(self.keep(cursor))),
            Line::Complete(complete) => Ok(self.complete(complete)),
            Line::Error(error) => {
                self.last = Last::End;
                Ok(Step::Ended(error))
            }
        }
    }

    /// How the stream ended, now that its bytes have.
    #[must_use]
    pub fn end(&self) -> End {
        match self.last {
            Last::End => End::Whole,
            Last::Progress => End::Paused,
            Last::Change => End::Broken,
        }
    }

    /// Its first line, once that came.
    #[must_use]
    pub fn checkpoint(&self) -> Option<&Checkpoint> {
        self.checkpoint.as_ref()
    }

    fn begin(&mut self, checkpoint: Checkpoint) -> Result<(), ReceiveError> {
        if self.checkpoint.is_some() {
            return Err(ReceiveError::Disorder("has two checkpoints"));
        }
        let (found, reached) = (checkpoint.offset, self.before.reached());
        if found < reached {
            return Err(ReceiveError::WentBack { found, reached });
        }
        if checkpoint.mode == Mode::Full {
            self.drops_staged = true;
            self.is_full = true;
        } else if self.begins_with_nothing {
            return Err(ReceiveError::Disorder("builds on what this device does not hold"));
        } else if let Some(staged) = &self.before.staged {
            self.beneath = Beneath { staged: true, shown: !staged.is_full };
            self.is_full = staged.is_full;
            self.rows.clone_from(&staged.rows);
        } else {
            self.beneath = Beneath { staged: false, shown: true };
            let shown = &self.before.shown.tables;
            self.rows = shown.iter().map(|(name, table)| (name.clone(), table.rows)).collect();
        }
        self.checkpoint = Some(checkpoint);
        Ok(())
    }

    fn change(
        &mut self,
        key: RowKey,
        change: RowChange,
        bytes: usize,
        version: &mut dyn FnMut(&RowKey, Beneath) -> Option<RowVersion>,
    ) -> Result<Step, ReceiveError> {
        self.bytes += bytes;
        if self.bytes > RECEIVED_BYTES_MAX {
            return Err(ReceiveError::TooMuch);
        }
        let before = match self.changes.get(&key) {
            Some(RowChange::Put { version, .. }) => Some(*version),
            Some(RowChange::Del(_)) => None,
            None if self.beneath.staged || self.beneath.shown => version(&key, self.beneath),
            None => None,
        };
        let rows = self.rows.entry(key.table.clone()).or_default();
        if let Some(before) = before {
            rows.count = rows.count.saturating_sub(1);
            rows.digest.remove(&key.table, key.id, before);
        }
        if let RowChange::Put { version, .. } = &change {
            rows.count += 1;
            rows.digest.add(&key.table, key.id, *version);
        }
        self.changes.insert(key, change);
        Ok(Step::Go)
    }

    fn keep(&mut self, cursor: String) -> Batch {
        self.last = Last::Progress;
        let staged = Staged {
            cursor,
            offset: self.checkpoint.as_ref().map_or(Cursor::START, |checkpoint| checkpoint.offset),
            is_full: self.is_full,
            asked: self.asked.clone(),
            rows: self.rows.clone(),
        };
        self.before.staged = Some(staged);
        self.beneath.staged = true;
        self.batch()
    }

    /// What came since the last progress, which is none of it then.
    fn batch(&mut self) -> Batch {
        self.bytes = 0;
        Batch {
            drops_staged: std::mem::take(&mut self.drops_staged),
            changes: std::mem::take(&mut self.changes),
            replica: self.before.clone(),
        }
    }

    fn complete(&mut self, complete: Complete) -> Step {
        self.last = Last::End;
        if let Some(differs) = self.differs(&complete) {
            self.before.distrust();
            // What was staged of it may have been damaged: only all of it from nothing is certain.
            let (replica, is_again) = (self.before.clone(), !self.begins_with_nothing);
            return Step::Discard { replica, differs, is_again };
        }
        self.before.shown = self.shown(complete);
        self.before.staged = None;
        self.before.is_distrusted &= !self.is_full;
        Step::Show { batch: self.batch(), is_full: self.is_full }
    }

    /// The first table that is not as the server tells. Where all were asked for, none may be left of
    /// others.
    fn differs(&self, complete: &Complete) -> Option<Differs> {
        let told = complete
            .tables
            .iter()
            .map(|(name, told)| (name, Rows { count: told.rows, digest: told.digest }));
        let is_told = |name: &Name| complete.tables.contains_key(name);
        let is_asked = |name: &Name| self.asked.as_ref().is_none_or(|all| all.contains(name));
        let others = self.rows.keys().filter(|name| !is_told(name) && is_asked(name));
        let others = others.map(|name| (name, Rows::default()));
        told.chain(others).find_map(|(name, told)| {
            let found = self.rows.get(name).copied().unwrap_or_default();
            (found != told).then(|| Differs { table: name.clone(), found, told })
        })
    }

    fn shown(&mut self, complete: Complete) -> Shown {
        let checkpoint = self.checkpoint.clone().expect("the first line was the checkpoint");
        let mut shown = std::mem::take(&mut self.before.shown);
        match &self.asked {
            Some(asked) if !self.is_full => shown.tables.retain(|name, _| !asked.contains(name)),
            _ => shown.tables.clear(),
        }
        for (name, told) in complete.tables {
            let table = Table {
                rows: Rows { count: told.rows, digest: told.digest },
                offset: checkpoint.offset,
                synced_at: checkpoint.now,
                last_mutation: checkpoint.last_mutation,
                next_sync_seconds: told.next_sync_seconds,
            };
            shown.tables.insert(name, table);
        }
        if self.asked.is_none() {
            shown.last_mutation = checkpoint.last_mutation;
        }
        Shown {
            offset: checkpoint.offset,
            cursor: Some(complete.cursor),
            profile: checkpoint.profile,
            profile_version: checkpoint.profile_version,
            metadata: checkpoint.metadata.or(shown.metadata),
            last_mutation: shown.last_mutation,
            tables: shown.tables,
        }
    }
}
