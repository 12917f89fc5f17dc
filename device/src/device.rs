//! A device: rows and edits, and what an app does with them while offline.

mod answer;
mod core;
mod edits;
mod inspect;
mod status;

use std::{
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use haversack_sync::{
    message::{DeviceLimits, DeviceRequest},
    outbox::{Identity, OutboxError, Record},
};

pub use answer::Answered;
pub(crate) use core::{Core, Untold};
pub use edits::Problem;
pub use inspect::Came;
pub use status::{Status, TableStatus};

pub use crate::home::Setup;
use crate::{
    Clock, DeviceError, Medium, SystemClock, Transport,
    home::{Home, Settings, StoreHome},
};

/// A device. Its clones are handles of the same one.
#[derive(Clone)]
pub struct Device {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    home: Option<Home>,
    pub clock: Box<dyn Clock>,
    core: Mutex<Core>,
    /// One sync at a time.
    pub syncing: Mutex<()>,
}

/// What the device runs on, as it tells the server.
const PLATFORM: &str = std::env::consts::OS;

impl Device {
    /// Makes a new device in a directory, and makes it known to the server. Nothing is downloaded yet.
    ///
    /// # Errors
    /// If there is one already, or if the server can't be reached or refuses it: then nothing is left.
    pub fn init(
        directory: &Path,
        setup: Setup,
        transport: &dyn Transport,
    ) -> Result<Self, DeviceError> {
        let (settings, identity) = register(setup, transport)?;
        let home = Home::make(directory, &settings)?;
        let (store, medium) = (home.store(), home.medium());
        let mut core = Core::open(store, medium, settings)?;
        core.ledger.record(vec![Record::Identity(identity)])?;
        Ok(Self::of(Some(home), Box::new(SystemClock), core))
    }

    /// Opens the device in a directory.
    ///
    /// # Errors
    /// If there is none, or if another process has it open.
    pub fn open(directory: &Path) -> Result<Self, DeviceError> {
        let (home, settings) = Home::open(directory)?;
        let core = Core::open(home.store(), home.medium(), settings)?;
        Ok(Self::of(Some(home), Box::new(SystemClock), core))
    }

    /// A device that lives elsewhere than in a directory, such as in memory, made known to the server if
    /// it is not.
    ///
    /// # Errors
    /// If the server can't be reached or refuses it.
    pub fn elsewhere(
        store: Box<dyn StoreHome>,
        medium: Box<dyn Medium>,
        clock: Box<dyn Clock>,
        setup: Setup,
        transport: &dyn Transport,
    ) -> Result<Self, DeviceError> {
        let (settings, identity) = register(setup, transport)?;
        let mut core = Core::open(store, medium, settings)?;
        if core.ledger.outbox().identity().is_none() {
            core.ledger.record(vec![Record::Identity(identity)])?;
        }
        Ok(Self::of(None, clock, core))
    }

    /// A device that lives elsewhere, as it was left: the server is not asked, and it may not know it yet.
    ///
    /// # Errors
    /// If it can't be read.
    pub fn reopened(
        store: Box<dyn StoreHome>,
        medium: Box<dyn Medium>,
        clock: Box<dyn Clock>,
        setup: Setup,
        limits: DeviceLimits,
    ) -> Result<Self, DeviceError> {
        let core = Core::open(store, medium, Settings::new(setup, limits))?;
        Ok(Self::of(None, clock, core))
    }

    fn of(home: Option<Home>, clock: Box<dyn Clock>, core: Core) -> Self {
        let (core, syncing) = (Mutex::new(core), Mutex::default());
        Self { shared: Arc::new(Shared { home, clock, core, syncing }) }
    }

    pub(crate) fn core(&self) -> MutexGuard<'_, Core> {
        // What is durable is never half changed; what is in memory follows from it.
        self.shared.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How it was set up.
    #[must_use]
    pub fn setup(&self) -> Setup {
        self.core().settings.setup.clone()
    }

    /// Has the device send and take nothing, or turns that off.
    ///
    /// # Errors
    /// If that can't be written down.
    pub fn work_offline(&self, works_offline: bool) -> Result<(), DeviceError> {
        self.set(|settings| settings.works_offline = works_offline)
    }

    /// Takes another token, as when the one it had was revoked. Rows and edits stay. Whoever syncs by a way that has
    /// the token of before, as an [`Automatic`](crate::Automatic) does, begins anew with another.
    ///
    /// # Errors
    /// If the server does not know the device by that token, whose way to it `transport` is; then it keeps the
    /// one it has.
    pub fn set_token(&self, token: String, transport: &dyn Transport) -> Result<(), DeviceError> {
        let _syncing = self.shared.syncing.lock().unwrap_or_else(PoisonError::into_inner);
        let identity = self.identity().ok_or(OutboxError::Unregistered)?;
        transport.metadata(identity.device, None)?;
        self.set(|settings| settings.setup.token = token)
    }

    fn set(&self, change: impl FnOnce(&mut Settings)) -> Result<(), DeviceError> {
        let mut core = self.core();
        let mut settings = core.settings.clone();
        change(&mut settings);
        if let Some(home) = &self.shared.home {
            home.write(&settings)?;
        }
        core.settings = settings;
        Ok(())
    }

    /// Wipes the device: rows, edits, token.
    ///
    /// # Errors
    /// If edits are not sent and it's not forced, or if a file can't be removed.
    pub fn sign_out(self, is_forced: bool) -> Result<(), DeviceError> {
        let _syncing = self.shared.syncing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut core = self.core();
        let unsent = core.ledger.outbox().unsent().count();
        if unsent > 0 && !is_forced {
            return Err(DeviceError::Unsent(unsent));
        }
        core.close()?;
        self.shared.home.as_ref().map_or(Ok(()), Home::wipe)
    }
}

fn register(setup: Setup, transport: &dyn Transport) -> Result<(Settings, Identity), DeviceError> {
    let request = request(&setup, &setup.name);
    let answer = transport.register(&request)?;
    let first = answer.next_mutation;
    let identity = Identity { device: answer.device_id, name: setup.name.clone(), first };
    Ok((Settings::new(setup, answer.limits), identity))
}

/// What a device says of itself.
pub(crate) fn request(setup: &Setup, name: &str) -> DeviceRequest {
    DeviceRequest { name: name.to_owned(), platform: PLATFORM.to_owned(), app: setup.app.clone() }
}
