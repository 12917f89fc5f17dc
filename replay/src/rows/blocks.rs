//! The blocks of a table in the order of their ids, in a tree of two levels that clones share.
//!
//! A map of blocks could only be asked for the nearest key at several times the cost: a row is looked
//! for by its id, a block by the lowest id that belongs into it.

use std::sync::Arc;

use haversack_core::RowId;

use super::block::{Block, tag_of};

/// Blocks of one shelf at the most: what a write copies the places of, if somebody else has them too.
const SHELF_BLOCKS_MAX: usize = 64;

/// Things by the lowest id that belongs to each; the first takes all ids that are lower still.
#[derive(Debug)]
struct ById<T> {
    /// What those ids begin with, as numbers: so many lie in one line of the processor's cache that few are
    /// waited for. Only where they are equal ids are compared.
    tags: Vec<u32>,
    things: Vec<(RowId, Arc<T>)>,
}

type Shelf = ById<Block>;

/// All blocks of a table.
#[derive(Clone, Debug, Default)]
pub(super) struct Blocks {
    shelves: Arc<ById<Shelf>>,
}

impl<T> Default for ById<T> {
    fn default() -> Self {
        Self { tags: Vec::new(), things: Vec::new() }
    }
}

impl<T> Clone for ById<T> {
    fn clone(&self) -> Self {
        Self { tags: self.tags.clone(), things: self.things.clone() }
    }
}

impl<T> ById<T> {
    fn of(id: RowId, thing: T) -> Self {
        Self { tags: vec![tag_of(id)], things: vec![(id, Arc::new(thing))] }
    }

    /// The place of what an id belongs to.
    fn place(&self, id: RowId) -> usize {
        let (Some(tags), Some(things)) = (self.tags.get(1..), self.things.get(1..)) else {
            return 0;
        };
        let tag = tag_of(id);
        let begin = first(tags, |before| *before < tag);
        if tags.get(begin) != Some(&tag) {
            return begin;
        }
        let alike = first(&tags[begin..], |one| *one == tag);
        begin + first(&things[begin..begin + alike], |(before, _)| *before <= id)
    }

    /// The same, if it was just this place or the next one that another id belongs to: those that are asked
    /// for together mostly come in their order, and a search takes many times as long.
    fn place_near(&self, near: usize, id: RowId) -> usize {
        let tag = tag_of(id);
        let is_before = |place: usize| self.tags.get(place).is_some_and(|before| *before < tag);
        let is_after = |place: usize| self.tags.get(place).is_none_or(|after| *after > tag);
        match (near..near + 2).find(|place| is_before(*place) && is_after(place + 1)) {
            Some(place) => place,
            None => self.place(id),
        }
    }

    fn get(&self, id: RowId) -> Option<&T> {
        self.things.get(self.place(id)).map(|(_, thing)| thing.as_ref())
    }

    fn insert(&mut self, place: usize, id: RowId, thing: T) {
        self.tags.insert(place, tag_of(id));
        self.things.insert(place, (id, Arc::new(thing)));
    }

    fn split_off(&mut self, place: usize) -> Self {
        Self { tags: self.tags.split_off(place), things: self.things.split_off(place) }
    }

    /// Reads something of each line of the processor's cache that tags are in, wherever the first begins.
    fn warm(&self) -> u32 {
        let last = self.tags.last().copied().unwrap_or_default();
        self.tags.iter().step_by(64 / size_of::<u32>()).fold(last, |all, tag| all ^ tag)
    }

    fn iter(&self) -> impl Iterator<Item = &T> {
        self.things.iter().map(|(_, thing)| thing.as_ref())
    }
}

/// The place of the first thing that does not come before; those that do are all in front.
fn first<T>(things: &[T], comes_before: impl Fn(&T) -> bool) -> usize {
    // A search by halves that adds what it learns instead of branching by it, which the processor would
    // guess wrong every other time.
    let (mut at, mut size) = (0, things.len());
    while size > 1 {
        let half = size / 2;
        at += half * usize::from(comes_before(&things[at + half - 1]));
        size -= half;
    }
    at + usize::from(things.get(at).is_some_and(&comes_before))
}

impl Blocks {
    /// The block that a row with this id is in, if it is there.
    pub fn get(&self, id: RowId) -> Option<&Block> {
        self.shelves.get(id)?.get(id)
    }

    /// The same for several rows: each step is taken for all of them before the next one, so that what is not
    /// in the processor's caches is waited for once, and not by each.
    pub fn get_some(&self, ids: &[RowId]) -> Vec<Option<&Block>> {
        let mut near = 0;
        let shelves = ids.iter().map(|id| {
            near = self.shelves.place_near(near, *id);
            self.shelves.things.get(near).map(|(_, shelf)| shelf.as_ref())
        });
        let shelves: Vec<_> = shelves.collect();
        let warmed = shelves.iter().flatten().fold(0, |all, shelf| all ^ shelf.warm());
        std::hint::black_box(warmed);
        let places = ids.iter().zip(shelves).map(|(id, shelf)| Some((shelf?, shelf?.place(*id))));
        let places: Vec<_> = places.collect();
        let blocks = places.into_iter().map(|found| {
            let (shelf, place) = found?;
            shelf.things.get(place).map(|(_, block)| block.as_ref())
        });
        blocks.collect()
    }

    /// All blocks.
    pub fn iter(&self) -> impl Iterator<Item = &Block> {
        self.shelves.iter().flat_map(ById::iter)
    }

    /// The block into which a row with this id belongs. If somebody else has it, it is copied, with room
    /// for so many bytes more.
    pub fn get_mut(&mut self, id: RowId, room: usize) -> &mut Block {
        let shelves = Arc::make_mut(&mut self.shelves);
        if shelves.things.is_empty() {
            *shelves = ById::of(id, ById::of(id, Block::default()));
        }
        let at = shelves.place(id);
        let shelf = Arc::make_mut(&mut shelves.things[at].1);
        let at = shelf.place(id);
        let block = &mut shelf.things[at].1;
        if Arc::get_mut(block).is_none() {
            *block = Arc::new(block.copy(room));
        }
        Arc::get_mut(block).expect("nobody else has it")
    }

    /// Cuts the block of a row that was just written. Rows that come in order leave full blocks behind.
    pub fn split(&mut self, id: RowId) {
        let shelves = Arc::make_mut(&mut self.shelves);
        let at = shelves.place(id);
        let is_last_shelf = at + 1 == shelves.things.len();
        let shelf = Arc::make_mut(&mut shelves.things[at].1);
        let within = shelf.place(id);
        let is_last = is_last_shelf && within + 1 == shelf.things.len();
        let block = Arc::get_mut(&mut shelf.things[within].1).expect("it was just written");
        let is_last = is_last && block.id(block.len() - 1) == id;
        let middle = if is_last { block.len() - 1 } else { block.middle() };
        let rest = block.split_off(middle);
        shelf.insert(within + 1, rest.id(0), rest);
        let count = shelf.things.len();
        if count > SHELF_BLOCKS_MAX {
            let rest = shelf.split_off(if is_last { count - 1 } else { count / 2 });
            shelves.insert(at + 1, rest.things[0].0, rest);
        }
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.iter().count()
    }
}
