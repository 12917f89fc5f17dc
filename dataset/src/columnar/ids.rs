//! Row numbers of one table: small and dense, so that sets of rows are bitmaps.
//!
//! An id gets its number when it's first met, be it a row's own or that of a row to which another
//! points. So pointers are numbers too, whether or not the row is there.

use hashbrown::HashTable;
use haversack_core::RowId;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Number of a row within its table.
pub(crate) type RowNumber = u32;

/// The numbers of one table's rows.
#[derive(Clone, Debug)]
pub(super) struct Ids {
    ids: Vec<RowId>,
    numbers: HashTable<RowNumber>,
    /// Whoever makes up ids must not know how they are spread.
    seed: u64,
}

impl Ids {
    pub(super) fn new(seed: u64) -> Self {
        Self { ids: Vec::new(), numbers: HashTable::new(), seed }
    }

    /// Takes ids that are all different, and gives them numbers in their order.
    pub(super) fn of(seed: u64, mut ids: Vec<RowId>) -> Self {
        ids.shrink_to_fit();
        let last = RowNumber::try_from(ids.len()).expect("a table has fewer rows than 2^32");
        let mut numbers = HashTable::with_capacity(ids.len());
        for (number, id) in (0..last).zip(&ids) {
            numbers.insert_unique(hash(seed, *id), number, |at| hash(seed, ids[*at as usize]));
        }
        Self { ids, numbers, seed }
    }

    /// How many ids have been met.
    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    /// The number of an id, if it has been met.
    pub(super) fn find(&self, id: RowId) -> Option<RowNumber> {
        let is_it = |number: &RowNumber| self.ids[*number as usize] == id;
        self.numbers.find(hash(self.seed, id), is_it).copied()
    }

    /// The number of an id, which is met now if it hasn't been before.
    pub(super) fn number(&mut self, id: RowId) -> RowNumber {
        if let Some(number) = self.find(id) {
            return number;
        }
        let number = RowNumber::try_from(self.ids.len()).expect("a table has fewer rows than 2^32");
        self.ids.push(id);
        let (ids, seed) = (&self.ids, self.seed);
        self.numbers.insert_unique(hash(seed, id), number, |at| hash(seed, ids[*at as usize]));
        number
    }

    /// The id with a number that was given.
    pub(super) fn id(&self, number: RowNumber) -> RowId {
        self.ids[number as usize]
    }

    /// Bytes in memory.
    pub(super) fn bytes(&self) -> usize {
        self.ids.capacity() * size_of::<RowId>() + self.numbers.allocation_size()
    }
}

fn hash(seed: u64, id: RowId) -> u64 {
    xxh3_64_with_seed(id.as_bytes(), seed)
}
