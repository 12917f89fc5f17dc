//! The blocks of a table in the order of their ids, in a tree of two levels that clones share.
//!
//! A map of blocks could only be asked for the nearest key at several times the cost: a row is looked
//! for by its id, a block by the lowest id that belongs into it.

use std::sync::Arc;

use haversack_core::RowId;

use super::block::Block;

/// Blocks of one shelf at the most: what a write copies the places of, if somebody else has them too.
const SHELF_BLOCKS_MAX: usize = 64;

/// Things by the lowest id that belongs to each; the first takes all ids that are lower still.
type ById<T> = Vec<(RowId, Arc<T>)>;
type Shelf = ById<Block>;

/// All blocks of a table.
#[derive(Clone, Debug, Default)]
pub(super) struct Blocks {
    shelves: Arc<ById<Shelf>>,
}

fn place<T>(things: &ById<T>, id: RowId) -> usize {
    // A search by halves that adds what it learns instead of branching by it, which the processor would
    // guess wrong every other time.
    let (mut at, mut size) = (0, things.len());
    while size > 1 {
        let half = size / 2;
        at += half * usize::from(things[at + half].0 <= id);
        size -= half;
    }
    at
}

impl Blocks {
    /// The block that a row with this id is in, if it is there.
    pub fn get(&self, id: RowId) -> Option<&Block> {
        let (_, shelf) = self.shelves.get(place(&self.shelves, id))?;
        shelf.get(place(shelf, id)).map(|(_, block)| block.as_ref())
    }

    /// All blocks.
    pub fn iter(&self) -> impl Iterator<Item = &Block> {
        self.shelves.iter().flat_map(|(_, shelf)| shelf.iter().map(|(_, block)| block.as_ref()))
    }

    /// The block into which a row with this id belongs. If somebody else has it, it is copied, with room
    /// for so many bytes more.
    pub fn get_mut(&mut self, id: RowId, room: usize) -> &mut Block {
        let shelves = Arc::make_mut(&mut self.shelves);
        if shelves.is_empty() {
            shelves.push((id, Arc::new(vec![(id, Arc::default())])));
        }
        let at = place(shelves, id);
        let shelf = Arc::make_mut(&mut shelves[at].1);
        let at = place(shelf, id);
        let block = &mut shelf[at].1;
        if Arc::get_mut(block).is_none() {
            *block = Arc::new(block.copy(room));
        }
        Arc::get_mut(block).expect("nobody else has it")
    }

    /// Cuts the block of a row that was just written. Rows that come in order leave full blocks behind.
    pub fn split(&mut self, id: RowId) {
        let shelves = Arc::make_mut(&mut self.shelves);
        let at = place(shelves, id);
        let is_last_shelf = at + 1 == shelves.len();
        let shelf = Arc::make_mut(&mut shelves[at].1);
        let within = place(shelf, id);
        let is_last = is_last_shelf && within + 1 == shelf.len();
        let block = Arc::get_mut(&mut shelf[within].1).expect("it was just written");
        let is_last = is_last && block.id(block.len() - 1) == id;
        let middle = if is_last { block.len() - 1 } else { block.middle() };
        let rest = block.split_off(middle);
        shelf.insert(within + 1, (rest.id(0), Arc::new(rest)));
        if shelf.len() > SHELF_BLOCKS_MAX {
            let middle = if is_last { shelf.len() - 1 } else { shelf.len() / 2 };
            let rest = shelf.split_off(middle);
            shelves.insert(at + 1, (rest[0].0, Arc::new(rest)));
        }
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.iter().count()
    }
}
