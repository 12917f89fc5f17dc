//! Questions of whoever asks a server: queries, explanations, of now or of then.

mod explain;
mod moment;
mod query;
mod row;

pub use explain::ExplainAsk;
pub use moment::MomentError;
pub use query::{QueryAsk, Selected, bound, catalog_for};
pub use row::RowFound;

use haversack_dsl::Diagnostic;

use crate::EngineError;

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The query is wrong where these say.
    #[error("{}", .0.first().map(ToString::to_string).unwrap_or_default())]
    BadQuery(Vec<Diagnostic>),
    /// There is no such table.
    #[error("{0}")]
    UnknownTable(String),
    /// There is no such user.
    #[error("{0}")]
    UnknownUser(String),
    /// When it is about is no moment of the log.
    #[error("{0}")]
    BadMoment(String),
    /// The log.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl From<MomentError> for AskError {
    fn from(error: MomentError) -> Self {
        match error {
            MomentError::Engine(error) => Self::Engine(error),
            other => Self::BadMoment(other.to_string()),
        }
    }
}
