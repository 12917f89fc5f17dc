//! A device that syncs by itself.

use std::{
    io::{self, Read},
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, Sender, TryRecvError, channel},
    },
    time::{Duration, Instant},
};

use haversack_core::{RowId, metadata::Metadata};
use haversack_device::{Automatic, Happening, Transport, TransportError, transport::Bytes};
use haversack_sync::{
    message::{DeviceAnswer, DeviceRequest, PullRequest, PushAnswer, PushRequest},
    schedule::{Input, SyncMode},
};
use serde_json::json;

use crate::server::{Link, Place, Server, id, object, row};

/// Longer than any wait of a device's, shorter than what would be taken for hanging.
const PATIENCE: Duration = Duration::from_secs(20);
/// Long enough for what was begun to be seen.
const A_MOMENT: Duration = Duration::from_millis(300);

/// A way to a server that says on streams of events what a test has it say.
struct Ear {
    link: Link,
    /// The ends at which the test speaks.
    streams: Mutex<Sender<Sender<&'static [u8]>>>,
}

/// What is said, as it is said.
struct Said {
    rest: &'static [u8],
    more: Receiver<&'static [u8]>,
}

impl Read for Said {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.rest.is_empty() {
            self.rest = self.more.recv().unwrap_or_default();
        }
        self.rest.read(buffer)
    }
}

impl Transport for Ear {
    fn register(&self, request: &DeviceRequest) -> Result<DeviceAnswer, TransportError> {
        self.link.register(request)
    }

    fn metadata(&self, of: RowId, known: Option<&str>) -> Result<Option<Metadata>, TransportError> {
        self.link.metadata(of, known)
    }

    fn pull(&self, request: &PullRequest) -> Result<Bytes, TransportError> {
        self.link.pull(request)
    }

    fn push(&self, request: &PushRequest) -> Result<PushAnswer, TransportError> {
        self.link.push(request)
    }

    fn live(&self, _: RowId, _: Option<&str>) -> Result<Bytes, TransportError> {
        let (says, more) = channel();
        // The test may have seen enough.
        let _ = self.streams.lock().unwrap().send(says);
        Ok(Box::new(Said { rest: &[], more }))
    }
}

/// The next sync that ends; the edits that it sent and the rows that it brought.
fn synced(happens: &Receiver<Happening>) -> (u64, u64) {
    let begun = Instant::now();
    loop {
        let left = PATIENCE.saturating_sub(begun.elapsed());
        match happens.recv_timeout(left).expect("a sync ends") {
            Happening::Synced(done) => return (done.progress.edits, done.put),
            Happening::Failed(error) => panic!("{error}"),
            _ => {}
        }
    }
}

/// What was told before; none: that was all there will be.
fn told(happens: &Receiver<Happening>) -> Option<Happening> {
    match happens.try_recv() {
        Ok(happening) => Some(happening),
        Err(TryRecvError::Disconnected) => None,
        Err(TryRecvError::Empty) => panic!("something may still be told"),
    }
}

fn assert_nothing_begins(happens: &Receiver<Happening>) {
    let happened = happens.recv_timeout(A_MOMENT);
    assert!(matches!(happened, Err(_) | Ok(Happening::Poked)), "{happened:?}");
}

#[test]
fn pokes_and_edits_are_synced_at_once_unless_the_user_has_it_otherwise() {
    let server = Server::new();
    let link = server.link("bob");
    let device = Place::default().device("phone", &link);
    let (opened, streams) = channel();
    let (tell, happens) = channel();
    let ear = Arc::new(Ear { link, streams: Mutex::new(opened) });
    let automatic = Automatic::start(&device, ear, move |happening| {
        // The test may have seen enough.
        let _ = tell.send(happening);
    });
    let automatic = automatic.unwrap();
    let says = streams.recv_timeout(PATIENCE).expect("the device listens");
    synced(&happens);

    let change = |name: &str| {
        let values = json!({"name": name, "ownerid": id("bob")});
        server.apply(vec![row("create", "task", name, values)]);
    };
    change("new");
    says.send(b"event: poke\ndata: 1\n\n").unwrap();
    assert_eq!(synced(&happens), (0, 1), "a poke");
    let edit = |name: &str| {
        device.create("task", Some(id(name)), object(json!({"name": name}))).unwrap();
        automatic.tell(Input::Edited);
    };
    edit("mine");
    assert_eq!(synced(&happens).0, 1, "an edit");

    for (name, closed, open) in [
        ("paused", Input::Pause(true), Input::Pause(false)),
        ("away", Input::App { is_active: false }, Input::App { is_active: true }),
        ("asked", Input::Mode(SyncMode::Manual), Input::Mode(SyncMode::Automatic)),
    ] {
        automatic.tell(closed);
        edit(name);
        assert_nothing_begins(&happens);
        automatic.tell(open);
        assert_eq!(synced(&happens).0, 1, "no more {name}");
    }
    automatic.tell(Input::Pause(true));
    std::thread::sleep(A_MOMENT);
    says.send(b": there\n\n").unwrap();
    let begun = Instant::now();
    while says.send(b": there\n\n").is_ok() {
        assert!(begun.elapsed() < PATIENCE, "the device still listens");
        std::thread::sleep(Duration::from_millis(10));
    }
    automatic.tell(Input::Pause(false));
    let says = streams.recv_timeout(PATIENCE).expect("the device listens again");
    change("newer");
    says.send(b"event: poke\ndata: 2\n\n").unwrap();
    assert_eq!(synced(&happens), (0, 1), "a poke of another stream");

    // A sync under way is let be, and then nothing is told any more.
    edit("last");
    drop(automatic);
    while told(&happens).is_some() {}
}
