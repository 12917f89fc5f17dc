//! Row ids: UUIDs of rows, users, teams and business units alike, and of devices.

use std::{cmp::Ordering, fmt, str::FromStr};

use bincode::{
    BorrowDecode, Decode, Encode,
    de::{BorrowDecoder, Decoder},
    enc::Encoder,
    error::{DecodeError, EncodeError},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

/// A UUID. Written in lower case with hyphens; read in any case, also in braces or without hyphens.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct RowId(Uuid);

/// By bytes, which is the order of the text too. As one number they are compared without a call, and
/// looking for ids is most of what looking for rows is.
impl Ord for RowId {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.as_u128().cmp(&other.0.as_u128())
    }
}

impl PartialOrd for RowId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }

    fn lt(&self, other: &Self) -> bool {
        self.0.as_u128() < other.0.as_u128()
    }

    fn le(&self, other: &Self) -> bool {
        self.0.as_u128() <= other.0.as_u128()
    }
}

/// A text that is no UUID.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("found {found:?}, expected a UUID such as 6ba7b810-9dad-11d1-80b4-00c04fd430c8")]
pub struct RowIdError {
    /// The text that was found.
    pub found: String,
}

impl RowId {
    /// The id with these bytes, most significant first.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }

    /// Writes the id as text.
    pub fn write_to(self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.text(&mut [0; 36]).as_bytes());
    }

    /// The id as text, in a place for it.
    pub fn text(self, place: &mut [u8; 36]) -> &str {
        self.0.hyphenated().encode_lower(place)
    }

    /// The bytes, most significant first. Their order is the order of the text.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
}

impl FromStr for RowId {
    type Err = RowIdError;

    fn from_str(text: &str) -> Result<Self, RowIdError> {
        Uuid::try_parse(text.trim())
            .map(Self)
            .map_err(|_| RowIdError { found: text.chars().take(80).collect() })
    }
}

impl fmt::Display for RowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0.hyphenated().encode_lower(&mut Uuid::encode_buffer()))
    }
}

impl fmt::Debug for RowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for RowId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.hyphenated().encode_lower(&mut Uuid::encode_buffer()))
    }
}

impl<'de> Deserialize<'de> for RowId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl Encode for RowId {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        self.as_bytes().encode(encoder)
    }
}

impl<C> Decode<C> for RowId {
    fn decode<D: Decoder<Context = C>>(decoder: &mut D) -> Result<Self, DecodeError> {
        <[u8; 16]>::decode(decoder).map(Self::from_bytes)
    }
}

impl<'de, C> BorrowDecode<'de, C> for RowId {
    fn borrow_decode<D: BorrowDecoder<'de, Context = C>>(
        decoder: &mut D,
    ) -> Result<Self, DecodeError> {
        <[u8; 16]>::decode(decoder).map(Self::from_bytes)
    }
}
