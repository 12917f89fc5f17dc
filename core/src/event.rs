//! Events: every admin change, online edit and device edit, as the log records them.

mod kind;

use bincode::{Decode, Encode};
use serde::Serialize;

use crate::{
    BaseVersion, MutationNumber, Name, Offset, RowId, Timestamp, Values,
    profile::{App, Member, ProfileDraft},
    schema::{Relationship, TableDefinition},
    security::{BusinessUnit, Position, Role, Team, User},
    settings::Settings,
    token::Token,
};

/// A thing with its place in the log.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Sequenced<T> {
    /// Its place.
    pub offset: Offset,
    /// When it entered the log: the later of the clock and the event before it.
    pub at: Timestamp,
    /// The thing.
    pub inner: T,
}

/// Which rules the fold judges by. A changed rule gets a new number, and an event that adopts it, so
/// that old verdicts are found again by the rules that gave them.
pub const RULES_VERSION: u32 = 1;

/// A fact. What a device asked for is recorded as it asked, with the verdict that it was told.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Event {
    /// The first event of a log.
    EnvironmentCreated {
        /// Name of the environment.
        name: String,
        /// See [`RULES_VERSION`].
        rules: u32,
    },
    /// A document begins to be loaded.
    LoadStarted {
        /// BLAKE3 of the document's files.
        digest: [u8; 32],
        /// How many events follow from the document; they are marked [`Actor::Load`].
        events: u64,
    },
    /// The settings, all of them.
    SettingsChanged(Settings),
    /// A business unit was made or replaced.
    BusinessUnitPut(BusinessUnit),
    /// A position was made or replaced.
    PositionPut(Position),
    /// A role was made or replaced.
    RolePut(Role),
    /// A user was made or replaced.
    UserPut(User),
    /// A team was made or replaced.
    TeamPut(Team),
    /// A table was made or replaced.
    TablePut(TableDefinition),
    /// A relationship was made or replaced.
    RelationshipPut(Relationship),
    /// An app was made or replaced.
    AppPut(App),
    /// A profile's draft was made or replaced.
    ProfileDrafted(ProfileDraft),
    /// A profile's draft was put in force.
    ProfilePublished {
        /// Name of the profile.
        profile: String,
    },
    /// A profile is no longer in force.
    ProfileUnpublished {
        /// Name of the profile.
        profile: String,
    },
    /// A user or team was put in a profile, and taken out of others.
    MemberAdded {
        /// Name of the profile.
        profile: String,
        /// Who.
        member: Member,
    },
    /// A user or team was taken out of a profile.
    MemberRemoved {
        /// Name of the profile.
        profile: String,
        /// Who.
        member: Member,
    },
    /// A row was written online, or loaded.
    RowWritten(RowWrite),
    /// A device was made known.
    DeviceRegistered(Device),
    /// A device sent an edit.
    DeviceEdited(DeviceEdit),
    /// A device asks in the name of another app than before, or of none.
    DeviceAppChanged {
        /// The device.
        device: RowId,
        /// Name of the app.
        app: Option<String>,
    },
    /// A token was issued.
    TokenIssued(Token),
    /// A token is no longer good for anything.
    TokenRevoked {
        /// The token.
        id: RowId,
    },
}

/// Who made an event.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Actor {
    /// The administrator.
    Administrator,
    /// The loading of an environment document.
    Load,
    /// A user, online.
    User(RowId),
    /// A device, for its user.
    Device(RowId),
}

/// An event and who made it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Record {
    /// Who made it.
    pub actor: Actor,
    /// What happened.
    pub event: Event,
}

/// What a write does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Operation {
    Create,
    Update,
    Delete,
}

impl Operation {
    /// The operation's name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

/// A row: its table and its id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct RowKey {
    /// The table.
    pub table: Name,
    /// The id.
    pub id: RowId,
}

/// A write that was accepted before it was logged: a fact, not judged again.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct RowWrite {
    /// The row.
    pub key: RowKey,
    /// What is done with it.
    pub operation: Operation,
    /// Of a create the whole row; of an update the columns written; of a delete nothing.
    pub values: Values,
}

/// A device.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Device {
    /// Its id.
    pub id: RowId,
    /// Its user.
    pub user: RowId,
    /// Its name, unique among its user's.
    pub name: String,
    /// What it runs on, as it says.
    pub platform: String,
}

/// An edit made on a device, as the device sent it, and the verdict that it was told.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct DeviceEdit {
    /// The device.
    pub device: RowId,
    /// The device's user.
    pub user: RowId,
    /// Its number on the device.
    pub number: MutationNumber,
    /// The row.
    pub key: RowKey,
    /// What the device had seen of the row.
    pub base: BaseVersion,
    /// What is asked for.
    pub request: EditRequest,
    /// Fingerprint of the edit as it was sent: sent again under its number, it must be the same.
    pub content: [u8; 16],
    /// The verdict.
    pub verdict: Verdict,
}

/// What a device asks for. Values that don't fit the schema are kept as they were sent.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum EditRequest {
    /// An edit whose values fit the schema.
    Fits {
        /// What is done with the row.
        operation: Operation,
        /// Of a create the whole row; of an update the columns written; of a delete nothing.
        values: Values,
    },
    /// An edit that doesn't; always refused.
    Misfits {
        /// What was to be done with the row.
        operation: Operation,
        /// The values as JSON text.
        values: String,
        /// Why it doesn't fit.
        refusal: Refusal,
    },
}

impl EditRequest {
    /// What is asked for.
    #[must_use]
    pub fn operation(&self) -> Operation {
        match self {
            Self::Fits { operation, .. } | Self::Misfits { operation, .. } => *operation,
        }
    }
}

/// Who won a conflict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Side {
    Client,
    Server,
}

/// The answer to a device's edit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Verdict {
    /// Applied: nobody else had written the row since.
    Applied,
    /// Somebody else had.
    Conflict {
        /// Whose side counts.
        winner: Side,
    },
    /// Refused under either policy.
    Refused(Refusal),
}

impl Verdict {
    /// The outcome's name on the wire.
    #[must_use]
    pub fn outcome(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Conflict { .. } => "conflict",
            Self::Refused(_) => "refused",
        }
    }

    /// Who won, of a conflict.
    #[must_use]
    pub fn winner(self) -> Option<Side> {
        match self {
            Self::Conflict { winner } => Some(winner),
            Self::Applied | Self::Refused(_) => None,
        }
    }
}

/// Why an edit is refused. Where several hold, the first in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// Rows of this table are not written this way.
    ReadOnly,
    /// No such table.
    UnknownTable,
    /// No such column.
    UnknownColumn,
    /// A value that is not of the column's type.
    BadValue,
    /// A text longer than the column takes.
    TooLong,
    /// No value for a column that needs one.
    Required,
    /// The base version lies beyond the log's end.
    UnknownBase,
    /// No such row, or none that the user may read.
    UnknownRow,
    /// The user's roles don't allow it.
    NoPrivilege,
}

impl Refusal {
    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::ReadOnly => "read_only",
            Self::UnknownTable => "unknown_table",
            Self::UnknownColumn => "unknown_column",
            Self::BadValue => "bad_value",
            Self::TooLong => "too_long",
            Self::Required => "required",
            Self::UnknownBase => "unknown_base",
            Self::UnknownRow => "unknown_row",
            Self::NoPrivilege => "no_privilege",
        }
    }
}
