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
    // Every row of every first pull comes by here: in pieces, as formatting takes longer than hashing.
    for piece in [table.as_bytes(), b"\0", id.text(&mut [0; 36]).as_bytes(), b"\0"] {
        rest.write_all(piece).expect("a name has an end");
    }
    serde_json::to_writer(&mut rest, &version).expect("a number has an end");
    let length = TEXT_MAX - rest.len();
    xxh3_64(&text[..length])
}

/// The fingerprint of metadata: the sum, mod 2^64, of xxh3-64 over each thing's kind, NUL and JSON. So a
/// server sums up what all devices know once. It's the same for equal metadata of one release, need only
/// tell that something changed, and travels as an `ETag` too: 16 hexadecimal digits.
#[must_use]
pub fn fingerprint(metadata: &Metadata) -> String {
    format!("{:016x}", shared_sum(metadata).wrapping_add(own_sum(metadata)))
}

/// The fingerprint of a user's metadata from what all devices know, summed up, and the user's own part.
#[must_use]
pub fn fingerprint_of(shared: u64, own: &Metadata) -> String {
    let known_already = people_sum(&own.as_others_know_it());
    let sum = shared.wrapping_sub(known_already).wrapping_add(people_sum(own));
    format!("{:016x}", sum.wrapping_add(own_sum(own)))
}

/// The sum over what is the same on all devices, and of people what others know of them.
#[must_use]
pub fn shared_sum(metadata: &Metadata) -> u64 {
    sum([thing("settings", &metadata.settings)])
        .wrapping_add(sum(metadata.business_units.iter().map(|unit| thing("business_unit", unit))))
        .wrapping_add(sum(metadata.positions.iter().map(|position| thing("position", position))))
        .wrapping_add(people_sum(metadata))
}

fn people_sum(metadata: &Metadata) -> u64 {
    let users = metadata.users.iter().map(|user| thing("user", user));
    sum(users).wrapping_add(sum(metadata.teams.iter().map(|team| thing("team", team))))
}

fn own_sum(metadata: &Metadata) -> u64 {
    let tables = metadata.tables.iter().map(|table| thing("table", table));
    sum([thing("of", &metadata.user)])
        .wrapping_add(sum(metadata.roles.iter().map(|role| thing("role", role))))
        .wrapping_add(sum(tables))
        .wrapping_add(sum(metadata.relationships.iter().map(|one| thing("relationship", one))))
}

fn sum(hashes: impl IntoIterator<Item = u64>) -> u64 {
    hashes.into_iter().fold(0, u64::wrapping_add)
}

fn thing(kind: &str, thing: &impl Serialize) -> u64 {
    let mut text = [kind.as_bytes(), b"\0"].concat();
    serde_json::to_writer(&mut text, thing).expect("metadata has only keys of text");
    xxh3_64(&text)
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
    use std::{collections::BTreeSet, sync::Arc};

    use haversack_core::{
        Name, Offset,
        catalog::Catalog,
        security::{Role, User},
    };

    use super::*;

    #[test]
    fn a_fingerprint_summed_up_from_parts_is_that_of_the_whole() {
        let id = |byte| RowId::from_bytes([byte; 16]);
        let mut catalog = Catalog::default();
        for (byte, role) in [(1, "one"), (2, "two"), (3, "one")] {
            let user = serde_json::json!({"id": id(byte), "name": "U", "business_unit": id(9),
                "roles": [role]});
            let user: User = serde_json::from_value(user).unwrap();
            catalog.users.insert(user.id, Arc::new(user));
            let role = serde_json::json!({"name": role, "privileges": {"t": {"read": "user"}}});
            let role: Role = serde_json::from_value(role).unwrap();
            catalog.roles.insert(role.name.clone(), Arc::new(role));
        }
        for (byte, members) in [(5, vec![id(1), id(2)]), (6, vec![id(3)])] {
            let team = serde_json::json!({"id": id(byte), "name": "T", "business_unit": id(9),
                "members": members, "roles": ["two"]});
            catalog.put_team(serde_json::from_value(team).unwrap());
        }
        let table = serde_json::json!({"name": "t", "ownership": "user_or_team",
            "primary_key": "tid", "columns": []});
        catalog.put_table(serde_json::from_value(table).unwrap());
        let tables = BTreeSet::from([Name::known("t")]);
        let shared = shared_sum(&catalog.metadata(RowId::default(), &BTreeSet::new()));
        let mut seen = BTreeSet::new();
        for user in [1, 2, 3].map(id) {
            let whole = fingerprint(&catalog.metadata(user, &tables));
            assert_eq!(fingerprint_of(shared, &catalog.own_metadata(user, &tables)), whole);
            seen.insert(whole);
        }
        assert_eq!(seen.len(), 3);
    }

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
