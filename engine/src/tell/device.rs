//! Devices and tokens.

use haversack_core::{
    RowId, Timestamp,
    token::{Holder, Token},
};
use haversack_replay::{DeviceState, State};
use serde_json::{Value as Json, json};

use super::{Line, line};

/// A user's name, or their id if they are gone.
#[must_use]
pub fn user_name(state: &State, id: RowId) -> String {
    state.catalog.users.get(&id).map_or_else(|| id.to_string(), |user| user.name.clone())
}

/// A device, and the last edit that it has sent, with its time.
#[must_use]
pub fn device(state: &State, known: &DeviceState, at: Option<Timestamp>) -> Line {
    line([
        ("user", Some(Json::from(user_name(state, known.device.user)))),
        ("device", Some(Json::from(known.device.name.as_str()))),
        ("id", Some(Json::from(known.device.id.to_string()))),
        ("platform", Some(Json::from(known.device.platform.as_str()))),
        ("edits", Some(Json::from(known.edits.len()))),
        ("last_edit", known.edits.last().map(|last| json!(last))),
        ("at", at.map(|at| Json::from(at.to_string()))),
    ])
}

/// A token: who holds it. Neither its text nor its hash.
#[must_use]
pub fn token(state: &State, token: &Token) -> Line {
    let (holder, device) = match &token.holder {
        Holder::Administrator => ("administrator", None),
        Holder::User(_) => ("user", None),
        Holder::Device { name, .. } => ("device", Some(name.as_str())),
    };
    line([
        ("id", Some(Json::from(token.id.to_string()))),
        ("holder", Some(Json::from(holder))),
        ("user", token.holder.user().map(|id| Json::from(user_name(state, id)))),
        ("device", device.map(Json::from)),
    ])
}
