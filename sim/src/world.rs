//! A world: one server, its users' devices, its administrators, and all that happens to them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use haversack_core::{Cursor, Name, RowId, Timestamp};
use haversack_engine::{Clock, EngineError, Environment};
use haversack_replay::State;
use serde_json::Value as Json;

use crate::{
    auditor::Note,
    device::Device,
    dice::Dice,
    mix::{Kind, Mix},
    options::{Cast, Options},
    oracle::Oracle,
    plain::Plain,
    points::Points,
    server::{Asked, Copied, Server, WorldClock},
    setup,
    trace::Trace,
    violation::{Checked, check, violated},
    wire::{Call, Message, Stream},
};

/// A moment that a device was brought to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The last event.
    pub offset: Cursor,
    /// The server's clock.
    pub now: Timestamp,
}

/// Of when what a device shows is.
#[derive(Clone, Debug, Default)]
pub struct Held {
    /// Of tables that were not pulled by themselves since.
    pub rest: Option<Moment>,
    /// Of those that were.
    pub tables: BTreeMap<Name, Moment>,
}

/// A copy of a device, for later.
pub struct Backup {
    pub device: Device,
    pub held: Held,
}

/// A device in its user's hand.
pub struct Slot {
    pub device: Device,
    pub user: RowId,
    pub held: Held,
    pub backup: Option<Backup>,
    pub call: Option<Call>,
    /// By what the world knows edits whose outcome the device doesn't.
    pub open_edits: BTreeSet<u64>,
    /// Cursors that its server gave it.
    pub cursors: Vec<(RowId, String)>,
}

impl Slot {
    /// Whether its device waits for nothing.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.call.is_none() && !self.device.is_busy()
    }
}

/// Everything.
pub struct World {
    pub dice: Dice,
    /// For what may not change which world a seed gives to plain devices.
    pub aside: Dice,
    pub mix: Mix,
    pub trace: Trace,
    pub points: Points,
    pub clock: Arc<WorldClock>,
    pub server: Server,
    pub oracle: Oracle,
    pub slots: Vec<Slot>,
    pub messages: Vec<Message>,
    pub streams: Vec<Stream>,
    pub copied: Option<(Copied, usize)>,
    /// Numbers what must differ: calls, edits, rows, names.
    pub serial: u64,
    /// All bytes that were sent to devices, as a fingerprint for each.
    pub sent: Vec<Vec<u64>>,
    pub twin: Option<bool>,
    /// Whether nothing fails any more.
    pub is_healed: bool,
    pub is_full: bool,
    /// How many events the copies had that the server was put back to: cursors may be of a history that is no
    /// more.
    pub puts_back: Vec<usize>,
    /// What the auditor holds.
    pub notes: Vec<Note>,
    /// Edits that a device took while it showed all that the log had: nothing but another event may keep
    /// them from being applied. By what the world knows them, with how long the log was.
    pub sure: BTreeMap<u64, u64>,
}

impl World {
    /// The world of a seed, with its first rows, profiles and devices.
    ///
    /// # Errors
    /// If something does not hold already.
    pub fn new(seed: u64, options: Options) -> Checked<Self> {
        let mut dice = Dice::new(seed);
        let mut mix = Mix::of(&mut dice, options.twin.is_some(), options.without);
        mix.steps = options.steps.map_or(mix.steps, |steps| steps.min(mix.steps));
        let clock = Arc::new(WorldClock::new(setup::BEGIN));
        let server = Server::new(seed, Arc::clone(&clock))?;
        let mut world = Self {
            dice,
            aside: Dice::new(!seed),
            mix,
            trace: Trace::new(options.keeps_trace),
            points: Points::default(),
            clock,
            server,
            oracle: Oracle::new(),
            slots: Vec::new(),
            messages: Vec::new(),
            streams: Vec::new(),
            copied: None,
            serial: 0,
            sent: Vec::new(),
            twin: options.twin,
            is_healed: false,
            is_full: false,
            puts_back: Vec::new(),
            notes: Vec::new(),
            sure: BTreeMap::new(),
        };
        world.begin(options.cast)?;
        Ok(world)
    }

    fn begin(&mut self, cast: Cast) -> Checked {
        let lines = setup::lines(&mut self.dice, &self.mix);
        self.must_apply(lines)?;
        let app = setup::app(&mut self.dice, self.mix.profiles);
        self.first_rows()?;
        self.first_profiles()?;
        self.apply(vec![app])?;
        let share = cast.share_of_real(&mut self.aside);
        for number in 0..self.mix.devices {
            let user = setup::id("user", self.dice.below(self.mix.users));
            let name = format!("device {number}");
            let device = if self.aside.chance(share) {
                self.new_real(number, name)
            } else {
                Device::Plain(Box::new(Plain::new(name)))
            };
            self.add_slot(device, user);
        }
        self.set_up_real()
    }

    /// Puts a device in a user's hand.
    pub fn add_slot(&mut self, device: Device, user: RowId) {
        let (held, backup, call) = (Held::default(), None, None);
        let (open_edits, cursors) = (BTreeSet::new(), Vec::new());
        self.slots.push(Slot { device, user, held, backup, call, open_edits, cursors });
        self.sent.push(Vec::new());
    }

    /// Another number than all before.
    pub fn number(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The state that is durable.
    #[must_use]
    pub fn state(&self) -> &State {
        self.oracle.newest()
    }

    /// Lets something happen.
    ///
    /// # Errors
    /// If something does not hold then.
    pub fn step(&mut self) -> Checked {
        self.wake()?;
        let kind = self.mix.next(&mut self.dice);
        match kind {
            Kind::Admin => self.admin(),
            Kind::Publish => self.publish(),
            Kind::Online => self.online(),
            Kind::Secret => self.secret(),
            Kind::Local => self.local(),
            Kind::Pull => self.start_pull(),
            Kind::Push => self.start_push(),
            Kind::Deliver => self.deliver(),
            Kind::Write => self.write_piece(),
            Kind::Receive => self.receive_piece(),
            Kind::Cut => self.cut(),
            Kind::Drop => self.drop_message(),
            Kind::Double => self.double_message(),
            Kind::GiveUp => self.give_up(),
            Kind::Clock => self.time_goes_on(),
            Kind::Jump => self.clock_jumps(),
            Kind::DeviceCrash => self.device_crashes(),
            Kind::DeviceBackup => self.device_is_copied(),
            Kind::DeviceRestore => self.device_is_put_back(),
            Kind::DeviceClone => self.device_is_cloned(),
            Kind::DeviceApp => self.device_changes_app(),
            Kind::Probe => self.probe(),
            Kind::Forge => self.forge(),
            Kind::Restart => self.restart(),
            Kind::Snapshot => self.snapshot(),
            Kind::Settle => self.settle(),
            Kind::Tidy => {
                self.server.live().tidy();
                Ok(())
            }
            Kind::Full => self.disk_fills(),
            Kind::FailSync => self.sync_fails(),
            Kind::Rot => self.rot(),
            Kind::ServerBackup => self.server_is_copied(),
            Kind::ServerRestore => self.server_is_put_back(),
        }
    }

    /// Asks the server for something that writes; none: it crashed, and was started again, or could
    /// not make it durable.
    ///
    /// # Errors
    /// If something does not hold afterwards.
    pub fn ask<T>(
        &mut self,
        what: &str,
        ask: impl FnOnce(&Environment) -> Result<T, EngineError>,
    ) -> Checked<Option<Result<T, EngineError>>> {
        let crashes = !self.is_healed && !self.is_full && self.dice.chance(self.mix.crashes);
        if crashes {
            self.let_streams_go();
        }
        let crash = crashes.then_some(&mut self.dice);
        match self.server.ask(crash, ask) {
            Asked::Answered(Ok(answer)) => {
                self.oracle.catch_up(self.server.environment())?;
                Ok(Some(Ok(answer)))
            }
            Asked::Answered(Err(EngineError::Store(error))) => {
                self.trace.add(format!("{what}: the log says {error}"));
                self.not_durable(&error)?;
                Ok(None)
            }
            Asked::Answered(Err(error)) => {
                self.oracle.catch_up(self.server.environment())?;
                Ok(Some(Err(error)))
            }
            Asked::Crashed { was_done } => {
                let before = self.oracle.log().len();
                if self.aside.chance(200) && self.server.crash_while_it_starts(&mut self.aside)? {
                    self.trace.add("the server crashes again while it recovers".to_owned());
                    self.points.hit("server crashed again while it recovered");
                }
                self.start()?;
                let came = self.oracle.log().len() - before;
                self.trace.add(format!("{what}: the server crashed, {came} events are left of it"));
                match (was_done, came) {
                    (true, _) => {
                        check(came > 0, "R1", || "a write that was synced is gone".to_owned())?;
                        self.points.hit("server crashed between sync and answer");
                    }
                    (false, 0) => {
                        self.points.hit("server crashed before the event was durable");
                    }
                    (false, _) => {}
                }
                if came > 0 {
                    self.points.hit("events of an unanswered request survived a crash");
                }
                Ok(None)
            }
        }
    }

    fn not_durable(&mut self, error: &haversack_store::StoreError) -> Checked {
        use haversack_store::StoreError;
        match error {
            StoreError::Full { .. } => {
                check(self.is_full, "R4", || "the disk is full, which has space".to_owned())?;
                self.oracle.catch_up(self.server.environment())
            }
            StoreError::SyncFailed { .. } => {
                self.points.hit("failed sync ended writing");
                self.oracle.catch_up(self.server.environment())?;
                self.let_streams_go();
                self.server.stop();
                self.start()
            }
            other => Err(violated("R4", other)),
        }
    }

    /// Starts the server, which is down.
    ///
    /// # Errors
    /// If it does not start, or has lost something.
    pub fn start(&mut self) -> Checked {
        if self.server.start()? {
            self.points.hit("snapshot resumed");
        }
        self.oracle.reopened(self.server.environment())?;
        if self.server.has_mended() {
            self.points.hit("rot mended");
        }
        Ok(())
    }

    /// Applies changes; the answers are in the trace.
    ///
    /// # Errors
    /// If something does not hold afterwards.
    pub fn apply(
        &mut self,
        lines: Vec<Json>,
    ) -> Checked<Option<Vec<haversack_engine::LineAnswer>>> {
        let numbered: Vec<(usize, Json)> = (1..).zip(lines.iter().cloned()).collect();
        let asked = self.ask("apply", |environment| environment.apply(numbered))?;
        let Some(answers) = asked.transpose().map_err(|error| violated("R4", error))? else {
            return Ok(None);
        };
        for (line, answer) in lines.iter().zip(&answers) {
            let code = answer.fault.as_ref().map_or("", |fault| fault.code);
            let offset = answer.offset.map_or(0, |offset| offset.get());
            // What is secret may differ between twins, whose traces are to be compared.
            let text = if line.to_string().contains("\"vault\"") {
                String::new()
            } else {
                line.to_string()
            };
            let cut: String = text.chars().take(200).collect();
            self.trace.add(format!("@{offset} {:?} {code} {cut}", answer.outcome));
        }
        Ok(Some(answers))
    }

    /// Applies changes as one step, none of which may be refused.
    fn must_apply(&mut self, mut lines: Vec<Json>) -> Checked {
        lines.insert(0, serde_json::json!({"begin": true}));
        lines.push(serde_json::json!({"commit": true}));
        let numbered = (1..).zip(lines.iter().cloned()).collect();
        let answers = self.server.environment().apply(numbered);
        let answers = answers.map_err(|error| violated("R4", error))?;
        for (line, answer) in lines.iter().zip(&answers) {
            check(answer.fault.is_none(), "setup", || format!("{line}: {:?}", answer.fault))?;
        }
        self.oracle.catch_up(self.server.environment())
    }

    /// All streams break, as the server goes down.
    pub fn let_streams_go(&mut self) {
        for stream in std::mem::take(&mut self.streams) {
            let slot = &mut self.slots[stream.slot];
            if slot.call.as_ref().is_some_and(|call| call.number == stream.call) {
                slot.call = None;
                slot.device.hang_up();
            }
        }
    }
}
