//! Values of columns. A null is the absence of a value, so no variant stands for it.

use std::borrow::Cow;

use bincode::{
    BorrowDecode, Decode, Encode,
    de::{BorrowDecoder, Decoder},
    enc::Encoder,
    error::{DecodeError, EncodeError},
};

use crate::{Date, Name, RowId, Timestamp};

/// One value of one column. Comparison with three truths is the evaluator's matter, not this type's.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Value {
    /// `string`, `memo`, `file`, `image`.
    Text(String),
    /// `integer`, `bigint`.
    Integer(i64),
    /// `decimal`, `money`: exact.
    Decimal(Decimal),
    /// `double`.
    Double(Double),
    /// `boolean`.
    Boolean(bool),
    /// `choice`, `state`, `status`: the option's number.
    Choice(i32),
    /// `choices`: the options' numbers, ascending, each once.
    Choices(Vec<i32>),
    /// `datetime`.
    Timestamp(Timestamp),
    /// `date`.
    Date(Date),
    /// `uniqueidentifier`.
    Id(RowId),
    /// `lookup`, `owner`.
    Reference(Reference),
}

/// A value as whatever keeps it lends it: nothing large is copied.
#[derive(Clone, Debug, PartialEq)]
pub enum Lent<'a> {
    /// A text.
    Text(&'a str),
    /// A pointer to a row: its table, and its id.
    Reference(&'a Name, RowId),
    /// As in [`Value`].
    Integer(i64),
    /// As in [`Value`].
    Decimal(Decimal),
    /// As in [`Value`].
    Double(Double),
    /// As in [`Value`].
    Boolean(bool),
    /// As in [`Value`].
    Choice(i32),
    /// As in [`Value`].
    Timestamp(Timestamp),
    /// As in [`Value`].
    Date(Date),
    /// As in [`Value`].
    Id(RowId),
    /// As in [`Value`].
    Choices(Cow<'a, [i32]>),
}

impl Lent<'_> {
    /// The value.
    #[must_use]
    pub fn into_value(self) -> Value {
        match self {
            Self::Text(text) => Value::Text(text.to_owned()),
            Self::Reference(table, id) => Value::Reference(Reference { table: table.clone(), id }),
            Self::Integer(number) => Value::Integer(number),
            Self::Decimal(number) => Value::Decimal(number),
            Self::Double(number) => Value::Double(number),
            Self::Boolean(flag) => Value::Boolean(flag),
            Self::Choice(option) => Value::Choice(option),
            Self::Timestamp(instant) => Value::Timestamp(instant),
            Self::Date(date) => Value::Date(date),
            Self::Id(id) => Value::Id(id),
            Self::Choices(options) => Value::Choices(options.into_owned()),
        }
    }
}

impl<'a> From<&'a Value> for Lent<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Text(text) => Self::Text(text),
            Value::Reference(to) => Self::Reference(&to.table, to.id),
            Value::Integer(number) => Self::Integer(*number),
            Value::Decimal(number) => Self::Decimal(*number),
            Value::Double(number) => Self::Double(*number),
            Value::Boolean(flag) => Self::Boolean(*flag),
            Value::Choice(option) => Self::Choice(*option),
            Value::Timestamp(instant) => Self::Timestamp(*instant),
            Value::Date(date) => Self::Date(*date),
            Value::Id(id) => Self::Id(*id),
            Value::Choices(options) => Self::Choices(Cow::Borrowed(options)),
        }
    }
}

/// A pointer to a row. The row need not be there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct Reference {
    /// The table of the row.
    pub table: Name,
    /// The id of the row.
    pub id: RowId,
}

/// An exact decimal of up to 28 digits. Equal numbers are equal values: 1.50 is 1.5.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Decimal(rust_decimal::Decimal);

impl Decimal {
    /// The value, with trailing zeros taken off, so that equal numbers have equal bytes.
    #[must_use]
    pub fn new(number: rust_decimal::Decimal) -> Self {
        Self(number.normalize())
    }

    /// Reads plain or scientific notation exactly; none if it has more digits than can be kept.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let number = rust_decimal::Decimal::from_str_exact(text)
            .or_else(|_| rust_decimal::Decimal::from_scientific(text))
            .ok()?;
        Some(Self::new(number))
    }

    /// The number for arithmetic.
    #[must_use]
    pub fn get(self) -> rust_decimal::Decimal {
        self.0
    }
}

impl std::fmt::Display for Decimal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl Encode for Decimal {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        self.0.serialize().encode(encoder)
    }
}

impl<C> Decode<C> for Decimal {
    fn decode<D: Decoder<Context = C>>(decoder: &mut D) -> Result<Self, DecodeError> {
        <[u8; 16]>::decode(decoder).map(|bytes| Self(rust_decimal::Decimal::deserialize(bytes)))
    }
}

impl<'de, C> BorrowDecode<'de, C> for Decimal {
    fn borrow_decode<D: BorrowDecoder<'de, Context = C>>(
        decoder: &mut D,
    ) -> Result<Self, DecodeError> {
        <Self as Decode<C>>::decode(decoder)
    }
}

/// A finite floating-point number with a total order; -0 is kept as 0.
#[derive(Clone, Copy, Debug, Encode, Decode)]
pub struct Double(f64);

impl Double {
    /// The number, unless it is infinite or no number.
    #[must_use]
    pub fn new(number: f64) -> Option<Self> {
        // Adding 0 turns -0 into 0, so that equal numbers have equal bytes.
        number.is_finite().then_some(Self(number + 0.0))
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> f64 {
        self.0
    }
}

impl PartialEq for Double {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Double {}

impl PartialOrd for Double {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Double {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}
