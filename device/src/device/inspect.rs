//! What a device holds, looked at from outside: for diagnosis, tests and simulations.

use std::collections::BTreeMap;

use haversack_core::{RowVersion, event::RowKey};
use haversack_sync::{outbox::Identity, replica::Replica};
use serde_json::{Map, Value as Json};

use super::Device;
use crate::DeviceError;

/// Rows as they came from the server, each with its version.
pub type Came = BTreeMap<RowKey, (RowVersion, Map<String, Json>)>;

impl Device {
    /// Who the device is for the server; none before it was made known to it.
    #[must_use]
    pub fn identity(&self) -> Option<Identity> {
        self.core().ledger.outbox().identity().cloned()
    }

    /// What is shown and staged, but for the rows.
    #[must_use]
    pub fn replica(&self) -> Replica {
        self.core().layers.replica().clone()
    }

    /// All rows that are shown, without the edits over them.
    ///
    /// # Errors
    /// If they can't be read.
    pub fn came(&self) -> Result<Came, DeviceError> {
        Ok(self.core().layers.all()?)
    }
}
