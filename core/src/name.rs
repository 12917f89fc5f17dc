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

/// Largest edit distance at which a name is taken for a slip of another one.
const SLIPS_MAX: usize = 2;

/// The candidate nearest to `found`, if it is near enough (edit distance 1 or 2) to be meant.
#[must_use]
pub fn nearest<'a>(found: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let found: Vec<char> = found.chars().collect();
    let is_as_long =
        |candidate: &&str| candidate.chars().count().abs_diff(found.len()) <= SLIPS_MAX;
    candidates
        .into_iter()
        .filter(is_as_long)
        .filter_map(|candidate| {
            let characters: Vec<char> = candidate.chars().collect();
            Some((distance(&found, &characters, SLIPS_MAX)?, candidate))
        })
        .filter(|(distance, candidate)| *distance < candidate.len().max(2))
        .min()
        .map(|(_, candidate)| candidate)
}

/// How many characters must be put in, left out, changed or swapped with the next one to make one
/// text of the other, if so many will do. ASCII letters are alike in both cases.
///
/// A catalog has thousands of names and a query many slips, so this looks only as far as `max`:
/// after each difference every way on is tried, in a time that grows with the length alone.
fn distance(one: &[char], other: &[char], max: usize) -> Option<usize> {
    let alike = |(one, other): &(&char, &char)| one.eq_ignore_ascii_case(other);
    let same = one.iter().zip(other).take_while(alike).count();
    let (one, other) = (&one[same..], &other[same..]);
    if one.is_empty() || other.is_empty() {
        return Some(one.len() + other.len()).filter(|left| *left <= max);
    }
    let max = max.checked_sub(1)?;
    let ways = [(1, 1), (1, 0), (0, 1)].into_iter().chain(is_swap(one, other).then_some((2, 2)));
    let ways = ways.filter_map(|(a, b)| distance(&one[a..], &other[b..], max));
    ways.min().map(|distance| distance + 1)
}

fn is_swap(one: &[char], other: &[char]) -> bool {
    let ([a, b, ..], [c, d, ..]) = (one, other) else { return false };
    a.eq_ignore_ascii_case(d) && b.eq_ignore_ascii_case(c)
}

/// `; did you mean "…"?` if a candidate is near enough, else nothing.
#[must_use]
pub fn nearest_help<'a>(found: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    nearest(found, candidates).map(|near| format!("; did you mean {near:?}?")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn slips_are_found_and_other_words_are_not() {
        let known = ["name", "revenue", "in", "accountid"];
        for (found, meant) in [
            ("nmae", Some("name")),
            ("NAMES", Some("name")),
            ("accuntid", Some("accountid")),
            ("revenu", Some("revenue")),
            ("on", Some("in")),
            ("an", Some("in")),
            ("at", None),
            ("account", Some("accountid")),
            ("accoun", None),
            ("", None),
        ] {
            assert_eq!(nearest(found, known), meant, "{found}");
        }
    }

    #[test]
    fn the_nearest_of_thousands_is_found() {
        let names: Vec<String> = (0..9_999).map(|n| format!("table_with_number_{n}")).collect();
        let near = nearest("tabel_with_number_7", names.iter().map(String::as_str));
        assert_eq!(near, Some("table_with_number_7"));
        assert_eq!(nearest("elsewhere", names.iter().map(String::as_str)), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

        /// The same as the whole table of distances, which takes the product of both lengths.
        #[test]
        fn distance_is_that_of_the_whole_table(one in "[abcé]{0,7}", other in "[abcé]{0,7}") {
            let characters = |text: &str| text.chars().collect::<Vec<char>>();
            let whole = strsim::osa_distance(&one, &other);
            for max in 0..4 {
                let found = distance(&characters(&one), &characters(&other), max);
                prop_assert_eq!(found, Some(whole).filter(|whole| *whole <= max));
            }
        }
    }
}
