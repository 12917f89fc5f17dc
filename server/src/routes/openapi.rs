//! The API described by itself (OpenAPI 3.1): paths from the table of routes, forms of messages from
//! messages that are made by the types that read and write them.

use axum::Json;
use haversack_core::{Cursor, MutationNumber, Offset, RowId};
use haversack_sync::message::{
    DeviceAnswer, DeviceLimits, DeviceRequest, OutcomeKind, PullRequest, PushAnswer, PushOutcome,
};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{ROUTES, Route};
use crate::auth::Access;

pub(crate) async fn openapi() -> Json<Value> {
    Json(document())
}

fn document() -> Value {
    let mut paths = Map::new();
    for route in ROUTES {
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[route.method.as_str().to_lowercase()] = operation(route);
    }
    json!({
        "openapi": "3.1.0",
        "info": {"title": "Haversack", "version": env!("CARGO_PKG_VERSION")},
        "paths": paths,
        "components": {
            "schemas": schemas(),
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    })
}

fn operation(route: &Route) -> Value {
    let ok = match (route.method.as_str(), route.path) {
        ("POST", "/v1/devices" | "/v1/rows/{table}" | "/v1/admin/tokens") => "201",
        _ => "200",
    };
    let (asked, answered) = messages(route);
    let mut operation = json!({
        "summary": route.summary,
        "parameters": parameters(route),
        "responses": {ok: response(answered), "default": {
            "description": "What is wrong (RFC 9457)",
            "content": {"application/problem+json": {"schema": of("Problem")}},
        }},
    });
    if let Some((kind, schema)) = asked {
        operation["requestBody"] = json!({"required": true, "content": {kind: {"schema": schema}}});
    }
    operation["security"] = match route.access {
        Access::Anyone => json!([]),
        Access::User | Access::Administrator | Access::UserOrAdministrator => {
            json!([{"bearer": []}])
        }
    };
    operation
}

/// A kind of content, and the form that it has.
type Message = Option<(&'static str, Value)>;

fn response(answered: Message) -> Value {
    match answered {
        Some((kind, schema)) => {
            json!({"description": "Done", "content": {kind: {"schema": schema}}})
        }
        None => json!({"description": "Done"}),
    }
}

fn of(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// What a route is sent, and what it answers.
fn messages(route: &Route) -> (Message, Message) {
    const JSON: &str = "application/json";
    const LINES: &str = "application/x-ndjson";
    let object = || json!({"type": "object"});
    let written = || Some((JSON, of("Written")));
    match (route.method.as_str(), route.path) {
        ("POST", "/v1/devices") => {
            (Some((JSON, of("DeviceRequest"))), Some((JSON, of("DeviceAnswer"))))
        }
        ("POST", "/v1/sync/pull") => (Some((JSON, of("PullRequest"))), Some((LINES, object()))),
        ("POST", "/v1/sync/push") => {
            (Some((JSON, of("PushRequest"))), Some((JSON, of("PushAnswer"))))
        }
        ("GET", "/v1/sync/live") => (None, Some(("text/event-stream", json!({"type": "string"})))),
        ("POST", "/v1/rows/{table}") | ("PATCH", _) => (Some((JSON, object())), written()),
        ("DELETE", "/v1/rows/{table}/{id}") | ("POST", "/v1/conflicts/{offset}/restore") => {
            (None, written())
        }
        ("POST", "/v1/query") => {
            (Some(("text/plain", json!({"type": "string"}))), Some((LINES, object())))
        }
        ("POST", "/v1/admin/changes") => (Some((LINES, object())), Some((LINES, of("Line")))),
        ("POST", "/v1/admin/tokens") => {
            (Some((JSON, of("TokenRequest"))), Some((JSON, of("Token"))))
        }
        ("GET", "/v1/events" | "/v1/conflicts" | "/v1/admin/devices" | "/v1/admin/tokens") => {
            (None, Some((LINES, object())))
        }
        ("GET", "/metrics") => (None, Some(("text/plain", json!({"type": "string"})))),
        _ => (None, Some((JSON, object()))),
    }
}

/// Those of the path, which its text has in braces, and those behind its `?`.
fn parameters(route: &Route) -> Vec<Value> {
    let text = || json!({"type": "string"});
    let number = || json!({"type": "integer", "minimum": 0});
    let in_path = route.path.split('{').skip(1).filter_map(|rest| rest.split('}').next());
    let mut all: Vec<Value> = in_path
        .map(|name| json!({"name": name, "in": "path", "required": true, "schema": text()}))
        .collect();
    let asked: &[(&str, bool)] = match route.path {
        "/v1/sync/metadata" => &[("device_id", true)],
        "/v1/sync/live" => &[("device_id", true), ("cursor", false)],
        "/v1/query" => &[("as", false), ("now", false), ("at", false), ("name", false)],
        "/v1/explain" => &[("user", false), ("table", true), ("id", true), ("at", false)],
        "/v1/events" | "/v1/conflicts" => &[("after", false), ("limit", false)],
        _ => &[],
    };
    for (name, required) in asked {
        let schema = if ["after", "limit"].contains(name) { number() } else { text() };
        all.push(json!({"name": name, "in": "query", "required": required, "schema": schema}));
    }
    if ["PATCH", "DELETE"].contains(&route.method.as_str()) && route.path.starts_with("/v1/rows") {
        let name = "If-Match";
        all.push(json!({"name": name, "in": "header", "required": false, "schema": text()}));
    }
    all
}

/// The form that a message has: that of one which the type itself has written.
fn form(example: &Value) -> Value {
    match example {
        Value::Null => json!({}),
        Value::Bool(_) => json!({"type": "boolean"}),
        Value::Number(number) if number.is_u64() => json!({"type": "integer", "minimum": 0}),
        Value::Number(_) => json!({"type": "number"}),
        Value::String(_) => json!({"type": "string"}),
        Value::Array(items) => {
            json!({"type": "array", "items": items.first().map_or(json!({}), form)})
        }
        Value::Object(members) => {
            let members: Map<String, Value> =
                members.iter().map(|(name, value)| (name.clone(), form(value))).collect();
            json!({"type": "object", "properties": members})
        }
    }
}

fn schemas() -> Value {
    let mut schemas = Map::new();
    let mut put = |name: &str, required: &[&str], example: Value| {
        let mut schema = form(&example);
        schema["required"] = json!(required);
        schema["examples"] = json!([example]);
        schemas.insert(name.to_owned(), schema);
    };
    put("DeviceRequest", &["name"], written(&device_request()));
    put("DeviceAnswer", &["device_id", "next_mutation", "limits"], written(&device_answer()));
    put("PullRequest", &["device_id"], written(&pull_request()));
    let mutation = json!({"n": 1, "op": "update", "table": "account", "id": id(), "base": 7,
        "values": {"name": "Ant & Co."}});
    put(
        "PushRequest",
        &["device_id", "mutations"],
        json!({"device_id": id(), "mutations": [mutation]}),
    );
    put("PushAnswer", &["offset", "outcomes"], written(&push_answer()));
    put("Written", &["id", "version"], json!({"id": id(), "version": 8}));
    let line = json!({"line": 1, "outcome": "applied", "offset": 8, "code": "bad_value",
        "message": "", "warnings": [{"code": "", "message": ""}]});
    put("Line", &["line", "outcome"], line);
    put("TokenRequest", &[], json!({"user": "Nancy Davolio", "device": "phone", "admin": false}));
    put("Token", &["token", "id"], json!({"token": "hsk_...", "id": id()}));
    let problem = json!({"type": "about:blank", "title": "Not Found", "status": 404,
        "code": "unknown_row", "detail": ""});
    put("Problem", &["type", "title", "status", "code", "detail"], problem);
    Value::Object(schemas)
}

fn written(message: &impl Serialize) -> Value {
    serde_json::to_value(message).expect("messages have only text keys")
}

fn id() -> RowId {
    RowId::from_bytes([0x11; 16])
}

fn device_request() -> DeviceRequest {
    DeviceRequest { name: "phone".into(), platform: "ios".into(), app: Some("Sales Hub".into()) }
}

fn device_answer() -> DeviceAnswer {
    DeviceAnswer {
        device_id: id(),
        profile: Some("Field sales".into()),
        next_mutation: MutationNumber::FIRST,
        limits: DeviceLimits { push_mutations: 1, body_bytes: 1 },
    }
}

fn pull_request() -> PullRequest {
    PullRequest {
        device_id: id(),
        cursor: Some(String::new()),
        max_rows: Some(1_000),
        tables: Some(Vec::new()),
    }
}

fn push_answer() -> PushAnswer {
    let outcome = PushOutcome {
        n: MutationNumber::FIRST,
        outcome: OutcomeKind::Conflict,
        first: Some(OutcomeKind::Applied),
        winner: Some("client".into()),
        offset: Offset::FIRST,
        code: Some(String::new()),
        message: Some(String::new()),
        server: Some(Map::new()),
    };
    PushAnswer { offset: Cursor::after(8), outcomes: vec![outcome] }
}
