//! The server's side of a stream: what it shall bring, written a piece at a time.
//!
//! Whoever carries the bytes asks for the next piece when there is room for it, so nothing piles up.
//! Before each piece the ground is asked whether it still stands: what was revoked meanwhile, or
//! changed its shape, is not written.

use std::collections::BTreeMap;

use haversack_core::{Name, RowId, RowVersion};

use crate::{
    cursor::{CursorKey, Holding, MOMENTS_MAX, Moment},
    message::{Checkpoint, Complete, Line, StreamError, TableState, Why},
};

/// Length at which a piece of a stream ends, in bytes.
const PIECE_BYTES: usize = 64 << 10;
/// Lines after which a device is told how far it has come.
const PROGRESS_LINES: u64 = 1_000;

/// What a device is to be told of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// To hold it, at this version.
    Put(RowVersion),
    /// To hold it no longer.
    Del(Why),
}

/// Changes of the rows of a table, in the order of their ids.
pub type Changes = Vec<(RowId, Change)>;

/// What a stream is to bring.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The device.
    pub device: RowId,
    /// What the device holds,
    pub held: Holding,
    /// and the moment that it is brought to.
    pub to: Moment,
    /// The first line.
    pub checkpoint: Checkpoint,
    /// The changes.
    pub changes: BTreeMap<Name, Changes>,
    /// What the last line says of tables.
    pub tables: BTreeMap<Name, TableState>,
    /// The tables that were asked for; none: all.
    pub asked: Option<Vec<Name>>,
    /// How many changes the device takes at the most.
    pub max_rows: Option<u64>,
}

/// Rows as they are at the moment of a stream, and whether they may still be told.
pub trait Ground {
    /// Whether the stream may go on as it began.
    ///
    /// # Errors
    /// What the device is told if not.
    fn stands(&mut self) -> Result<(), StreamError>;

    /// Writes the put line of a row at a version, with its end.
    ///
    /// # Errors
    /// What the device is told if the row may not be written any more.
    fn put_line(
        &mut self,
        table: &Name,
        id: RowId,
        version: RowVersion,
        line: &mut Vec<u8>,
    ) -> Result<(), StreamError>;
}

/// A stream under way.
#[derive(Debug)]
pub struct Pull {
    device: RowId,
    key: CursorKey,
    to: Moment,
    /// What the device holds once it has all that was written.
    holding: Holding,
    first: Option<Checkpoint>,
    /// The table being written, how many of its changes are,
    at: Option<(Name, Changes, usize)>,
    /// and those that follow.
    changes: std::collections::btree_map::IntoIter<Name, Changes>,
    written: u64,
    max_rows: Option<u64>,
    /// Lines since the device was told how far it has come.
    untold: u64,
    tables: BTreeMap<Name, TableState>,
    asked: Option<Vec<Name>>,
    is_over: bool,
}

impl Pull {
    /// A stream that brings what was planned.
    #[must_use]
    pub fn new(plan: Plan, key: CursorKey) -> Self {
        Self {
            device: plan.device,
            key,
            to: plan.to,
            holding: plan.held,
            first: Some(plan.checkpoint),
            at: None,
            changes: plan.changes.into_iter(),
            written: 0,
            max_rows: plan.max_rows,
            untold: 0,
            tables: plan.tables,
            asked: plan.asked,
            is_over: false,
        }
    }

    /// Whether all is written.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.is_over
    }

    /// How many put and del lines were written.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Writes the next piece, some 64 KiB or the rest.
    pub fn write(&mut self, ground: &mut dyn Ground, piece: &mut Vec<u8>) {
        if self.is_over {
            return;
        }
        let from = piece.len();
        if let Some(checkpoint) = self.first.take() {
            Line::Checkpoint(checkpoint).write(piece);
        }
        let mut wrote = ground.stands();
        while wrote.is_ok() && piece.len() - from < PIECE_BYTES && !self.is_over {
            wrote = self.step(ground, piece);
        }
        if let Err(error) = wrote {
            Line::Error(error).write(piece);
            self.is_over = true;
        }
    }

    /// One change more, or the end.
    fn step(&mut self, ground: &mut dyn Ground, piece: &mut Vec<u8>) -> Result<(), StreamError> {
        if self.at.is_none() {
            self.at = self.changes.next().map(|(table, changes)| (table, changes, 0));
        }
        let Some((table, changes, next)) = &mut self.at else {
            self.complete(piece);
            return Ok(());
        };
        let Some((id, change)) = changes.get(*next).copied() else {
            self.holding.advance(table, None, self.to);
            self.at = None;
            return Ok(());
        };
        if self.max_rows.is_some_and(|most| self.written >= most) {
            self.progress(piece);
            self.is_over = true;
            return Ok(());
        }
        match change {
            Change::Put(version) => ground.put_line(table, id, version, piece)?,
            Change::Del(why) => Line::Del { table: table.clone(), id, why }.write(piece),
        }
        *next += 1;
        self.written += 1;
        self.untold += 1;
        if self.untold >= PROGRESS_LINES {
            self.progress(piece);
        }
        Ok(())
    }

    /// Tells how far the device has come. Of too many moments it is told the ones before: what came
    /// since comes again.
    fn progress(&mut self, piece: &mut Vec<u8>) {
        let mut now = self.holding.clone();
        if let Some((table, changes, next)) = &self.at
            && let Some((id, _)) = next.checked_sub(1).and_then(|last| changes.get(last))
        {
            now.advance(table, Some(*id), self.to);
        }
        if now.moments().len() <= MOMENTS_MAX {
            self.holding = now;
        } else if self.max_rows.is_none() {
            return;
        }
        self.untold = 0;
        let cursor = self.holding.seal(self.device, &self.key);
        Line::Progress { cursor }.write(piece);
    }

    fn complete(&mut self, piece: &mut Vec<u8>) {
        match &self.asked {
            None => self.holding = Holding::of(self.to),
            Some(tables) => {
                tables.iter().for_each(|table| self.holding.advance(table, None, self.to));
            }
        }
        let cursor = self.holding.seal(self.device, &self.key);
        let tables = std::mem::take(&mut self.tables);
        Line::Complete(Complete { cursor, tables }).write(piece);
        self.is_over = true;
    }
}
