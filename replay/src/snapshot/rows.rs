//! Rows as they are stored, with the events on them. A row with many events is cut into parts.
//!
//! The rows of one section share their columns' names, which saves bytes, time and, when they are
//! read back, memory.

use bincode::{
    BorrowDecode, Decode, Encode,
    de::{BorrowDecoder, Decoder},
    enc::Encoder,
    error::{DecodeError, EncodeError},
};
use haversack_core::{Name, Row, RowId, Value, Values};

use super::pack::{PART_BYTES, size};
use crate::{Touches, rows::Slot};

/// What a part has besides its row and events: id, flags and counts.
const PART_FRAME_BYTES: usize = 48;
/// No column's place among a section's names takes more.
const PLACE_BYTES: usize = 5;

/// Rows of one table.
#[derive(Clone, Debug)]
pub struct Rows {
    pub(super) table: Name,
    /// How many rows the table has, in this section and others.
    pub(super) count: u64,
    /// Ascending; every column of the rows is here.
    names: Vec<Name>,
    pub(super) parts: Vec<RowPart>,
}

/// A row with its first events or, with the id of the row before, more events on that.
#[derive(Clone, Debug)]
pub(super) struct RowPart {
    pub id: RowId,
    pub row: Option<Row>,
    /// How many events the row has, in this part and others.
    pub count: u64,
    pub touches: Touches,
}

/// The parts of a row, each with its size.
pub(super) fn parts(id: RowId, slot: &Slot<'_>) -> impl Iterator<Item = (usize, RowPart)> + use<> {
    let touches = slot.touches();
    let (mut count, mut bytes) = (0, 0);
    for touch in touches.newest_first() {
        count += 1;
        bytes += size(touch);
    }
    let cut = if bytes > PART_BYTES { cut(&touches) } else { Vec::new() };
    let mut cut = cut.into_iter();
    let first = cut.next().unwrap_or((bytes, touches));
    let mut row = slot.row.map(|row| row.unpack());
    std::iter::once(first).chain(cut).map(move |(bytes, touches)| {
        let row = row.take();
        let row_bytes = row.as_ref().map_or(0, |row| size(row) + PLACE_BYTES * row.values.len());
        (PART_FRAME_BYTES + row_bytes + bytes, RowPart { id, row, count, touches })
    })
}

/// Many events in several lists, each with its size.
fn cut(touches: &Touches) -> Vec<(usize, Touches)> {
    let mut parts: Vec<(usize, Touches)> = Vec::new();
    for touch in touches.oldest_first() {
        let bytes = size(&touch);
        match parts.last_mut() {
            Some((sum, part)) if *sum + bytes <= PART_BYTES => {
                *sum += bytes;
                part.push(touch);
            }
            _ => parts.push((bytes, [touch].into_iter().collect())),
        }
    }
    parts
}

impl Rows {
    pub(super) fn new(table: Name, count: u64, parts: Vec<RowPart>) -> Self {
        let mut names: Vec<Name> = Vec::new();
        for row in parts.iter().filter_map(|part| part.row.as_ref()) {
            let mut at = 0;
            for (name, _) in row.values.iter() {
                // Nearly always the rows of a table have the same columns.
                if names.get(at) != Some(name) {
                    at += names[at..].iter().take_while(|known| *known < name).count();
                }
                if names.get(at) != Some(name) {
                    names.insert(at, name.clone());
                }
                at += 1;
            }
        }
        Self { table, count, names, parts }
    }
}

impl Encode for Rows {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        self.table.encode(encoder)?;
        self.count.encode(encoder)?;
        self.names.encode(encoder)?;
        (self.parts.len() as u64).encode(encoder)?;
        for part in &self.parts {
            part.id.encode(encoder)?;
            part.row.is_some().encode(encoder)?;
            if let Some(row) = &part.row {
                row.version.encode(encoder)?;
                encode_values(&row.values, &self.names, encoder)?;
            }
            part.count.encode(encoder)?;
            part.touches.encode(encoder)?;
        }
        Ok(())
    }
}

fn encode_values<E: Encoder>(
    values: &Values,
    names: &[Name],
    encoder: &mut E,
) -> Result<(), EncodeError> {
    (values.len() as u64).encode(encoder)?;
    let mut names = (0u32..).zip(names);
    for (name, value) in values.iter() {
        let place = names.find(|(_, known)| *known == name);
        let (place, _) = place.expect("a section has the names of all its columns, in order");
        place.encode(encoder)?;
        value.encode(encoder)?;
    }
    Ok(())
}

/// Reads rows; `value` reads one value, which may or may not borrow from the bytes.
fn decode_rows<D: Decoder>(
    decoder: &mut D,
    value: impl Fn(&mut D) -> Result<Option<Value>, DecodeError>,
) -> Result<Rows, DecodeError> {
    let (table, count) = Decode::decode(decoder)?;
    let names: Vec<Name> = Decode::decode(decoder)?;
    if !names.is_sorted_by(|one, next| one < next) {
        return Err(DecodeError::Other("stored columns are out of order"));
    }
    // Nothing is reserved for a length that was only read.
    let mut parts = Vec::new();
    for _ in 0..u64::decode(decoder)? {
        let id = Decode::decode(decoder)?;
        let row = if bool::decode(decoder)? {
            let version = Decode::decode(decoder)?;
            let values = decode_values(decoder, &names, &value)?;
            Some(Row { version, values })
        } else {
            None
        };
        let (count, touches) = Decode::decode(decoder)?;
        parts.push(RowPart { id, row, count, touches });
    }
    Ok(Rows { table, count, names, parts })
}

fn decode_values<D: Decoder>(
    decoder: &mut D,
    names: &[Name],
    value: impl Fn(&mut D) -> Result<Option<Value>, DecodeError>,
) -> Result<Values, DecodeError> {
    const ILL: DecodeError = DecodeError::Other("stored values do not fit their columns");
    let length = usize::try_from(u64::decode(decoder)?).map_err(|_| ILL)?;
    // Each column has at most one value, so that no more is reserved than there are names.
    if length > names.len() {
        return Err(ILL);
    }
    let mut entries = Vec::with_capacity(length);
    for _ in 0..length {
        let place = u32::decode(decoder)? as usize;
        let name = names.get(place).ok_or(ILL)?;
        entries.push((name.clone(), value(decoder)?));
    }
    Values::in_order(entries).ok_or(ILL)
}

impl<C> Decode<C> for Rows {
    fn decode<D: Decoder<Context = C>>(decoder: &mut D) -> Result<Self, DecodeError> {
        decode_rows(decoder, |decoder| Decode::decode(decoder))
    }
}

impl<'de, C> BorrowDecode<'de, C> for Rows {
    fn borrow_decode<D: BorrowDecoder<'de, Context = C>>(
        decoder: &mut D,
    ) -> Result<Self, DecodeError> {
        decode_rows(decoder, |decoder| BorrowDecode::borrow_decode(decoder))
    }
}
