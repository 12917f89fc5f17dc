//! What a function makes of the joined rows of each group.

use std::cmp::Ordering;

use haversack_core::{Decimal, Value};
use haversack_dsl::query::{Applied, Function};
use rust_decimal::Decimal as Number;

use super::{
    classes::{Numbered, Numbering},
    column::{Column, Data},
    ids::RowNumber,
    joined::{Joined, Place},
    numbers::Numbers,
    order::Sorter,
    run::{Run, slot_of},
    table::TableRows,
};
use crate::obvious::{
    aggregate::sum,
    mean::{divided, mean},
};

/// What a function makes of each group.
pub(super) enum Folded<'r> {
    /// How many.
    Counts(Vec<u64>),
    /// Sum and number of values, which are all exact: in units with so many digits.
    Sums { sums: Vec<(i128, u64)>, scale: u32, function: Function },
    /// The row that has the least, or the greatest, in its slot's column.
    Chosen { rows: Vec<Option<Place>>, of: Of<'r> },
    /// All values, in the order of the rows: sums of doubles depend on it.
    Values(Vec<Vec<Value>>, Function),
}

/// Which row is chosen: how its value stands to those of others, and its place to those of rows with
/// the same.
#[derive(Clone, Copy)]
struct Wanted {
    rank: Ordering,
    place: Ordering,
}

impl Wanted {
    const LEAST: Self = Self { rank: Ordering::Less, place: Ordering::Less };
    const FIRST_GREATEST: Self = Self { rank: Ordering::Greater, place: Ordering::Less };
    const LAST_GREATEST: Self = Self { rank: Ordering::Greater, place: Ordering::Greater };
}

/// A column of the rows of a slot.
pub(super) struct Of<'r> {
    run: &'r Run<'r>,
    joined: &'r Joined,
    slot: usize,
    column: &'r str,
}

impl<'r> Folded<'r> {
    pub(super) fn of(
        run: &'r Run<'r>,
        applied: &'r Applied,
        joined: &'r Joined,
        groups: &Numbered,
        sorter: &Sorter<'_>,
    ) -> Self {
        let Some(column) = &applied.column else {
            return Self::Counts(counts(groups, joined.places()));
        };
        let of = Of { run, joined, slot: slot_of(0, column), column: &column.column };
        let (function, places) = (applied.function, of.places_with_value());
        let alike_once =
            |places| if applied.distinct { of.alike_once(groups, places) } else { places };
        match function {
            Function::Rows | Function::Count => {
                Self::Counts(counts(groups, alike_once(places).into_iter()))
            }
            Function::Min => of.chosen(groups, &places, sorter, Wanted::LEAST),
            Function::Max if applied.distinct => {
                of.chosen(groups, &places, sorter, Wanted::FIRST_GREATEST)
            }
            Function::Max => of.chosen(groups, &places, sorter, Wanted::LAST_GREATEST),
            Function::Sum | Function::Avg => match of.numbers() {
                Some((numbers, scale)) => {
                    of.sums(groups, &alike_once(places), numbers, scale, function)
                }
                None => {
                    let in_order = sorter.sorted(&places, 0..places.len());
                    of.values(groups, &alike_once(in_order), function)
                }
            },
        }
    }

    /// What it makes of a group.
    pub(super) fn value(&self, group: usize) -> Option<Value> {
        match self {
            Self::Counts(counts) => {
                Some(Value::Integer(i64::try_from(counts[group]).unwrap_or(i64::MAX)))
            }
            Self::Sums { sums, scale, function } => made_of(*function, sums[group], *scale),
            Self::Chosen { rows, of } => of.value(rows[group]?),
            Self::Values(values, Function::Avg) => mean(&values[group]),
            Self::Values(values, _) => sum(&values[group]),
        }
    }
}

fn counts(groups: &Numbered, places: impl Iterator<Item = Place>) -> Vec<u64> {
    let mut counts = vec![0; groups.count];
    places.for_each(|at| counts[groups.of[at as usize] as usize] += 1);
    counts
}

/// The sum, of the kind of the values, or the mean; nothing has none.
fn made_of(function: Function, (sum, count): (i128, u64), scale: u32) -> Option<Value> {
    if count == 0 {
        return None;
    }
    let number = Number::try_from_i128_with_scale(sum, scale)
        .expect("2^32 cells of 64 bits add up to 96 bits at the most");
    Some(match (function, i64::try_from(sum)) {
        (Function::Avg, _) => Value::Decimal(Decimal::new(divided(number, count.into()))),
        (_, Ok(sum)) if scale == 0 => Value::Integer(sum),
        _ => Value::Decimal(Decimal::new(number)),
    })
}

impl<'r> Of<'r> {
    fn table(&self) -> Option<&'r TableRows> {
        self.joined.table(self.slot).map(|table| self.run.ask.tables.table(table))
    }

    fn row(&self, at: Place) -> Option<RowNumber> {
        self.joined.row(self.slot, at)
    }

    fn value(&self, at: Place) -> Option<Value> {
        self.run.value(self.joined, self.slot, at, self.column)
    }

    /// Of those places whose rows are of one group and have what is alike the first.
    fn alike_once(&self, groups: &Numbered, places: Vec<Place>) -> Vec<Place> {
        let classes = self.run.classes(self.joined, self.slot, self.column);
        let mut seen = Numbering::new(false, self.run.ask.tables.seed());
        let is_first = |at: &Place| {
            let (mut is_first, group) = (false, groups.of[*at as usize]);
            let class = classes.of(self.row(*at));
            seen.number(u64::from(group) << 32 | u64::from(class), || {
                is_first = true;
                0
            });
            is_first
        };
        places.into_iter().filter(is_first).collect()
    }

    /// The places of the rows that have a value.
    fn places_with_value(&self) -> Vec<Place> {
        let Some(table) = self.table() else { return Vec::new() };
        let kept = table.column(self.column).filter(|_| !table.is_derived_unit(self.column));
        let has = |row| match kept {
            Some(kept) => kept.present.contains(row),
            None => self.run.ask.tables.value(table, row, self.column).is_some(),
        };
        let places = self.joined.places();
        places.filter(|at| self.row(*at).is_some_and(has)).collect()
    }

    /// The numbers of the column, and the digits of their unit, if they add up in any order alike.
    fn numbers(&self) -> Option<(&'r Numbers, u32)> {
        match &self.table()?.column(self.column)?.data {
            Data::Numbers(numbers) => Some((numbers, numbers.exact_scale()?)),
            _ => None,
        }
    }

    fn sums(
        &self,
        groups: &Numbered,
        places: &[Place],
        numbers: &Numbers,
        scale: u32,
        function: Function,
    ) -> Folded<'r> {
        let mut sums = vec![(0_i128, 0_u64); groups.count];
        for at in places {
            let Some(row) = self.row(*at) else { continue };
            let (sum, count) = &mut sums[groups.of[*at as usize] as usize];
            *sum += i128::from(numbers.cell(row));
            *count += 1;
        }
        Folded::Sums { sums, scale, function }
    }

    /// All values, in the order of the places.
    fn values(&self, groups: &Numbered, places: &[Place], function: Function) -> Folded<'r> {
        let mut values = vec![Vec::new(); groups.count];
        for at in places {
            values[groups.of[*at as usize] as usize].extend(self.value(*at));
        }
        Folded::Values(values, function)
    }

    /// The rows with the least, or with the greatest. Which of several tells where texts differ in what
    /// does not count.
    fn chosen(
        self,
        groups: &Numbered,
        places: &[Place],
        sorter: &Sorter<'_>,
        wanted: Wanted,
    ) -> Folded<'r> {
        let mut rows: Vec<Option<Place>> = vec![None; groups.count];
        let mut choose = |rank: &dyn Fn(Place) -> i64| {
            for at in places {
                let best = &mut rows[groups.of[*at as usize] as usize];
                let is_better = best.is_none_or(|best| {
                    let by_rank = rank(*at).cmp(&rank(best));
                    by_rank == wanted.rank
                        || by_rank.is_eq() && sorter.compare(*at, best) == wanted.place
                });
                if is_better {
                    *best = Some(*at);
                }
            }
        };
        match self.table().and_then(|table| table.column(self.column)) {
            Some(Column { data: Data::Numbers(numbers), .. }) if numbers.is_exact() => {
                choose(&|at| self.row(at).map_or(i64::MIN, |row| numbers.cell(row)));
            }
            _ => {
                let classes = self.run.classes(self.joined, self.slot, self.column);
                let ranks = classes.ranks();
                choose(&|at| ranks[classes.of(self.row(at)) as usize].into());
            }
        }
        Folded::Chosen { rows, of: self }
    }
}
