//! The vocabulary of Haversack.
//!
//! **Ground state** is one log of [`event::Event`]s. **Derived state** is everything else: the
//! [`catalog::Catalog`] (schema, security, profiles), rows, conflicts, datasets. Derived state can
//! be thrown away; folding the log brings it back, equal to the byte.
//!
//! This crate knows no clock, no randomness, no file and no socket. Its types are the nouns that
//! the other crates, the wire and the command line share.

pub mod catalog;
pub mod delivery;
pub mod event;
mod id;
pub mod json;
pub mod limits;
pub mod metadata;
pub mod name;
mod position;
pub mod profile;
mod row;
pub mod schema;
pub mod security;
pub mod settings;
pub mod text;
mod time;
pub mod token;
mod value;

pub use id::{RowId, RowIdError};
pub use name::{Name, NameError, nearest};
pub use position::{BaseVersion, Cursor, MutationNumber, Offset, RowVersion};
pub use row::{Row, Values};
pub use time::{Date, TimeError, Timestamp};
pub use value::{Decimal, Double, Lent, Reference, Value};
