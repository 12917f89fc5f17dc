//! Joined rows as columns of row numbers: one for the query's table, one for each link.

use roaring::RoaringBitmap;

use super::{
    ids::RowNumber,
    references::{Gathered, TableNumber},
};

/// Stands where a link found no row.
const NONE: RowNumber = RowNumber::MAX;

/// Place of a joined row among the others.
pub(super) type Place = u32;

/// Joined rows.
#[derive(Clone, Debug)]
pub(super) struct Joined {
    /// The query's table, then the links by their numbers.
    slots: Vec<Slot>,
    length: usize,
}

/// What one table has to do with each joined row.
#[derive(Clone, Debug)]
struct Slot {
    /// None: there is no such table.
    table: Option<TableNumber>,
    /// By place; empty: no joined row has any.
    rows: Vec<RowNumber>,
}

impl Joined {
    /// Rows that are joined to none yet. The first table is theirs.
    pub(super) fn new(
        tables: impl Iterator<Item = Option<TableNumber>>,
        rows: &RoaringBitmap,
    ) -> Self {
        let mut slots: Vec<Slot> = tables.map(|table| Slot { table, rows: Vec::new() }).collect();
        let rows: Vec<RowNumber> = rows.iter().collect();
        let length = rows.len();
        slots[0].rows = rows;
        Self { slots, length }
    }

    pub(super) fn len(&self) -> usize {
        self.length
    }

    /// The places of all.
    pub(super) fn places(&self) -> std::ops::Range<Place> {
        0..place(self.length)
    }

    /// How many tables there are.
    pub(super) fn slots(&self) -> usize {
        self.slots.len()
    }

    /// The table of a slot, if there is such a slot and such a table.
    pub(super) fn table(&self, slot: usize) -> Option<TableNumber> {
        self.slots.get(slot)?.table
    }

    /// The row of a slot's table, if one was found.
    pub(super) fn row(&self, slot: usize, at: Place) -> Option<RowNumber> {
        let row = self.slots.get(slot)?.rows.get(at as usize)?;
        (*row != NONE).then_some(*row)
    }

    /// The rows of a slot's table, each once.
    pub(super) fn set(&self, slot: usize) -> RoaringBitmap {
        let mut set = Gathered::default();
        self.found(slot).for_each(|row| set.add(row));
        set.set()
    }

    /// The rows of a slot's table, as often as they come.
    pub(super) fn found(&self, slot: usize) -> impl Iterator<Item = RowNumber> {
        let rows = self.slots.get(slot).map_or(&[][..], |slot| &slot.rows);
        rows.iter().copied().filter(|row| *row != NONE)
    }

    /// Those at these places.
    pub(super) fn take(&self, places: &[Place]) -> Self {
        let take = |slot: &Slot| {
            let rows = match slot.rows.is_empty() {
                true => Vec::new(),
                false => places.iter().map(|at| slot.rows[*at as usize]).collect(),
            };
            Slot { table: slot.table, rows }
        };
        Self { slots: self.slots.iter().map(take).collect(), length: places.len() }
    }

    /// With these rows in a slot that had none.
    pub(super) fn with(mut self, slot: usize, rows: Vec<RowNumber>) -> Self {
        debug_assert_eq!(rows.len(), self.length, "a row for each");
        self.slots[slot].rows = rows;
        self
    }

    /// With one more table and its rows, and the slot that it got.
    pub(super) fn and(mut self, table: TableNumber, rows: Vec<RowNumber>) -> (Self, usize) {
        let slot = self.slots.len();
        self.slots.push(Slot { table: Some(table), rows: Vec::new() });
        (self.with(slot, rows), slot)
    }

    /// With others behind its own.
    pub(super) fn chain(mut self, others: Self) -> Self {
        for (slot, other) in self.slots.iter_mut().zip(others.slots) {
            if slot.rows.is_empty() && other.rows.is_empty() {
                continue;
            }
            slot.rows.resize(self.length, NONE);
            slot.rows.extend(other.rows);
            slot.rows.resize(self.length + others.length, NONE);
        }
        self.length += others.length;
        self
    }
}

/// A place as it is kept.
pub(super) fn place(at: usize) -> Place {
    Place::try_from(at).expect("2^32 joined rows are more than memory holds")
}
