//! Requests of devices and the answers to them.

use haversack_core::{Cursor, MutationNumber, Name, Offset, RowId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::mutation::Mutation;

/// A device makes itself known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceRequest {
    /// Its name, unique among its user's.
    pub name: String,
    /// What it runs on.
    #[serde(default)]
    pub platform: String,
    /// The app in whose name it asks: it gets a profile only if that app offers it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
}

/// The answer: the same for the same user and name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceAnswer {
    /// Its id.
    pub device_id: RowId,
    /// The published profile that it gets; none: nothing belongs on it.
    pub profile: Option<String>,
    /// The number of its next mutation.
    pub next_mutation: MutationNumber,
    /// What it may send.
    pub limits: DeviceLimits,
}

/// What a device may send at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceLimits {
    /// Mutations of one push.
    pub push_mutations: usize,
    /// Bytes of one request's body, decompressed.
    pub body_bytes: usize,
}

/// A device asks for what changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PullRequest {
    /// The device.
    pub device_id: RowId,
    /// What it holds; none: nothing.
    #[serde(default)]
    pub cursor: Option<String>,
    /// How many put and del lines it takes at the most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_rows: Option<u64>,
    /// The tables that it asks for; none: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tables: Option<Vec<Name>>,
}

/// A device sends its edits.
#[derive(Clone, Debug, PartialEq)]
pub struct PushRequest {
    /// The device.
    pub device_id: RowId,
    /// Its edits, by ascending number.
    pub mutations: Vec<Mutation>,
}

/// The answer to a push.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PushAnswer {
    /// The last event of the log when all of it was judged.
    pub offset: Cursor,
    /// One for each mutation, in their order.
    pub outcomes: Vec<PushOutcome>,
}

/// What became of a mutation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeKind {
    /// Applied: nobody else had written the row since its base.
    Applied,
    /// Somebody else had.
    Conflict,
    /// It can't be, under either policy.
    Refused,
    /// It had been judged before; see [`PushOutcome::first`].
    Duplicate,
}

/// The answer to one mutation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PushOutcome {
    /// Its number.
    pub n: MutationNumber,
    /// What became of it.
    pub outcome: OutcomeKind,
    /// Of a duplicate: what became of it the first time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<OutcomeKind>,
    /// Of a conflict: `client` or `server`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub winner: Option<String>,
    /// Where it is in the log.
    pub offset: Offset,
    /// Of a refusal: its code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Of a refusal, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Of a conflict: the row as it was just before, if the user may read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<Map<String, Json>>,
}

impl PushRequest {
    /// Reads a push.
    ///
    /// # Errors
    /// What was found, and what was expected.
    pub fn read(text: &[u8]) -> Result<Self, String> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Read {
            device_id: RowId,
            mutations: Vec<Json>,
        }
        let Read { device_id, mutations } =
            serde_json::from_slice(text).map_err(|error| error.to_string())?;
        let read = |(at, json)| {
            Mutation::read(json).map_err(|message| format!("mutations[{at}]: {message}"))
        };
        let mutations = mutations.into_iter().enumerate().map(read).collect::<Result<_, _>>()?;
        Ok(Self { device_id, mutations })
    }

    /// The push as JSON.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let mutations: Vec<Json> = self.mutations.iter().map(Mutation::to_json).collect();
        serde_json::json!({"device_id": self.device_id, "mutations": mutations})
    }
}
