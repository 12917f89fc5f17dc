//! A device that was restored from a backup, or copied, is another one for the server.

use haversack_core::MutationNumber;
use haversack_sync::outbox::{Identity, Record};

use super::{Sync, Synced};
use crate::{DeviceError, device::request};

/// Names that are tried.
const NAMES_MAX: u32 = 1_000;

impl Sync<'_> {
    /// Makes the device known under another name, with numbers of its own for the edits that are not
    /// sent. Their bases stay, as does what is shown until all rows have come again.
    pub(super) fn become_another(&mut self) -> Result<(), DeviceError> {
        let setup = self.device.setup();
        let taken = self.device.status().name.unwrap_or_else(|| setup.name.clone());
        for number in 2..NAMES_MAX {
            let name = format!("{} ({number})", setup.name);
            let answer = self.transport.register(&request(&setup, &name))?;
            // Who has sent an edit under this name is yet another one.
            if name == taken || answer.next_mutation != MutationNumber::FIRST {
                continue;
            }
            let (device, first) = (answer.device_id, answer.next_mutation);
            let mut core = self.device.core();
            let mut replica = core.layers.replica().clone();
            replica.become_another();
            core.layers.keep_replica(replica)?;
            let identity = Identity { device, name: name.clone(), first };
            core.ledger.record(vec![Record::Identity(identity)])?;
            drop(core);
            let anew = Some("another device sends edits under this one's name".to_owned());
            self.done = Synced { renamed: Some(name), anew, ..std::mem::take(&mut self.done) };
            return Ok(());
        }
        Err(DeviceError::refused(
            "no_name",
            format!("{NAMES_MAX} devices are named {:?}", setup.name),
        ))
    }
}
