//! Devices as they are stored. One with many edits is cut into parts.

use std::sync::Arc;

use bincode::{Decode, Encode};
use haversack_core::{Cursor, Offset, RowId, event::Device};
use imbl::{OrdMap, Vector};

use super::{
    error::{ResumeError, after, all, disorder, within},
    pack::{PART_BYTES, size},
};
use crate::DeviceState;

/// No offset takes more.
const OFFSET_BYTES: usize = 9;

/// A device with its first edits, or more edits of the device before.
#[derive(Clone, Debug, Encode, Decode)]
pub struct DevicePart {
    owner: Owner,
    edits: Vec<Offset>,
}

/// Whose edits these are.
#[derive(Clone, Debug, Encode, Decode)]
enum Owner {
    /// A device that comes now.
    Next {
        device: Arc<Device>,
        /// How many edits it has, in this part and others.
        count: u64,
    },
    /// The device before.
    Last(RowId),
    /// A device that comes now, and the app in whose name it asks.
    NextOfApp { device: Arc<Device>, count: u64, app: String },
}

/// The parts of a device, each with its size.
pub(super) fn parts(state: &DeviceState) -> impl Iterator<Item = (usize, DevicePart)> {
    let DeviceState { device, edits: all, app } = state;
    let count = all.len() as u64;
    let mut next = Some(match app {
        None => Owner::Next { device: device.clone(), count },
        Some(app) => Owner::NextOfApp { device: device.clone(), count, app: app.to_string() },
    });
    let mut from = 0;
    std::iter::from_fn(move || {
        let more = (from < all.len()).then(|| Owner::Last(device.id));
        let owner = next.take().or(more)?;
        let until = all.len().min(from + PART_BYTES / OFFSET_BYTES);
        let edits: Vec<Offset> = all.focus().narrow(from..until).into_iter().copied().collect();
        from = until;
        Some((size(&owner) + OFFSET_BYTES * (1 + edits.len()), DevicePart { owner, edits }))
    })
}

/// Puts devices together again.
#[derive(Debug, Default)]
pub(super) struct Devices {
    whole: OrdMap<RowId, DeviceState>,
    open: Option<Open>,
}

/// A device of which more edits may come.
#[derive(Debug)]
struct Open {
    state: DeviceState,
    count: u64,
}

impl Devices {
    /// Takes the next part.
    pub(super) fn push(&mut self, part: DevicePart, end: Cursor) -> Result<(), ResumeError> {
        match part.owner {
            Owner::Next { device, count } => self.begin(device, count, None)?,
            Owner::NextOfApp { device, count, app } => {
                self.begin(device, count, Some(app.into()))?;
            }
            Owner::Last(id) => {
                let last = self.open.as_ref().map(|open| open.state.device.id);
                if last != Some(id) {
                    return Err(disorder(id, last));
                }
            }
        }
        let edits = &mut self.open.as_mut().expect("opened or found above").state.edits;
        for edit in part.edits {
            after(edits.last(), &edit)?;
            within(edit, end)?;
            edits.push_back(edit);
        }
        Ok(())
    }

    fn begin(
        &mut self,
        device: Arc<Device>,
        count: u64,
        app: Option<Arc<str>>,
    ) -> Result<(), ResumeError> {
        self.close()?;
        after(self.whole.get_max().map(|(id, _)| id), &device.id)?;
        let state = DeviceState { device, edits: Vector::new(), app };
        self.open = Some(Open { state, count });
        Ok(())
    }

    fn close(&mut self) -> Result<(), ResumeError> {
        if let Some(Open { state, count }) = self.open.take() {
            let id = state.device.id;
            all(state.edits.len() as u64, count, format_args!("edits of device {id}"))?;
            self.whole.insert(id, state);
        }
        Ok(())
    }

    /// The devices.
    pub(super) fn finish(mut self) -> Result<OrdMap<RowId, DeviceState>, ResumeError> {
        self.close()?;
        Ok(self.whole)
    }
}
