//! The server of a world: the real engine on a simulated disk, with a clock of the world's.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use haversack_core::Timestamp;
use haversack_engine::{Clock, EngineError, Environment, Live};
use haversack_store::{Copy, Crash, DiskLog, JournalSizes, SimDisk, SimIndex, Tear};
use haversack_sync::cursor::CursorKey;

use crate::{
    dice::Dice,
    violation::{Checked, violated},
};

/// Small, so that a short life turns over several segments.
const SIZES: JournalSizes = JournalSizes { segment: 48 << 10, ahead: 4 << 10 };

/// From which the key of cursors follows, whenever the server starts.
pub const SECRET: &[u8] = b"a secret of a simulated server";

/// The clock of a world.
#[derive(Debug)]
pub struct WorldClock(AtomicI64);

impl WorldClock {
    /// A clock that stands at a time.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self(AtomicI64::new(now.0))
    }

    /// Moves it, be it back.
    pub fn move_by(&self, micros: i64) {
        self.0.fetch_add(micros, Ordering::SeqCst);
    }
}

impl Clock for WorldClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

/// The data of a server, as somebody keeps a copy of them.
pub struct Copied {
    disk: SimDisk,
    index: SimIndex,
}

/// The server.
pub struct Server {
    disk: SimDisk,
    index: SimIndex,
    clock: Arc<WorldClock>,
    live: Option<Arc<Live>>,
    /// How often it was started: each start draws other random bytes.
    starts: u64,
    seed: u64,
}

/// What became of something that was asked of the server.
pub enum Asked<T> {
    /// It answers.
    Answered(Result<T, EngineError>),
    /// It crashed before the answer was sent, and is down. Whether all that the request wrote was
    /// written.
    Crashed {
        /// The last write was done, and its sync.
        was_done: bool,
    },
}

impl Server {
    /// A server with an empty log.
    ///
    /// # Errors
    /// If it does not start.
    pub fn new(seed: u64, clock: Arc<WorldClock>) -> Checked<Self> {
        let (disk, index) = (SimDisk::default(), SimIndex::default());
        let mut server = Self { disk, index, clock, live: None, starts: 0, seed };
        server.start()?;
        Ok(server)
    }

    /// Starts it on what is on its disk.
    ///
    /// # Errors
    /// If it can't: nothing that is done to its disk here may keep it from that.
    pub fn start(&mut self) -> Checked<bool> {
        self.starts += 1;
        let seed = self.seed.wrapping_mul(31).wrapping_add(self.starts);
        let failed = |error: &dyn std::fmt::Display| violated("R4", format!("no start: {error}"));
        let log = DiskLog::simulated(&self.disk, &self.index, SIZES, seed);
        let log = log.map_err(|error| failed(&error))?;
        let has_snapshot = log.snapshots().list().is_ok_and(|list| !list.is_empty());
        let clock: Arc<dyn Clock> = Arc::<WorldClock>::clone(&self.clock);
        let environment = Environment::on_disk(log, clock).map_err(|error| failed(&error))?;
        let key = CursorKey::from_secret(SECRET);
        let live = Live::over(Arc::new(environment), key, seed, |_| {});
        self.live = Some(Arc::new(live.map_err(|error| failed(&error))?));
        Ok(has_snapshot)
    }

    /// What serves devices.
    ///
    /// # Panics
    /// If it is down: nobody asks then.
    #[must_use]
    pub fn live(&self) -> &Arc<Live> {
        self.live.as_ref().expect("a server that is asked is up")
    }

    /// The environment.
    #[must_use]
    pub fn environment(&self) -> &Environment {
        self.live().environment()
    }

    /// Stops it.
    ///
    /// # Panics
    /// If a stream still holds it.
    pub fn stop(&mut self) {
        let live = self.live.take().and_then(Arc::into_inner);
        drop(live.expect("streams are let go before the server is stopped"));
    }

    /// Asks for something that writes. Of a crash, the disk is as it may be if it came at any moment
    /// between the beginning and the answer; the server is down then.
    pub fn ask<T>(
        &mut self,
        crash: Option<&mut Dice>,
        ask: impl FnOnce(&Environment) -> Result<T, EngineError>,
    ) -> Asked<T> {
        let Some(dice) = crash else { return Asked::Answered(ask(self.environment())) };
        let (before, index) = (self.disk.operation_count(), self.index.crashed(false));
        let answer = ask(self.environment());
        let writes = self.disk.operation_count() - before;
        if answer.is_err() || writes == 0 {
            return Asked::Answered(answer);
        }
        let done = if dice.chance(300) { writes } else { dice.below(writes) };
        self.crash(dice, (before, &index), (done, writes));
        Asked::Crashed { was_done: done == writes }
    }

    /// Starts it, and lets it crash at any moment of that: it is down again, and its disk is as it may be
    /// then. Whether it had come to write anything.
    ///
    /// # Errors
    /// If it does not start.
    pub fn crash_while_it_starts(&mut self, dice: &mut Dice) -> Checked<bool> {
        let (before, index) = (self.disk.operation_count(), self.index.crashed(false));
        self.start()?;
        let writes = self.disk.operation_count() - before;
        if writes == 0 {
            self.stop();
            return Ok(false);
        }
        let done = dice.below(writes);
        self.crash(dice, (before, &index), (done, writes));
        Ok(true)
    }

    /// Puts it back to where so many operations more were done to its disk than before.
    fn crash(
        &mut self,
        dice: &mut Dice,
        (before, index): (usize, &SimIndex),
        (done, writes): (usize, usize),
    ) {
        let mut point = self.disk.crash_points();
        while point.done() < before + done {
            point.advance();
        }
        let left = if done == writes { &self.index } else { index };
        let left = left.crashed(dice.chance(500));
        let image = point.image(crash_of(dice, point.torn_bytes()));
        self.stop();
        (self.disk, self.index) = (image, left);
    }

    /// Lets the disk grow by so many bytes and no more; none: without a limit.
    pub fn set_space(&self, bytes: Option<usize>) {
        self.disk.set_space(bytes);
    }

    /// Makes a sync fail soon.
    pub fn fail_sync(&self, after: usize) {
        self.disk.fail_sync_in(after);
    }

    /// A copy of the data of a server that is down.
    #[must_use]
    pub fn copied(&self) -> Copied {
        Copied { disk: self.disk.copied(), index: self.index.crashed(false) }
    }

    /// Puts back a copy. The server is down.
    pub fn put_back(&mut self, copied: &Copied) {
        (self.disk, self.index) = (copied.disk.copied(), copied.index.crashed(false));
    }

    /// Flips a bit of a server that is down, in one of the files of its log, or in its index.
    pub fn rot(&self, dice: &mut Dice) -> String {
        let values = self.index.len();
        if values > 0 && dice.chance(300) {
            let (value, bit) = (dice.below(values), dice.below(1 << 20));
            self.index.damage(value, Some(&|bytes: &mut Vec<u8>| flip(bytes, bit)));
            return format!("value {value} of the index");
        }
        let paths = self.disk.paths();
        let Some(path) = dice.maybe(&paths) else { return "nothing".to_owned() };
        let bit = dice.below(1 << 20);
        self.disk.damage(path, |bytes| flip(bytes, bit));
        path.clone()
    }

    /// Its log.
    ///
    /// # Panics
    /// Never: it is on a disk.
    #[must_use]
    pub fn log(&self) -> &DiskLog {
        self.environment().disk_log().expect("the log is on a disk")
    }

    /// Whether damage was found since this was last asked, in what nobody could do without.
    #[must_use]
    pub fn has_mended(&self) -> bool {
        self.log().findings().iter().any(|finding| finding.mended && finding.copy != Copy::Snapshot)
    }

    /// Settles what follows acknowledgements, and signs.
    pub fn settle(&self) {
        self.log().settle();
    }
}

fn flip(bytes: &mut [u8], bit: usize) {
    let length = bytes.len();
    if let Some(byte) = bytes.get_mut((bit >> 3) % length.max(1)) {
        *byte ^= 1 << (bit & 7);
    }
}

fn crash_of(dice: &mut Dice, torn: usize) -> Crash {
    match dice.below(5) {
        0 => Crash::Lost,
        1 => Crash::Torn(Tear::Whole),
        2 => Crash::Torn(Tear::Start(dice.below(torn + 1))),
        3 => Crash::Torn(Tear::Sectors),
        _ => Crash::Scattered(dice.number()),
    }
}
