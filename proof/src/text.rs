//! Base64, and values that are one text in JSON.

use std::{fmt, marker::PhantomData};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserializer, de::Error, de::Visitor};

/// Bytes as standard base64 with padding.
pub fn to_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// The bytes of a standard base64 text. There is one text for any bytes; no other is taken.
pub fn from_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// Reads a value from one text. An error of `read` gets the place where that text ends; if the text
/// were taken out as a `String` first, the place would be that of what follows it.
pub fn read_text<'de, D: Deserializer<'de>, T, E: fmt::Display>(
    deserializer: D,
    read: impl Fn(&str) -> Result<T, E>,
) -> Result<T, D::Error> {
    deserializer.deserialize_str(Reader { read, result: PhantomData })
}

struct Reader<F, T> {
    read: F,
    result: PhantomData<T>,
}

impl<F: Fn(&str) -> Result<T, E>, T, E: fmt::Display> Visitor<'_> for Reader<F, T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text")
    }

    fn visit_str<X: Error>(self, text: &str) -> Result<T, X> {
        (self.read)(text).map_err(X::custom)
    }
}
