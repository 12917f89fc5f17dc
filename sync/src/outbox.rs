//! A device's edits: queued, sent, judged, and laid over the rows until those have them.
//!
//! An [`Outbox`] is what its [`Record`]s fold to, in their order. Whoever keeps it makes a record durable
//! before it counts, and can make the outbox again from its records at any time.
//!
//! An edit is *unsent* until its outcome is known. It lies over its row until a pull has brought the
//! row with the edit's verdict in it, unless the edit has lost: then the row is shown as it was, and
//! the edit is a *problem* until the app has acknowledged it. No edit is forgotten before.

mod record;

use std::collections::{BTreeMap, BTreeSet};

use haversack_core::{
    BaseVersion, MutationNumber, Name, RowId, RowVersion, Timestamp,
    event::{Operation, RowKey},
    limits::OUTBOX_EDITS_MAX,
};
use serde_json::{Map, Value as Json};

pub use record::{Edit, Identity, Record};

use crate::{
    message::{OutcomeKind, PushOutcome},
    mutation::Mutation,
};

/// A device's edits.
#[derive(Clone, Debug, PartialEq)]
pub struct Outbox {
    /// Who the device is for the server; none before it is registered.
    identity: Option<Identity>,
    /// By their number on this device, which never changes; that for the server may.
    edits: BTreeMap<u64, Edit>,
    /// Those of each row.
    of_row: BTreeMap<RowKey, BTreeSet<u64>>,
    /// The number on this device of the next edit.
    next: u64,
    /// The number for the server of the first unsent edit; the others follow on it.
    first: MutationNumber,
    unsent: u64,
}

/// Whether the rows that are shown have an edit's verdict in them.
pub type Covers<'a> = &'a dyn Fn(&Edit) -> bool;

/// An edit as an app asks for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Wish {
    /// What is asked for.
    pub operation: Operation,
    /// The row.
    pub key: RowKey,
    /// The row of a create, the columns written of an update.
    pub values: Map<String, Json>,
}

/// Why something can't be done with an edit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutboxError {
    /// There is none with this number.
    #[error("this device has no edit {0}; `edit list` lists them")]
    Unknown(u64),
    /// It may have been judged.
    #[error(
        "edit {0} was sent and its outcome is not known: it may be in the log. Sync first; then \
         change the row again"
    )]
    Sent(u64),
    /// It was applied, or is still queued.
    #[error("edit {0} is no problem: it was applied, or was not sent yet")]
    NoProblem(u64),
    /// There are too many.
    #[error(
        "{OUTBOX_EDITS_MAX} edits wait to be sent or acknowledged; sync, and acknowledge what was refused"
    )]
    Full,
    /// The device is not registered.
    #[error("the device is not registered")]
    Unregistered,
}

impl Default for Outbox {
    fn default() -> Self {
        let (edits, of_row) = (BTreeMap::new(), BTreeMap::new());
        Self { identity: None, edits, of_row, next: 1, first: MutationNumber::FIRST, unsent: 0 }
    }
}

impl Outbox {
    /// Takes in the next record.
    pub fn apply(&mut self, record: Record) {
        match record {
            Record::Identity(identity) => {
                self.first = identity.first;
                let unsent = self.edits.values_mut().filter(|edit| edit.is_unsent());
                unsent.for_each(|edit| edit.was_sent = false);
                self.identity = Some(identity);
                self.number();
            }
            Record::Edit(edit) => self.insert(*edit),
            Record::Sent { through } => {
                let sent = self.edits.range_mut(..=through);
                sent.for_each(|(_, edit)| edit.was_sent |= edit.is_unsent());
            }
            Record::Judged { key, outcome } => {
                let Some(edit) = self.edits.get_mut(&key) else { return };
                if edit.is_unsent() {
                    self.unsent -= 1;
                    self.first = self.first.max(edit.number.next());
                }
                edit.outcome = Some(*outcome);
            }
            Record::Acknowledged { key } => {
                if let Some(edit) = self.edits.get_mut(&key) {
                    edit.is_acknowledged = true;
                }
            }
            Record::Removed { keys } => {
                keys.into_iter().for_each(|key| self.remove(key));
                self.number();
            }
            Record::Next { key } => self.next = self.next.max(key),
        }
    }

    fn insert(&mut self, edit: Edit) {
        self.remove(edit.key);
        self.next = self.next.max(edit.key + 1);
        self.unsent += u64::from(edit.is_unsent());
        self.of_row.entry(edit.row()).or_default().insert(edit.key);
        self.edits.insert(edit.key, edit);
    }

    fn remove(&mut self, key: u64) {
        let Some(edit) = self.edits.remove(&key) else { return };
        self.unsent -= u64::from(edit.is_unsent());
        let row = edit.row();
        if let Some(keys) = self.of_row.get_mut(&row) {
            keys.remove(&key);
            if keys.is_empty() {
                self.of_row.remove(&row);
            }
        }
    }

    /// Gives unsent edits the numbers that follow on those that were judged. What was sent keeps its
    /// number: it comes first.
    fn number(&mut self) {
        let device = self.identity.as_ref().map(|identity| identity.device);
        let mut next = self.first;
        for edit in self.edits.values_mut().filter(|edit| edit.is_unsent()) {
            edit.number = next;
            edit.device = device;
            next = next.next();
        }
    }

    /// Who the device is for the server.
    #[must_use]
    pub fn identity(&self) -> Option<&Identity> {
        self.identity.as_ref()
    }

    /// The edit that an app asks for, with what the device shows of the row.
    ///
    /// Its base is the version that was shown; with other edits of the row under way it is theirs,
    /// since nothing more of the row was seen than the first of them saw.
    ///
    /// # Errors
    /// If there are too many.
    pub fn edit(
        &self,
        wish: Wish,
        shown: Option<RowVersion>,
        at: Timestamp,
        covers: Covers<'_>,
    ) -> Result<Record, OutboxError> {
        if self.edits.len() >= OUTBOX_EDITS_MAX {
            return Err(OutboxError::Full);
        }
        let shown = shown.map_or(BaseVersion::NONE, |version| BaseVersion::seen(version.0));
        let base = self.over(&wish.key, covers).next().map_or(shown, |first| first.base);
        let RowKey { table, id } = wish.key;
        Ok(Record::Edit(Box::new(Edit {
            key: self.next,
            device: self.identity.as_ref().map(|identity| identity.device),
            number: self.next_number(),
            operation: wish.operation,
            table,
            id,
            base,
            values: wish.values,
            at,
            was_sent: false,
            outcome: None,
            is_acknowledged: false,
        })))
    }

    /// Unsent edits from the first on, so many and so many bytes, at least one; with the record that
    /// is to be durable before they are sent.
    #[must_use]
    pub fn batch(&self, most: usize, bytes_max: usize) -> Option<(Vec<Mutation>, Record)> {
        let mut bytes = 0;
        let mut batch = Vec::new();
        let mut through = 0;
        for edit in self.unsent().take(most.max(1)) {
            let mutation = edit.mutation();
            bytes += mutation.to_json().to_string().len() + 1;
            if bytes > bytes_max && !batch.is_empty() {
                break;
            }
            through = edit.key;
            batch.push(mutation);
        }
        (!batch.is_empty()).then_some((batch, Record::Sent { through }))
    }

    /// The records of the outcomes of a push. Answers to what is no unsent edit are left out.
    #[must_use]
    pub fn judged(&self, outcomes: Vec<PushOutcome>) -> Vec<Record> {
        let keys: BTreeMap<MutationNumber, u64> = self
            .unsent()
            .filter(|edit| edit.was_sent)
            .map(|edit| (edit.number, edit.key))
            .collect();
        let record = |outcome: PushOutcome| {
            let key = *keys.get(&outcome.n)?;
            Some(Record::Judged { key, outcome: Box::new(outcome) })
        };
        outcomes.into_iter().filter_map(record).collect()
    }

    /// The number for the server of the last edit whose outcome is known; 0: none.
    #[must_use]
    pub fn judged_through(&self) -> u64 {
        self.first.get() - 1
    }

    /// The number for the server of the last edit that was sent; 0: none.
    #[must_use]
    pub fn sent_through(&self) -> u64 {
        let sent = self.unsent().take_while(|edit| edit.was_sent).count() as u64;
        self.judged_through() + sent
    }

    /// The number for the server of the next edit.
    #[must_use]
    pub fn next_number(&self) -> MutationNumber {
        let next = self.first.get().saturating_add(self.unsent);
        MutationNumber::new(next).unwrap_or(self.first)
    }

    /// The record that takes out an edit that was not sent, and if it makes the row, with it all later
    /// edits of that.
    ///
    /// # Errors
    /// If there is none, or if it may have been judged.
    pub fn discard(&self, key: u64) -> Result<Record, OutboxError> {
        let edit = self.find(key)?;
        if !edit.is_unsent() {
            return self.acknowledge(key);
        }
        if edit.was_sent {
            return Err(OutboxError::Sent(key));
        }
        let follows = |later: &&Edit| {
            edit.operation == Operation::Create
                && later.key > key
                && (&later.table, later.id) == (&edit.table, edit.id)
        };
        let later = self.unsent().filter(follows).map(|edit| edit.key);
        Ok(Record::Removed { keys: [key].into_iter().chain(later).collect() })
    }

    /// The record that the app has seen what became of an edit.
    ///
    /// # Errors
    /// If there is none, or if nothing became of it that is to be seen.
    pub fn acknowledge(&self, key: u64) -> Result<Record, OutboxError> {
        let edit = self.find(key)?;
        if edit.is_problem() {
            Ok(Record::Acknowledged { key })
        } else {
            Err(OutboxError::NoProblem(key))
        }
    }

    /// What is to be asked for to try an edit again that was not applied.
    ///
    /// # Errors
    /// If there is none, or if it was applied.
    pub fn retry(&self, key: u64) -> Result<Wish, OutboxError> {
        let edit = self.find(key)?;
        if !edit.is_problem() {
            return Err(OutboxError::NoProblem(key));
        }
        let row = RowKey { table: edit.table.clone(), id: edit.id };
        Ok(Wish { operation: edit.operation, key: row, values: edit.values.clone() })
    }

    fn find(&self, key: u64) -> Result<&Edit, OutboxError> {
        self.edits.get(&key).ok_or(OutboxError::Unknown(key))
    }

    /// Edits that nobody needs any more: applied, or acknowledged, and in the rows.
    #[must_use]
    pub fn done(&self, covers: Covers<'_>) -> Vec<u64> {
        let is_seen = |edit: &&Edit| !edit.is_unsent() && !edit.is_problem();
        let done = self.edits.values().filter(is_seen).filter(|edit| covers(edit));
        done.map(|edit| edit.key).collect()
    }

    /// All edits that are kept, in the order in which they were made.
    pub fn edits(&self) -> impl DoubleEndedIterator<Item = &Edit> {
        self.edits.values()
    }

    /// Edits whose outcome is not known.
    pub fn unsent(&self) -> impl Iterator<Item = &Edit> {
        self.edits.values().filter(|edit| edit.is_unsent())
    }

    /// Edits that were refused or in conflict, and that the app has not acknowledged.
    pub fn problems(&self) -> impl Iterator<Item = &Edit> {
        self.edits.values().filter(|edit| edit.is_problem())
    }

    /// Edits that lie over a row, in their order: those whose verdict the row does not have yet, but
    /// not those that are known to have lost.
    pub fn over<'a>(
        &'a self,
        row: &RowKey,
        covers: Covers<'a>,
    ) -> impl Iterator<Item = &'a Edit> + use<'a> {
        let keys = self.of_row.get(row).into_iter().flatten();
        let edits = keys.filter_map(|key| self.edits.get(key));
        edits.filter(move |edit| !edit.has_lost() && !covers(edit))
    }

    /// Rows of a table that edits may lie over.
    pub fn rows<'a>(&'a self, table: &Name) -> impl Iterator<Item = &'a RowKey> + use<'a> {
        let first = RowKey { table: table.clone(), id: RowId::default() };
        let table = table.clone();
        self.of_row.range(first..).map(|(row, _)| row).take_while(move |row| row.table == table)
    }

    /// The records that fold to this outbox: what is kept in place of all that were.
    #[must_use]
    pub fn records(&self) -> Vec<Record> {
        // Numbers must not be given anew when the edits that had them are gone.
        let identity = self.identity.iter().cloned();
        let identity = identity.map(|old| Record::Identity(Identity { first: self.first, ..old }));
        let edits = self.edits.values().map(|edit| Record::Edit(Box::new(edit.clone())));
        identity.chain(edits).chain([Record::Next { key: self.next }]).collect()
    }

    /// How many edits of each table are unsent.
    #[must_use]
    pub fn unsent_by_table(&self) -> BTreeMap<Name, usize> {
        let mut counts = BTreeMap::new();
        self.unsent().for_each(|edit| *counts.entry(edit.table.clone()).or_default() += 1);
        counts
    }
}

/// Whether an outcome is that of an edit that is not in the rows.
fn lost(outcome: &PushOutcome) -> bool {
    let kind = outcome.first.unwrap_or(outcome.outcome);
    kind == OutcomeKind::Refused
        || kind == OutcomeKind::Conflict && outcome.winner.as_deref() == Some("server")
}
