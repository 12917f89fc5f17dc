//! Names of tables, columns and relationships, and the nearest-name help that errors give.

use std::{fmt, str::FromStr};

use bincode::{
    BorrowDecode, Decode, Encode,
    de::{BorrowDecoder, Decoder},
    enc::Encoder,
    error::{DecodeError, EncodeError},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use smol_str::SmolStr;

use crate::limits::NAME_LENGTH_MAX;

/// The name of a table, a column or a relationship: `[A-Za-z_][A-Za-z0-9_]{0,99}`, case-sensitive.
///
/// Names of up to 23 bytes need no allocation; longer ones share one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(SmolStr);

/// A text that is no [`Name`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "found {found:?}, expected a name: a letter or `_`, then letters, digits and `_`, {NAME_LENGTH_MAX} in all"
)]
pub struct NameError {
    /// The text that was found.
    pub found: String,
}

impl Name {
    /// Makes a name that is known to be one, such as a literal in the program.
    ///
    /// # Panics
    /// If the text is no name.
    #[must_use]
    pub fn known(text: &'static str) -> Self {
        assert!(is_name(text), "{text:?} is not a name");
        Self(SmolStr::new_static(text))
    }

    /// The text of the name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && text.len() <= NAME_LENGTH_MAX
}

impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        if is_name(text) {
            Ok(Self(SmolStr::new(text)))
        } else {
            Err(NameError { found: text.chars().take(2 * NAME_LENGTH_MAX).collect() })
        }
    }
}

impl std::ops::Deref for Name {
    type Target = str;
    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl std::borrow::Borrow<str> for Name {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl PartialEq<str> for Name {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Name {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        SmolStr::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl Encode for Name {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        self.as_str().encode(encoder)
    }
}

impl<C> Decode<C> for Name {
    fn decode<D: Decoder<Context = C>>(decoder: &mut D) -> Result<Self, DecodeError> {
        let text = String::decode(decoder)?;
        text.parse().map_err(|_| DecodeError::Other("a stored name is malformed"))
    }
}

impl<'de, C> BorrowDecode<'de, C> for Name {
    fn borrow_decode<D: BorrowDecoder<'de, Context = C>>(
        decoder: &mut D,
    ) -> Result<Self, DecodeError> {
        let text = <&str>::borrow_decode(decoder)?;
        text.parse().map_err(|_| DecodeError::Other("a stored name is malformed"))
    }
}

/// Candidates whose distance is measured at the most. A message must not take long, however many
/// names there are; so many of about one length are rare.
const MEASURED_MAX: usize = 2_000;

/// The candidate nearest to `found`, if it is near enough (edit distance 1 or 2) to be meant.
#[must_use]
pub fn nearest<'a>(found: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let found = found.to_ascii_lowercase();
    let length = found.chars().count();
    candidates
        .into_iter()
        .filter(|candidate| candidate.chars().count().abs_diff(length) <= 2)
        .take(MEASURED_MAX)
        .map(|candidate| (distance(&found, &candidate.to_ascii_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= 2 && *distance < candidate.len().max(2))
        .min()
        .map(|(_, candidate)| candidate)
}

/// The edit distance. What both begin and end with does not change it, and is long in many names.
fn distance(one: &str, other: &str) -> usize {
    let alike = |(a, b): &(char, char)| a == b;
    let length = |pairs: &mut dyn Iterator<Item = (char, char)>| {
        pairs.take_while(alike).map(|(c, _)| c.len_utf8()).sum::<usize>()
    };
    let begin = length(&mut one.chars().zip(other.chars()));
    let (one, other) = (&one[begin..], &other[begin..]);
    let end = length(&mut one.chars().rev().zip(other.chars().rev()));
    strsim::osa_distance(&one[..one.len() - end], &other[..other.len() - end])
}

/// `; did you mean "…"?` if a candidate is near enough, else nothing.
#[must_use]
pub fn nearest_help<'a>(found: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    nearest(found, candidates).map(|near| format!("; did you mean {near:?}?")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All texts of two letters up to this length.
    fn texts(length: usize) -> Vec<String> {
        let mut all = vec![String::new()];
        let mut last = all.clone();
        for _ in 0..length {
            last = last.iter().flat_map(|text| ["a", "é"].map(|c| format!("{text}{c}"))).collect();
            all.extend(last.clone());
        }
        all
    }

    #[test]
    fn common_ends_do_not_change_the_distance() {
        for one in &texts(6) {
            for other in &texts(6) {
                assert_eq!(distance(one, other), strsim::osa_distance(one, other), "{one} {other}");
            }
        }
    }

    #[test]
    fn the_nearest_of_thousands_is_found() {
        let names: Vec<String> = (0..9_999).map(|n| format!("table_with_number_{n}")).collect();
        let near = nearest("tabel_with_number_7", names.iter().map(String::as_str));
        assert_eq!(near, Some("table_with_number_7"));
        assert_eq!(nearest("elsewhere", names.iter().map(String::as_str)), None);
    }
}
