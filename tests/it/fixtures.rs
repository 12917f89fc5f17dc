//! A small environment in memory. Rows, users and units have ids that are their names.
//!
//! ```text
//! root ─┬─ west: ann (role all), bob (role unit), team crew (of eve and bob)
//!       ├─ east: eve (role own)
//!       └─ kim (role below), nil (no role)
//! ```

use std::sync::{Arc, LazyLock};

use haversack_core::{
    BaseVersion, Cursor, MutationNumber, Offset, RowId, Timestamp,
    event::{Operation, RowKey},
};
use haversack_dataset::Caller;
use haversack_engine::{Environment, FixedClock, LineAnswer, LineOutcome, push::Mutation};
use haversack_replay::State;
use haversack_store::{Log, LogRecord, MemoryLog};
use serde_json::{Map, Value as Json, json};

/// 2026-03-01T09:30:00Z, a Sunday.
pub const NOW: Timestamp = Timestamp(1_772_357_400_000_000);

/// Devices that are known from the start: user and name.
pub const DEVICES: [(&str, &str); 4] =
    [("bob", "phone"), ("bob", "tablet"), ("ann", "phone"), ("eve", "phone")];

/// The id of what has this name: up to 16 ASCII characters.
pub fn id(name: &str) -> RowId {
    let mut bytes = [0; 16];
    bytes[..name.len()].copy_from_slice(name.as_bytes());
    RowId::from_bytes(bytes)
}

pub fn id_text(name: &str) -> String {
    id(name).to_string()
}

/// The name that an id was made of.
pub fn name_of(id: RowId) -> String {
    let bytes = id.as_bytes().iter().copied().take_while(|byte| *byte != 0);
    String::from_utf8(bytes.collect()).unwrap_or_else(|_| id.to_string())
}

pub fn key(table: &str, row: &str) -> RowKey {
    RowKey { table: table.parse().unwrap(), id: id(row) }
}

/// An environment in which [`changes`] were applied and [`DEVICES`] registered.
pub fn environment() -> Environment {
    static RECORDS: LazyLock<Vec<LogRecord>> = LazyLock::new(|| {
        let environment = Environment::in_memory(Arc::new(FixedClock(NOW)));
        apply(&environment, changes());
        for (user, device) in DEVICES {
            environment.register(id(user), device, "test", None).unwrap();
        }
        records(&environment)
    });
    on_records(&RECORDS)
}

/// How many events the log of [`environment`] has.
pub fn prelude() -> u64 {
    environment().state().cursor.count()
}

/// An environment whose log begins with these events.
pub fn on_records(records: &[LogRecord]) -> Environment {
    let log = MemoryLog::default();
    log.append(records).unwrap();
    Environment::on(Arc::new(log), Arc::new(FixedClock(NOW))).unwrap()
}

/// All events of an environment's log.
pub fn records(environment: &Environment) -> Vec<LogRecord> {
    environment.log().read(Offset::FIRST, usize::MAX).unwrap()
}

/// Sends changes, each a line of its own.
pub fn send(environment: &Environment, changes: Vec<Json>) -> Vec<LineAnswer> {
    environment.apply((1..).zip(changes).collect()).unwrap()
}

/// Applies changes, none of which is refused.
pub fn apply(environment: &Environment, changes: Vec<Json>) {
    for answer in send(environment, changes) {
        assert_ne!(answer.outcome, LineOutcome::Refused, "{answer:?}");
    }
}

/// An online edit as a change.
pub fn row(op: &str, table: &str, row: &str, values: Json) -> Json {
    json!({"row": {"table": table, "op": op, "id": id_text(row), "values": values}})
}

pub fn device(environment: &Environment, user: &str, name: &str) -> RowId {
    environment.state().device_named(id(user), name).expect("registered").device.id
}

/// The number of the next edit of a device.
pub fn next_number(environment: &Environment, device: RowId) -> u64 {
    environment.state().devices[&device].next_mutation().get()
}

pub fn mutation(
    number: u64,
    operation: Operation,
    key: &RowKey,
    base: BaseVersion,
    values: Map<String, Json>,
) -> Mutation {
    let number = MutationNumber::new(number).unwrap();
    Mutation { number, operation, table: key.table.clone(), id: key.id, base, values }
}

pub fn base(offset: u64) -> BaseVersion {
    Offset::new(offset).map_or(BaseVersion::NONE, BaseVersion::seen)
}

pub fn caller(state: &State, user: &str) -> Caller {
    Caller::user(&state.catalog, id(user), NOW)
}

pub fn head(environment: &Environment) -> Cursor {
    environment.state().cursor
}

/// The changes that make the environment.
pub fn changes() -> Vec<Json> {
    let everything =
        |depth: &str| json!({"read": depth, "write": depth, "create": depth, "delete": depth});
    let all = everything("organization");
    let rows = |depth: &str| json!({"t": everything(depth), "p": {"read": "organization"}});
    let unit = |name: &str, parent: Option<&str>| json!({"put": "business_unit", "id": id_text(name), "name": name, "parent": parent.map(id_text)});
    let user = |name: &str, unit: &str, manager: Option<&str>, roles: &[&str]| {
        json!({"put": "user", "id": id_text(name), "name": name, "business_unit": id_text(unit),
               "manager": manager.map(id_text), "roles": roles})
    };
    vec![
        json!({"put": "settings", "compatibility": "extended"}),
        unit("root", None),
        unit("west", Some("root")),
        unit("east", Some("root")),
        table(
            "p",
            "organization",
            "name",
            json!([
                {"name": "name", "type": "string", "required": true},
                {"name": "parent", "type": "lookup", "targets": ["p"]},
            ]),
        ),
        table(
            "t",
            "user_or_team",
            "a",
            json!([
                {"name": "a", "type": "string", "max_length": 12},
                {"name": "b", "type": "integer"},
                {"name": "d", "type": "decimal"},
                {"name": "c", "type": "choice",
                 "options": [{"value": 1, "label": "Red"}, {"value": 2, "label": "Blue"}]},
                {"name": "w", "type": "datetime"},
                {"name": "u", "type": "lookup", "targets": ["p"]},
            ]),
        ),
        json!({"put": "relationship", "name": "t_u", "kind": "many_to_one", "table": "t", "column": "u", "target": "p"}),
        json!({"put": "relationship", "name": "p_parent", "kind": "many_to_one", "table": "p", "column": "parent", "target": "p"}),
        json!({"put": "relationship", "name": "t_p", "kind": "many_to_many", "intersect": "tp",
               "table": "t", "column": "tid", "target": "p", "target_column": "pid"}),
        json!({"put": "role", "name": "all", "privileges": {"t": all, "p": all}}),
        json!({"put": "role", "name": "below", "privileges": rows("parent_child")}),
        json!({"put": "role", "name": "unit", "privileges": rows("business_unit")}),
        json!({"put": "role", "name": "own", "privileges": rows("user")}),
        json!({"put": "role", "name": "reader", "privileges": {"t": {"read": "organization"}, "p": {"read": "organization"}}}),
        user("kim", "root", None, &["below"]),
        user("ann", "west", Some("kim"), &["all"]),
        user("bob", "west", Some("ann"), &["unit"]),
        user("eve", "east", Some("ann"), &["own"]),
        user("nil", "root", None, &[]),
        json!({"put": "team", "id": id_text("crew"), "name": "crew", "business_unit": id_text("west"),
               "type": "owner", "members": [id_text("eve"), id_text("bob")], "roles": []}),
        json!({"put": "profile", "name": "field", "items": [
            {"table": "t", "criterion": "other", "other": ["user", "team"]},
            {"table": "p", "criterion": "related_only", "related_to": [{"relationship": "t_u", "table": "t"}]}]}),
        json!({"publish": "field"}),
        json!({"member": {"profile": "field", "user": id_text("bob"), "op": "add"}}),
        json!({"put": "settings", "conflict_detection": false}),
    ]
}

/// The change that makes a table, whose key is `<name>id` and whose rows go on devices.
pub fn table(name: &str, ownership: &str, primary_name: &str, columns: Json) -> Json {
    json!({"put": "table", "name": name, "display_name": name.to_uppercase(), "ownership": ownership,
           "primary_key": format!("{name}id"), "primary_name": primary_name,
           "can_be_taken_offline": true, "columns": columns})
}

/// The text with ids where it says `id:name`.
pub fn with_ids(text: &str) -> String {
    let mut parts = text.split("id:");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(part.len());
        out.push_str(&format!("{}{}", id(&part[..end]), &part[end..]));
    }
    out
}
