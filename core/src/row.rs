//! Rows: values by column, and where in the log they come from.

use bincode::{
    BorrowDecode, Decode, Encode,
    de::{BorrowDecoder, Decoder},
    enc::Encoder,
    error::{DecodeError, EncodeError},
};

use crate::{Lent, Name, RowVersion, Value};

/// Values by column, ordered by name, each column once. A value of none is an explicit null: a
/// column that a patch empties. Rows themselves hold no nulls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values(Vec<(Name, Option<Value>)>);

impl Values {
    /// Takes entries that are in order; none if they are not, or if a column comes twice.
    #[must_use]
    pub fn in_order(entries: Vec<(Name, Option<Value>)>) -> Option<Self> {
        entries.windows(2).all(|pair| pair[0].0 < pair[1].0).then_some(Self(entries))
    }

    /// The value of a column: none if the column is absent or null.
    #[must_use]
    pub fn get(&self, column: &str) -> Option<&Value> {
        self.entry(column).and_then(Option::as_ref)
    }

    /// What is said of a column: none if nothing, some none if it is an explicit null.
    #[must_use]
    pub fn entry(&self, column: &str) -> Option<&Option<Value>> {
        self.place(column).ok().map(|at| &self.0[at].1)
    }

    /// Whether anything is said of a column.
    #[must_use]
    pub fn contains(&self, column: &str) -> bool {
        self.place(column).is_ok()
    }

    fn place(&self, column: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(name, _)| name.as_str().cmp(column))
    }

    /// Says something of a column, in place of what was said before.
    pub fn set(&mut self, column: Name, value: Option<Value>) {
        match self.place(&column) {
            Ok(at) => self.0[at].1 = value,
            Err(at) => self.0.insert(at, (column, value)),
        }
    }

    /// Says nothing of a column any more.
    pub fn remove(&mut self, column: &str) {
        if let Ok(at) = self.place(column) {
            self.0.remove(at);
        }
    }

    /// Applies a patch: its values are set, its nulls taken out.
    pub fn patch(&mut self, patch: &Self) {
        for (column, value) in patch.iter() {
            match value {
                Some(_) => self.set(column.clone(), value.cloned()),
                None => self.remove(column),
            }
        }
    }

    /// The same without explicit nulls: a whole row.
    #[must_use]
    pub fn without_nulls(&self) -> Self {
        Self(self.0.iter().filter(|(_, value)| value.is_some()).cloned().collect())
    }

    /// All that is said, by column name.
    pub fn iter(&self) -> impl Iterator<Item = (&Name, Option<&Value>)> {
        self.0.iter().map(|(name, value)| (name, value.as_ref()))
    }

    /// All values, by column name; explicit nulls are left out.
    pub fn lent(&self) -> impl Iterator<Item = (&Name, Lent<'_>)> {
        self.iter().filter_map(|(name, value)| Some((name, value?.into())))
    }

    /// How many columns something is said of.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing is said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(Name, Option<Value>)> for Values {
    fn from_iter<I: IntoIterator<Item = (Name, Option<Value>)>>(entries: I) -> Self {
        let mut values = Self::default();
        entries.into_iter().for_each(|(column, value)| values.set(column, value));
        values
    }
}

impl Encode for Values {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        self.0.encode(encoder)
    }
}

/// Order and uniqueness are what look-ups rely on, so stored values are checked for them.
fn checked(entries: Vec<(Name, Option<Value>)>) -> Result<Values, DecodeError> {
    Values::in_order(entries).ok_or(DecodeError::Other("stored columns are out of order"))
}

impl<C> Decode<C> for Values {
    fn decode<D: Decoder<Context = C>>(decoder: &mut D) -> Result<Self, DecodeError> {
        checked(Decode::decode(decoder)?)
    }
}

impl<'de, C> BorrowDecode<'de, C> for Values {
    fn borrow_decode<D: BorrowDecoder<'de, Context = C>>(
        decoder: &mut D,
    ) -> Result<Self, DecodeError> {
        checked(BorrowDecode::borrow_decode(decoder)?)
    }
}

/// A row as it stands: what was written, without derived columns.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Row {
    /// The last event that wrote it.
    pub version: RowVersion,
    /// Its values, `createdon` and `modifiedon` among them; no nulls.
    pub values: Values,
}
