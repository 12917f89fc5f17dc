//! A server in the same process, and the way to it.

use std::{
    io::{self, Read},
    ops::ControlFlow,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
};

use haversack_core::{Cursor, Name, Offset, RowId, Timestamp, metadata::Metadata};
use haversack_dataset::{Caller, Evaluator, Obvious};
use haversack_device::{
    Ask, Clock, Device, DeviceError, Setup, Synced, Transport, TransportError,
    ledger::MemoryMedium, store::MemoryStore, transport::Bytes,
};
use haversack_engine::{
    EngineError, Environment, LineAnswer, LineOutcome, Live, PullAsk, PullError, push::Mutation,
};
use haversack_sync::{
    cursor::CursorKey,
    digest::fingerprint,
    message::{DeviceAnswer, DeviceLimits, DeviceRequest, PullRequest, PushAnswer, PushRequest},
};
use serde_json::{Map, Value as Json, json};

/// 2026-03-01T09:30:00Z.
pub const NOW: Timestamp = Timestamp(1_772_357_400_000_000);

/// The id of what has this name: up to 16 ASCII characters.
pub fn id(name: &str) -> RowId {
    let mut bytes = [0; 16];
    bytes[..name.len()].copy_from_slice(name.as_bytes());
    RowId::from_bytes(bytes)
}

/// A clock that others move.
#[derive(Clone, Default)]
pub struct Hands(Arc<AtomicI64>);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp(NOW.0 + self.0.fetch_add(1, Ordering::Relaxed))
    }
}

impl haversack_engine::Clock for Hands {
    fn now(&self) -> Timestamp {
        Clock::now(self)
    }
}

/// A server. Its clones are handles of the same one.
#[derive(Clone)]
pub struct Server {
    pub live: Arc<Live>,
}

impl Server {
    /// A server of a small environment: bob and eve have the profile, bob's roles reach his unit.
    pub fn new() -> Self {
        let environment = Environment::in_memory(Arc::new(Hands::default()));
        let server = Self::of(environment);
        server.apply(changes());
        server
    }

    fn of(environment: Environment) -> Self {
        let key = CursorKey::from_secret(b"the same after a restart");
        let live = Live::over(Arc::new(environment), key, 7, |_| {}).unwrap();
        Self { live: Arc::new(live) }
    }

    /// A server that was restored from a backup of this one, made when its log had so many events.
    pub fn restored(&self, events: u64) -> Self {
        use haversack_store::{Log, MemoryLog};
        let most = usize::try_from(events).unwrap();
        let records = self.environment().log().read(Offset::FIRST, most).unwrap();
        let log = MemoryLog::default();
        log.append(&records).unwrap();
        Self::of(Environment::on(Arc::new(log), Arc::new(Hands::default())).unwrap())
    }

    pub fn environment(&self) -> &Environment {
        self.live.environment()
    }

    pub fn send(&self, changes: Vec<Json>) -> Vec<LineAnswer> {
        self.environment().apply((1..).zip(changes).collect()).unwrap()
    }

    /// Applies changes, none of which is refused.
    pub fn apply(&self, changes: Vec<Json>) {
        for answer in self.send(changes) {
            assert_ne!(answer.outcome, LineOutcome::Refused, "{answer:?}");
        }
    }

    /// The way to it for a user.
    pub fn link(&self, user: &str) -> Link {
        let (server, user) = (self.clone(), id(user));
        Link { server, user, faults: Arc::default() }
    }

    /// The rows that belong on a user's device, by table and id, as they are sent.
    pub fn belongs(&self, user: &str) -> Vec<(Name, RowId, Map<String, Json>)> {
        let state = self.environment().state();
        let caller = Caller::user(&state.catalog, id(user), NOW);
        let dataset = Obvious::new(state.as_ref()).dataset(&caller);
        let row = |key: haversack_core::event::RowKey| {
            let table = state.catalog.table(&key.table).unwrap();
            let row = state.current(&key).unwrap();
            let object =
                haversack_core::json::row_object(&state.catalog, table, key.id, &row.values);
            (key.table, key.id, object)
        };
        dataset.into_keys().map(row).collect()
    }
}

/// What goes wrong on the way, each once.
#[derive(Debug, Default)]
pub struct Faults {
    /// Of the next streams: after how many bytes each breaks.
    pub cuts: Vec<usize>,
    /// How many of the next pushes are judged, and their answers lost.
    pub lost_answers: u32,
    /// How many of the next requests don't arrive.
    pub lost_requests: u32,
    /// Bytes that streams brought, and how many there were.
    pub brought: (usize, u32),
}

/// The way to a server for a user.
#[derive(Clone)]
pub struct Link {
    pub server: Server,
    user: RowId,
    pub faults: Arc<Mutex<Faults>>,
}

fn lost() -> TransportError {
    TransportError::Network("lost on the way".to_owned())
}

fn refusal(status: u16, code: &str, message: String) -> TransportError {
    TransportError::Refused { status, code: code.to_owned(), message, expected: None }
}

impl Link {
    fn arrive(&self) -> Result<(), TransportError> {
        let mut faults = self.faults.lock().unwrap();
        match faults.lost_requests.checked_sub(1) {
            Some(left) => {
                faults.lost_requests = left;
                Err(lost())
            }
            None => Ok(()),
        }
    }

    fn tables(&self) -> std::collections::BTreeSet<Name> {
        let state = self.server.environment().state();
        let profile = state.catalog.published_profile_of(self.user);
        profile.into_iter().flat_map(|p| &p.draft.items).map(|item| item.table.clone()).collect()
    }
}

impl Transport for Link {
    fn register(&self, request: &DeviceRequest) -> Result<DeviceAnswer, TransportError> {
        self.arrive()?;
        let environment = self.server.environment();
        let device = environment
            .register(self.user, &request.name, &request.platform, request.app.as_deref())
            .unwrap();
        let state = environment.state();
        Ok(DeviceAnswer {
            device_id: device.id,
            profile: None,
            next_mutation: state.devices[&device.id].next_mutation(),
            limits: DeviceLimits { push_mutations: 3, body_bytes: 1 << 20 },
        })
    }

    fn metadata(&self, _: RowId, known: Option<&str>) -> Result<Option<Metadata>, TransportError> {
        self.arrive()?;
        let state = self.server.environment().state();
        let metadata = state.catalog.metadata(self.user, &self.tables());
        let is_known = known == Some(fingerprint(&metadata).as_str());
        Ok((!is_known).then_some(metadata))
    }

    fn pull(&self, request: &PullRequest) -> Result<Bytes, TransportError> {
        self.arrive()?;
        let ask = PullAsk {
            device: request.device_id,
            cursor: request.cursor.clone(),
            max_rows: request.max_rows,
            tables: request.tables.clone(),
        };
        let (mut pull, mut ground) = self.server.live.pull(&ask).map_err(|error| {
            let (status, code) = match error {
                PullError::UnknownDevice(_) => (404, "unknown_device"),
                PullError::UnknownTable(_) => (400, "unknown_table"),
                PullError::BadCursor(_) => (400, "bad_cursor"),
                PullError::LogBehind { .. } => (409, "log_behind"),
                PullError::Engine(_) => (500, "internal"),
            };
            refusal(status, code, error.to_string())
        })?;
        let mut bytes = Vec::new();
        while !pull.is_over() {
            pull.write(&mut ground, &mut bytes);
        }
        let mut faults = self.faults.lock().unwrap();
        faults.brought.0 += bytes.len();
        faults.brought.1 += 1;
        let cut = (!faults.cuts.is_empty()).then(|| faults.cuts.remove(0));
        let is_cut = cut.is_some_and(|cut| cut < bytes.len());
        bytes.truncate(cut.unwrap_or(usize::MAX));
        Ok(Box::new(Cut { bytes: io::Cursor::new(bytes), is_cut }))
    }

    fn push(&self, request: &PushRequest) -> Result<PushAnswer, TransportError> {
        self.arrive()?;
        let environment = self.server.environment();
        if !environment.state().devices.contains_key(&request.device_id) {
            return Err(refusal(404, "unknown_device", "no such device".to_owned()));
        }
        let mutations: Vec<Mutation> = request.mutations.clone();
        let pushed = environment.push(request.device_id, mutations).map_err(|error| {
            let (code, expected) = match &error {
                EngineError::MutationGap { expected, .. } => ("mutation_gap", *expected),
                EngineError::MutationReused { expected, .. } => ("mutation_reused", *expected),
                other => panic!("{other}"),
            };
            TransportError::Refused {
                status: 409,
                code: code.to_owned(),
                message: error.to_string(),
                expected: Some(expected),
            }
        })?;
        let mut faults = self.faults.lock().unwrap();
        if let Some(left) = faults.lost_answers.checked_sub(1) {
            faults.lost_answers = left;
            return Err(lost());
        }
        let outcomes: Vec<Json> = pushed.outcomes.iter().map(|outcome| outcome.to_json()).collect();
        let offset: Cursor = environment.state().cursor;
        // As it travels.
        let text = json!({"offset": offset, "outcomes": outcomes}).to_string();
        serde_json::from_str(&text).map_err(|error| TransportError::BadAnswer(error.to_string()))
    }

    fn live(&self, _: RowId, _: Option<&str>) -> Result<Bytes, TransportError> {
        Ok(Box::new(io::Cursor::new("event: poke\n\n")))
    }
}

/// Bytes that come to an end, or break off there.
struct Cut {
    bytes: io::Cursor<Vec<u8>>,
    is_cut: bool,
}

impl Read for Cut {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.bytes.read(buffer)? {
            0 if self.is_cut && !buffer.is_empty() => {
                Err(io::Error::new(io::ErrorKind::ConnectionReset, "cut"))
            }
            count => Ok(count),
        }
    }
}

/// Where a device of a test lives.
#[derive(Clone, Default)]
pub struct Place {
    pub store: MemoryStore,
    pub medium: MemoryMedium,
}

impl Place {
    /// The device that lives there.
    pub fn device(&self, name: &str, link: &Link) -> Device {
        self.try_device(name, link).unwrap()
    }

    pub fn try_device(&self, name: &str, link: &Link) -> Result<Device, DeviceError> {
        let setup = Setup {
            server: "http://in.process".to_owned(),
            token: "secret".to_owned(),
            name: name.to_owned(),
            app: None,
        };
        let (store, medium) = (Box::new(self.store.clone()), Box::new(self.medium.clone()));
        Device::elsewhere(store, medium, Box::new(Hands::default()), setup, link)
    }
}

pub fn sync(device: &Device, link: &Link) -> Result<Synced, DeviceError> {
    sync_as(device, link, Ask::default())
}

pub fn sync_as(device: &Device, link: &Link, ask: Ask) -> Result<Synced, DeviceError> {
    device.sync(link, ask, &mut |_| ControlFlow::Continue(()))
}

/// The rows that a device shows, by table and id.
pub fn shown(device: &Device) -> Vec<(Name, RowId, Map<String, Json>)> {
    let mut rows = Vec::new();
    for table in device.status().tables.into_iter().filter(|table| table.is_available) {
        let key = format!("{}id", table.table);
        let text = format!("fetch {} {{ order {key} }}", table.table);
        for answer in device.query(&text, None, &[]).unwrap().answers.rows {
            let id = answer.id.unwrap();
            let row = device.read(&table.table, id).unwrap().expect("what a query finds is there");
            rows.push((table.table.clone(), id, row));
        }
    }
    rows
}

pub fn object(json: Json) -> Map<String, Json> {
    json.as_object().unwrap().clone()
}

/// An online edit as a change.
pub fn row(op: &str, table: &str, row: &str, values: Json) -> Json {
    json!({"row": {"table": table, "op": op, "id": id(row), "values": values}})
}

fn changes() -> Vec<Json> {
    let all = json!({"read": "organization", "write": "organization", "create": "organization",
                     "delete": "organization"});
    let unit = json!({"read": "business_unit", "write": "business_unit",
                      "create": "business_unit", "delete": "user"});
    let table = |name: &str, ownership: &str, columns: Json| {
        json!({"put": "table", "name": name, "ownership": ownership, "primary_name": "name",
               "primary_key": format!("{name}id"), "can_be_taken_offline": true, "columns": columns})
    };
    let user = |name: &str, unit: &str, role: &str| json!({"put": "user", "id": id(name), "name": name, "business_unit": id(unit), "roles": [role]});
    let member =
        |user: &str| json!({"member": {"profile": "field", "user": id(user), "op": "add"}});
    vec![
        json!({"put": "business_unit", "id": id("root"), "name": "root"}),
        json!({"put": "business_unit", "id": id("west"), "name": "west", "parent": id("root")}),
        table(
            "product",
            "organization",
            json!([
            {"name": "name", "type": "string", "required": true}]),
        ),
        table(
            "task",
            "user_or_team",
            json!([
            {"name": "name", "type": "string", "max_length": 12, "required": true},
            {"name": "hours", "type": "decimal"},
            {"name": "productid", "type": "lookup", "targets": ["product"]}]),
        ),
        table("secret", "organization", json!([{"name": "name", "type": "string"}])),
        json!({"put": "relationship", "name": "task_product", "kind": "many_to_one",
               "table": "task", "column": "productid", "target": "product"}),
        json!({"put": "role", "name": "unit", "privileges": {"task": unit, "product": {"read": "organization"}}}),
        json!({"put": "role", "name": "all", "privileges": {"task": all, "product": all, "secret": all}}),
        user("bob", "west", "unit"),
        user("eve", "west", "all"),
        user("ann", "root", "all"),
        json!({"put": "profile", "name": "field", "items": [
            {"table": "task", "criterion": "other", "other": ["user", "business_unit"]},
            {"table": "product", "criterion": "related_only",
             "related_to": [{"relationship": "task_product", "table": "task"}]}]}),
        json!({"publish": "field"}),
        member("bob"),
        member("eve"),
        row("create", "product", "nut", json!({"name": "Nut"})),
        row("create", "product", "bolt", json!({"name": "Bolt"})),
        row("create", "product", "unused", json!({"name": "Unused"})),
        row(
            "create",
            "task",
            "one",
            json!({"name": "One", "hours": 1.5, "ownerid": id("bob"), "productid": id("nut")}),
        ),
        row(
            "create",
            "task",
            "two",
            json!({"name": "Two", "ownerid": id("eve"), "productid": id("bolt")}),
        ),
        row("create", "task", "far", json!({"name": "Far", "ownerid": id("ann")})),
    ]
}
