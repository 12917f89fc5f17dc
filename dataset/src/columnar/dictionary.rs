//! Columns whose values are kept once each: texts and lists of options. A condition looks at each
//! different value once, however many rows have it.

use std::hash::{Hash, Hasher};

use hashbrown::HashTable;
use roaring::RoaringBitmap;
use xxhash_rust::xxh3::Xxh3Builder;

use super::{ids::RowNumber, numbers::bits};

/// A column of values that are kept once each.
#[derive(Clone, Debug)]
pub(super) struct Dictionary<T> {
    /// By row: the value's code.
    codes: Vec<u32>,
    /// By code: the value, and how many rows have it. Codes that no row has are given anew.
    values: Vec<(T, u32)>,
    unused: Vec<u32>,
    by_value: HashTable<u32>,
    seed: u64,
}

impl<T: Clone + Default + Eq + Hash> Dictionary<T> {
    pub(super) fn new(seed: u64) -> Self {
        let (codes, values, unused) = (Vec::new(), Vec::new(), Vec::new());
        Self { codes, values, unused, by_value: HashTable::new(), seed }
    }

    /// Puts a value in a row's cell. A cell that had one must have been cleared.
    pub(super) fn set(&mut self, row: RowNumber, value: T) {
        let code = self.code(value);
        self.values[code as usize].1 += 1;
        let at = row as usize;
        if self.codes.len() <= at {
            self.codes.resize(at + 1, 0);
        }
        self.codes[at] = code;
    }

    /// Takes the value out of a row's cell, which has one.
    pub(super) fn clear(&mut self, row: RowNumber) {
        let code = self.codes[row as usize];
        let (value, rows) = &mut self.values[code as usize];
        *rows -= 1;
        if *rows > 0 {
            return;
        }
        let hash = hash(self.seed, value);
        if let Ok(entry) = self.by_value.find_entry(hash, |at| *at == code) {
            entry.remove();
        }
        *value = T::default();
        self.unused.push(code);
    }

    fn code(&mut self, value: T) -> u32 {
        let (values, seed) = (&self.values, self.seed);
        let hash_of = |code: &u32| hash(seed, &values[*code as usize].0);
        let wanted = hash(seed, &value);
        if let Some(code) = self.by_value.find(wanted, |code| values[*code as usize].0 == value) {
            return *code;
        }
        let next = || u32::try_from(values.len()).expect("no more values than rows");
        let code = self.unused.pop().unwrap_or_else(next);
        self.by_value.insert_unique(wanted, code, hash_of);
        match self.values.get_mut(code as usize) {
            Some(place) => *place = (value, 0),
            None => self.values.push((value, 0)),
        }
        code
    }

    /// The value in a row's cell, which has one.
    pub(super) fn get(&self, row: RowNumber) -> &T {
        &self.values[self.codes[row as usize] as usize].0
    }

    /// The code of the value in a row's cell, which has one.
    pub(super) fn code_at(&self, row: RowNumber) -> u32 {
        self.codes[row as usize]
    }

    /// How many codes there are, with those that no row has.
    pub(super) fn codes(&self) -> usize {
        self.values.len()
    }

    /// Values by their codes.
    pub(super) fn values(&self) -> impl Iterator<Item = &T> {
        self.values.iter().map(|(value, _)| value)
    }

    /// Rows, null ones among them, whose value passes a test. Each different value is tested once.
    pub(super) fn scan(&self, mut test: impl FnMut(&T) -> bool) -> RoaringBitmap {
        let passes: Vec<bool> =
            self.values.iter().map(|(value, rows)| *rows > 0 && test(value)).collect();
        if passes.iter().any(|passes| *passes) {
            bits(&self.codes, |code| passes[code as usize])
        } else {
            RoaringBitmap::new()
        }
    }

    /// Gives back memory that nothing is kept in.
    pub(super) fn shrink(&mut self) {
        self.codes.shrink_to_fit();
        self.values.shrink_to_fit();
        let (values, seed) = (&self.values, self.seed);
        self.by_value.shrink_to_fit(|code| hash(seed, &values[*code as usize].0));
    }

    /// Bytes in memory; `inner` says how many a value has outside of itself.
    pub(super) fn bytes(&self, inner: impl Fn(&T) -> usize) -> usize {
        let values: usize = self.values.iter().map(|(value, _)| inner(value)).sum();
        let vectors = self.codes.capacity() * 4 + self.unused.capacity() * 4;
        vectors
            + values
            + self.values.capacity() * size_of::<(T, u32)>()
            + self.by_value.allocation_size()
    }
}

fn hash<T: Hash>(seed: u64, value: &T) -> u64 {
    let mut hasher = Xxh3Builder::new().with_seed(seed).build();
    value.hash(&mut hasher);
    hasher.finish()
}
