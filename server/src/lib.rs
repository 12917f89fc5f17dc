//! The HTTP API of an environment.
//!
//! Every route stands in one table (`routes`) with who may use it; what is not in the table is not
//! there. A handler gets who asks (`auth::Principal`) and answers from the engine; errors are problem
//! details with a stable code (`problem`).

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "this crate is an edge: it owns sockets and the moments of requests"
)]

mod app;
mod asked;
mod attend;
mod auth;
mod body;
mod coding;
mod connection;
mod handover;
mod lines;
mod listen;
mod metrics;
mod page;
mod poke;
mod problem;
mod routes;
mod stream;

pub use app::{App, Options};
pub use auth::Access;
pub use listen::serve;
pub use problem::CODES;
pub use routes::{ROUTES, Route};
