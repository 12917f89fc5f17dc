//! From failures to messages and exit codes.

use std::process::ExitCode;

use haversack_device::{DeviceError, TransportError};
use haversack_dsl::Diagnostic;
use haversack_engine::EngineError;
use haversack_replay::admin::InFilter;
use haversack_store::{ProveError, StoreError, TransferError};

use crate::{output, report};

/// Why a verb could not do its work.
#[derive(Debug)]
pub struct Failure {
    code: u8,
    message: String,
    /// Whether the message is a report, which says itself what it is.
    is_report: bool,
}

impl Failure {
    fn new(code: u8, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), is_report: false }
    }

    /// A text is wrong where the diagnostics say.
    pub fn diagnosed(name: &str, text: &str, found: &[Diagnostic]) -> Self {
        Self { code: 3, message: report::for_messages(name, text, found), is_report: true }
    }

    /// The input is wrong: a query, an environment, rows, a name.
    pub fn bad_input(message: impl Into<String>) -> Self {
        Self::new(3, message)
    }

    /// The filter of a profile is wrong; where the filter is, if it is in a file.
    pub fn in_filter(place: Option<&str>, found: &InFilter) -> Self {
        let place = place.map(|place| format!("{place}: ")).unwrap_or_default();
        let (table, profile) = (&found.table, &found.profile);
        let message = format!(
            "error: {place}the filter of item `{table}` in profile {profile:?} is wrong\n\n{}",
            report::in_filter(found)
        );
        Self { code: 3, message, is_report: true }
    }

    /// The answer is no.
    pub fn no(message: impl Into<String>) -> Self {
        Self::new(1, message)
    }

    /// What is stored is damaged.
    pub fn damaged(message: impl Into<String>) -> Self {
        Self::new(4, message)
    }

    /// Anything that is nobody's input.
    pub fn other(message: impl Into<String>) -> Self {
        Self::new(5, message)
    }

    pub fn report(&self) -> ExitCode {
        match self.is_report {
            true => output::tell(&self.message),
            false => output::tell(&format!("error: {}\n", self.message)),
        }
        ExitCode::from(self.code)
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::BadFilter { place, found } => Self::in_filter(Some(&place), &found),
            error => Self::new(code(&error), error.to_string()),
        }
    }
}

fn code(error: &EngineError) -> u8 {
    match error {
        EngineError::Store(StoreError::Damaged { .. }) | EngineError::Damaged { .. } => 4,
        EngineError::Store(StoreError::TooLarge { .. })
        | EngineError::BadDocument(_)
        | EngineError::BadFilter { .. }
        | EngineError::LoadUnfinished
        | EngineError::NoEnvironment { .. }
        | EngineError::BadDeviceName { .. }
        | EngineError::MutationGap { .. }
        | EngineError::MutationReused { .. } => 3,
        EngineError::PartlyApplied { source, .. } => code(source),
        EngineError::Store(_)
        | EngineError::NotLogged
        | EngineError::Busy
        | EngineError::InMemory
        | EngineError::Closed => 5,
    }
}

impl From<DeviceError> for Failure {
    fn from(error: DeviceError) -> Self {
        let code = match &error {
            DeviceError::Unsent(_) => 1,
            DeviceError::NoDevice { .. }
            | DeviceError::Exists { .. }
            | DeviceError::Refused { .. }
            | DeviceError::Query(_)
            | DeviceError::Outbox(_)
            | DeviceError::WorksOffline
            | DeviceError::LogBehind { .. } => 3,
            DeviceError::Transport(TransportError::Refused { status: 400..500, .. }) => 3,
            _ => 5,
        };
        Self::new(code, error.to_string())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        EngineError::from(error).into()
    }
}

impl From<ProveError> for Failure {
    fn from(error: ProveError) -> Self {
        match error {
            ProveError::Store(error) => error.into(),
            error => Self::bad_input(error.to_string()),
        }
    }
}

impl From<TransferError> for Failure {
    fn from(error: TransferError) -> Self {
        match error {
            // What is handed in is the directory to import into.
            TransferError::Store(StoreError::Foreign { .. }) => Self::bad_input(error.to_string()),
            TransferError::Store(error) => error.into(),
            TransferError::Stream(_) => Self::other(error.to_string()),
            error => Self::bad_input(error.to_string()),
        }
    }
}
