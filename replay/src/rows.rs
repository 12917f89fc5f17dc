//! The rows of one table: packed, a few neighbours together, in a persistent tree.
//!
//! A packed row takes a fraction of the memory of its values, and what can be said of nearly every row
//! in the same words (one online event wrote it) is not said at all. Cloning costs a few counters, and
//! a clone never changes; a write copies the block of its row, a few kilobytes in two pieces.

mod block;
mod blocks;
mod names;
mod pack;
#[cfg(test)]
mod tests;
mod unpack;

use std::sync::Arc;

use block::{Block, Kept};
use blocks::Blocks;
use haversack_core::{Name, Row, RowId, RowVersion, Value};
use names::Names;

pub use unpack::PackedRow;

use crate::{Touch, Touches};

/// The rows of one table that there are or were, and the events on them.
#[derive(Clone, Debug, Default)]
pub(crate) struct TableRows {
    names: Arc<Names>,
    blocks: Blocks,
    /// How many rows there are,
    standing: usize,
    /// and how many there are or were.
    all: usize,
}

/// A row that there is or was.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot<'a> {
    /// None: it is gone.
    pub row: Option<PackedRow<'a>>,
    /// None: the usual event alone.
    touches: Option<&'a Touches>,
}

/// The one event that most rows have: written online.
fn usual(version: RowVersion) -> Touch {
    Touch { offset: version.0, device: None, verdict: None, is_version: true, spared: None }
}

impl Slot<'_> {
    fn to_bytes(self) -> Vec<u8> {
        self.row.map_or_else(Vec::new, |row| row.to_bytes())
    }

    /// The events on the row.
    pub fn touches(&self) -> Touches {
        match (self.touches, &self.row) {
            (Some(touches), _) => touches.clone(),
            (None, Some(row)) => [usual(row.version())].into_iter().collect(),
            (None, None) => Touches::default(),
        }
    }
}

/// What an event makes of a row.
pub(crate) enum Written<I> {
    /// The row with these values, which are in the order of their columns.
    Row(RowVersion, I),
    /// It is gone.
    Gone,
    /// Nothing: it is as it was.
    Nothing,
}

/// The values of a row.
type ValuesOf<'r> = Box<dyn Iterator<Item = (&'r Name, Option<&'r Value>)> + 'r>;

impl<'r> From<Option<&'r Option<Row>>> for Written<ValuesOf<'r>> {
    fn from(written: Option<&'r Option<Row>>) -> Self {
        match written {
            Some(Some(row)) => Self::Row(row.version, Box::new(row.values.iter())),
            Some(None) => Self::Gone,
            None => Self::Nothing,
        }
    }
}

impl TableRows {
    /// How many rows there are.
    pub fn standing(&self) -> usize {
        self.standing
    }

    /// How many rows there are or were.
    pub fn len(&self) -> usize {
        self.all
    }

    /// A row that there is or was.
    pub fn get(&self, id: RowId) -> Option<Slot<'_>> {
        let block = self.blocks.get(id)?;
        block.place(id).ok().map(|place| slot(&self.names, block, place))
    }

    /// Rows that there are. Each step is taken for all of them before the next one, so that what is not
    /// in the processor's caches is waited for once, and not by each.
    pub fn get_some(&self, ids: impl Iterator<Item = RowId>) -> Vec<Option<PackedRow<'_>>> {
        let ids: Vec<RowId> = ids.collect();
        let blocks = self.blocks.get_some(&ids);
        let warmed = blocks.iter().flatten().fold(0, |all, block| all ^ block.warm());
        std::hint::black_box(warmed);
        let near = ids.iter().zip(blocks).map(|(id, block)| Some((*id, block?, block?.near(*id))));
        let near: Vec<_> = near.collect();
        let warmed = near.iter().flatten().map(|(_, block, near)| block.warm_at(*near));
        std::hint::black_box(warmed.fold(0, |all, one| all ^ one));
        let places = near.iter().map(|found| {
            let (id, block, near) = (*found)?;
            Some((block, block.place_from(near, id).ok()?))
        });
        let places: Vec<_> = places.collect();
        let rows = places
            .iter()
            .map(|found| found.and_then(|(block, at)| slot(&self.names, block, at).row));
        let rows: Vec<_> = rows.collect();
        std::hint::black_box(rows.iter().flatten().fold(0, |all, row| all ^ row.warm()));
        rows
    }

    /// The columns that its packed rows give by number.
    pub fn columns(&self) -> &[Name] {
        self.names.columns.all()
    }

    /// All rows that there are or were, by id.
    pub fn iter(&self) -> impl Iterator<Item = (RowId, Slot<'_>)> {
        self.blocks.iter().flat_map(|block| {
            (0..block.len()).map(|place| (block.id(place), slot(&self.names, block, place)))
        })
    }

    /// Notes an event on a row, and what it made of the row.
    pub fn touch<'v>(
        &mut self,
        id: RowId,
        touch: Touch,
        written: Written<impl Iterator<Item = (&'v Name, Option<&'v Value>)>>,
    ) {
        let bytes = match written {
            Written::Row(version, values) => Some(pack::pack(version, values, &mut self.names)),
            Written::Gone => Some(Vec::new()),
            Written::Nothing => None,
        };
        self.change(id, |before| {
            let bytes = bytes.unwrap_or_else(|| before.map_or_else(Vec::new, Slot::to_bytes));
            let touches = match before {
                None if is_usual(&touch, &bytes) => None,
                before => {
                    let mut touches = before.map(|slot| slot.touches()).unwrap_or_default();
                    touches.push(touch);
                    Some(touches)
                }
            };
            (bytes, touches)
        });
    }

    /// Puts a row that comes after all others, with the events on it.
    pub fn push(&mut self, id: RowId, row: Option<&Row>, touches: Touches) {
        let bytes = row.map_or_else(Vec::new, |row| {
            pack::pack(row.version, row.values.iter(), &mut self.names)
        });
        let mut newest_first = touches.newest_first();
        let has_usual = newest_first.next().is_some_and(|touch| is_usual(touch, &bytes))
            && newest_first.next().is_none();
        drop(newest_first);
        self.change(id, |_| (bytes, (!has_usual).then_some(touches)));
    }

    /// Puts a row: its bytes, and the events on it, if they are not the usual one.
    fn change(
        &mut self,
        id: RowId,
        to: impl FnOnce(Option<Slot<'_>>) -> (Vec<u8>, Option<Touches>),
    ) {
        let block = self.blocks.get(id);
        let place = block.map_or(Err(0), |block| block.place(id));
        let before = block.zip(place.ok()).map(|(block, at)| slot(&self.names, block, at));
        let (had_row, was_there) = (before.is_some_and(|slot| slot.row.is_some()), place.is_ok());
        let (bytes, touches) = to(before);
        self.standing += usize::from(!bytes.is_empty());
        self.standing -= usize::from(had_row);
        self.all += usize::from(!was_there);
        let block = self.blocks.get_mut(id, bytes.len());
        block.put(place, Kept { id, bytes, touches });
        if block.is_full() {
            self.blocks.split(id);
        }
    }
}

fn slot<'a>(names: &'a Names, block: &'a Block, place: usize) -> Slot<'a> {
    let (bytes, touches) = block.slot(place);
    Slot { row: (!bytes.is_empty()).then(|| PackedRow::new(names, bytes)), touches }
}

/// Whether an event is the one that need not be said of a packed row.
fn is_usual(touch: &Touch, bytes: &[u8]) -> bool {
    !bytes.is_empty() && *touch == usual(unpack::version(bytes))
}
