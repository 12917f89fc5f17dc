//! A small environment, served: ann may do all with the rows of `t`, bob with his own only.

use std::{net::SocketAddr, sync::Arc, thread::JoinHandle, time::Duration};

use haversack_core::{RowId, Timestamp, token::Holder};
use haversack_engine::{Clock, Environment, FixedClock, LineOutcome};
use haversack_server::{App, Options};
use haversack_store::SystemEntropy;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::client::{Answer, Request, request};

/// 2026-03-01T09:30:00Z, a Sunday.
pub const NOW: Timestamp = Timestamp(1_772_357_400_000_000);

/// Longer than any wait of a server's, shorter than what would be taken for hanging.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// The id of what has this name: up to 16 ASCII characters.
pub fn id(name: &str) -> RowId {
    let mut bytes = [0; 16];
    bytes[..name.len()].copy_from_slice(name.as_bytes());
    RowId::from_bytes(bytes)
}

/// An environment that is served as long as this is kept.
pub struct World {
    pub address: SocketAddr,
    pub environment: Arc<Environment>,
    pub ann: String,
    pub bob: String,
    pub admin: String,
    stop: Option<oneshot::Sender<()>>,
    server: Option<JoinHandle<()>>,
}

impl World {
    pub fn new() -> Self {
        Self::with(Options::default())
    }

    pub fn with(options: Options) -> Self {
        Self::by(Arc::new(FixedClock(NOW)), options)
    }

    pub fn by(clock: Arc<dyn Clock>, options: Options) -> Self {
        let environment = Arc::new(Environment::in_memory(clock));
        apply(&environment, changes());
        let token = |holder| environment.issue_token(holder, &SystemEntropy).unwrap().text;
        let (ann, bob) = (token(Holder::User(id("ann"))), token(Holder::User(id("bob"))));
        let admin = token(Holder::Administrator);
        let (stop, stopped) = oneshot::channel();
        let (address, server) = serve(Arc::clone(&environment), options, stopped);
        let (stop, server) = (Some(stop), Some(server));
        Self { address, environment, ann, bob, admin, stop, server }
    }

    /// A token for one device of a user.
    pub fn device_token(&self, user: &str, name: &str) -> String {
        let holder = Holder::Device { user: id(user), name: name.to_owned() };
        self.environment.issue_token(holder, &SystemEntropy).unwrap().text
    }

    /// Makes a device known.
    pub fn register(&self, token: &str, name: &str) -> String {
        let answer = self.post("/v1/devices", token, &json!({"name": name, "platform": "test"}));
        answer.ok().json()["device_id"].as_str().unwrap().to_owned()
    }

    pub fn send(&self, request: &Request<'_>) -> Answer {
        request.send(self.address)
    }

    pub fn get(&self, path: &str, token: &str) -> Answer {
        self.send(&request("GET", path, token))
    }

    pub fn post(&self, path: &str, token: &str, body: &Value) -> Answer {
        self.send(&request("POST", path, token).json(body))
    }

    /// Makes a row of `t`, whose name is that by which its id is made.
    pub fn row(&self, token: &str, name: &str, more: Value) -> u64 {
        let mut row = json!({"id": id(name), "name": name});
        row.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
        self.post("/v1/rows/t", token, &row).ok().json()["version"].as_u64().unwrap()
    }

    pub fn pull(&self, token: &str, device: &str, cursor: &Value) -> Vec<Value> {
        let ask = json!({"device_id": device, "cursor": cursor});
        self.post("/v1/sync/pull", token, &ask).ok().lines()
    }

    pub fn push(&self, token: &str, device: &str, mutations: Value) -> Answer {
        self.post("/v1/sync/push", token, &json!({"device_id": device, "mutations": mutations}))
    }

    /// A conflict of a phone of ann's with the administrator over a row: its offset.
    pub fn conflict(&self, phone: &str, number: u64, row: &str) -> u64 {
        let base = self.row(&self.ann, row, json!({"amount": 1, "note": "old"}));
        let path = format!("/v1/rows/t/{}", id(row));
        self.send(&request("PATCH", &path, &self.admin).json(&json!({"amount": 2}))).ok();
        let edit = json!([{"n": number, "op": "update", "table": "t", "id": id(row), "base": base,
            "values": {"amount": 3}}]);
        let answer = self.push(&self.ann, phone, edit).ok().json();
        assert_eq!(answer["outcomes"][0]["outcome"], "conflict", "{answer}");
        answer["outcomes"][0]["offset"].as_u64().unwrap()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        drop(self.stop.take());
        let ended = self.server.take().map(JoinHandle::join);
        if !std::thread::panicking() {
            ended.unwrap().unwrap();
        }
    }
}

fn serve(
    environment: Arc<Environment>,
    options: Options,
    stopped: oneshot::Receiver<()>,
) -> (SocketAddr, JoinHandle<()>) {
    let (told, address) = std::sync::mpsc::channel();
    let server = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            told.send(listener.local_addr().unwrap()).unwrap();
            let app = App::new(environment, options).unwrap();
            let stopped = async { drop(stopped.await) };
            haversack_server::serve(app, listener, stopped).await.unwrap();
        });
    });
    (address.recv().unwrap(), server)
}

/// Applies changes, none of which is refused.
pub fn apply(environment: &Environment, changes: Vec<Value>) {
    for answer in environment.apply((1..).zip(changes).collect()).unwrap() {
        assert_ne!(answer.outcome, LineOutcome::Refused, "{answer:?}");
    }
}

fn changes() -> Vec<Value> {
    let rights =
        |depth: &str| json!({"read": depth, "write": depth, "create": depth, "delete": depth});
    let user = |name: &str, roles: Value| {
        json!({"put": "user", "id": id(name), "name": name,
        "business_unit": id("root"), "roles": roles})
    };
    let table = json!({"put": "table", "name": "t", "display_name": "T", "ownership": "user_or_team",
        "primary_key": "tid", "primary_name": "name", "can_be_taken_offline": true,
        "columns": [{"name": "name", "type": "string", "required": true, "max_length": 100},
            {"name": "amount", "type": "integer"}, {"name": "note", "type": "memo"}]});
    vec![
        json!({"put": "settings", "compatibility": "extended"}),
        json!({"put": "business_unit", "id": id("root"), "name": "root", "parent": null}),
        table,
        json!({"put": "role", "name": "all", "privileges": {"t": rights("organization")}}),
        json!({"put": "role", "name": "own", "privileges": {"t": rights("user")}}),
        json!({"put": "role", "name": "look", "privileges": {"t": {"read": "organization"}}}),
        user("ann", json!(["all"])),
        user("bob", json!(["own"])),
        user("kim", json!(["look"])),
        json!({"put": "profile", "name": "P", "items": [{"table": "t", "criterion": "all"}]}),
        json!({"publish": "P"}),
        json!({"member": {"profile": "P", "user": "ann", "op": "add"}}),
        json!({"member": {"profile": "P", "user": "bob", "op": "add"}}),
    ]
}
