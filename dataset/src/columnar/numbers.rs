//! Columns of numbers, times, choices: whatever has a place on a line is kept as a whole number, as
//! wide as its type needs. Conditions on them are stretches of that line.

use std::collections::BTreeMap;

use haversack_core::{Date, Decimal, Double, Lent, Timestamp, Value, schema::ColumnType};
use roaring::RoaringBitmap;

use super::ids::RowNumber;

/// Digits behind the point of decimals that are kept as whole numbers: as many as money has.
const DECIMAL_SCALE: u32 = 4;
/// Rows whose bits are made at a time. A multiple of 8.
const BLOCK: usize = 4_096;

/// A column of whole numbers, or of what is kept as one.
#[derive(Clone, Debug)]
pub(super) struct Numbers {
    kind: Kind,
    cells: Cells,
    /// Decimals with more digits than the others, by row; their cells are not read.
    wide: BTreeMap<RowNumber, Decimal>,
}

/// What a column's whole numbers stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Integer,
    /// In units of the last digit kept.
    Decimal,
    /// The bits, in the order of the numbers.
    Double,
    Boolean,
    Choice,
    /// Microseconds.
    Time,
    /// Days.
    Date,
}

#[derive(Clone, Debug)]
enum Cells {
    Eight(Vec<i64>),
    Four(Vec<i32>),
    One(Vec<i8>),
}

/// A stretch of the line, both ends included; empty if they are the wrong way round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) from: i64,
    pub(super) to: i64,
}

impl Stretch {
    pub(super) const NONE: Self = Self { from: 0, to: -1 };

    pub(super) fn point(at: i64) -> Self {
        Self { from: at, to: at }
    }
}

/// Where a literal lies on a column's line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    At(i64),
    /// Between this and the next.
    Behind(i64),
}

impl Numbers {
    /// An empty column, if its type is one of these.
    pub(super) fn of(column_type: ColumnType) -> Option<Self> {
        use ColumnType as T;
        let (kind, cells) = match column_type {
            T::Integer | T::Bigint => (Kind::Integer, Cells::Eight(Vec::new())),
            T::Decimal | T::Money => (Kind::Decimal, Cells::Eight(Vec::new())),
            T::Double => (Kind::Double, Cells::Eight(Vec::new())),
            T::Datetime => (Kind::Time, Cells::Eight(Vec::new())),
            T::Date => (Kind::Date, Cells::Four(Vec::new())),
            T::Choice | T::State | T::Status => (Kind::Choice, Cells::Four(Vec::new())),
            T::Boolean => (Kind::Boolean, Cells::One(Vec::new())),
            _ => return None,
        };
        Some(Self { kind, cells, wide: BTreeMap::new() })
    }

    /// Puts a value in a row's cell; says whether it is of the column's type.
    pub(super) fn set(&mut self, row: RowNumber, value: &Lent<'_>) -> bool {
        self.wide.remove(&row);
        let number = match (self.kind, value) {
            (Kind::Decimal, Lent::Decimal(decimal)) => scaled(*decimal).unwrap_or_else(|| {
                self.wide.insert(row, *decimal);
                0
            }),
            (Kind::Integer, Lent::Integer(number)) => *number,
            (Kind::Double, Lent::Double(number)) => ordered(number.get()),
            (Kind::Boolean, Lent::Boolean(flag)) => i64::from(*flag),
            (Kind::Choice, Lent::Choice(option)) => i64::from(*option),
            (Kind::Time, Lent::Timestamp(instant)) => instant.0,
            (Kind::Date, Lent::Date(date)) => i64::from(date.0),
            _ => return false,
        };
        let at = row as usize;
        match &mut self.cells {
            Cells::Eight(cells) => put(cells, at, number),
            Cells::Four(cells) => put(cells, at, i32::try_from(number).expect("of this width")),
            Cells::One(cells) => put(cells, at, i8::try_from(number).expect("of this width")),
        }
        true
    }

    /// The value in a row's cell, which is not null.
    pub(super) fn get(&self, row: RowNumber) -> Value {
        let wide = self.wide.get(&row).copied().map(Value::Decimal);
        wide.unwrap_or_else(|| self.value(self.cell(row)))
    }

    /// Where a row's value lies on the line, unless it is one of the exceptions.
    pub(super) fn cell(&self, row: RowNumber) -> i64 {
        let at = row as usize;
        match &self.cells {
            Cells::Eight(cells) => cells[at],
            Cells::Four(cells) => i64::from(cells[at]),
            Cells::One(cells) => i64::from(cells[at]),
        }
    }

    /// The value that lies at a place of the line.
    fn value(&self, number: i64) -> Value {
        let narrow = || i32::try_from(number).expect("it was put in as one");
        match self.kind {
            Kind::Integer => Value::Integer(number),
            Kind::Decimal => {
                Value::Decimal(Decimal::new(rust_decimal::Decimal::new(number, DECIMAL_SCALE)))
            }
            Kind::Double => Value::Double(Double::new(unordered(number)).expect("it is finite")),
            Kind::Boolean => Value::Boolean(number != 0),
            Kind::Choice => Value::Choice(narrow()),
            Kind::Time => Value::Timestamp(Timestamp(number)),
            Kind::Date => Value::Date(Date(narrow())),
        }
    }

    /// Digits behind the point of the line's unit, if the numbers can be added up exactly: no row is
    /// an exception, and they are whole numbers or decimals.
    pub(super) fn exact_scale(&self) -> Option<u32> {
        match self.kind {
            Kind::Integer => Some(0),
            Kind::Decimal if self.wide.is_empty() => Some(DECIMAL_SCALE),
            _ => None,
        }
    }

    /// Whether every value is in its cell.
    pub(super) fn is_exact(&self) -> bool {
        self.wide.is_empty()
    }

    /// Whether the numbers are options of a choice.
    pub(super) fn is_choice(&self) -> bool {
        self.kind == Kind::Choice
    }

    /// Where a literal lies on the line; none if it is not of the column's type or beyond the line.
    pub(super) fn place(&self, literal: &Value) -> Option<Place> {
        Some(match (self.kind, literal) {
            (Kind::Integer, Value::Integer(number)) => Place::At(*number),
            (Kind::Integer, Value::Decimal(decimal)) => place_of(decimal.get(), 0)?,
            (Kind::Decimal, Value::Decimal(decimal)) => place_of(decimal.get(), DECIMAL_SCALE)?,
            (Kind::Decimal, Value::Integer(number)) => {
                place_of(rust_decimal::Decimal::from(*number), DECIMAL_SCALE)?
            }
            (Kind::Double, Value::Double(number)) => Place::At(ordered(number.get())),
            (Kind::Boolean, Value::Boolean(flag)) => Place::At(i64::from(*flag)),
            (Kind::Choice, Value::Choice(option)) => Place::At(i64::from(*option)),
            (Kind::Time, Value::Timestamp(instant)) => Place::At(instant.0),
            (Kind::Date, Value::Date(date)) => Place::At(i64::from(date.0)),
            _ => return None,
        })
    }

    /// Whether the numbers are instants.
    pub(super) fn is_time(&self) -> bool {
        self.kind == Kind::Time
    }

    /// Whether a row's cell lies in one of the stretches.
    pub(super) fn lies_in(&self, row: RowNumber, stretches: &[Stretch]) -> bool {
        let cell = self.cell(row);
        stretches.iter().any(|stretch| (stretch.from..=stretch.to).contains(&cell))
    }

    /// The least of the rows' cells that is so much or more. Null rows must not be among them.
    pub(super) fn least_from(&self, from: i64, rows: &RoaringBitmap) -> Option<i64> {
        let ahead = |row: RowNumber| Some(self.cell(row)).filter(|cell| *cell >= from);
        rows.iter().filter_map(ahead).min()
    }

    /// Rows whose values are not in their cells, and must be looked at one by one.
    pub(super) fn exceptions(&self) -> impl Iterator<Item = RowNumber> {
        self.wide.keys().copied()
    }

    /// Rows, null ones among them, whose cells lie in one of the stretches.
    pub(super) fn scan(&self, stretches: &[Stretch]) -> RoaringBitmap {
        match &self.cells {
            Cells::Eight(cells) => scan(cells, stretches),
            Cells::Four(cells) => scan(cells, stretches),
            Cells::One(cells) => scan(cells, stretches),
        }
    }

    /// Gives back memory that nothing is kept in.
    pub(super) fn shrink(&mut self) {
        match &mut self.cells {
            Cells::Eight(cells) => cells.shrink_to_fit(),
            Cells::Four(cells) => cells.shrink_to_fit(),
            Cells::One(cells) => cells.shrink_to_fit(),
        }
    }

    /// Bytes in memory.
    pub(super) fn bytes(&self) -> usize {
        let cells = match &self.cells {
            Cells::Eight(cells) => cells.capacity() * 8,
            Cells::Four(cells) => cells.capacity() * 4,
            Cells::One(cells) => cells.capacity(),
        };
        cells + self.wide.len() * size_of::<(RowNumber, Decimal)>()
    }
}

fn put<T: Clone + Default>(cells: &mut Vec<T>, at: usize, value: T) {
    if cells.len() == at {
        cells.push(value);
        return;
    }
    if cells.len() < at {
        cells.resize(at + 1, T::default());
    }
    cells[at] = value;
}

/// A cell of some width: stretches are cut to it, so that cells are compared as they are.
trait Cell: Copy + Ord + Into<i64> + TryFrom<i64> {
    const LEAST: Self;
    const GREATEST: Self;
}

impl Cell for i64 {
    const LEAST: Self = Self::MIN;
    const GREATEST: Self = Self::MAX;
}
impl Cell for i32 {
    const LEAST: Self = Self::MIN;
    const GREATEST: Self = Self::MAX;
}
impl Cell for i8 {
    const LEAST: Self = Self::MIN;
    const GREATEST: Self = Self::MAX;
}

fn scan<T: Cell>(cells: &[T], stretches: &[Stretch]) -> RoaringBitmap {
    let narrowed: Vec<(T, T)> = stretches.iter().filter_map(|stretch| narrowed(*stretch)).collect();
    match narrowed.as_slice() {
        [] => RoaringBitmap::new(),
        [(from, to)] => bits(cells, |cell| *from <= cell && cell <= *to),
        few if few.len() <= 4 => {
            bits(cells, |cell| few.iter().any(|(from, to)| *from <= cell && cell <= *to))
        }
        // Stretches don't overlap: the one that may hold a cell is the last that begins before it.
        many => {
            let mut sorted = many.to_vec();
            sorted.sort_unstable();
            bits(cells, |cell| {
                let behind = sorted.partition_point(|(from, _)| *from <= cell);
                behind > 0 && cell <= sorted[behind - 1].1
            })
        }
    }
}

fn narrowed<T: Cell>(stretch: Stretch) -> Option<(T, T)> {
    if stretch.from > stretch.to
        || stretch.to < T::LEAST.into()
        || stretch.from > T::GREATEST.into()
    {
        return None;
    }
    Some((
        T::try_from(stretch.from).unwrap_or(T::LEAST),
        T::try_from(stretch.to).unwrap_or(T::GREATEST),
    ))
}

/// The places of cells that pass a test.
pub(super) fn bits<T: Copy>(cells: &[T], test: impl Fn(T) -> bool) -> RoaringBitmap {
    let mut found = RoaringBitmap::new();
    let mut bytes = Vec::with_capacity(BLOCK / 8);
    for (block, cells) in cells.chunks(BLOCK).enumerate() {
        bytes.clear();
        bytes.extend(cells.chunks(8).map(|eight| {
            let bit = |(at, cell): (usize, &T)| u8::from(test(*cell)) << at;
            eight.iter().enumerate().map(bit).fold(0, |byte, bit| byte | bit)
        }));
        if bytes.iter().any(|byte| *byte != 0) {
            let offset = RowNumber::try_from(block * BLOCK).expect("a row's number");
            found |= RoaringBitmap::from_lsb0_bytes(offset, &bytes);
        }
    }
    found
}

/// A decimal in units of the last digit kept; none if it has more digits.
fn scaled(decimal: Decimal) -> Option<i64> {
    // Of most, nothing has to be divided.
    let number = decimal.get();
    if let Some(more) = DECIMAL_SCALE.checked_sub(number.scale())
        && let Ok(mantissa) = i64::try_from(number.mantissa())
        && let Some(units) = mantissa.checked_mul(10_i64.pow(more))
    {
        return Some(units);
    }
    match place_of(decimal.get(), DECIMAL_SCALE)? {
        Place::At(number) => Some(number),
        Place::Behind(_) => None,
    }
}

fn place_of(number: rust_decimal::Decimal, scale: u32) -> Option<Place> {
    let ten = 10_i128.checked_pow(scale)?;
    let (mantissa, digits) = (number.mantissa(), number.scale());
    let (units, divisor) = (mantissa.checked_mul(ten)?, 10_i128.checked_pow(digits)?);
    let whole = i64::try_from(units.div_euclid(divisor)).ok()?;
    Some(if units.rem_euclid(divisor) == 0 { Place::At(whole) } else { Place::Behind(whole) })
}

/// A finite number as a whole one, in the same order.
fn ordered(number: f64) -> i64 {
    let bits = number.to_bits().cast_signed();
    if bits < 0 { bits ^ i64::MAX } else { bits }
}

fn unordered(number: i64) -> f64 {
    f64::from_bits((if number < 0 { number ^ i64::MAX } else { number }).cast_unsigned())
}
