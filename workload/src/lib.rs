//! The environment and the edits that benchmarks run on: accounts, twice as many contacts and tasks,
//! 1,000 users in 50 business units and 200 teams, one profile, bursts of 1,000 updates.
//!
//! Everything is a function of a seed and a number, so any row can be made by itself, by any program
//! that knows the function: see [`struct@Hash`].

mod burst;
mod catalog;
mod events;
mod expected;
mod hash;
mod push;
mod rows;

pub use expected::Expected;
pub use hash::Hash;
pub use push::{EDITS, Edit, PUSHERS};

/// How many users, if nothing else is said.
pub const USERS: u64 = 1_000;
/// How many teams.
pub const TEAMS: u64 = 200;
/// How many business units.
pub const UNITS: u64 = 50;

/// What is made.
#[derive(Clone, Copy, Debug)]
pub struct Workload {
    /// How many accounts; of contacts and tasks there are twice as many.
    pub accounts: u64,
    /// How many users.
    pub users: u64,
    hash: Hash,
}

/// Which of the two profiles and roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// Everyone may read everything; the filter asks for owner and state.
    Open,
    /// Everyone may read their business unit's rows; the filter also asks for linked rows and for a
    /// place in a chain of parents.
    Secured,
}

impl Workload {
    /// A workload of so many accounts, and a seed.
    #[must_use]
    pub fn new(accounts: u64, seed: u64) -> Self {
        Self { accounts, users: USERS, hash: Hash::new(seed) }
    }

    /// The same with so many users, of whom there must be one at least.
    #[must_use]
    pub fn with_users(self, users: u64) -> Self {
        Self { users, ..self }
    }

    /// How many rows in all.
    #[must_use]
    pub fn row_count(&self) -> u64 {
        5 * self.accounts
    }
}
