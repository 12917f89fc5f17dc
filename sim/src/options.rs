//! How a world is run.

use crate::{dice::Dice, mix::Without};

/// How a world is run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Whether all that happens is kept, and not only the last of it.
    pub keeps_trace: bool,
    /// Of two worlds that differ only in what nobody with a device may read, which.
    pub twin: Option<bool>,
    /// What its devices are made of.
    pub cast: Cast,
    /// What does not happen in it, whatever the seed says.
    pub without: Without,
    /// How many things happen before all heals; none: as the seed says.
    pub steps: Option<usize>,
}

/// What the devices of a world are made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cast {
    /// As the seed says: in some worlds there are real ones among them.
    #[default]
    Mixed,
    /// All of them are plain ones.
    Plain,
    /// All of them are real ones.
    Real,
}

impl Cast {
    /// How many of a thousand devices of a world are to be real ones.
    pub fn share_of_real(self, dice: &mut Dice) -> usize {
        match self {
            Self::Plain => 0,
            Self::Real => 1_000,
            Self::Mixed if dice.chance(REAL.0) => REAL.1,
            Self::Mixed => 0,
        }
    }
}

/// In how many of a thousand worlds of a mixed cast there are real devices, and how many they are there.
const REAL: (usize, usize) = (330, 600);
