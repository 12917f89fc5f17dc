//! Entries of the record of deliveries.

use haversack_core::delivery::{DeliveredProfile, DeliveredTable, Delivery};
use haversack_sync::digest::TableDigest;
use serde_json::{Value as Json, json};

use super::{Line, line};

/// What a device acknowledged. `profile` and `profile_version` are null if nothing belonged on it, and
/// left out if they were not known any more; so are `rows` and `digest` of tables.
#[must_use]
pub fn delivery(entry: &Delivery) -> Line {
    let (profile, version) = match &entry.profile {
        DeliveredProfile::Unknown => (None, None),
        DeliveredProfile::None => (Some(Json::Null), Some(Json::Null)),
        DeliveredProfile::Published { name, version } => (Some(json!(name)), Some(json!(version))),
    };
    line([
        ("device", Some(json!(entry.device))),
        ("user", Some(json!(entry.user))),
        ("offset", Some(json!(entry.offset.count()))),
        ("at", Some(Json::from(entry.at.to_string()))),
        ("clock", Some(Json::from(entry.clock.to_string()))),
        ("profile", profile),
        ("profile_version", version),
        ("tables", Some(entry.tables.iter().map(table).collect())),
    ])
}

fn table(table: &DeliveredTable) -> Json {
    Json::Object(line([
        ("table", Some(json!(table.table))),
        ("offset", Some(json!(table.offset.count()))),
        ("clock", Some(Json::from(table.clock.to_string()))),
        ("rows", table.held.map(|held| Json::from(held.rows))),
        ("digest", table.held.map(|held| json!(TableDigest(held.digest)))),
    ]))
}
