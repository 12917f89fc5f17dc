//! Which rows point at a row, for all rows of one table: few take a number each, many a set.

use roaring::RoaringBitmap;

use super::ids::RowNumber;

/// Rows that point at one row are a list up to so many, then a bitmap. A power of two.
const LIST_MAX: usize = 64;
/// The length of a slot whose rows are a bitmap.
const MANY: u32 = u32::MAX;
/// Kinds of lists by their room: 2, 4, and so on up to [`LIST_MAX`].
const KINDS: usize = LIST_MAX.ilog2() as usize;
/// Room that no list is in, up to which lists are not moved together; beyond that, as much as all
/// lists take.
const FREE_MAX: usize = 4_096;

/// The rows that point at one row.
#[derive(Clone, Copy, Debug)]
pub(super) enum Sources<'a> {
    /// Ascending.
    List(&'a [RowNumber]),
    Bitmap(&'a RoaringBitmap),
}

/// For each row of a table the rows that point at it.
#[derive(Clone, Debug, Default)]
pub(super) struct Pointed {
    /// By row.
    slots: Vec<Slot>,
    /// Lists, each in as much room as the next power of two.
    lists: Vec<RowNumber>,
    bitmaps: Vec<RoaringBitmap>,
    /// Where there is room for a list, by its kind.
    free: [Vec<u32>; KINDS],
    /// How much that is.
    free_room: usize,
}

/// The rows that point at one row: one is here itself, a few are a list, many are a bitmap.
#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    at: u32,
    length: u32,
}

impl Pointed {
    /// Takes pointers as pairs of a row, ascending, and where it points.
    pub(super) fn of(pointers: impl Iterator<Item = (RowNumber, RowNumber)> + Clone) -> Self {
        let mut ends: Vec<u32> = Vec::new();
        for (_, to) in pointers.clone() {
            let to = to as usize;
            if ends.len() <= to {
                ends.resize(to + 1, 0);
            }
            ends[to] += 1;
        }
        let mut total = 0;
        for end in &mut ends {
            total += std::mem::replace(end, total);
        }
        let mut sorted = vec![0; total as usize];
        for (row, to) in pointers {
            let end = &mut ends[to as usize];
            sorted[*end as usize] = row;
            *end += 1;
        }
        let mut pointed = Self { slots: Vec::with_capacity(ends.len()), ..Self::default() };
        let mut begin = 0;
        for end in ends {
            pointed.push(&sorted[begin..end as usize]);
            begin = end as usize;
        }
        pointed.lists.shrink_to_fit();
        pointed
    }

    /// Adds the slot of the next row.
    fn push(&mut self, rows: &[RowNumber]) {
        let slot = match rows {
            [] => Slot::default(),
            [row] => Slot { at: *row, length: 1 },
            few if few.len() <= LIST_MAX => {
                let at = self.lists.len();
                self.lists.extend_from_slice(few);
                self.lists.resize(at + few.len().next_power_of_two(), 0);
                Slot { at: place(at), length: place(few.len()) }
            }
            many => self.bitmap(many),
        };
        self.slots.push(slot);
    }

    fn bitmap(&mut self, rows: &[RowNumber]) -> Slot {
        let set = RoaringBitmap::from_sorted_iter(rows.iter().copied());
        self.bitmaps.push(set.expect("they are ascending"));
        Slot { at: place(self.bitmaps.len() - 1), length: MANY }
    }

    /// The rows that point at a row; none: nothing does.
    pub(super) fn get(&self, to: RowNumber) -> Option<Sources<'_>> {
        let slot = self.slots.get(to as usize)?;
        let at = slot.at as usize;
        Some(match slot.length {
            0 => return None,
            1 => Sources::List(std::slice::from_ref(&slot.at)),
            MANY => Sources::Bitmap(&self.bitmaps[at]),
            length => Sources::List(&self.lists[at..at + length as usize]),
        })
    }

    /// Reads what these rows' slots and lists begin with: so they are waited for together, and not one
    /// after another.
    pub(super) fn warm(&self, to: &[RowNumber]) {
        let slots = to.iter().filter_map(|to| self.slots.get(*to as usize));
        let first = |slot: &Slot| match slot.length {
            0 | 1 | MANY => slot.at,
            _ => self.lists[slot.at as usize],
        };
        std::hint::black_box(slots.fold(0, |all, slot| all ^ first(slot)));
    }

    /// Adds a row to those that point at a row.
    pub(super) fn insert(&mut self, to: RowNumber, row: RowNumber) {
        let to = to as usize;
        if self.slots.len() <= to {
            self.slots.resize(to + 1, Slot::default());
        }
        let slot = self.slots[to];
        let mut rows = [0; LIST_MAX + 1];
        let length = match slot.length {
            MANY => {
                self.bitmaps[slot.at as usize].insert(row);
                return;
            }
            length => length as usize,
        };
        let Err(at) = self.copied(slot, &mut rows).binary_search(&row) else { return };
        rows.copy_within(at..length, at + 1);
        rows[at] = row;
        self.change(to, &rows[..=length]);
    }

    /// Takes a row from those that point at a row.
    pub(super) fn remove(&mut self, to: RowNumber, row: RowNumber) {
        let Some(slot) = self.slots.get(to as usize).copied() else { return };
        if slot.length == MANY {
            self.bitmaps[slot.at as usize].remove(row);
            return;
        }
        let mut rows = [0; LIST_MAX + 1];
        let Ok(at) = self.copied(slot, &mut rows).binary_search(&row) else { return };
        let length = slot.length as usize;
        rows.copy_within(at + 1..length, at);
        self.change(to as usize, &rows[..length - 1]);
    }

    /// Puts these rows in a slot that has no bitmap.
    fn change(&mut self, to: usize, rows: &[RowNumber]) {
        self.slots[to] = self.changed(self.slots[to], rows);
        if self.free_room > FREE_MAX.max(self.lists.len() / 2) {
            self.compact();
        }
    }

    /// A copy of the rows of a slot that has no bitmap.
    fn copied<'r>(&self, slot: Slot, rows: &'r mut [RowNumber]) -> &'r [RowNumber] {
        let (at, length) = (slot.at as usize, slot.length as usize);
        match length {
            1 => rows[0] = slot.at,
            _ => rows[..length].copy_from_slice(&self.lists[at..at + length]),
        }
        &rows[..length]
    }

    /// The slot with these rows instead; they are one more or one less than it had.
    fn changed(&mut self, slot: Slot, rows: &[RowNumber]) -> Slot {
        let (before, now) = (kind(slot.length as usize), kind(rows.len()));
        if before == now && now.is_some() {
            let at = slot.at as usize;
            self.lists[at..at + rows.len()].copy_from_slice(rows);
            return Slot { length: place(rows.len()), ..slot };
        }
        if let Some(kind) = before {
            self.free[kind].push(slot.at);
            self.free_room += 2 << kind;
        }
        match (rows, now) {
            ([], _) => Slot::default(),
            ([row], _) => Slot { at: *row, length: 1 },
            (few, Some(kind)) => {
                let at = self.room(kind);
                self.lists[at..at + few.len()].copy_from_slice(few);
                Slot { at: place(at), length: place(few.len()) }
            }
            (many, None) => self.bitmap(many),
        }
    }

    /// Room for a list of a kind.
    fn room(&mut self, kind: usize) -> usize {
        if let Some(at) = self.free[kind].pop() {
            self.free_room -= 2 << kind;
            return at as usize;
        }
        let at = self.lists.len();
        self.lists.resize(at + (2 << kind), 0);
        at
    }

    /// Moves lists together, over room that none is in.
    fn compact(&mut self) {
        let lists = std::mem::take(&mut self.lists);
        for slot in &mut self.slots {
            if let Some(kind) = kind(slot.length as usize) {
                let (from, at) = (slot.at as usize, self.lists.len());
                self.lists.extend_from_slice(&lists[from..from + (2 << kind)]);
                slot.at = place(at);
            }
        }
        self.free = Default::default();
        self.free_room = 0;
    }

    /// Bytes in memory.
    pub(super) fn bytes(&self) -> usize {
        let set = |set: &RoaringBitmap| set.serialized_size() + size_of::<RoaringBitmap>();
        let free: usize = self.free.iter().map(Vec::capacity).sum();
        self.slots.capacity() * size_of::<Slot>()
            + (self.lists.capacity() + free) * size_of::<RowNumber>()
            + self.bitmaps.iter().map(set).sum::<usize>()
    }
}

/// The kind of a list of so many rows; none: they are no list.
fn kind(length: usize) -> Option<usize> {
    let is_list = (2..=LIST_MAX).contains(&length);
    is_list.then(|| length.next_power_of_two().ilog2() as usize - 1)
}

fn place(at: usize) -> u32 {
    u32::try_from(at).expect("lists are no longer than 2^32")
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    fn rows(pointed: &Pointed, to: RowNumber) -> Vec<RowNumber> {
        match pointed.get(to) {
            Some(Sources::List(list)) => list.to_vec(),
            Some(Sources::Bitmap(set)) => set.iter().collect(),
            None => Vec::new(),
        }
    }

    #[test]
    fn pointers_come_and_go_and_room_is_used_again() {
        let mut known: BTreeMap<RowNumber, BTreeSet<RowNumber>> = BTreeMap::new();
        let begin: Vec<(RowNumber, RowNumber)> =
            (0..600).map(|row| (row, row % 7 * row % 50)).collect();
        let mut pointed = Pointed::of(begin.iter().copied());
        for (row, to) in begin {
            known.entry(to).or_default().insert(row);
        }
        let mut dice = 1_u32;
        let mut longest = 0;
        for step in 0..200_000 {
            dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let (to, row) = ((dice >> 8) % 60, (dice >> 16) % 90);
            // Lists grow and shrink in turns.
            if dice >> 29 < 1 + step / 10_000 % 7 {
                pointed.insert(to, row);
                known.entry(to).or_default().insert(row);
            } else {
                pointed.remove(to, row);
                known.entry(to).or_default().remove(&row);
            }
            longest = longest.max(pointed.lists.len());
            assert_eq!(rows(&pointed, to), Vec::from_iter(known[&to].iter().copied()), "{step}");
        }
        for (to, of) in &known {
            assert_eq!(rows(&pointed, *to), Vec::from_iter(of.iter().copied()));
        }
        assert!(longest < 60 * LIST_MAX + 2 * FREE_MAX, "{longest}");
    }

    #[test]
    fn room_of_lists_that_are_gone_is_given_back() {
        let mut pointed = Pointed::of((0..100_000).map(|row| (row, row / 2)));
        (0..100_000).for_each(|row| pointed.remove(row / 2, row));
        assert!((0..50_000).all(|to| pointed.get(to).is_none()));
        assert!(pointed.lists.len() <= 2 * FREE_MAX, "{}", pointed.lists.len());
    }
}
