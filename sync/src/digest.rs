//! The digest of a table on a device, which both sides compute and must agree on, and the fingerprint
//! of its metadata.

use haversack_core::{RowId, RowVersion, metadata::Metadata};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use xxhash_rust::xxh3::xxh3_64;

/// The sum, mod 2^64, of xxh3-64 over `table NUL id NUL version` of each row held. It does not hang on
/// the order of rows, so rows come and go one at a time. Written as 16 digits in hexadecimal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TableDigest(pub u64);

impl TableDigest {
    /// With a row more.
    pub fn add(&mut self, table: &str, id: RowId, version: RowVersion) {
        self.0 = self.0.wrapping_add(of_row(table, id, version));
    }

    /// With a row less.
    pub fn remove(&mut self, table: &str, id: RowId, version: RowVersion) {
        self.0 = self.0.wrapping_sub(of_row(table, id, version));
    }
}

/// Longest name, id, the longest number, two NULs.
const TEXT_MAX: usize = haversack_core::limits::NAME_LENGTH_MAX + 36 + 20 + 2;

fn of_row(table: &str, id: RowId, version: RowVersion) -> u64 {
    use std::io::Write;
    let mut text = [0; TEXT_MAX];
    let mut rest = &mut text[..];
    write!(rest, "{table}\0{id}\0{version}").expect("a name has an end");
    let length = TEXT_MAX - rest.len();
    xxh3_64(&text[..length])
}

/// The fingerprint of metadata: 16 hexadecimal digits, the same for equal metadata of one release. It
/// need only tell that something changed, and travels as an `ETag` too.
///
/// # Panics
/// Never: metadata has only keys of text.
#[must_use]
pub fn fingerprint(metadata: &Metadata) -> String {
    let text = serde_json::to_vec(metadata).expect("metadata has only keys of text");
    format!("{:016x}", xxh3_64(&text))
}

impl std::fmt::Display for TableDigest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl Serialize for TableDigest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TableDigest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let number = (text.len() == 16).then(|| u64::from_str_radix(&text, 16).ok()).flatten();
        let wrong = || D::Error::custom(format!("found {text:?}, expected 16 hexadecimal digits"));
        number.map(Self).ok_or_else(wrong)
    }
}

#[cfg(test)]
mod tests {
    use haversack_core::Offset;

    use super::*;

    #[test]
    fn digest_is_the_sum_of_the_rows_whatever_their_order() {
        let row = |number: u8, version| {
            let version = RowVersion(Offset::new(version).unwrap());
            (RowId::from_bytes([number; 16]), version)
        };
        let (one, other) = (row(1, 7), row(2, u64::MAX));
        let mut digest = TableDigest::default();
        digest.add("account", one.0, one.1);
        // As anybody computes it from the words of the protocol.
        let text = format!("account\0{}\0{}", one.0, 7);
        assert_eq!(digest.0, xxh3_64(text.as_bytes()));
        digest.add("account", other.0, other.1);
        digest.remove("account", one.0, one.1);
        let mut alone = TableDigest::default();
        alone.add("account", other.0, other.1);
        assert_eq!(digest, alone);
        let text = serde_json::to_string(&alone).unwrap();
        assert_eq!(text.len(), 18);
        assert_eq!(serde_json::from_str::<TableDigest>(&text).unwrap(), alone);
    }
}
