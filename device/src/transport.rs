//! The way to the server.

mod body;
mod http;
mod pokes;

use std::io::Read;

use haversack_core::{MutationNumber, RowId, metadata::Metadata};
use haversack_sync::message::{DeviceAnswer, DeviceRequest, PullRequest, PushAnswer, PushRequest};

pub use body::{Encoding, decoded};
pub use http::HttpTransport;
pub use pokes::{Heard, Pokes};

/// Bytes that come piece by piece.
pub type Bytes = Box<dyn Read + Send>;

/// The way to the server. Each call waits for its answer.
pub trait Transport: Send + Sync {
    /// Makes the device known.
    ///
    /// # Errors
    /// See [`TransportError`].
    fn register(&self, request: &DeviceRequest) -> Result<DeviceAnswer, TransportError>;

    /// What the device must know besides rows; none if it is what it has, by its fingerprint.
    ///
    /// # Errors
    /// See [`TransportError`].
    fn metadata(
        &self,
        device: RowId,
        known: Option<&str>,
    ) -> Result<Option<Metadata>, TransportError>;

    /// Begins a stream.
    ///
    /// # Errors
    /// See [`TransportError`].
    fn pull(&self, request: &PullRequest) -> Result<Bytes, TransportError>;

    /// Sends edits.
    ///
    /// # Errors
    /// See [`TransportError`].
    fn push(&self, request: &PushRequest) -> Result<PushAnswer, TransportError>;

    /// Begins a stream of server-sent events, which pokes when a pull would bring something.
    ///
    /// # Errors
    /// See [`TransportError`].
    fn live(&self, device: RowId, cursor: Option<&str>) -> Result<Bytes, TransportError>;
}

/// Why there is no answer, or none that helps.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// The server can't be reached, or was lost on the way.
    #[error("the server can't be reached: {0}")]
    Network(String),
    /// The server says no.
    #[error("the server refuses ({status} {code}): {message}")]
    Refused {
        /// The status.
        status: u16,
        /// Stable kind.
        code: String,
        /// For people.
        message: String,
        /// Of numbers that don't fit: the one that it expects.
        expected: Option<MutationNumber>,
    },
    /// The server answers otherwise than the protocol says.
    #[error("the server's answer can't be read: {0}")]
    BadAnswer(String),
}

impl TransportError {
    /// Whether trying again later may help.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Network(_) => true,
            Self::Refused { status, .. } => *status == 429 || *status >= 500,
            Self::BadAnswer(_) => false,
        }
    }

    /// The code of a refusal.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused { code, .. } => Some(code),
            _ => None,
        }
    }
}
