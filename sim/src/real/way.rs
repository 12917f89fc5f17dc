//! A device's way to the simulated server. The device waits where it would wait for a socket: on a thread
//! of its own, which runs only while the world stands still, from one wait to the next.

use std::{
    io::{self, Read},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex, PoisonError,
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    thread::JoinHandle,
    time::Duration,
};

use haversack_core::{Name, RowId, metadata::Metadata};
use haversack_device::{Device, DeviceError, Synced, Transport, TransportError, transport::Bytes};
use haversack_sync::message::{DeviceAnswer, DeviceRequest, PullRequest, PushAnswer, PushRequest};
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};

use crate::wire::What;

/// How long a device may think, by a clock that has no say in anything else.
const PATIENCE: Duration = Duration::from_secs(60);
/// Stack of a device's thread: a server's worker has as much for texts of any depth.
const STACK_BYTES: usize = 1 << 20;
/// How often a device may ask to which nobody answers.
const ASKS_MAX: usize = 10_000;

/// What a device asks for.
#[derive(Debug)]
pub struct Request {
    pub what: What,
    pub body: Vec<u8>,
    /// The tables of a pull; none: all.
    pub tables: Option<Vec<Name>>,
}

/// Until what a device went on.
pub enum Came {
    /// It waits for the answer to this.
    Asks(Request),
    /// It waits for more bytes of the stream that it reads.
    Reads,
    /// It is done.
    Ended(Result<Done, DeviceError>),
    /// It panicked.
    Panicked(String),
    /// It neither waits nor ends.
    Stuck,
}

/// What a device has done.
pub enum Done {
    /// It is known to the server.
    Opened(Device),
    /// It has synced.
    Synced(Synced),
}

/// What it waits for.
pub enum Gets {
    /// An answer: a status, and a body.
    Answer(u16, Vec<u8>),
    /// Bytes of a stream.
    Bytes(Vec<u8>),
    /// The end of a stream.
    End,
    /// Nothing, and nothing will come.
    Lost,
}

/// A device at work.
pub struct Work {
    gets: Option<SyncSender<Gets>>,
    came: Receiver<Came>,
    thread: Option<JoinHandle<()>>,
}

impl Work {
    /// Begins some work, which goes on until it first waits.
    ///
    /// # Panics
    /// If there is no thread to be had.
    #[must_use]
    pub fn begin(
        work: impl FnOnce(&Way) -> Result<Done, DeviceError> + Send + 'static,
    ) -> (Self, Came) {
        let ((gets, waits), (tells, came)) = (sync_channel(1), sync_channel(1));
        let way = Way(Link::new(waits, tells.clone()));
        let run = move || {
            let done = catch_unwind(AssertUnwindSafe(|| work(&way)));
            let _ =
                tells.send(done.map_or_else(|panic| Came::Panicked(text(&*panic)), Came::Ended));
        };
        let thread =
            std::thread::Builder::new().stack_size(STACK_BYTES).spawn(run).expect("a thread");
        let mut work = Self { gets: Some(gets), came, thread: Some(thread) };
        let came = work.wait();
        (work, came)
    }

    /// Gives it what it waits for; it goes on until it waits again.
    pub fn go_on(&mut self, gets: Gets) -> Came {
        if let Some(to) = &self.gets {
            let _ = to.send(gets);
        }
        self.wait()
    }

    /// Waits until it waits. Nothing that it does in between takes long: what takes a minute never ends.
    fn wait(&mut self) -> Came {
        match self.came.recv_timeout(PATIENCE) {
            Ok(came) => came,
            Err(RecvTimeoutError::Timeout) => Came::Stuck,
            Err(RecvTimeoutError::Disconnected) => Came::Panicked("its thread is gone".to_owned()),
        }
    }

    /// Whatever it still asks for is lost. Whether it comes to an end then.
    #[must_use]
    pub fn end(&mut self) -> bool {
        self.gets = None;
        for _ in 0..ASKS_MAX {
            match self.came.recv_timeout(PATIENCE) {
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => {
                    return self.thread.take().is_none_or(|thread| thread.join().is_ok());
                }
            }
        }
        self.thread = None;
        false
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        if self.thread.is_some() {
            let _ = self.end();
        }
    }
}

fn text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
    text.unwrap_or_default()
}

/// The device's end of the way.
#[derive(Clone)]
struct Link(std::sync::Arc<(Mutex<Receiver<Gets>>, SyncSender<Came>)>);

impl Link {
    fn new(waits: Receiver<Gets>, tells: SyncSender<Came>) -> Self {
        Self(std::sync::Arc::new((Mutex::new(waits), tells)))
    }

    fn wait(&self, came: Came) -> Gets {
        let (waits, tells) = &*self.0;
        if tells.send(came).is_err() {
            return Gets::Lost;
        }
        let waits = waits.lock().unwrap_or_else(PoisonError::into_inner);
        waits.recv().unwrap_or(Gets::Lost)
    }
}

/// The way to the server.
pub struct Way(Link);

impl Way {
    fn ask(&self, what: What, body: Vec<u8>, tables: Option<Vec<Name>>) -> Gets {
        self.0.wait(Came::Asks(Request { what, body, tables }))
    }

    fn answer<T: DeserializeOwned>(&self, what: What, body: Vec<u8>) -> Result<T, TransportError> {
        match self.ask(what, body, None) {
            Gets::Answer(200 | 201, body) => serde_json::from_slice(&body)
                .map_err(|error| TransportError::BadAnswer(error.to_string())),
            other => Err(refused(other)),
        }
    }
}

fn refused(gets: Gets) -> TransportError {
    let Gets::Answer(status, body) = gets else {
        return TransportError::Network("lost on the way".to_owned());
    };
    let body: Json = serde_json::from_slice(&body).unwrap_or_default();
    TransportError::Refused {
        status,
        code: body["code"].as_str().unwrap_or_default().to_owned(),
        message: String::new(),
        expected: serde_json::from_value(body["expected"].clone()).ok(),
    }
}

fn written(request: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(request).expect("requests have only text keys")
}

impl Transport for Way {
    fn register(&self, request: &DeviceRequest) -> Result<DeviceAnswer, TransportError> {
        self.answer(What::Register, written(request))
    }

    fn metadata(
        &self,
        device: RowId,
        known: Option<&str>,
    ) -> Result<Option<Metadata>, TransportError> {
        self.answer(What::Metadata, written(&json!({"device_id": device, "known": known})))
    }

    fn pull(&self, request: &PullRequest) -> Result<Bytes, TransportError> {
        match self.ask(What::Pull, written(request), request.tables.clone()) {
            Gets::Bytes(came) => {
                Ok(Box::new(Stream { link: self.0.clone(), came: io::Cursor::new(came) }))
            }
            Gets::End => Ok(Box::new(io::empty())),
            other => Err(refused(other)),
        }
    }

    fn push(&self, request: &PushRequest) -> Result<PushAnswer, TransportError> {
        self.answer(What::Push, request.to_json().to_string().into_bytes())
    }

    fn live(&self, _: RowId, _: Option<&str>) -> Result<Bytes, TransportError> {
        Ok(Box::new(io::empty()))
    }
}

/// The bytes of a stream, as they come.
struct Stream {
    link: Link,
    came: io::Cursor<Vec<u8>>,
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.came.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            match self.link.wait(Came::Reads) {
                Gets::Bytes(came) => self.came = io::Cursor::new(came),
                Gets::End => return Ok(0),
                Gets::Lost | Gets::Answer(..) => {
                    return Err(io::Error::new(io::ErrorKind::ConnectionReset, "cut"));
                }
            }
        }
    }
}
