//! What an outbox is made of: edits, and what happened to them.

use haversack_core::{
    BaseVersion, MutationNumber, Name, RowId, Timestamp,
    event::{Operation, RowKey},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use serde_json::{Map, Value as Json};

use super::lost;
use crate::{
    message::{OutcomeKind, PushOutcome},
    mutation::Mutation,
};

/// One thing that happened. Written as JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// The device was registered, and is this one for the server from now on.
    Identity(Identity),
    /// An edit was made, or is as it says.
    Edit(Box<Edit>),
    /// Unsent edits up to this one are being sent: from now on they may have been judged.
    Sent {
        /// The last of them.
        through: u64,
    },
    /// An edit's outcome is known.
    Judged {
        /// The edit.
        key: u64,
        /// Its outcome.
        outcome: Box<PushOutcome>,
    },
    /// The app has seen what became of an edit.
    Acknowledged {
        /// The edit.
        key: u64,
    },
    /// Edits were taken out before they were sent.
    Removed {
        /// The edits.
        keys: Vec<u64>,
    },
    /// Keys before this one were given.
    Next {
        /// The key of the next edit.
        key: u64,
    },
}

/// Who a device is for the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Its id.
    pub device: RowId,
    /// Its name, unique among its user's.
    pub name: String,
    /// The number of the first edit that it sends as this one.
    pub first: MutationNumber,
}

/// An edit, and what is known of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Edit {
    /// Its number on this device, for good.
    pub key: u64,
    /// As which device it is or was sent; none before the device is registered.
    pub device: Option<RowId>,
    /// Its number there. It stays once the edit was sent.
    pub number: MutationNumber,
    /// What is asked for.
    #[serde(with = "operation")]
    pub operation: Operation,
    /// The table.
    pub table: Name,
    /// The row.
    pub id: RowId,
    /// What the device had seen of the row.
    #[serde(deserialize_with = "base")]
    pub base: BaseVersion,
    /// The row of a create, the columns written of an update.
    pub values: Map<String, Json>,
    /// When it was made, by the device's clock.
    pub at: Timestamp,
    /// Whether it was sent as this device: then it may have been judged.
    pub was_sent: bool,
    /// What became of it.
    pub outcome: Option<PushOutcome>,
    /// Whether the app has seen that.
    pub is_acknowledged: bool,
}

impl Edit {
    /// The edit as it travels.
    #[must_use]
    pub fn mutation(&self) -> Mutation {
        Mutation {
            number: self.number,
            operation: self.operation,
            table: self.table.clone(),
            id: self.id,
            base: self.base,
            values: self.values.clone(),
        }
    }

    /// The row.
    #[must_use]
    pub fn row(&self) -> RowKey {
        RowKey { table: self.table.clone(), id: self.id }
    }

    /// Whether its outcome is not known.
    #[must_use]
    pub fn is_unsent(&self) -> bool {
        self.outcome.is_none()
    }

    /// Whether it was judged and is not in the rows.
    #[must_use]
    pub fn has_lost(&self) -> bool {
        self.outcome.as_ref().is_some_and(lost)
    }

    /// Whether it was refused or in conflict, and the app has not seen that.
    #[must_use]
    pub fn is_problem(&self) -> bool {
        let kind = self.outcome.as_ref().map(|outcome| outcome.first.unwrap_or(outcome.outcome));
        matches!(kind, Some(OutcomeKind::Refused | OutcomeKind::Conflict)) && !self.is_acknowledged
    }
}

fn base<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BaseVersion, D::Error> {
    let offset = Option::<haversack_core::Offset>::deserialize(deserializer)?;
    Ok(offset.map_or(BaseVersion::NONE, BaseVersion::seen))
}

mod operation {
    use super::*;

    pub fn serialize<S: Serializer>(
        operation: &Operation,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(operation.name())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Operation, D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            "create" => Ok(Operation::Create),
            "update" => Ok(Operation::Update),
            "delete" => Ok(Operation::Delete),
            other => Err(D::Error::custom(format!("found operation {other:?}"))),
        }
    }
}
