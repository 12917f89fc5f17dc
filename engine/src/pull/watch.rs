//! Who waits to be poked: what they know of, and whether there is more.

use std::sync::Arc;

use haversack_core::{RowId, Timestamp, catalog::Catalog};
use haversack_dataset::{Caller, DeviceRows};
use haversack_replay::State;

use super::{PullAsk, PullError, looks::Looks};
use crate::live::{Live, Now};

/// A device that waits to be told that a pull would bring something.
pub struct Watch {
    device: RowId,
    /// What belonged on it when it was last told, or when it began to wait,
    rows: DeviceRows,
    catalog: Arc<Catalog>,
    /// and until when that stays so if nothing happens but time.
    until: Option<Timestamp>,
}

impl Live {
    /// Begins to watch for a device that holds what its cursor says, and says whether a pull would bring
    /// something already.
    ///
    /// # Errors
    /// See [`PullError`].
    pub fn watch(&self, ask: &PullAsk) -> Result<(Watch, bool), PullError> {
        self.wait_for(self.environment.state().cursor);
        let now = self.now.read();
        let brings = self.brings(&now, ask.device, ask.cursor.as_deref())?;
        let (rows, until) = self.belonging(&now, ask.device);
        let catalog = Arc::clone(&now.state.catalog);
        Ok((Watch { device: ask.device, rows, catalog, until }, brings))
    }

    /// Whether a pull would bring something that the device has not been told of. Then it counts as told.
    #[must_use]
    pub fn has_news(&self, watch: &mut Watch) -> bool {
        let now = self.now.read();
        let (rows, until) = self.belonging(&now, watch.device);
        let state: &State = &now.state;
        let Some(known) = state.devices.get(&watch.device) else { return false };
        let caller = Caller::user(&state.catalog, known.device.user, self.time(state));
        let difference = now.columnar.difference(&caller, &watch.rows, &rows);
        let looks = || {
            let looks = Looks::between(&watch.catalog, &state.catalog)?;
            now.columnar.tables_of(&rows).any(|table| looks.concern(table)).then_some(())
        };
        // What can't be compared may be news.
        let has_news =
            difference.is_none_or(|d| !d.put.is_empty() || !d.del.is_empty()) || looks().is_some();
        *watch = Watch { device: watch.device, rows, catalog: Arc::clone(&state.catalog), until };
        has_news
    }

    fn belonging(&self, now: &Now, device: RowId) -> (DeviceRows, Option<Timestamp>) {
        let state = &now.state;
        let Some(known) = state.devices.get(&device) else {
            return (DeviceRows::default(), None);
        };
        let user = known.device.user;
        let rows = now.belonging(known, &Caller::user(&state.catalog, user, self.time(state)));
        (rows, now.columnar.holds_until(user))
    }
}

impl Watch {
    /// Until when nothing but an event can be news; none: for ever.
    #[must_use]
    pub fn until(&self) -> Option<Timestamp> {
        self.until
    }
}
