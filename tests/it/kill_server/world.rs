//! What all who work with the server share: where it is, whether they go on, and what it answered.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use haversack_core::{MutationNumber, Offset, RowId};

use crate::{
    place::{DOCUMENT, Place, id, text},
    served::{Running, serve},
};

/// Nothing here takes so long; a server that does not come back fails the test then.
const PATIENCE: Duration = Duration::from_secs(120);

/// What a device was told of an edit.
#[derive(Clone, Debug)]
pub struct Told {
    pub device: RowId,
    pub number: MutationNumber,
    /// The first time, if it was sent again.
    pub outcome: &'static str,
    pub offset: Offset,
    /// Whether it had been judged before, and that answer was lost.
    pub is_again: bool,
}

/// A served environment, and what came of it so far.
pub struct World {
    /// On a disk, which the server waits for, and is killed while it does.
    pub place: Place,
    /// Where devices are, which nobody kills.
    pub devices: Place,
    server: Mutex<(Option<Running>, String)>,
    answers: AtomicU64,
    goes_on: AtomicBool,
    heard: Mutex<Vec<Told>>,
}

/// Has everybody rest when it is dropped, also by a panic.
pub struct Rests<'w>(&'w World);

impl Drop for Rests<'_> {
    fn drop(&mut self) {
        self.0.rest();
    }
}

impl World {
    /// Ann and Bob have the same rows, which both may write; who makes a row owns it.
    pub fn new() -> Self {
        let place = Place::new();
        for name in ["environment.json", "rows/p.csv", "rows/t.ndjson"] {
            let content = std::fs::read_to_string(format!("{DOCUMENT}/{name}")).unwrap();
            let content = content
                .replace("ownerid eq-userid b ge 1", "b ge 1")
                .replace("\"users\": [\"", &format!("\"users\": [\"{}\", \"", user_id("Bob")))
                .replace("\"b\": 0", "\"b\": 2");
            place.write(&format!("d/{name}"), &content);
        }
        place.done(&["load", "d"]);
        let (running, address) = serve(&place);
        Self {
            place,
            devices: Place::in_memory(),
            server: Mutex::new((Some(running), address)),
            answers: AtomicU64::new(0),
            goes_on: AtomicBool::new(true),
            heard: Mutex::default(),
        }
    }

    pub fn user(&self, name: &str) -> RowId {
        user_id(name).parse().expect("an id")
    }

    /// A token of a user, or of the administrator. The server must not run.
    fn token_of(&self, arguments: &[&str]) -> String {
        let created = self.place.done(&[&["token", "create"], arguments].concat());
        text(&created[0]["token"]).to_owned()
    }

    /// Makes a token; the server is away meanwhile.
    pub fn token(&self, arguments: &[&str]) -> String {
        self.kill();
        let token = self.token_of(arguments);
        self.served_by(serve(&self.place));
        token
    }

    /// Where the server is, or was.
    pub fn address(&self) -> String {
        self.server.lock().unwrap().1.clone()
    }

    pub fn kill(&self) {
        let running = self.server.lock().unwrap().0.take();
        drop(running.expect("it runs"));
    }

    pub fn served_by(&self, (running, address): (Running, String)) {
        *self.server.lock().unwrap() = (Some(running), address);
    }

    pub fn goes_on(&self) -> bool {
        self.goes_on.load(Ordering::SeqCst)
    }

    pub fn rest(&self) {
        self.goes_on.store(false, Ordering::SeqCst);
    }

    pub fn rests_after(&self) -> Rests<'_> {
        Rests(self)
    }

    /// A request with edits was acknowledged.
    pub fn answered(&self) {
        self.answers.fetch_add(1, Ordering::SeqCst);
    }

    /// A device was told of an edit.
    pub fn tell(&self, told: Told) {
        self.heard.lock().unwrap().push(told);
    }

    pub fn heard(&self) -> Vec<Told> {
        self.heard.lock().unwrap().clone()
    }

    /// Waits until so many more requests are acknowledged.
    pub fn wait_for_answers(&self, more: u64) {
        let (begun, until) = (Instant::now(), self.answers.load(Ordering::SeqCst) + more);
        while self.answers.load(Ordering::SeqCst) < until {
            assert!(self.goes_on(), "somebody who works has failed");
            assert!(begun.elapsed() < PATIENCE, "nothing is acknowledged any more");
            thread::sleep(Duration::from_micros(200));
        }
    }
}

fn user_id(name: &str) -> String {
    let last = match name {
        "Ann" => "a1",
        "Bob" => "a2",
        other => panic!("there is no {other}"),
    };
    id(0).replace("000000000000", &format!("0000000000{last}"))
}
