//! Tests of both logs through what the rest of the program sees of them.

mod conformance;
mod damage;
mod directory;
mod fixtures;
