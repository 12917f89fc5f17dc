//! What can go wrong with an environment.

use std::path::PathBuf;

use haversack_core::{MutationNumber, Offset, limits::DEVICE_NAME_LENGTH_MAX};
use haversack_replay::{FoldError, PastError, admin::InFilter};
use haversack_store::StoreError;

/// A failure of an environment. Refusals are no failures: they are answers.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The log.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The log does not fold to the verdicts that it records, or has a hole.
    #[error(
        "the log is damaged at event {offset}: {what}; restore a backup with `haversack log import`"
    )]
    Damaged {
        /// Where.
        offset: Offset,
        /// What was found.
        what: String,
    },
    /// There is no environment in the directory.
    #[error("there is no environment in {}; load one first: `haversack load DIR`", directory.display())]
    NoEnvironment {
        /// The directory.
        directory: PathBuf,
    },
    /// A document can't be loaded. Nothing was.
    #[error("{0}")]
    BadDocument(String),
    /// A document can't be loaded, since a filter in it is wrong. Nothing was.
    #[error("{place}: filter of item `{}`: {}", found.table, first(found))]
    BadFilter {
        /// The file, line and column where the filter begins.
        place: String,
        /// All that is wrong with it.
        found: Box<InFilter>,
    },
    /// A device's name is empty or too long.
    #[error("a device's name has 1 to {DEVICE_NAME_LENGTH_MAX} characters, found {found}")]
    BadDeviceName {
        /// How many were found.
        found: usize,
    },
    /// A push leaves out an edit. Nothing of it was taken.
    #[error(
        "mutation {found} was sent where {expected} was expected; send the ones before it first"
    )]
    MutationGap {
        /// The number that should have come.
        expected: MutationNumber,
        /// The number that came.
        found: MutationNumber,
    },
    /// A push sends another edit under a known number. Nothing of it was taken.
    #[error(
        "mutation {found} was sent before with other content; the next number to use is {expected}"
    )]
    MutationReused {
        /// The next number to use.
        expected: MutationNumber,
        /// The number that came again.
        found: MutationNumber,
    },
    /// The log failed after it had taken some of the lines.
    #[error("the lines up to {line} are applied, and none behind it: {source}")]
    PartlyApplied {
        /// The last line that was taken.
        line: usize,
        /// Why no more were.
        source: Box<EngineError>,
    },
    /// The environment lasts as long as the process: there is no log on disk to verify.
    #[error("an environment in memory has no log on disk to verify; open one in a directory")]
    InMemory,
    /// A document is only partly loaded.
    #[error("the loading of a document was cut off; run the same `load` again first")]
    LoadUnfinished,
    /// Another writer's event could not be logged, and this work was in its group.
    #[error(
        "another writer's event could not be logged, and nothing of this was taken; send it again"
    )]
    NotLogged,
    /// More is waiting to be judged than may wait.
    #[error("too many writers are waiting; try again in a moment")]
    Busy,
    /// The committer has ended, after a failure that was reported to whoever met it.
    #[error("the committer has ended after a failure; start the program again")]
    Closed,
}

impl From<FoldError> for EngineError {
    fn from(error: FoldError) -> Self {
        let what = error.to_string();
        match error {
            FoldError::Gap { expected, .. } => Self::Damaged { offset: expected, what },
            FoldError::Diverged { offset, .. } => Self::Damaged { offset, what },
            FoldError::Past(error) => error.into(),
        }
    }
}

/// The past is the log, so its errors are the log's.
impl From<PastError> for EngineError {
    fn from(error: PastError) -> Self {
        let offset = error.offset;
        match error.source.downcast::<StoreError>() {
            Ok(store) => Self::Store(*store),
            Err(other) => Self::Damaged { offset, what: other.to_string() },
        }
    }
}

fn first(found: &InFilter) -> String {
    found.diagnostics.first().map(ToString::to_string).unwrap_or_default()
}
