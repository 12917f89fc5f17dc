//! A real device: that of the crate which apps embed, with its own checks, files of edits, layers of rows and
//! way of syncing. Its disk is in memory, and loses in a crash what was not synced.

mod edits;
mod life;
mod looks;
mod session;
mod way;

use std::{collections::BTreeMap, rc::Rc, sync::Arc};

use haversack_core::{Cursor, RowId};
use haversack_device::{Ask, Clock, Device, Setup, ledger::MemoryMedium, store::MemoryStore};
use haversack_engine::Clock as _;
use haversack_sync::{
    message::{Checkpoint, Complete, DeviceLimits},
    replica::Replica,
};

use crate::{
    oracle::Shown,
    server::WorldClock,
    violation::{Checked, check, violated},
};
pub use edits::Taken;
use way::{Came, Done, Gets, Work};

/// What devices may send at once.
#[must_use]
pub fn limits() -> DeviceLimits {
    DeviceLimits { push_mutations: 3, body_bytes: 1 << 20 }
}

struct Hands(Arc<WorldClock>);

impl Clock for Hands {
    fn now(&self) -> haversack_core::Timestamp {
        self.0.now()
    }
}

/// Its disk.
#[derive(Clone, Default)]
struct Disk {
    rows: MemoryStore,
    edits: MemoryMedium,
}

impl Disk {
    /// What a crash leaves of it.
    fn crashed(&self, seed: u64) -> Self {
        Self { rows: self.rows.crashed(seed), edits: self.edits.after_crash() }
    }

    /// How often something was done to the rows, and to the edits.
    fn operations(&self) -> (u64, u64) {
        (self.rows.operations(), self.edits.writes())
    }
}

/// What came of the stream that is being taken in.
#[derive(Default)]
struct Stream {
    is_anew: bool,
    /// Bytes of a line that has not come whole.
    rest: Vec<u8>,
    checkpoint: Option<Checkpoint>,
    asked: Option<Vec<haversack_core::Name>>,
    complete: Option<Complete>,
    /// How often the server had been put back when it began.
    puts_back: usize,
}

/// A real device.
pub struct Real {
    setup: Setup,
    disk: Disk,
    clock: Arc<WorldClock>,
    /// None before it is known to the server.
    device: Option<Device>,
    work: Option<Work>,
    /// Whether what it waits for is lost, and it does not know yet.
    is_lost: bool,
    stream: Stream,
    /// How it looked when it was last looked at, and what had been done to its disk by then.
    id: Option<RowId>,
    replica: Replica,
    cursor: Option<String>,
    shown: Shown,
    looked: Option<(u64, u64)>,
    /// Whether rows went without a word, and it has not synced since.
    is_damaged: bool,
    /// By what the world knows its edits.
    serials: BTreeMap<u64, u64>,
}

impl Real {
    /// A device that is not known to the server.
    #[must_use]
    pub fn new(name: String, app: Option<String>, clock: Arc<WorldClock>) -> Self {
        let (server, token) = ("simulated".to_owned(), String::new());
        let setup = Setup { server, token, name, app };
        Self {
            setup,
            disk: Disk::default(),
            clock,
            device: None,
            work: None,
            is_lost: false,
            stream: Stream::default(),
            id: None,
            replica: Replica::default(),
            cursor: None,
            shown: Shown::new(),
            looked: None,
            is_damaged: false,
            serials: BTreeMap::new(),
        }
    }

    /// A copy of what is on its disk.
    ///
    /// # Errors
    /// If a device can't be opened there.
    pub fn copied(&self) -> Checked<Self> {
        let mut copy =
            Self::new(self.setup.name.clone(), self.setup.app.clone(), self.clock.clone());
        copy.disk = self.disk.crashed(0);
        copy.is_damaged = self.is_damaged;
        copy.serials.clone_from(&self.serials);
        if self.device.is_some() {
            copy.open()?;
        }
        Ok(copy)
    }

    fn open(&mut self) -> Checked<bool> {
        let Disk { rows, edits } = self.disk.clone();
        let clock = Box::new(Hands(Arc::clone(&self.clock)));
        let (rows, edits) = (Box::new(rows), Box::new(edits));
        let device = Device::reopened(rows, edits, clock, self.setup.clone(), limits());
        self.opened(device.map_err(|error| violated("R4", format!("no start: {error}")))?)
    }

    fn opened(&mut self, device: Device) -> Checked<bool> {
        let damage = (device.status().damage, device.status().lost_records);
        check(damage == (None, 0), "R4", || format!("a device is damaged: {damage:?}"))?;
        self.device = Some(device);
        self.look()
    }

    /// Loses what is not on its disk, but for some of what was not synced, and is started again. Whether it
    /// shows another moment then.
    ///
    /// # Errors
    /// If it does not start, or lost something that was synced.
    pub fn crash(&mut self, seed: u64) -> Checked<bool> {
        self.disk = self.disk.crashed(seed);
        self.looked = None;
        self.stop()?;
        if self.device.take().is_some() { self.open() } else { Ok(false) }
    }

    /// Has its disk lose a row without a word, or change a bit of one copy of its edits. Whether there was any.
    pub fn rot(&mut self, at: usize, of_rows: bool) -> bool {
        if !of_rows {
            self.disk.edits.damage(at % 2, |bytes| {
                let length = bytes.len().max(1);
                bytes.get_mut(at / 2 % length).into_iter().for_each(|byte| *byte ^= 1 << (at % 8));
            });
            return true;
        }
        let keys = self.disk.rows.keys(b"r");
        let key = keys.get(at % keys.len().max(1));
        key.into_iter().for_each(|key| self.disk.rows.lose(key));
        self.is_damaged |= key.is_some();
        key.is_some()
    }

    /// Has it crash at one of the next things that it does to its disk.
    pub fn crash_in(&self, operations: u64, bytes: Option<usize>) {
        match bytes {
            Some(bytes) => self.disk.edits.crash_at(self.disk.edits.writes() + operations, bytes),
            None => self.disk.rows.crash_at(self.disk.rows.operations() + operations),
        }
    }

    /// Has it crash no more.
    pub fn crash_never(&self) {
        self.disk.edits.crash_at(u64::MAX, 0);
        self.disk.rows.crash_at(u64::MAX);
    }

    /// Whether it has crashed, and is to be started again.
    #[must_use]
    pub fn has_crashed(&self) -> bool {
        self.disk.rows.has_crashed() || self.disk.edits.has_crashed()
    }

    /// Begins a sync, or makes it known to the server first.
    pub fn begin(&mut self, ask: Ask) -> Came {
        self.is_lost = false;
        let (work, came) = if let Some(device) = self.device.clone() {
            Work::begin(move |way| {
                let synced = device.sync(way, ask, &mut |_| std::ops::ControlFlow::Continue(()));
                synced.map(Done::Synced)
            })
        } else {
            let Disk { rows, edits } = self.disk.clone();
            let (setup, clock) = (self.setup.clone(), Box::new(Hands(Arc::clone(&self.clock))));
            Work::begin(move |way| {
                let (rows, edits) = (Box::new(rows), Box::new(edits));
                Device::elsewhere(rows, edits, clock, setup, way).map(Done::Opened)
            })
        };
        self.work = Some(work);
        came
    }

    /// Gives it what it waits for.
    pub fn go_on(&mut self, gets: Gets) -> Came {
        self.is_lost = false;
        let nobody = || Came::Panicked("nobody waits".to_owned());
        self.work.as_mut().map_or_else(nobody, |work| work.go_on(gets))
    }

    /// Lets go of what it is at, which comes to an end.
    ///
    /// # Errors
    /// If it does not.
    pub fn stop(&mut self) -> Checked {
        self.is_lost = false;
        let ends = self.work.take().is_none_or(|mut work| work.end());
        check(ends, "stuck", || "a device asks on and on, though nobody answers".to_owned())
    }

    /// Looks at what it shows, if anything was done to its disk; says whether that is another moment than
    /// before.
    ///
    /// # Errors
    /// If it shows other rows at the same moment.
    pub fn look(&mut self) -> Checked<bool> {
        let operations = self.disk.operations();
        let before = self.looked;
        let Some(device) = self.device.as_ref().filter(|_| before != Some(operations)) else {
            return Ok(false);
        };
        if self.has_crashed() {
            return Ok(false);
        }
        self.id = device.identity().map(|identity| identity.device);
        self.looked = Some(operations);
        if before.is_some_and(|before| before.0 == operations.0) {
            return Ok(false);
        }
        let replica = device.replica();
        let is_other = moments(&replica).ne(moments(&self.replica));
        self.cursor = self.id.and_then(|id| replica.request(id, None).cursor);
        self.replica = replica;
        let rows = device.came().map_err(|error| violated("R14", error))?;
        let same = rows.len() == self.shown.len()
            && rows.iter().zip(&self.shown).all(|((one, (version, row)), (other, shown))| {
                one == other && *version == shown.0 && *row == *shown.1
            });
        if !same {
            check(is_other || self.is_damaged, "R14", || {
                "rows changed before the end of a stream".to_owned()
            })?;
            let shown = |(key, (version, row))| (key, (version, Rc::new(row)));
            self.shown = rows.into_iter().map(shown).collect();
        }
        Ok(is_other)
    }

    /// Whether it is at something.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.work.is_some()
    }

    /// What it waits for is lost: it learns of that when it goes on.
    pub fn hang_up(&mut self) {
        self.is_lost = self.is_busy();
    }

    /// Whether it waits for what is lost.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.is_lost
    }

    /// Who it is for the server.
    #[must_use]
    pub fn id(&self) -> Option<RowId> {
        self.id
    }

    /// What it shows, without the edits over it.
    #[must_use]
    pub fn shown(&self) -> &Shown {
        &self.shown
    }

    /// The cursor that it would pull with.
    #[must_use]
    pub fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref()
    }

    /// Whether the stream that it takes in begins with nothing.
    #[must_use]
    pub fn is_anew(&self) -> bool {
        self.stream.is_anew
    }
}

/// Of when what is shown is, and which cursor goes with it.
fn moments(
    replica: &Replica,
) -> impl Iterator<Item = (Option<&str>, haversack_core::Timestamp, Cursor)> {
    let shown = &replica.shown;
    let tables = shown.tables.values().map(|table| (None, table.synced_at, table.offset));
    let all = (shown.cursor.as_deref(), haversack_core::Timestamp(0), shown.offset);
    std::iter::once(all).chain(tables)
}
