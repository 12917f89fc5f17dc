//! Syncing by itself: a thread that does what the schedule says, and one that listens to pokes.

use std::{
    collections::BTreeMap,
    ops::ControlFlow,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel},
    },
    thread::JoinHandle,
    time::Duration,
};

use haversack_core::{Name, Timestamp};
use haversack_sync::schedule::{Action, Input, Schedule};

use crate::{
    Ask, Device, DeviceError, Progress, Synced, Transport,
    clock::random,
    transport::{Heard, Pokes},
};

/// What may be told and not taken in yet. More of it says nothing that is not known.
const TOLD_MAX: usize = 256;
/// The longest time without a look at the schedule: clocks may be set.
const LOOK_SECONDS: u64 = 60;
/// The pause before the server is listened to again, or a look whether it may be, in seconds.
const LISTEN_SECONDS: u64 = 5;

/// What happened.
#[derive(Debug)]
pub enum Happening {
    /// A sync began: of these tables; none: all.
    Began(Option<Vec<Name>>),
    /// It has come so far.
    Progress(Progress),
    /// It ended well.
    Synced(Synced),
    /// It did not.
    Failed(DeviceError),
    /// A pull would bring something.
    Poked,
}

/// A device that syncs by itself, until this is dropped.
pub struct Automatic {
    told: SyncSender<Input>,
    is_over: Arc<AtomicBool>,
    worker: Option<JoinHandle<()>>,
}

impl Automatic {
    /// Has a device sync by itself. What happens is told on the thread that does it.
    ///
    /// # Errors
    /// If there is no thread to be had.
    pub fn start(
        device: &Device,
        transport: Arc<dyn Transport>,
        happens: impl FnMut(Happening) + Send + 'static,
    ) -> Result<Self, DeviceError> {
        let (told, inputs) = sync_channel(TOLD_MAX);
        let is_over = Arc::new(AtomicBool::new(false));
        let may_listen = Arc::new(AtomicBool::new(true));
        let spawn = |name: &str, work: Box<dyn FnOnce() + Send>| {
            let thread = std::thread::Builder::new().name(name.to_owned()).spawn(work);
            thread.map_err(|source| DeviceError::io("starting a thread", source))
        };
        let worker = Worker {
            schedule: schedule(device),
            device: device.clone(),
            transport: Arc::clone(&transport),
            is_over: Arc::clone(&is_over),
            may_listen: Arc::clone(&may_listen),
            happens: Box::new(happens),
        };
        let worker = spawn("sync", Box::new(move || worker.run(&inputs)))?;
        let listener = Listener {
            device: device.clone(),
            transport,
            told: told.clone(),
            is_over: Arc::clone(&is_over),
            may_listen,
        };
        // It may be waiting for the server when all this ends, and ends by itself afterwards.
        drop(spawn("pokes", Box::new(move || listener.run()))?);
        Ok(Self { told, is_over, worker: Some(worker) })
    }

    /// Tells the schedule what came up.
    pub fn tell(&self, input: Input) {
        // Of a full queue nothing is lost but repetitions: whoever has a mode to tell waits.
        if let Err(TrySendError::Full(input)) = self.told.try_send(input)
            && !matches!(input, Input::Poke | Input::Edited)
        {
            let _ = self.told.send(input);
        }
    }
}

impl Drop for Automatic {
    /// A sync under way is let be; what came of it is kept.
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        let _ = self.told.try_send(Input::Pause(true));
        if let Some(worker) = self.worker.take() {
            let _ = worker.join();
        }
    }
}

/// A schedule that begins where the device stands.
fn schedule(device: &Device) -> Schedule {
    let due = device.status().tables.into_iter().filter_map(|table| {
        let seconds = i64::try_from(table.next_sync_seconds?).ok()?;
        Some((table.table, Timestamp(table.synced_at?.0 + seconds * 1_000_000)))
    });
    Schedule::new(due.collect())
}

struct Worker {
    schedule: Schedule,
    device: Device,
    transport: Arc<dyn Transport>,
    is_over: Arc<AtomicBool>,
    may_listen: Arc<AtomicBool>,
    happens: Box<dyn FnMut(Happening) + Send>,
}

impl Worker {
    fn run(mut self, inputs: &Receiver<Input>) {
        if self.device.status().unsent > 0 {
            self.schedule.tell(Input::Edited, self.device.shared.clock.now());
        }
        while !self.is_over.load(Ordering::Relaxed) {
            let now = self.device.shared.clock.now();
            let pause = match self.schedule.next(now) {
                Action::Sync(tables) => {
                    self.sync(tables);
                    continue;
                }
                Action::Wait(None) => Duration::from_secs(LOOK_SECONDS),
                Action::Wait(Some(then)) => {
                    let micros = u64::try_from(then.0.saturating_sub(now.0)).unwrap_or(0);
                    Duration::from_micros(micros).min(Duration::from_secs(LOOK_SECONDS))
                }
            };
            match inputs.recv_timeout(pause) {
                Ok(input) => self.take(input),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            while let Ok(input) = inputs.try_recv() {
                self.take(input);
            }
        }
    }

    fn take(&mut self, input: Input) {
        if input == Input::Poke {
            (self.happens)(Happening::Poked);
        }
        self.schedule.tell(input, self.device.shared.clock.now());
        self.may_listen.store(self.schedule.may_begin(), Ordering::Relaxed);
    }

    fn sync(&mut self, tables: Option<Vec<Name>>) {
        (self.happens)(Happening::Began(tables.clone()));
        let Self { device, transport, is_over, happens, .. } = self;
        let ask = Ask { tables, ..Ask::default() };
        let result = device.sync(transport.as_ref(), ask, &mut |progress| {
            happens(Happening::Progress(progress.clone()));
            match is_over.load(Ordering::Relaxed) {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        });
        let (input, happening) = match result {
            Ok(done) => (Input::Synced { tables: intervals(device) }, Happening::Synced(done)),
            Err(error) => {
                let chance = u32::from_le_bytes(random());
                (Input::Failed { chance }, Happening::Failed(error))
            }
        };
        self.schedule.tell(input, self.device.shared.clock.now());
        (self.happens)(happening);
    }
}

fn intervals(device: &Device) -> BTreeMap<Name, u64> {
    let tables = device.status().tables.into_iter();
    tables.filter_map(|table| Some((table.table, table.next_sync_seconds?))).collect()
}

struct Listener {
    device: Device,
    transport: Arc<dyn Transport>,
    told: SyncSender<Input>,
    is_over: Arc<AtomicBool>,
    /// Whether a sync may begin by itself.
    may_listen: Arc<AtomicBool>,
}

impl Listener {
    fn run(&self) {
        while !self.is_over.load(Ordering::Relaxed) {
            if self.may_listen() {
                self.listen();
            }
            std::thread::sleep(Duration::from_secs(LISTEN_SECONDS));
        }
    }

    fn may_listen(&self) -> bool {
        let works_offline = self.device.core().settings.works_offline;
        !works_offline && self.may_listen.load(Ordering::Relaxed)
    }

    /// Listens to the server until it ends the stream, or breaks it, or nothing may begin by itself any more:
    /// that is seen when the server next says something, which it does twice a minute.
    fn listen(&self) {
        let (device, cursor) = {
            let core = self.device.core();
            let Some(identity) = core.ledger.outbox().identity() else { return };
            (identity.device, core.layers.replica().shown.cursor.clone())
        };
        let Ok(bytes) = self.transport.live(device, cursor.as_deref()) else { return };
        let mut pokes = Pokes::new(bytes);
        loop {
            let Ok(heard @ (Heard::Poke | Heard::Other)) = pokes.hear() else { return };
            if self.is_over.load(Ordering::Relaxed) || !self.may_listen() {
                return;
            }
            if heard == Heard::Poke
                && let Err(TrySendError::Disconnected(_)) = self.told.try_send(Input::Poke)
            {
                return;
            }
        }
    }
}
