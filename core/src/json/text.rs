//! Rows written as text, without a tree of values in between: what streams of many rows are made of.

use std::{cell::Cell, ops::Range};

use serde::Serialize;

use super::write::bare_json;
use crate::{
    Decimal, Lent, Name, RowId, Timestamp,
    schema::{Column, OWNERID, OWNINGBUSINESSUNIT, Ownership, Table},
};

/// An id with its quotes.
const ID_BYTES: usize = 38;
/// A date, and the letter that follows it in a time.
const DATE_BYTES: usize = 11;
/// Days whose dates are kept: those that follow each other have places of their own if it divides 256.
const DAYS: usize = 8;
const MICROSECONDS_OF_DAY: i64 = 86_400_000_000;
/// Most keys are no longer.
const KEY_BYTES: usize = 32;

/// Writes rows of a table: what all of them have in common is made once. Each thread has its own.
#[derive(Debug)]
pub struct RowWriter {
    /// The table's columns, by name.
    columns: Vec<ColumnWriter>,
    /// The places of columns that come from elsewhere than from their values, ascending.
    derived: Vec<(usize, Derived)>,
    /// The place of `ownerid`.
    owner: Option<usize>,
    times: TimeWriter,
}

#[derive(Debug)]
struct ColumnWriter {
    name: Name,
    key: Key,
    is_polymorphic: bool,
}

/// What comes before a value, with the comma that follows the value before.
#[derive(Debug)]
struct Key {
    /// Filled up with what doesn't count, if it is short: so much is copied without a call.
    bytes: Box<[u8]>,
    length: usize,
}

impl Key {
    fn new(name: &Name) -> Self {
        // Names have nothing that JSON would escape.
        let mut bytes = format!(",\"{name}\":").into_bytes();
        let length = bytes.len();
        bytes.resize(length.max(KEY_BYTES), 0);
        Self { bytes: bytes.into(), length }
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self.bytes.as_array::<KEY_BYTES>() {
            Some(bytes) => {
                let end = out.len() + self.length;
                out.extend_from_slice(bytes);
                out.truncate(end);
            }
            None => out.extend_from_slice(&self.bytes),
        }
    }
}

/// Where a column comes from.
#[derive(Clone, Copy, Debug)]
enum Derived {
    /// The row's id.
    Id,
    /// Its owner, if the row does not give it: `ownerid` comes before `owningbusinessunit`.
    Unit,
}

impl RowWriter {
    /// A writer of rows of this table.
    #[must_use]
    pub fn new(table: &Table) -> Self {
        let column = |column: &Column| {
            let (name, is_polymorphic) = (column.name.clone(), column.is_polymorphic());
            ColumnWriter { key: Key::new(&name), name, is_polymorphic }
        };
        let columns: Vec<ColumnWriter> = table.columns_by_name().map(column).collect();
        let follows_owner = table.ownership == Ownership::UserOrTeam;
        let derived = columns.iter().enumerate().filter_map(|(place, column)| {
            if column.name == table.primary_key {
                return Some((place, Derived::Id));
            }
            let is_unit = follows_owner && column.name.as_str() == OWNINGBUSINESSUNIT;
            is_unit.then_some((place, Derived::Unit))
        });
        let derived = derived.collect();
        let owner = columns.iter().position(|column| column.name.as_str() == OWNERID);
        Self { columns, derived, owner, times: TimeWriter::default() }
    }

    /// The place of a column among all by name; none: the table has none of that name.
    #[must_use]
    pub fn place(&self, column: &Name) -> Option<usize> {
        self.columns.binary_search_by(|known| known.name.cmp(column)).ok()
    }

    /// Writes the object that [`row_object`](super::row_object) makes of a row, whose values come by the
    /// places of their columns, ascending; so do the keys. Its owner's business unit is asked for.
    ///
    /// # Panics
    /// Never: memory takes all.
    pub fn write<'v>(
        &self,
        out: &mut Vec<u8>,
        unit_of: &mut impl FnMut(RowId) -> Option<RowId>,
        id: RowId,
        values: impl Iterator<Item = (usize, Lent<'v>)>,
    ) {
        let mut row =
            Writing { writer: self, unit_of, id, begin: out.len(), owner: None, time: None };
        let mut derived = self.derived.iter().copied().peekable();
        for (place, value) in values {
            let mut is_derived = false;
            while let Some((of, from)) = derived.next_if(|(of, _)| *of <= place) {
                is_derived = of == place;
                row.derived(out, of, from, is_derived.then_some(&value));
            }
            if !is_derived {
                row.value(out, place, value);
            }
        }
        derived.for_each(|(of, from)| row.derived(out, of, from, None));
        match out.get_mut(row.begin) {
            Some(comma) => *comma = b'{',
            None => out.push(b'{'),
        }
        out.push(b'}');
    }
}

/// A row being written.
struct Writing<'a, F> {
    writer: &'a RowWriter,
    unit_of: &'a mut F,
    id: RowId,
    begin: usize,
    owner: Option<RowId>,
    /// The first time in it, and where that is written: most rows have it twice.
    time: Option<(Timestamp, Range<usize>)>,
}

impl<F: FnMut(RowId) -> Option<RowId>> Writing<'_, F> {
    fn derived(
        &mut self,
        out: &mut Vec<u8>,
        place: usize,
        from: Derived,
        given: Option<&Lent<'_>>,
    ) {
        let id = match (from, given) {
            (Derived::Id, _) => Some(self.id),
            (Derived::Unit, Some(Lent::Reference(_, unit))) => Some(*unit),
            (Derived::Unit, _) => self.owner.and_then(&mut self.unit_of),
        };
        if let Some(id) = id {
            self.writer.columns[place].key.write(out);
            write_id(out, id);
        }
    }

    fn value(&mut self, out: &mut Vec<u8>, place: usize, value: Lent<'_>) {
        let column = &self.writer.columns[place];
        column.key.write(out);
        match value {
            Lent::Text(text) => write_text(out, text),
            Lent::Reference(table, id) => {
                if self.writer.owner == Some(place) {
                    self.owner = Some(id);
                }
                if column.is_polymorphic {
                    out.extend_from_slice(b"{\"id\":");
                    write_id(out, id);
                    out.extend_from_slice(b",\"table\":\"");
                    out.extend_from_slice(table.as_str().as_bytes());
                    out.extend_from_slice(b"\"}");
                } else {
                    write_id(out, id);
                }
            }
            Lent::Id(id) => write_id(out, id),
            Lent::Timestamp(time) => self.time(out, time),
            Lent::Integer(number) => json(out, &number),
            Lent::Choice(option) => json(out, &option),
            Lent::Decimal(number) => write_decimal(out, number),
            Lent::Boolean(flag) => json(out, &flag),
            other => json(out, &bare_json(&other.into_value())),
        }
    }

    fn time(&mut self, out: &mut Vec<u8>, time: Timestamp) {
        match &self.time {
            Some((first, text)) if *first == time => out.extend_from_within(text.clone()),
            _ => {
                let begin = out.len();
                out.push(b'"');
                self.writer.times.write(out, time);
                out.push(b'"');
                self.time.get_or_insert((time, begin..out.len()));
            }
        }
    }
}

/// A day since 1970-01-01, and its date.
type Day = (i64, [u8; DATE_BYTES]);

/// Writes times as [`Timestamp::write_to`] does. Times of rows that follow each other are often of one day,
/// and the calendar is most of the work.
#[derive(Debug, Default)]
struct TimeWriter {
    days: [Cell<Option<Day>>; DAYS],
}

impl TimeWriter {
    fn write(&self, out: &mut Vec<u8>, time: Timestamp) {
        let day = time.0.div_euclid(MICROSECONDS_OF_DAY);
        let kept = &self.days[usize::from(day.to_le_bytes()[0]) % DAYS];
        let Some((_, date)) = kept.get().filter(|(known, _)| *known == day) else {
            let begin = out.len();
            time.write_to(out);
            let date = out[begin..].first_chunk().expect("a time begins with its date");
            kept.set(Some((day, *date)));
            return;
        };
        let of_day = time.0.rem_euclid(MICROSECONDS_OF_DAY);
        let (seconds, mut fraction) = (of_day / 1_000_000, of_day % 1_000_000);
        let mut text = *b"....-..-..T00:00:00.000000";
        text[..DATE_BYTES].copy_from_slice(&date);
        let mut digits = |at: usize, number: i64| {
            let [tens, ones] =
                [number / 10, number % 10].map(|digit| digit.to_le_bytes()[0] + b'0');
            (text[at], text[at + 1]) = (tens, ones);
        };
        digits(11, seconds / 3_600);
        digits(14, seconds / 60 % 60);
        digits(17, seconds % 60);
        digits(20, fraction / 10_000);
        digits(22, fraction / 100 % 100);
        digits(24, fraction % 100);
        let mut length = if fraction == 0 { 19 } else { text.len() };
        while fraction != 0 && fraction % 10 == 0 {
            (fraction, length) = (fraction / 10, length - 1);
        }
        // All of it, so that no length must be looked at, and then less.
        let end = out.len() + length;
        out.extend_from_slice(&text);
        out.truncate(end);
        out.push(b'Z');
    }
}

fn write_id(out: &mut Vec<u8>, id: RowId) {
    let begin = out.len();
    out.extend_from_slice(&[b'"'; ID_BYTES]);
    id.text(out[begin + 1..].first_chunk_mut().expect("it has just been made as long"));
}

fn write_text(out: &mut Vec<u8>, text: &str) {
    // Most texts have nothing to escape, which is told faster of all bytes than of one after another.
    let must_escape = |byte: &u8| *byte < 0x20 || *byte == b'"' || *byte == b'\\';
    if text.as_bytes().iter().fold(false, |must, byte| must | must_escape(byte)) {
        return json(out, text);
    }
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

fn write_decimal(out: &mut Vec<u8>, number: Decimal) {
    use std::io::Write;
    let exact = number.get();
    match i64::try_from(exact.mantissa()) {
        Ok(whole) if exact.scale() == 0 => json(out, &whole),
        _ => write!(out, "{number}").expect("memory takes all"),
    }
}

fn json(out: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    serde_json::to_writer(out, value).expect("memory takes all");
}

#[cfg(test)]
mod tests {
    use serde_json::Value as Json;

    use super::*;
    use crate::{
        Date, Double, Reference, Value, Values,
        catalog::Catalog,
        json::row_object,
        schema::{ColumnDefinition, ColumnType, TableDefinition},
        security::User,
    };

    /// Longer than what keys have room for.
    const LONG: &str = "a_name_of_a_column_that_is_longer_than_most";

    fn id(byte: u8) -> RowId {
        RowId::from_bytes([byte; 16])
    }

    fn catalog() -> Catalog {
        let column = |(name, column_type, targets): (&'static str, ColumnType, &[&'static str])| {
            ColumnDefinition {
                name: Name::known(name),
                display_name: None,
                column_type,
                max_length: None,
                required: false,
                options: Vec::new(),
                targets: targets.iter().copied().map(Name::known).collect(),
            }
        };
        let columns = [
            ("name", ColumnType::String, &[][..]),
            ("count", ColumnType::Integer, &[]),
            ("price", ColumnType::Money, &[]),
            ("share", ColumnType::Double, &[]),
            ("on", ColumnType::Boolean, &[]),
            ("kinds", ColumnType::Choices, &[]),
            ("day", ColumnType::Date, &[]),
            ("parent", ColumnType::Lookup, &["thing"]),
            ("about", ColumnType::Lookup, &["thing", "other"]),
            ("zebra", ColumnType::Uniqueidentifier, &[]),
            ("seen", ColumnType::Datetime, &[]),
            ("plain", ColumnType::String, &[]),
            ("whole", ColumnType::Money, &[]),
            (LONG, ColumnType::Integer, &[]),
        ];
        let mut catalog = Catalog::default();
        catalog.put_table(TableDefinition {
            name: Name::known("thing"),
            display_name: None,
            ownership: Ownership::UserOrTeam,
            primary_key: Name::known("thingid"),
            primary_name: None,
            can_be_taken_offline: true,
            hierarchy_column: None,
            columns: columns.into_iter().map(column).collect(),
        });
        let user = User {
            id: id(1),
            name: "U".to_owned(),
            business_unit: id(2),
            manager: None,
            position: None,
            language: None,
            time_zone: None,
            roles: Vec::new(),
        };
        catalog.users.insert(user.id, std::sync::Arc::new(user));
        catalog
    }

    fn values() -> Vec<(&'static str, Value)> {
        let to = |table: &'static str, byte| {
            Value::Reference(Reference { table: Name::known(table), id: id(byte) })
        };
        vec![
            ("name", Value::Text("\"\\\n\u{1}\u{2028}\u{e4}\u{1f600}</script>".to_owned())),
            ("count", Value::Integer(i64::MIN)),
            ("price", Value::Decimal(Decimal::parse("-12345678901234567890.12345678").unwrap())),
            ("share", Value::Double(Double::new(-1.5e300).unwrap())),
            ("on", Value::Boolean(false)),
            ("kinds", Value::Choices(vec![3, 5])),
            ("day", Value::Date(Date(-3))),
            ("createdon", Value::Timestamp(Timestamp(1_772_357_400_000_001))),
            ("modifiedon", Value::Timestamp(Timestamp(-1))),
            ("parent", to("thing", 3)),
            ("about", to("other", 4)),
            ("ownerid", to("systemuser", 1)),
            ("dropped", Value::Integer(1)),
            ("zebra", Value::Id(id(5))),
            // The same as another.
            ("seen", Value::Timestamp(Timestamp(1_772_357_400_000_001))),
            ("plain", Value::Text("\u{7f} plain \u{e4}".to_owned())),
            ("whole", Value::Decimal(Decimal::parse("-1500").unwrap())),
            (LONG, Value::Integer(0)),
        ]
    }

    #[test]
    fn text_is_that_of_the_object() {
        let catalog = catalog();
        let table = catalog.table("thing").unwrap();
        let all = values();
        let whole: Values =
            all.iter().map(|(name, value)| (Name::known(name), Some(value.clone()))).collect();
        let own_unit =
            Value::Reference(Reference { table: Name::known("businessunit"), id: id(9) });
        let given: Values =
            [(Name::known(OWNINGBUSINESSUNIT), Some(own_unit))].into_iter().collect();
        let parts = (0..all.len()).map(|left_out| {
            let mut part = whole.clone();
            part.remove(all[left_out].0);
            part
        });
        // One for all of them: nothing of a row may be left for the next.
        let writer = RowWriter::new(table);
        for values in [whole.clone(), Values::default(), given].into_iter().chain(parts) {
            let mut text = Vec::new();
            let placed = |(name, value)| Some((writer.place(name)?, value));
            let mut unit_of = |owner| catalog.business_unit_of(owner);
            writer.write(&mut text, &mut unit_of, id(7), values.lent().filter_map(placed));
            let object = Json::Object(row_object(&catalog, table, id(7), &values));
            assert_eq!(String::from_utf8(text).unwrap(), object.to_string());
        }
    }

    #[test]
    fn times_look_as_the_calendar_writes_them() {
        let times = TimeWriter::default();
        let days =
            [-719_162, -1, 0, 1, 11_016, 20_513, 2_932_894].map(|day| day * MICROSECONDS_OF_DAY);
        let within = [0, 1, 10, 999_999, 1_000_000, 59_999_990, 3_599_500_000, 86_399_999_999];
        for day in days {
            // The first of a day is written by the calendar, the others are not.
            for time in within.map(|within| Timestamp(day + within)) {
                let (mut text, mut plain) = (Vec::new(), Vec::new());
                times.write(&mut text, time);
                time.write_to(&mut plain);
                assert_eq!(String::from_utf8(text).unwrap(), String::from_utf8(plain).unwrap());
            }
        }
    }
}
