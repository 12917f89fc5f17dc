//! The function that everything follows from.

use haversack_core::RowId;

/// `mix(x)`: x += 0x9E3779B97F4A7C15; x = (x ^ x>>30) * 0xBF58476D1CE4E5B9; x = (x ^ x>>27) *
/// 0x94D049BB133111EB; x ^ x>>31, all modulo 2^64. The hash of kind `k`, column `c` and number `i` is
/// `mix(mix(seed) ^ mix(k * 2^56 + c * 2^40 + i))`.
#[derive(Clone, Copy, Debug)]
pub struct Hash(u64);

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Account = 1,
    Contact = 2,
    Task = 3,
    User = 4,
    Burst = 5,
    Push = 6,
    Team = 7,
    Unit = 8,
}

impl Hash {
    /// The function with a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(mix(seed))
    }

    /// The hash of a kind, a column and a number.
    #[must_use]
    pub fn of(self, kind: Kind, column: u64, number: u64) -> u64 {
        mix(self.0 ^ mix(((kind as u64) << 56) + (column << 40) + number))
    }

    /// The id of the nth of a kind.
    #[must_use]
    pub fn id(self, kind: Kind, number: u64) -> RowId {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.of(kind, 100, number).to_be_bytes());
        bytes[8..].copy_from_slice(&self.of(kind, 101, number).to_be_bytes());
        RowId::from_bytes(bytes)
    }
}

fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}
