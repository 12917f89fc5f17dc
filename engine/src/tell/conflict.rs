//! Conflicts.

use haversack_core::{
    Offset,
    catalog::Catalog,
    event::{Side, Verdict},
    json::row_object,
};
use haversack_replay::Conflict;
use serde_json::{Value as Json, json};

use super::{Line, line, row::requested};

/// Who won, of a conflict.
#[must_use]
pub fn winner(verdict: Verdict) -> Option<Json> {
    verdict.winner().map(|side| Json::from(if side == Side::Client { "client" } else { "server" }))
}

/// A conflict, with both sides.
#[must_use]
pub fn conflict(catalog: &Catalog, offset: Offset, conflict: &Conflict) -> Line {
    let table = catalog.table(&conflict.key.table).map(AsRef::as_ref);
    let server = conflict.server.as_ref().zip(table).map_or(Json::Null, |(row, table)| {
        Json::Object(row_object(catalog, table, conflict.key.id, &row.values))
    });
    line([
        ("offset", Some(Json::from(offset.get()))),
        ("mutation", Some(json!(conflict.number))),
        ("device", Some(json!(conflict.device))),
        ("table", Some(json!(conflict.key.table))),
        ("id", Some(json!(conflict.key.id))),
        ("base", Some(json!(conflict.base))),
        ("outcome", Some(json!(conflict.verdict.outcome()))),
        ("winner", winner(conflict.verdict)),
        ("client", Some(requested(table, &conflict.client))),
        ("server", Some(server)),
    ])
}
