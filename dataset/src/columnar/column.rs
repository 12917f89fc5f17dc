//! One column of one table: which rows have a value, and the values by their kind.

use haversack_core::{RowId, Value, schema::ColumnType};
use roaring::RoaringBitmap;

use super::{
    dictionary::Dictionary,
    ids::RowNumber,
    numbers::Numbers,
    references::{References, Target},
};

/// One column.
#[derive(Clone, Debug)]
pub(super) struct Column {
    /// Rows that have a value.
    pub(super) present: RoaringBitmap,
    pub(super) data: Data,
}

/// Values by their kind.
#[derive(Clone, Debug)]
pub(super) enum Data {
    Numbers(Numbers),
    Texts(Dictionary<String>),
    /// Options of a choice of several.
    Lists(Dictionary<Vec<i32>>),
    Ids(Vec<RowId>),
    References(References),
}

/// A value as it's put in: what points at a row has its number.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cell<'v> {
    Value(&'v Value),
    Target(Target),
}

impl Column {
    pub(super) fn new(column_type: ColumnType, seed: u64) -> Self {
        use ColumnType as T;
        let data = match column_type {
            T::String | T::Memo | T::File | T::Image => Data::Texts(Dictionary::new(seed)),
            T::Choices => Data::Lists(Dictionary::new(seed)),
            T::Uniqueidentifier => Data::Ids(Vec::new()),
            T::Lookup | T::Owner => Data::References(References::default()),
            other => Data::Numbers(Numbers::of(other).expect("all other types are of numbers")),
        };
        Self { present: RoaringBitmap::new(), data }
    }

    /// Puts a value in a row's cell, or takes it out. One of another type, which a column that was
    /// dropped and made anew can hold, is none.
    pub(super) fn set(&mut self, row: RowNumber, cell: Option<Cell<'_>>) {
        let is_present = self.present.contains(row);
        if is_present && cell.is_some_and(|cell| self.has(row, cell)) {
            return;
        }
        if is_present {
            match &mut self.data {
                Data::Texts(texts) => texts.clear(row),
                Data::Lists(lists) => lists.clear(row),
                Data::References(references) => references.clear(row),
                Data::Numbers(_) | Data::Ids(_) => {}
            }
        }
        match cell.is_some_and(|cell| self.fill(row, cell)) {
            true if !is_present => self.present.insert(row),
            false if is_present => self.present.remove(row),
            _ => false,
        };
    }

    /// Whether a row's cell, which is not null, holds this already. No, where that takes as long to
    /// find out as to put it in.
    fn has(&self, row: RowNumber, cell: Cell<'_>) -> bool {
        match (&self.data, cell) {
            (Data::References(references), Cell::Target(target)) => references.get(row) == target,
            (Data::Texts(texts), Cell::Value(Value::Text(text))) => texts.get(row) == text,
            (Data::Lists(lists), Cell::Value(Value::Choices(list))) => lists.get(row) == list,
            _ => false,
        }
    }

    /// Puts a value in a row's cell, which is empty; says whether it is of the column's type.
    fn fill(&mut self, row: RowNumber, cell: Cell<'_>) -> bool {
        match (&mut self.data, cell) {
            (Data::References(references), Cell::Target(target)) => references.set(row, target),
            (Data::Numbers(numbers), Cell::Value(value)) => {
                return numbers.set(row, &value.into());
            }
            (Data::Texts(texts), Cell::Value(Value::Text(text))) => {
                texts.set(row, text);
            }
            (Data::Lists(lists), Cell::Value(Value::Choices(options))) => {
                lists.set(row, options);
            }
            (Data::Ids(ids), Cell::Value(Value::Id(id))) => {
                if ids.len() <= row as usize {
                    ids.resize(row as usize + 1, RowId::default());
                }
                ids[row as usize] = *id;
            }
            _ => return false,
        }
        true
    }

    /// Where a row points, if its column points at rows and it does.
    pub(super) fn target(&self, row: RowNumber) -> Option<Target> {
        match &self.data {
            Data::References(references) if self.present.contains(row) => Some(references.get(row)),
            _ => None,
        }
    }

    /// Bytes in memory.
    pub(super) fn bytes(&self) -> usize {
        let data = match &self.data {
            Data::Numbers(numbers) => numbers.bytes(),
            Data::Texts(texts) => texts.bytes(),
            Data::Lists(lists) => lists.bytes(),
            Data::Ids(ids) => ids.capacity() * size_of::<RowId>(),
            Data::References(references) => references.bytes(),
        };
        data + self.present.serialized_size()
    }
}
