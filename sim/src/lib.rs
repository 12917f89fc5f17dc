//! The whole engine in a simulated world.
//!
//! Everything that happens in a world follows from its seed: what its administrators
//! change, what its devices write and when they sync, what the network and the disks do to that, and
//! what the clock says. The server is the real one, on a simulated disk, and so are some of the devices,
//! on disks in memory; the others are plain ones, meant to be read. Beside them the log is folded once
//! more, and the obvious evaluator says what must be on each device. What must hold is
//! checked whenever it can be seen, and all of it at the end.
//!
//! `cargo run --release -p haversack-sim -- --seed 7 --trace` tells what happens in the world of a seed.

#![allow(missing_docs, reason = "what is public here is seen by this crate's own tests alone")]

mod admin;
mod auditor;
mod device;
mod dice;
mod edits;
mod faults;
mod forge;
mod heal;
mod life;
mod many;
mod mix;
mod options;
mod oracle;
mod order;
mod plain;
mod points;
mod profiles;
mod real;
mod run;
mod seen;
mod serve;
mod server;
mod session;
mod setup;
mod shrink;
mod trace;
mod violation;
mod watch;
mod wire;
mod world;

pub use many::{Summary, many};
pub use mix::Without;
pub use options::{Cast, Options};
pub use points::{POINTS, Points};
pub use run::{Outcome, run, twins};
pub use shrink::{Shrunk, shrink};
pub use violation::Violation;
