//! From a row to its bytes.
//!
//! ```text
//! row     version · value*
//! value   number of the column × 16 + kind · what the kind says
//! ```
//!
//! Numbers are varints, seven bits a byte, the low ones first; signed ones are zigzagged. A time is
//! the distance from the first time of its row: most are the same or near. This form lives in memory
//! alone.

use std::sync::Arc;

use haversack_core::{Decimal, Name, Reference, RowVersion, Value};

use super::names::Names;

/// How a value is written. What has no kind of its own is written as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    Null = 0,
    Text,
    Integer,
    Decimal,
    False,
    True,
    Choice,
    Timestamp,
    Date,
    Id,
    Reference,
    Other,
}

pub(super) const KINDS: [Kind; 12] = [
    Kind::Null,
    Kind::Text,
    Kind::Integer,
    Kind::Decimal,
    Kind::False,
    Kind::True,
    Kind::Choice,
    Kind::Timestamp,
    Kind::Date,
    Kind::Id,
    Kind::Reference,
    Kind::Other,
];

/// How many bits of a value's first number say its kind.
pub(super) const KIND_BITS: u32 = 4;
/// Room for a usual row, so that its bytes are allocated once.
const USUAL_BYTES: usize = 256;

/// The bytes of a row with these values, which are in the order of their columns' names.
pub(super) fn pack<'v>(
    version: RowVersion,
    values: impl IntoIterator<Item = (&'v Name, Option<&'v Value>)>,
    names: &mut Arc<Names>,
) -> Vec<u8> {
    let mut packer = Packer { bytes: Vec::with_capacity(USUAL_BYTES), names, first_time: None };
    packer.varint(version.0.get());
    let mut near = 0;
    for (name, value) in values {
        let (column, next) = Names::column(packer.names, name, near);
        near = next;
        packer.value(column, value);
    }
    packer.bytes
}

struct Packer<'a> {
    bytes: Vec<u8>,
    names: &'a mut Arc<Names>,
    first_time: Option<i64>,
}

impl Packer<'_> {
    fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.bytes.push(number.to_le_bytes()[0] | 0x80);
            number >>= 7;
        }
        self.bytes.push(number.to_le_bytes()[0]);
    }

    fn signed(&mut self, number: i64) {
        self.varint(((number << 1) ^ (number >> 63)).cast_unsigned());
    }

    fn head(&mut self, column: u32, kind: Kind) {
        self.varint(u64::from(column) << KIND_BITS | u64::from(kind as u8));
    }

    fn value(&mut self, column: u32, value: Option<&Value>) {
        let Some(value) = value else { return self.head(column, Kind::Null) };
        match value {
            Value::Text(text) => {
                self.head(column, Kind::Text);
                self.varint(text.len() as u64);
                self.bytes.extend_from_slice(text.as_bytes());
            }
            Value::Integer(number) => {
                self.head(column, Kind::Integer);
                self.signed(*number);
            }
            Value::Boolean(flag) => self.head(column, if *flag { Kind::True } else { Kind::False }),
            Value::Choice(option) => {
                self.head(column, Kind::Choice);
                self.signed((*option).into());
            }
            Value::Timestamp(time) => {
                self.head(column, Kind::Timestamp);
                let from = self.first_time.unwrap_or(0);
                self.first_time.get_or_insert(time.0);
                self.signed(time.0.wrapping_sub(from));
            }
            Value::Date(date) => {
                self.head(column, Kind::Date);
                self.signed(date.0.into());
            }
            Value::Id(id) => {
                self.head(column, Kind::Id);
                self.bytes.extend_from_slice(id.as_bytes());
            }
            Value::Reference(reference) => self.reference(column, reference),
            Value::Decimal(decimal) => match small(*decimal) {
                Some((head, digits)) => {
                    self.head(column, Kind::Decimal);
                    self.bytes.push(head);
                    self.varint(digits);
                }
                None => self.other(column, value),
            },
            Value::Double(_) | Value::Choices(_) => self.other(column, value),
        }
    }

    fn reference(&mut self, column: u32, Reference { table, id }: &Reference) {
        self.head(column, Kind::Reference);
        let table = Names::table(self.names, table);
        self.varint(table.into());
        self.bytes.extend_from_slice(id.as_bytes());
    }

    fn other(&mut self, column: u32, value: &Value) {
        self.head(column, Kind::Other);
        let stored = bincode::encode_to_vec(value, bincode::config::standard());
        self.bytes.extend(stored.expect("our types encode whatever they hold"));
    }
}

/// A decimal as its sign and scale, and its digits: if they are few, and it is in the one form that an
/// equal number would have.
fn small(decimal: Decimal) -> Option<(u8, u64)> {
    let number = decimal.get();
    let digits = u64::try_from(number.mantissa().unsigned_abs()).ok()?;
    let is_shortest = match digits {
        0 => number.scale() == 0 && number.is_sign_positive(),
        _ => number.scale() == 0 || !digits.is_multiple_of(10),
    };
    let scale = u8::try_from(number.scale()).ok()?;
    is_shortest.then_some((scale << 1 | u8::from(number.is_sign_negative()), digits))
}
