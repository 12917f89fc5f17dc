//! The client that an app embeds: a user's part of an environment, offline.
//!
//! A [`Device`] lives in a directory. It reads rows, answers queries by the same evaluator as the server,
//! and takes edits, all without a network. [`Device::sync`] sends the edits and brings what changed, over
//! a [`Transport`]; [`Automatic`] does so by itself when it is due.
//!
//! ```text
//! app ─▶ Device ─▶ ledger: edits, in two files, never lost
//!          │  └──▶ layers: rows, in sled, downloaded again if they are damaged
//!          └─────▶ sync: Transport ─▶ server
//! ```
//!
//! What the protocol asks of a device is decided by the state machines of `haversack-sync`; here are files,
//! sockets, threads and the clock.

#![allow(
    clippy::disallowed_methods,
    reason = "this crate is an edge: it keeps files and reads the clock"
)]

mod automatic;
mod check;
mod clock;
mod device;
mod error;
mod files;
mod home;
mod layers;
pub mod ledger;
mod rows;
pub mod store;
mod sync;
pub mod transport;

pub use automatic::{Automatic, Happening};
pub use clock::{Clock, SystemClock};
pub use device::{Answered, Came, Device, Problem, Setup, Status, TableStatus};
pub use error::DeviceError;
pub use files::Medium;
pub use home::StoreHome;
pub use sync::{Ask, Progress, Synced, Watch};
pub use transport::{HttpTransport, Transport, TransportError};
