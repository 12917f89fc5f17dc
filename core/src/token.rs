//! Bearer tokens: who may speak to a server, and for whom.
//!
//! A token itself is nowhere kept, only its hash; it has 256 random bits, so its hash tells nothing.
//! Tokens are issued and revoked by events, so the log says who could ask for what and when.

use bincode::{Decode, Encode};
use serde::Serialize;

use crate::RowId;

/// SHA-256 of a token's text.
pub type TokenHash = [u8; 32];

/// A token, as the environment knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Encode, Decode)]
pub struct Token {
    /// Its id, by which it is listed and revoked.
    pub id: RowId,
    /// The hash of its text.
    pub hash: TokenHash,
    /// Who holds it.
    pub holder: Holder,
}

/// Who holds a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Encode, Decode)]
#[serde(rename_all = "snake_case")]
pub enum Holder {
    /// The administrator, who may do everything but speak for a device.
    Administrator,
    /// A user, and all their devices.
    User(RowId),
    /// One device of a user, by its name. It need not be registered yet.
    Device {
        /// The user.
        user: RowId,
        /// The device's name.
        name: String,
    },
}

impl Holder {
    /// The user for whom the holder speaks; none: the administrator.
    #[must_use]
    pub fn user(&self) -> Option<RowId> {
        match self {
            Self::Administrator => None,
            Self::User(user) | Self::Device { user, .. } => Some(*user),
        }
    }
}
