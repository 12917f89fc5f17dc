//! Tests of both logs through what the rest of the program sees of them.

#![allow(clippy::disallowed_methods, reason = "the tests damage files")]

mod children;
mod conformance;
mod crash;
mod damage;
mod directory;
mod fixtures;
mod full;
mod killed;
mod live;
mod mended;
mod planted;
mod rot;
mod scrub;
mod unreadable;
