//! The log of events: [`DiskLog`] on disk, and [`MemoryLog`] for tests.
//!
//! A group of events is packed into few parts (`pack`), which go into a frame of the journal
//! (`frame`, `journal`); then the head says that the log reaches so far (`head`), and the group is
//! acknowledged. The keeper puts it into sled (`index`) and its leaves into the Merkle tree
//! (`notary`). Reading goes the other way (`unpack` checks and decodes). What a start finds damaged
//! in one copy is written anew from the other (`recover`, `survey`). Beside the log lies the record of
//! what devices acknowledged (`deliveries`). Nothing here judges events or knows what they mean.

#![allow(
    clippy::disallowed_methods,
    reason = "this crate is an edge: it owns the files of the log"
)]

mod checksum;
mod codec;
mod deliveries;
mod directory;
mod disk;
mod disk_log;
mod entropy;
mod error;
mod export;
mod fault;
mod finding;
mod flaw;
mod frame;
mod head;
mod index;
mod journal;
mod keeper;
mod keys;
mod log;
mod memory_log;
mod notary;
mod opened;
mod pack;
mod part;
mod planted;
mod prove;
mod recover;
mod refill;
mod repair;
mod scrub;
mod shared;
mod snapshots;
mod survey;
mod unpack;
mod upgrade;
mod walk;

pub use deliveries::{DeliveryWriter, Unreadable, deliveries};
pub use directory::Held;
pub use disk::{Crash, CrashPoints, Disk, DiskFile, RealDisk, SimDisk, Tear};
pub use disk_log::DiskLog;
pub use entropy::{Entropy, SeededEntropy, SystemEntropy};
pub use error::StoreError;
pub use export::{Exported, TransferError, export, import};
pub use finding::{Copy, Finding};
pub use index::SimIndex;
pub use journal::JournalSizes;
pub use log::{Log, LogRecord};
pub use memory_log::MemoryLog;
pub use planted::Bug;
#[cfg(feature = "planted-bugs")]
pub use planted::plant;
pub use prove::ProveError;
pub use repair::Verification;
pub use snapshots::{SnapshotHead, Snapshots};
