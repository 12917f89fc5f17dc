//! From bytes back to the row. They never left memory, so what they say is so.

use std::borrow::Cow;

use haversack_core::{
    Date, Decimal, Lent, Name, Offset, Row, RowId, RowVersion, Timestamp, Value, Values,
};

use super::{
    names::Names,
    pack::{KIND_BITS, KINDS, Kind},
};

const WHOLE: &str = "packed rows are whole";

/// A row as it is kept.
#[derive(Clone, Copy, Debug)]
pub struct PackedRow<'a> {
    names: &'a Names,
    bytes: &'a [u8],
}

impl<'a> PackedRow<'a> {
    pub(super) fn new(names: &'a Names, bytes: &'a [u8]) -> Self {
        Self { names, bytes }
    }

    pub(super) fn to_bytes(self) -> Vec<u8> {
        self.bytes.to_vec()
    }

    /// The last event that wrote it.
    pub fn version(&self) -> RowVersion {
        version(self.bytes)
    }

    /// Its values by column, in the order of the names, as they are kept; nulls are left out.
    pub fn lent(self) -> impl Iterator<Item = (&'a Name, Lent<'a>)> {
        let named = |(column, value)| (self.names.columns.name(column), value);
        self.numbered().map(named)
    }

    /// The same by the columns' numbers, of which [`State::packed_columns`](crate::State::packed_columns)
    /// tells the names.
    pub fn numbered(self) -> impl Iterator<Item = (usize, Lent<'a>)> {
        self.values().filter_map(|(column, value)| Some((column, value?)))
    }

    /// Its values by the columns' numbers, in the order of the names.
    fn values(&self) -> Entries<'a> {
        let mut reader = Reader { rest: self.bytes };
        reader.varint();
        Entries { names: self.names, reader, first_time: None }
    }

    /// Reads a byte of each line of the processor's cache, so that the next who reads has them there.
    pub(super) fn warm(self) -> u8 {
        let last = self.bytes.last().copied().unwrap_or_default();
        self.bytes.iter().step_by(64).fold(last, |all, byte| all ^ byte)
    }

    /// The row.
    pub fn unpack(&self) -> Row {
        let mut entries = Vec::with_capacity(self.names.columns.count());
        let named = |(column, value): (usize, Option<Lent<'_>>)| {
            (self.names.columns.name(column).clone(), value.map(Lent::into_value))
        };
        entries.extend(self.values().map(named));
        let values = Values::in_order(entries).expect("rows are packed in the order of columns");
        Row { version: self.version(), values }
    }

    /// Whether both have equal values, if that can be told without unpacking them.
    pub fn is_surely_alike(&self, other: &PackedRow<'_>) -> bool {
        let values = |packed: &PackedRow<'a>| packed.values().reader.rest;
        let others = other.values().reader.rest;
        values(self) == others
            && (std::ptr::eq(self.names, other.names) || self.names == other.names)
    }
}

/// The version of a packed row.
pub(super) fn version(bytes: &[u8]) -> RowVersion {
    let offset = Offset::new(Reader { rest: bytes }.varint());
    RowVersion(offset.expect("the first event is number 1"))
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn byte(&mut self) -> u8 {
        let (first, rest) = self.rest.split_first().expect(WHOLE);
        self.rest = rest;
        *first
    }

    #[inline]
    fn varint(&mut self) -> u64 {
        // Most numbers are small.
        let first = self.byte();
        if first < 0x80 { u64::from(first) } else { self.long_varint(first & 0x7f) }
    }

    fn long_varint(&mut self, first: u8) -> u64 {
        let mut number = u64::from(first);
        let mut shift = 7;
        loop {
            let byte = self.byte();
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return number;
            }
            shift += 7;
        }
    }

    fn signed(&mut self) -> i64 {
        let number = self.varint();
        (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
    }

    fn small(&mut self) -> i32 {
        i32::try_from(self.signed()).expect("packed from 32 bits")
    }

    fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at(count);
        self.rest = rest;
        taken
    }

    fn id(&mut self) -> RowId {
        let (id, rest) = self.rest.split_first_chunk().expect(WHOLE);
        self.rest = rest;
        RowId::from_bytes(*id)
    }
}

/// The values of a packed row.
struct Entries<'a> {
    names: &'a Names,
    reader: Reader<'a>,
    first_time: Option<i64>,
}

impl<'a> Iterator for Entries<'a> {
    type Item = (usize, Option<Lent<'a>>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.reader.rest.is_empty() {
            return None;
        }
        let head = self.reader.varint();
        let column = usize::try_from(head >> KIND_BITS).expect("numbers are counted in memory");
        let kind = KINDS[usize::from(head.to_le_bytes()[0] & ((1 << KIND_BITS) - 1))];
        Some((column, self.value(kind)))
    }
}

impl<'a> Entries<'a> {
    #[inline]
    fn value(&mut self, kind: Kind) -> Option<Lent<'a>> {
        let reader = &mut self.reader;
        Some(match kind {
            Kind::Null => return None,
            Kind::Text => {
                let length = usize::try_from(reader.varint()).expect("a text is in memory");
                Lent::Text(std::str::from_utf8(reader.take(length)).expect("packed from a text"))
            }
            Kind::Reference => {
                let table =
                    usize::try_from(reader.varint()).expect("numbers are counted in memory");
                let table = self.names.tables.name(table);
                Lent::Reference(table, reader.id())
            }
            Kind::Integer => Lent::Integer(reader.signed()),
            Kind::Decimal => {
                let (head, digits) = (reader.byte(), reader.varint());
                let mut number =
                    rust_decimal::Decimal::from_i128_with_scale(digits.into(), (head >> 1).into());
                number.set_sign_negative(head & 1 == 1);
                Lent::Decimal(Decimal::new(number))
            }
            Kind::False => Lent::Boolean(false),
            Kind::True => Lent::Boolean(true),
            Kind::Choice => Lent::Choice(reader.small()),
            Kind::Timestamp => {
                let time = reader.signed().wrapping_add(self.first_time.unwrap_or(0));
                self.first_time.get_or_insert(time);
                Lent::Timestamp(Timestamp(time))
            }
            Kind::Date => Lent::Date(Date(reader.small())),
            Kind::Id => Lent::Id(reader.id()),
            // As it is stored.
            Kind::Other => {
                let stored = bincode::decode_from_slice(reader.rest, bincode::config::standard());
                let (value, size) = stored.expect(WHOLE);
                reader.take(size);
                match value {
                    Value::Decimal(number) => Lent::Decimal(number),
                    Value::Double(number) => Lent::Double(number),
                    Value::Choices(options) => Lent::Choices(Cow::Owned(options)),
                    other => unreachable!("{other:?} has a kind of its own"),
                }
            }
        })
    }
}
