//! The columns of a table, found by name.

use bincode::{
    BorrowDecode, Decode, Encode,
    de::{BorrowDecoder, Decoder},
    enc::Encoder,
    error::{DecodeError, EncodeError},
};

use super::Column;

/// Columns in the order in which people see them, each name once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Columns {
    list: Vec<Column>,
    /// Positions in `list`, by name: rows are checked column by column, so this is hot.
    by_name: Vec<u16>,
}

impl Columns {
    /// Adds those whose names are not there yet.
    pub(super) fn add_missing(&mut self, columns: impl IntoIterator<Item = Column>) {
        for column in columns {
            if let Err(place) = self.place(&column.name) {
                let position = u16::try_from(self.list.len()).expect("COLUMNS_PER_TABLE_MAX");
                self.by_name.insert(place, position);
                self.list.push(column);
            }
        }
    }

    fn place(&self, name: &str) -> Result<usize, usize> {
        self.by_name.binary_search_by(|at| self.list[usize::from(*at)].name.as_str().cmp(name))
    }

    /// The column with this name.
    pub(super) fn get(&self, name: &str) -> Option<&Column> {
        self.place(name).ok().map(|place| &self.list[usize::from(self.by_name[place])])
    }

    /// All of them, by name.
    pub(super) fn by_name(&self) -> impl Iterator<Item = &Column> {
        self.by_name.iter().map(|at| &self.list[usize::from(*at)])
    }

    /// All of them.
    pub(super) fn as_slice(&self) -> &[Column] {
        &self.list
    }
}

/// Only the list is stored.
impl Encode for Columns {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        self.list.encode(encoder)
    }
}

fn checked(list: Vec<Column>) -> Result<Columns, DecodeError> {
    let length = list.len();
    if length > usize::from(u16::MAX) {
        return Err(DecodeError::Other("a stored table has too many columns"));
    }
    let mut columns = Columns::default();
    columns.add_missing(list);
    if columns.list.len() == length {
        Ok(columns)
    } else {
        Err(DecodeError::Other("a stored table has a column twice"))
    }
}

impl<C> Decode<C> for Columns {
    fn decode<D: Decoder<Context = C>>(decoder: &mut D) -> Result<Self, DecodeError> {
        checked(Decode::decode(decoder)?)
    }
}

impl<'de, C> BorrowDecode<'de, C> for Columns {
    fn borrow_decode<D: BorrowDecoder<'de, Context = C>>(
        decoder: &mut D,
    ) -> Result<Self, DecodeError> {
        checked(BorrowDecode::borrow_decode(decoder)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Name, schema::ColumnType};

    fn read(columns: Vec<Column>) -> Result<Columns, DecodeError> {
        let config = bincode::config::standard().with_limit::<{ 64 << 20 }>();
        let bytes = bincode::encode_to_vec(columns, config).unwrap();
        bincode::decode_from_slice(&bytes, config).map(|(columns, _)| columns)
    }

    #[test]
    fn stored_columns_are_found_by_name_and_come_once() {
        let column = |name| Column::plain(name, ColumnType::Memo, Vec::new());
        let [a, b] = ["a", "b"].map(|name| column(Name::known(name)));
        let columns = read(vec![b.clone(), a.clone()]).unwrap();
        assert_eq!(columns.get("a"), Some(&a));
        assert_eq!(columns.as_slice(), [b.clone(), a.clone()]);
        assert!(read(vec![a.clone(), b, a]).is_err());
        let many = (0..=u16::MAX).map(|number| column(format!("c{number}").parse().unwrap()));
        assert!(read(many.collect()).is_err());
    }
}
