//! Rows by what they have in a column: those that are one for groups and `distinct` have one number.
//!
//! What a column keeps (a code, a place on the line, a pointer) is numbered first, so that keys are
//! made once for each different value.

use std::collections::BTreeMap;

use hashbrown::HashTable;
use haversack_core::Value;
use roaring::RoaringBitmap;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::{
    column::{Column, Data},
    dictionary::Dictionary,
    ids::RowNumber,
    joined::{Joined, place},
    numbers::Numbers,
    run::Run,
    table::TableRows,
    tables::Tables,
};
use crate::obvious::key::Key;

/// Up to so many, pairs of numbers are looked up by themselves.
const SMALL: usize = 4_096;

/// Number of a class; 0: null.
pub(super) type Class = u32;

/// The classes of rows of one table.
#[derive(Debug)]
pub(super) struct Classes {
    of_row: Vec<Class>,
    /// By class.
    pub(super) keys: Vec<Key>,
}

impl Classes {
    /// The class of a row that was among those numbered.
    pub(super) fn of(&self, row: Option<RowNumber>) -> Class {
        row.and_then(|row| self.of_row.get(row as usize).copied()).unwrap_or(0)
    }

    /// By class: where its key stands among all, null first.
    pub(super) fn ranks(&self) -> Vec<u32> {
        let mut order: Vec<Class> = (0..place(self.keys.len())).collect();
        order.sort_unstable_by(|one, other| {
            self.keys[*one as usize].cmp(&self.keys[*other as usize])
        });
        let mut ranks = vec![0; order.len()];
        for (rank, class) in (0..).zip(order) {
            ranks[class as usize] = rank;
        }
        ranks
    }
}

impl Run<'_> {
    /// Classes of the rows of a slot by what they have in a column.
    pub(super) fn classes(&self, joined: &Joined, slot: usize, column: &str) -> Classes {
        self.classes_by(joined, slot, column, true, Key::of)
    }

    /// Classes by what a function makes of the value. `tells_apart`: different values have different
    /// keys, but for texts.
    pub(super) fn classes_by(
        &self,
        joined: &Joined,
        slot: usize,
        column: &str,
        tells_apart: bool,
        key: impl Fn(Option<&Value>) -> Key,
    ) -> Classes {
        let Some(table) = joined.table(slot) else {
            return Classes { of_row: Vec::new(), keys: vec![Key::Null] };
        };
        let tables = self.ask.tables;
        let rows = tables.table(table);
        let raw = Raw::of(tables, rows, column);
        let made = |row| key(tables.value(rows, row, column).as_ref());
        numbers(joined.found(slot), &raw, tells_apart && raw.tells_apart(), made, tables.seed())
    }
}

fn numbers(
    rows: impl Iterator<Item = RowNumber>,
    raw: &Raw<'_>,
    tells_apart: bool,
    key: impl Fn(RowNumber) -> Key,
    seed: u64,
) -> Classes {
    let mut classes = Classes { of_row: Vec::new(), keys: vec![Key::Null] };
    let (mut numbering, mut by_key) = (Numbering::new(raw.is_small(), seed), BTreeMap::new());
    for row in rows {
        let Some(raw) = raw.get(row) else { continue };
        let class = numbering.number(raw, || {
            let key = key(row);
            if key == Key::Null {
                return 0;
            }
            let next = place(classes.keys.len());
            let class = match tells_apart {
                true => next,
                false => *by_key.entry(key.clone()).or_insert(next),
            };
            if class == next {
                classes.keys.push(key);
            }
            class
        });
        let at = row as usize;
        if classes.of_row.len() <= at {
            classes.of_row.resize(at + 1, 0);
        }
        classes.of_row[at] = class;
    }
    classes
}

/// What a column keeps of a value: equal where the values are.
enum Raw<'a> {
    Numbers(&'a Numbers, &'a RoaringBitmap),
    Texts(&'a Dictionary<String>, &'a RoaringBitmap),
    Lists(&'a Dictionary<Vec<i32>>, &'a RoaringBitmap),
    /// By where a row points; whether all rows point at one table.
    Pointers {
        tables: &'a Tables,
        rows: &'a TableRows,
        column: &'a str,
        at_one: bool,
    },
    /// Nothing but the row itself tells. Whether its key does.
    Rows {
        is_key: bool,
    },
}

impl<'a> Raw<'a> {
    fn of(tables: &'a Tables, rows: &'a TableRows, column: &'a str) -> Self {
        let Some(Column { data, present }) = rows.column(column) else {
            return Self::Rows { is_key: rows.is_key(column) };
        };
        match data {
            Data::Numbers(numbers) if numbers.is_exact() => Self::Numbers(numbers, present),
            Data::Texts(texts) => Self::Texts(texts, present),
            Data::Lists(lists) => Self::Lists(lists, present),
            Data::References(references) => {
                let at_one = references.tables().count() == 1 && !rows.is_derived_unit(column);
                Self::Pointers { tables, rows, column, at_one }
            }
            Data::Numbers(_) | Data::Ids(_) => Self::Rows { is_key: false },
        }
    }

    /// What stands for the value of a row; none for null.
    fn get(&self, row: RowNumber) -> Option<u64> {
        match self {
            Self::Numbers(numbers, present) => {
                present.contains(row).then(|| numbers.cell(row).cast_unsigned())
            }
            Self::Texts(texts, present) => present.contains(row).then(|| texts.code_at(row).into()),
            Self::Lists(lists, present) => present.contains(row).then(|| lists.code_at(row).into()),
            Self::Pointers { tables, rows, column, at_one } => {
                let (table, to) = tables.points_at(rows, row, column)?;
                Some(if *at_one { to.into() } else { u64::from(table) << 32 | u64::from(to) })
            }
            Self::Rows { .. } => Some(row.into()),
        }
    }

    /// Whether it's small: a code or the number of a row.
    fn is_small(&self) -> bool {
        match self {
            Self::Numbers(..) => false,
            Self::Pointers { at_one, .. } => *at_one,
            Self::Texts(..) | Self::Lists(..) | Self::Rows { .. } => true,
        }
    }

    /// Whether different ones are of values with different keys.
    fn tells_apart(&self) -> bool {
        match self {
            Self::Numbers(..) | Self::Lists(..) => true,
            Self::Texts(..) => false,
            Self::Pointers { at_one, .. } => *at_one,
            Self::Rows { is_key } => *is_key,
        }
    }
}

/// Numbers given to what is met.
pub(super) struct Numbering {
    /// By what is numbered, if that's small, what it got, from 1.
    small: Option<Vec<u32>>,
    large: HashTable<(u64, u32)>,
    seed: u64,
}

impl Numbering {
    pub(super) fn new(is_small: bool, seed: u64) -> Self {
        Self { small: is_small.then(Vec::new), large: HashTable::new(), seed }
    }

    /// The number of this; of what was not met before the one that is made now.
    pub(super) fn number(&mut self, raw: u64, make: impl FnOnce() -> u32) -> u32 {
        if let Some(small) = &mut self.small {
            let at = usize::try_from(raw).expect("it is small");
            if small.len() <= at {
                small.resize(at + 1, 0);
            }
            if small[at] == 0 {
                small[at] = make() + 1;
            }
            return small[at] - 1;
        }
        let seed = self.seed;
        let hash = |raw: u64| xxh3_64_with_seed(&raw.to_le_bytes(), seed);
        let entry = self.large.entry(hash(raw), |known| known.0 == raw, |known| hash(known.0));
        entry.or_insert_with(|| (raw, make())).get().1
    }
}

/// Joined rows by what they have in several columns: those that are alike have one number.
pub(super) struct Numbered {
    /// By place.
    pub(super) of: Vec<u32>,
    /// How many numbers there are.
    pub(super) count: usize,
}

/// Numbers joined rows by the classes of the rows of some slots.
pub(super) fn numbered(joined: &Joined, by: &[(usize, Classes)], seed: u64) -> Numbered {
    let mut all = Numbered { of: vec![0; joined.len()], count: 1 };
    for (slot, classes) in by {
        let (mut numbering, mut count) = (Numbering::new(false, seed), 0);
        if all.count.saturating_mul(classes.keys.len()) <= joined.len().max(SMALL) {
            numbering.small = Some(Vec::new());
        }
        let width = classes.keys.len() as u64;
        for (at, number) in (0..).zip(&mut all.of) {
            let class = classes.of(joined.row(*slot, at));
            let pair = u64::from(*number) * width + u64::from(class);
            *number = numbering.number(pair, || {
                count += 1;
                count - 1
            });
        }
        all.count = count as usize;
    }
    all
}
