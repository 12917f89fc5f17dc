//! Syncing once: what is queued is sent, then what changed is taken.
//!
//! Sending first means that what is taken has the device's own edits judged in it. Whatever breaks in
//! between, the next sync goes on there: edits have numbers, so that each is judged once however often it
//! is sent, and streams have progress.

mod anew;
mod lines;
mod pull;
mod push;

use std::{collections::BTreeMap, ops::ControlFlow, sync::PoisonError};

use haversack_core::{Cursor, Name};
use haversack_sync::message::Why;

use crate::{Device, DeviceError, Transport, device::Untold, store::StoreError};

/// Streams of one sync that may end early, in a row and without a line of progress.
const BROKEN_MAX: u32 = 3;

/// What a sync is to do.
#[derive(Clone, Debug, Default)]
pub struct Ask {
    /// The tables to take; none: all.
    pub tables: Option<Vec<Name>>,
    /// Whether all rows are downloaded again. What is shown stays until they have come.
    pub is_full: bool,
    /// After how many rows a stream ends and another one begins; none: never.
    pub max_rows: Option<u64>,
    /// Whether it is done even though the user has the device work offline.
    pub is_forced: bool,
}

/// How far a sync has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Edits that were judged.
    pub edits: u64,
    /// Rows that came or went.
    pub rows: u64,
    /// Bytes of lines that came, decompressed.
    pub bytes: u64,
}

/// What watches a sync, and may let it be.
pub type Watch<'a> = &'a mut dyn FnMut(&Progress) -> ControlFlow<()>;

/// What a sync did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Synced {
    /// How far it came.
    pub progress: Progress,
    /// Edits that were refused or in conflict.
    pub problems: u64,
    /// Rows that are here, or are otherwise than before.
    pub put: u64,
    /// Rows that are not here any more, and why.
    pub gone: BTreeMap<Why, u64>,
    /// Up to which event rows are shown.
    pub offset: Cursor,
    /// How many streams it took.
    pub streams: u32,
    /// Whether all rows were downloaded again, and why.
    pub anew: Option<String>,
    /// The name that the device has now, since another one used its old one.
    pub renamed: Option<String>,
}

/// A sync under way.
struct Sync<'a> {
    device: &'a Device,
    transport: &'a dyn Transport,
    ask: Ask,
    done: Synced,
    watch: Watch<'a>,
}

/// Why a sync can't go on as it began.
enum Stop {
    /// It can't at all.
    Error(DeviceError),
    /// Somebody else sends edits as this device.
    Cloned,
}

impl<E: Into<DeviceError>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Error(error.into())
    }
}

impl Device {
    /// Sends what is queued, then takes what changed.
    ///
    /// # Errors
    /// See [`DeviceError`]. What was sent and taken until then counts.
    pub fn sync(
        &self,
        transport: &dyn Transport,
        ask: Ask,
        watch: Watch<'_>,
    ) -> Result<Synced, DeviceError> {
        let _alone = self.shared.syncing.lock().unwrap_or_else(PoisonError::into_inner);
        if self.core().settings.works_offline && !ask.is_forced {
            return Err(DeviceError::WorksOffline);
        }
        if ask.is_full {
            self.distrust()?;
        }
        let Untold { anew, renamed } = std::mem::take(&mut self.core().untold);
        let done = Synced { anew, renamed, ..Synced::default() };
        let mut sync = Sync { device: self, transport, ask, done, watch };
        let ended = sync.run_whole();
        let done = sync.done;
        match ended.and_then(|()| self.forget_done()) {
            Ok(()) => Ok(done),
            Err(error) => {
                self.core().untold = Untold { anew: done.anew, renamed: done.renamed };
                Err(error)
            }
        }
    }

    /// Has the next sync download all rows again. What is shown stays until they have come.
    ///
    /// # Errors
    /// If that can't be written down.
    pub fn download_anew(&self) -> Result<(), DeviceError> {
        let _alone = self.shared.syncing.lock().unwrap_or_else(PoisonError::into_inner);
        self.distrust()
    }

    /// The same during a sync.
    fn distrust(&self) -> Result<(), DeviceError> {
        let mut core = self.core();
        let mut replica = core.layers.replica().clone();
        replica.distrust();
        Ok(core.layers.keep_replica(replica)?)
    }

    /// Lets go of edits that nobody needs any more.
    fn forget_done(&self) -> Result<(), DeviceError> {
        let mut core = self.core();
        core.layers.tidy()?;
        let replica = core.layers.replica();
        let keys = core.ledger.outbox().done(&|edit| replica.covers(edit));
        if !keys.is_empty() {
            core.ledger.record(vec![haversack_sync::outbox::Record::Removed { keys }])?;
        }
        Ok(core.ledger.tidy()?)
    }
}

impl Sync<'_> {
    /// With all rows downloaded again if those that are here turn out to be damaged.
    fn run_whole(&mut self) -> Result<(), DeviceError> {
        match self.run() {
            Err(DeviceError::Store(StoreError::Damaged(message))) => {
                self.done.anew = Some(message.clone());
                self.device.core().begin_anew(message)?;
                self.run()
            }
            other => other,
        }
    }

    fn run(&mut self) -> Result<(), DeviceError> {
        if let Some(damage) = self.device.core().check()? {
            self.done.anew = Some(damage);
        }
        match self.once() {
            Ok(()) => Ok(()),
            Err(Stop::Error(error)) => Err(error),
            Err(Stop::Cloned) => {
                self.become_another()?;
                self.once().map_err(|stop| match stop {
                    Stop::Error(error) => error,
                    Stop::Cloned => DeviceError::Broken(BROKEN_MAX),
                })
            }
        }
    }

    fn once(&mut self) -> Result<(), Stop> {
        let is_distrusted = self.device.core().layers.replica().is_distrusted();
        if is_distrusted {
            // All rows come, and with them whether this server is the one that the edits are for.
            self.pull()?;
        }
        let has_pushed = self.push()?;
        if has_pushed || !is_distrusted { self.pull() } else { Ok(()) }
    }

    fn tell(&mut self) -> Result<(), DeviceError> {
        match (self.watch)(&self.done.progress) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(DeviceError::Cancelled),
        }
    }
}
