//! Why a device can't do something.

use haversack_core::Cursor;
use haversack_dsl::Diagnostic;
use haversack_sync::{
    outbox::OutboxError,
    replica::{Differs, ReceiveError},
};

use crate::{ledger::LedgerError, store::StoreError, transport::TransportError};

/// Why a device can't do something.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// The directory holds no device.
    #[error("{path}: there is no device; `device init` makes one")]
    NoDevice {
        /// The directory.
        path: String,
    },
    /// The directory holds a device already.
    #[error("{path}: there is a device already; `device sign-out` removes it")]
    Exists {
        /// The directory.
        path: String,
    },
    /// Another process has it open.
    #[error("{path}: another process has this device open, such as `device watch`; end it first")]
    InUse {
        /// The directory.
        path: String,
    },
    /// A file of the device.
    #[error("{during}: {source}")]
    Io {
        /// What was being done.
        during: String,
        /// What failed.
        source: std::io::Error,
    },
    /// An edit or a query is not possible; nothing was done.
    #[error("{message}")]
    Refused {
        /// Stable kind.
        code: &'static str,
        /// What was found, and what was expected.
        message: String,
    },
    /// A query is wrong.
    #[error("the query is wrong")]
    Query(Vec<Diagnostic>),
    /// Rows are damaged: they are downloaded again with the next sync.
    #[error("rows of `{table}` are damaged; the next sync downloads all rows again")]
    Damaged {
        /// The table.
        table: String,
    },
    /// The rows.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The edits.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// An edit.
    #[error(transparent)]
    Outbox(#[from] OutboxError),
    /// The server, or the way to it.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// What the server sent.
    #[error(transparent)]
    Received(#[from] ReceiveError),
    /// Downloaded twice, and not what the server says it is.
    #[error("downloaded anew, and still other rows than the server tells: {0}")]
    Differs(Differs),
    /// The server knows less than this device has seen.
    #[error(
        "the server knows {known} of this device's {seen}: it was restored from an older backup, or is \
         another one. Nothing was sent or taken; the edits stay"
    )]
    LogBehind {
        /// What the server knows.
        known: String,
        /// What the device has seen.
        seen: String,
    },
    /// The stream ended early too often.
    #[error("the stream ended early {0} times; what came is kept, and the next sync goes on there")]
    Broken(u32),
    /// The user has it so.
    #[error("the device works offline; nothing is sent or taken until that is turned off")]
    WorksOffline,
    /// Whoever watched it let it be.
    #[error("cancelled; what came is kept, and the next sync goes on there")]
    Cancelled,
    /// Signing out would lose edits.
    #[error("{0} edits are not sent; sync first, or sign out by force and lose them")]
    Unsent(usize),
}

impl DeviceError {
    pub(crate) fn refused(code: &'static str, message: impl Into<String>) -> Self {
        Self::Refused { code, message: message.into() }
    }

    pub(crate) fn io(during: impl Into<String>, source: std::io::Error) -> Self {
        Self::Io { during: during.into(), source }
    }

    pub(crate) fn behind(known: Cursor, seen: Cursor) -> Self {
        Self::LogBehind { known: format!("event {known}"), seen: format!("event {seen}") }
    }

    /// Whether trying again later may help, with nothing changed.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Transport(error) => error.is_passing(),
            Self::Broken(_) => true,
            _ => false,
        }
    }
}
