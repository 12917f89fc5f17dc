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
    planted::{Bug, planted},
};

/// Length at which a piece of a stream ends, in bytes: with the rows that are written together it stays in
/// the processor's nearest caches until it is taken over.
const PIECE_BYTES: usize = 16 << 10;
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

/// Puts that are written together, at the most;
const RUN: usize = 32;
/// and the bytes of a piece for each of them: what most rows take.
const RUN_BYTES: usize = 512;

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

    /// Writes the put lines of rows of a table at their versions, each with its end. Rows come several at
    /// a time, so that they can be looked for together.
    ///
    /// # Errors
    /// What the device is told if one of them may not be written any more; those before it are.
    fn put_lines(
        &mut self,
        table: &Name,
        rows: &[(RowId, RowVersion)],
        lines: &mut Vec<u8>,
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
    piece_bytes: usize,
    progress_lines: u64,
    /// The puts being written.
    run: Vec<(RowId, RowVersion)>,
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
            piece_bytes: PIECE_BYTES,
            progress_lines: PROGRESS_LINES,
            run: Vec::new(),
            is_over: false,
        }
    }

    /// With pieces of this many bytes, and progress told after this many lines: small ones give tests
    /// more moments at which something can happen.
    #[must_use]
    pub fn in_pieces(mut self, piece_bytes: usize, progress_lines: u64) -> Self {
        (self.piece_bytes, self.progress_lines) = (piece_bytes, progress_lines);
        self
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

    /// Writes the next piece, some 16 KiB or the rest.
    pub fn write(&mut self, ground: &mut dyn Ground, piece: &mut Vec<u8>) {
        if self.is_over {
            return;
        }
        let from = piece.len();
        if let Some(checkpoint) = self.first.take() {
            Line::Checkpoint(checkpoint).write(piece);
        }
        let mut wrote = ground.stands();
        while wrote.is_ok() && piece.len() - from < self.piece_bytes && !self.is_over {
            wrote = self.step(ground, piece);
        }
        if let Err(error) = wrote {
            Line::Error(error).write(piece);
            self.is_over = true;
        }
    }

    /// A few changes more, or the end.
    fn step(&mut self, ground: &mut dyn Ground, piece: &mut Vec<u8>) -> Result<(), StreamError> {
        if self.at.is_none() {
            self.at = self.changes.next().map(|(table, changes)| (table, changes, 0));
        }
        let Some((table, changes, next)) = &mut self.at else {
            self.complete(piece);
            return Ok(());
        };
        if *next == changes.len() {
            self.holding.advance(table, None, self.to);
            self.at = None;
            return Ok(());
        }
        let rest = &changes[*next..];
        let more = u64::from(planted(Bug::OneRowMore));
        let left =
            self.max_rows.map_or(u64::MAX, |most| (most + more).saturating_sub(self.written));
        if left == 0 {
            self.break_off(piece);
            return Ok(());
        }
        let count = if let (id, Change::Del(why)) = rest[0] {
            Line::Del { table: table.clone(), id, why }.write(piece);
            1
        } else {
            // No more than may come before the device is told how far it is.
            let most = left.min(self.progress_lines.saturating_sub(self.untold).max(1));
            let most = usize::try_from(most).unwrap_or(RUN).min(1 + self.piece_bytes / RUN_BYTES);
            self.run.clear();
            self.run.extend(puts(rest).take(most.min(RUN)));
            ground.put_lines(table, &self.run, piece)?;
            self.run.len()
        };
        *next += count;
        self.written += count as u64;
        self.untold += count as u64;
        if self.untold >= self.progress_lines {
            self.progress(piece);
        }
        Ok(())
    }

    /// Ends before the end: the device takes no more.
    fn break_off(&mut self, piece: &mut Vec<u8>) {
        if planted(Bug::CompleteWhenFull) {
            return self.complete(piece);
        }
        self.progress(piece);
        self.is_over = true;
    }

    /// Tells how far the device has come. Of too many moments it is told the ones before: what came
    /// since comes again.
    fn progress(&mut self, piece: &mut Vec<u8>) {
        let mut now = self.holding.clone();
        if let Some((table, changes, next)) = &self.at
            && let Some(last) =
                if planted(Bug::ProgressAhead) { Some(*next) } else { next.checked_sub(1) }
            && let Some((id, _)) = changes.get(last)
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

/// The puts that come before any other change.
fn puts(changes: &[(RowId, Change)]) -> impl Iterator<Item = (RowId, RowVersion)> {
    changes.iter().map_while(|(id, change)| match change {
        Change::Put(version) => Some((*id, *version)),
        Change::Del(_) => None,
    })
}
