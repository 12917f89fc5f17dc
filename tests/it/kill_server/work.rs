//! Who works with the server: devices that edit and sync, and an administrator who writes rows.

use std::{
    io::{Read, Write},
    net::TcpStream,
    ops::ControlFlow,
    path::PathBuf,
    sync::mpsc::{Receiver, Sender},
    thread,
    time::Duration,
};

use haversack_core::{Offset, RowId, metadata::Metadata};
use haversack_device::{
    Ask, Device, DeviceError, HttpTransport, Setup, Synced, Transport, TransportError,
    transport::Bytes,
};
use haversack_sync::message::{
    DeviceAnswer, DeviceRequest, OutcomeKind, PullRequest, PushAnswer, PushRequest,
};
use serde_json::{Map, Value as Json, json};

use super::{
    checks::Mark,
    reopened,
    world::{Told, World},
};
use crate::place::{copy_files, id};

/// Rows of the document, which all write.
const SHARED: [u32; 3] = [1, 2, 3];
/// Who has so many edits that were not sent makes no more: most are made while the server is there.
const UNSENT_MAX: usize = 4;
/// Before somebody tries once more who was not answered.
const PAUSE: Duration = Duration::from_millis(2);

/// A device, and what it has acknowledged to its app.
pub struct Owned {
    pub who: &'static str,
    pub user: &'static str,
    home: PathBuf,
    device: Option<Device>,
    token: String,
    /// Marks of all edits that it took.
    pub made: Vec<Mark>,
    /// When it is asked to, it copies its directory, and tells where the copy is.
    pub copies: Option<(Receiver<()>, Sender<PathBuf>)>,
    edits: u64,
}

impl Owned {
    pub fn new(world: &World, who: &'static str, user: &'static str) -> Self {
        let token = world.token(&["--user", user]);
        let home = world.devices.path().join(who);
        let server = world.address();
        let transport = HttpTransport::new(&server, &token).expect("an address");
        let setup = Setup { server, token, name: who.to_owned(), app: None };
        drop(Device::init(&home, setup, &transport).expect("it is made"));
        Self::opened(home, who, user)
    }

    pub fn opened(home: PathBuf, who: &'static str, user: &'static str) -> Self {
        let device = reopened(&home);
        let token = device.setup().token;
        let (device, made) = (Some(device), Vec::new());
        Self { who, user, home, device, token, made, copies: None, edits: 0 }
    }

    pub fn device(&self) -> &Device {
        self.device.as_ref().expect("it is open")
    }

    /// Edits and syncs until all rest.
    pub fn worked(mut self, world: &World) -> Self {
        // If this one fails, the others need not go on.
        let _rests = world.rests_after();
        while world.goes_on() {
            if self.device().status().unsent < UNSENT_MAX {
                for _ in 0..=self.edits % 3 {
                    self.edit();
                }
            }
            match self.sync(world) {
                Ok(_) => self.copy_if_asked(),
                Err(error) => {
                    assert!(error.is_passing(), "{}: {error}", self.who);
                    thread::sleep(PAUSE);
                }
            }
        }
        // Whoever waits for a copy need not wait any more.
        self.copies = None;
        self
    }

    /// Rows of its own are made and, every other one, deleted; others' are written between.
    fn edit(&mut self) {
        self.edits += 1;
        let number = self.edits;
        let device = self.device();
        if !device.status().is_available {
            return;
        }
        let name = format!("{} {number}", self.who);
        let values: Map<String, Json> =
            json!({"a": name, "b": 1 + number}).as_object().expect("an object").clone();
        let shared = SHARED[usize::try_from(number).expect("small") % SHARED.len()];
        let (made, mark) = match number % 4 {
            0 => (device.create("t", Some(self.row(number)), values).map(drop), name),
            3 if number % 8 == 3 => {
                let row = self.row(number - 3);
                (device.delete("t", row).map(drop), format!("delete {row}"))
            }
            _ => {
                let row = id(shared).parse().expect("an id");
                (device.update("t", row, values).map(drop), name)
            }
        };
        match made {
            Ok(()) => self.made.push(mark),
            // It has not come yet, or is gone.
            Err(DeviceError::Refused { .. }) => {}
            Err(error) => panic!("{}: {error}", self.who),
        }
    }

    fn row(&self, number: u64) -> RowId {
        let who = self.who.bytes().fold(0_u32, |sum, byte| sum * 31 + u32::from(byte));
        format!("{who:08x}-0000-4000-9000-{number:012}").parse().expect("an id")
    }

    pub fn sync(&self, world: &World) -> Result<Synced, DeviceError> {
        let inner = HttpTransport::new(&world.address(), &self.token).expect("an address");
        let heard = Heard { world, inner };
        let ask = Ask { max_rows: self.edits.is_multiple_of(5).then_some(3), ..Ask::default() };
        self.device().sync(&heard, ask, &mut |_| ControlFlow::Continue(()))
    }

    /// As somebody does who copies an app's directory: with nothing left to be sent, so that every edit is
    /// of one of the two.
    fn copy_if_asked(&mut self) {
        let Some((asked, _)) = &self.copies else { return };
        if self.device().status().unsent > 0 || asked.try_recv().is_err() {
            return;
        }
        self.device = None;
        let copy = self.home.with_extension("copy");
        copy_files(&self.home, &copy);
        self.device = Some(reopened(&self.home));
        let (_, copied) = self.copies.take().expect("it was there");
        copied.send(copy).expect("somebody waits for it");
    }
}

/// The way to the server, with what comes of edits written down.
struct Heard<'w> {
    world: &'w World,
    inner: HttpTransport,
}

impl Transport for Heard<'_> {
    fn register(&self, request: &DeviceRequest) -> Result<DeviceAnswer, TransportError> {
        self.inner.register(request)
    }

    fn metadata(
        &self,
        device: RowId,
        known: Option<&str>,
    ) -> Result<Option<Metadata>, TransportError> {
        self.inner.metadata(device, known)
    }

    fn pull(&self, request: &PullRequest) -> Result<Bytes, TransportError> {
        self.inner.pull(request)
    }

    fn push(&self, request: &PushRequest) -> Result<PushAnswer, TransportError> {
        let answer = self.inner.push(request)?;
        for told in &answer.outcomes {
            let outcome = match told.first.unwrap_or(told.outcome) {
                OutcomeKind::Applied => "applied",
                OutcomeKind::Conflict => "conflict",
                OutcomeKind::Refused => "refused",
                OutcomeKind::Duplicate => panic!("a duplicate of what? {told:?}"),
            };
            let (device, number, offset) = (request.device_id, told.n, told.offset);
            let is_again = told.first.is_some();
            self.world.tell(Told { device, number, outcome, offset, is_again });
        }
        self.world.answered();
        Ok(answer)
    }

    fn live(&self, device: RowId, cursor: Option<&str>) -> Result<Bytes, TransportError> {
        self.inner.live(device, cursor)
    }
}

/// Somebody who writes rows over HTTP, while connected.
pub struct Administrator {
    token: String,
    /// Rows by the events that wrote them, as was answered.
    pub acknowledged: Vec<(Offset, RowId)>,
}

impl Administrator {
    pub fn new(world: &World) -> Self {
        Self { token: world.token(&["--admin"]), acknowledged: Vec::new() }
    }

    /// Makes rows and writes those that all have, until all rest.
    pub fn worked(mut self, world: &World) -> Self {
        let _rests = world.rests_after();
        for number in (0..).take_while(|_| world.goes_on()) {
            let name = format!("admin {number}");
            let shared = id(SHARED[number % SHARED.len()]);
            let written = match number % 3 {
                0 => {
                    let owner = world.user(["Ann", "Bob"][number / 3 % 2]);
                    let row = json!({"a": name, "b": number % 2, "ownerid": owner});
                    self.ask(&world.address(), "POST", "/v1/rows/t", &row)
                }
                _ => {
                    let row = json!({"a": name, "b": number});
                    self.ask(&world.address(), "PATCH", &format!("/v1/rows/t/{shared}"), &row)
                }
            };
            match written {
                Some(answer) => {
                    let offset = answer["version"].as_u64().and_then(Offset::new);
                    let row = answer["id"].as_str().expect("an id").parse().expect("an id");
                    self.acknowledged.push((offset.expect("a version"), row));
                    world.answered();
                }
                None => thread::sleep(PAUSE),
            }
        }
        self
    }

    /// One request; none if there is no whole answer.
    fn ask(&self, server: &str, method: &str, path: &str, body: &Json) -> Option<Json> {
        let host = server.strip_prefix("http://").expect("over HTTP");
        let mut stream = TcpStream::connect(host).ok()?;
        let (body, token) = (body.to_string(), &self.token);
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\n\
             connection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        let is_good = ["HTTP/1.1 200", "HTTP/1.1 201"].iter().any(|good| head.starts_with(good));
        // Less than a whole answer is none.
        let body = serde_json::from_str(body).ok()?;
        assert!(is_good, "{head}\n{body}");
        Some(body)
    }
}
