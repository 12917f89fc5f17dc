//! What happened, line by line.

use std::collections::VecDeque;

use xxhash_rust::xxh3::xxh3_64;

/// Lines that are kept of a world that is not traced.
const LAST: usize = 40;

/// What happened, in its order.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    keeps_all: bool,
    lines: VecDeque<String>,
    count: u64,
    hash: u64,
}

impl Trace {
    /// A trace that keeps all lines, or the last ones.
    #[must_use]
    pub fn new(keeps_all: bool) -> Self {
        Self { keeps_all, ..Self::default() }
    }

    /// Adds a line.
    pub fn add(&mut self, line: String) {
        self.count += 1;
        self.hash =
            self.hash.rotate_left(7).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ xxh3_64(line.as_bytes());
        if !self.keeps_all && self.lines.len() == LAST {
            self.lines.pop_front();
        }
        self.lines.push_back(format!("{:>5} {line}", self.count));
    }

    /// Adds bytes that travelled to the fingerprint.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.hash = self.hash.rotate_left(7).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ xxh3_64(bytes);
    }

    /// The fingerprint of all lines and bytes: equal for equal runs.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        self.hash
    }

    /// The lines that are kept.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(String::as_str)
    }
}
