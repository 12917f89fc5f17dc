//! A device that is meant to be read: rows in a map, and a disk that is a copy of it.

use std::{collections::BTreeMap, rc::Rc};

use haversack_core::{
    BaseVersion, Cursor, MutationNumber, Name, RowId,
    event::{Operation, RowKey},
};
use haversack_sync::{
    digest::TableDigest,
    message::{Checkpoint, Complete, Line, Mode, PullRequest, PushAnswer},
    mutation::Mutation,
};

use crate::{
    device::{Seen, Wish},
    oracle::Shown,
    violation::{Checked, check, violated},
};

/// A device, as its disk has it, and the stream that it is taking in.
#[derive(Clone)]
pub struct Plain {
    disk: Disk,
    stream: Option<Stream>,
}

#[derive(Clone, Default)]
struct Disk {
    name: String,
    id: Option<RowId>,
    shown: Shown,
    offset: Cursor,
    cursor: Option<String>,
    staged: Option<Staged>,
    queue: Vec<Queued>,
    /// The number of the next edit.
    next: u64,
    /// Whether another device goes by its number.
    is_copy: bool,
}

/// What came up to the last progress, laid over what is shown.
#[derive(Clone)]
struct Staged {
    rows: Shown,
    offset: Cursor,
    cursor: String,
    asked: Option<Vec<Name>>,
}

#[derive(Clone)]
struct Queued {
    mutation: Mutation,
    serial: u64,
    was_sent: bool,
}

/// A stream under way.
#[derive(Clone)]
struct Stream {
    asked: Option<Vec<Name>>,
    is_anew: bool,
    rows: Shown,
    checkpoint: Option<Checkpoint>,
    /// Bytes of a line that has not come whole.
    rest: Vec<u8>,
    is_over: bool,
}

impl Plain {
    /// A device that is not registered.
    #[must_use]
    pub fn new(name: String) -> Self {
        Self { disk: Disk { name, next: 1, ..Disk::default() }, stream: None }
    }

    fn line(&mut self, text: &[u8]) -> Checked<Vec<Seen>> {
        let line = Line::read(text).map_err(|error| violated("R14", error))?;
        let stream = self.stream.as_mut().expect("bytes come to a stream");
        check(!stream.is_over, "R14", || "a line behind the last one".to_owned())?;
        let is_first = stream.checkpoint.is_none();
        match line {
            Line::Checkpoint(checkpoint) => {
                check(is_first, "R14", || "a second checkpoint".to_owned())?;
                return self.begin(checkpoint);
            }
            Line::Error(_) => {
                stream.is_over = true;
                return Ok(vec![Seen::Error]);
            }
            _ => check(!is_first, "R14", || "no checkpoint at the beginning".to_owned())?,
        }
        Ok(vec![match line {
            Line::Put { table, id, version, row } => {
                let key = RowKey { table, id };
                stream.rows.insert(key.clone(), (version, Rc::new(row)));
                Seen::Put(key)
            }
            Line::Del { table, id, why } => {
                let key = RowKey { table, id };
                let was_there = stream.rows.remove(&key).is_some();
                Seen::Del(key, why, was_there)
            }
            Line::Progress { cursor } => {
                let offset = stream.checkpoint.as_ref().map_or(Cursor::START, |first| first.offset);
                let (rows, asked) = (stream.rows.clone(), stream.asked.clone());
                self.disk.staged = Some(Staged { rows, offset, cursor: cursor.clone(), asked });
                Seen::Progress(cursor)
            }
            Line::Complete(complete) => return self.complete(complete),
            Line::Checkpoint(_) | Line::Error(_) => return Ok(vec![]),
        }])
    }

    fn begin(&mut self, checkpoint: Checkpoint) -> Checked<Vec<Seen>> {
        let reached = self.reached();
        let stream = self.stream.as_mut().expect("bytes come to a stream");
        if checkpoint.offset < reached {
            stream.is_over = true;
            return Ok(vec![Seen::WentBack]);
        }
        check((checkpoint.mode == Mode::Full) == stream.is_anew, "R14", || {
            "a stream that does not build on what was asked for".to_owned()
        })?;
        let mut seen = vec![Seen::Checkpoint(Box::new(checkpoint.clone()))];
        // The server has judged edits under numbers that this device has not given, or not sent.
        let last = checkpoint.last_mutation;
        let unsent = self.disk.queue.iter().filter(|queued| !queued.was_sent);
        let first_unsent = unsent.map(|queued| queued.mutation.number.get()).next();
        if last >= first_unsent.unwrap_or(self.disk.next) && !self.disk.is_copy {
            self.disk.is_copy = true;
            seen.push(Seen::IsCopy);
        }
        stream.checkpoint = Some(checkpoint);
        Ok(seen)
    }

    fn complete(&mut self, complete: Complete) -> Checked<Vec<Seen>> {
        let stream = self.stream.as_mut().expect("bytes come to a stream");
        stream.is_over = true;
        let mut found: BTreeMap<Name, (u64, TableDigest)> = BTreeMap::new();
        for (key, (version, _)) in &stream.rows {
            let (count, digest) = found.entry(key.table.clone()).or_default();
            *count += 1;
            digest.add(&key.table, key.id, *version);
        }
        for (table, told) in &complete.tables {
            let found = found.remove(table).unwrap_or_default();
            check(found == (told.rows, told.digest), "R15", || {
                format!("{table}: the device has {found:?}, the server tells {told:?}")
            })?;
        }
        let asked = stream.asked.clone();
        found.retain(|table, _| asked.as_ref().is_none_or(|asked| asked.contains(table)));
        check(found.is_empty(), "R15", || format!("rows of tables that are not told: {found:?}"))?;
        let offset = stream.checkpoint.as_ref().map_or(Cursor::START, |first| first.offset);
        self.disk.shown = std::mem::take(&mut stream.rows);
        self.disk.offset = offset;
        self.disk.cursor = Some(complete.cursor.clone());
        self.disk.staged = None;
        Ok(vec![Seen::Complete(Box::new(complete))])
    }
}

impl Plain {
    /// A copy of what is on its disk.
    #[must_use]
    pub fn copied(&self) -> Self {
        Self { disk: self.disk.clone(), stream: None }
    }

    /// Loses what is not on its disk.
    pub fn crash(&mut self) {
        self.stream = None;
    }

    /// Its name, by which it registers.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.disk.name
    }

    /// Who it is for the server.
    #[must_use]
    pub fn id(&self) -> Option<RowId> {
        self.disk.id
    }

    /// It is registered: this is its id, and the number of its next edit.
    pub fn registered(&mut self, id: RowId, next: u64) {
        self.disk.id = Some(id);
        self.disk.next = next;
        for queued in &mut self.disk.queue {
            queued.mutation.number =
                MutationNumber::new(self.disk.next).expect("numbers begin at 1");
            queued.was_sent = false;
            self.disk.next += 1;
        }
    }

    /// It is another device from now on, with this name, and not registered yet.
    pub fn become_another(&mut self, name: String) {
        self.disk.name = name;
        self.disk.id = None;
        self.disk.is_copy = false;
        self.begin_anew();
    }

    /// All that it holds came from a server that is no more: it begins anew with its next pull.
    pub fn begin_anew(&mut self) {
        self.stream = None;
        self.disk.staged = None;
        self.disk.cursor = None;
        self.disk.offset = Cursor::START;
    }

    /// What it asks for: the rest of a stream under way, or what changed since, of some tables or all.
    pub fn pull(&mut self, tables: Option<Vec<Name>>, max_rows: Option<u64>) -> PullRequest {
        let disk = &self.disk;
        let (cursor, tables, rows) = match &disk.staged {
            Some(staged) => {
                (Some(staged.cursor.clone()), staged.asked.clone(), staged.rows.clone())
            }
            None if disk.cursor.is_none() => {
                // From nothing all tables come: what is shown of others would go.
                (None, tables.filter(|_| disk.shown.is_empty()), Shown::new())
            }
            None => (disk.cursor.clone(), tables, disk.shown.clone()),
        };
        let (is_anew, asked) = (cursor.is_none(), tables.clone());
        let (checkpoint, rest) = (None, Vec::new());
        self.stream = Some(Stream { asked, is_anew, rows, checkpoint, rest, is_over: false });
        let device_id = self.disk.id.expect("only who is registered pulls");
        PullRequest { device_id, cursor, max_rows, tables }
    }

    /// Whether the stream that it takes in begins with nothing.
    #[must_use]
    pub fn is_anew(&self) -> bool {
        self.stream.as_ref().is_some_and(|stream| stream.is_anew)
    }

    /// Takes in bytes of the stream that it asked for.
    ///
    /// # Errors
    /// If the stream is not what it must be.
    pub fn receive(&mut self, bytes: &[u8]) -> Checked<Vec<Seen>> {
        let Some(stream) = &mut self.stream else { return Ok(Vec::new()) };
        stream.rest.extend_from_slice(bytes);
        let mut seen = Vec::new();
        while let Some(stream) = &mut self.stream {
            let Some(end) = stream.rest.iter().position(|byte| *byte == b'\n') else { break };
            let line: Vec<u8> = stream.rest.drain(..=end).collect();
            seen.extend(self.line(&line[..end])?);
        }
        Ok(seen)
    }

    /// The stream is over, or broke.
    pub fn hang_up(&mut self) {
        self.stream = None;
    }

    /// What it shows.
    #[must_use]
    pub fn shown(&self) -> &Shown {
        &self.disk.shown
    }

    /// Up to which event that is, or what it has come to on the way to the next.
    #[must_use]
    pub fn reached(&self) -> Cursor {
        let staged = self.disk.staged.as_ref().map_or(Cursor::START, |staged| staged.offset);
        staged.max(self.disk.offset)
    }

    /// The cursor that it would pull with.
    #[must_use]
    pub fn cursor(&self) -> Option<&str> {
        let staged = self.disk.staged.as_ref().map(|staged| staged.cursor.as_str());
        staged.or(self.disk.cursor.as_deref())
    }

    /// Takes an edit of its user, and keeps it until its outcome is known.
    pub fn edit(&mut self, wish: Wish) {
        let Wish { operation, key, values, serial } = wish;
        let seen = self.disk.shown.get(&key).map(|(version, _)| BaseVersion::seen(version.0));
        // Of a row that it has written itself nothing more was seen than the first edit saw.
        let under_way = self.disk.queue.iter().map(|queued| &queued.mutation);
        let first = under_way.clone().find(|other| other.table == key.table && other.id == key.id);
        let base = match (first, operation) {
            (Some(first), _) => first.base,
            (None, Operation::Create) => BaseVersion::NONE,
            (None, _) => seen.unwrap_or(BaseVersion::NONE),
        };
        let number = MutationNumber::new(self.disk.next).expect("numbers begin at 1");
        self.disk.next += 1;
        let RowKey { table, id } = key;
        let mutation = Mutation { number, operation, table, id, base, values };
        self.disk.queue.push(Queued { mutation, serial, was_sent: false });
    }

    /// The edits to send, at most so many.
    pub fn push(&mut self, most: usize) -> Vec<Mutation> {
        let sent = self.disk.queue.iter_mut().take(most);
        sent.map(|queued| {
            queued.was_sent = true;
            queued.mutation.clone()
        })
        .collect()
    }

    /// What became of edits; gives back by what the world knows those that are done.
    pub fn judged(&mut self, answer: &PushAnswer) -> Vec<u64> {
        let is_judged = |queued: &Queued| {
            answer.outcomes.iter().any(|outcome| outcome.n == queued.mutation.number)
        };
        let done = self.disk.queue.iter().filter(|queued| is_judged(queued));
        let done = done.map(|queued| queued.serial).collect();
        self.disk.queue.retain(|queued| !is_judged(queued));
        done
    }

    /// By what the world knows the edits that wait.
    #[must_use]
    pub fn waiting(&self) -> Vec<u64> {
        self.disk.queue.iter().map(|queued| queued.serial).collect()
    }
}
