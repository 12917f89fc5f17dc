//! One open environment: the log, the state it folds to, and the one committer that adds to both.
//!
//! Writers hand their work to the committer over a bounded channel. It judges, gives offsets, makes
//! a group durable, and only then shows the new state and answers. Readers take the state as it is
//! and keep it: it never changes under them.

#![allow(clippy::disallowed_methods, reason = "this crate is an edge: it reads documents")]

mod ask;
mod bulk;
mod clock;
mod commit;
mod deliveries;
mod environment;
mod error;
mod group;
mod held;
mod live;
pub mod load;
mod online;
mod parallel;
mod pull;
pub mod push;
mod refold;
mod rehearse;
mod snapshots;
mod step;
pub mod tell;
mod timeline;
mod token;
mod verify;

pub use ask::{
    AskError, ExplainAsk, MomentError, QueryAsk, RowFound, Selected, bound, catalog_for,
};
pub use clock::{Clock, FixedClock, SystemClock};
pub use environment::Environment;
pub use error::EngineError;
pub use live::Live;
pub use online::{Edited, OnlineEdit, Written};
pub use parallel::in_parallel;
pub use pull::Watch;
pub use pull::{LiveGround, PullAsk, PullError};
pub use rehearse::Rehearsed;
pub use step::{LineAnswer, LineOutcome};
pub use token::{IssuedToken, hash_of, random_id};
pub use verify::Verified;
