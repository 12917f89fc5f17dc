//! What befalls devices and the clock.

use haversack_engine::PullAsk;

use crate::{
    plain::Plain,
    setup,
    violation::Checked,
    world::{Backup, World},
};

/// Micros of an hour.
const HOUR: i64 = 3_600_000_000;
/// Devices that a world may come to have by copies.
const SLOTS_MAX: usize = 8;

impl World {
    /// A device loses what is not on its disk.
    ///
    /// # Errors
    /// If it has lost more.
    pub fn device_crashes(&mut self) -> Checked {
        let slot = self.dice.below(self.slots.len());
        if self.slots[slot].device.real().is_some() && self.aside.chance(600) {
            return self.real_will_crash(slot);
        }
        if self.slots[slot].device.real().is_some() && self.aside.chance(300) {
            return self.real_rots(slot);
        }
        if self.streams.iter().any(|stream| stream.slot == slot) {
            self.points.hit("device crashed in the middle of a stream");
        }
        if self.slots[slot].device.real().is_some() {
            return self.real_crashes(slot);
        }
        self.trace.add(format!("device {slot} crashes"));
        self.hang_up(slot);
        self.slots[slot].device.plain().into_iter().for_each(Plain::crash);
        Ok(())
    }

    /// A device is copied for later.
    ///
    /// # Errors
    /// If there is none in the copy.
    pub fn device_is_copied(&mut self) -> Checked {
        let slot = self.dice.below(self.slots.len());
        let Some(slot) = self.slots.get_mut(slot) else { return Ok(()) };
        slot.backup = Some(Backup { device: slot.device.copied()?, held: slot.held.clone() });
        Ok(())
    }

    /// A device is put back to its copy. Edits made since, which were not answered, are gone with it.
    ///
    /// # Errors
    /// Never.
    pub fn device_is_put_back(&mut self) -> Checked {
        let slot = self.dice.below(self.slots.len());
        if self.slots[slot].backup.is_none() {
            return Ok(());
        }
        self.hang_up(slot);
        let slot_of = &mut self.slots[slot];
        let Some(backup) = &slot_of.backup else { return Ok(()) };
        slot_of.device = backup.device.copied()?;
        slot_of.held = backup.held.clone();
        slot_of.open_edits = slot_of.device.waiting().into_iter().collect();
        self.trace.add(format!("device {slot} is put back to its copy"));
        Ok(())
    }

    /// A copy of a device goes on beside it, with the same number.
    ///
    /// # Errors
    /// Never.
    pub fn device_is_cloned(&mut self) -> Checked {
        let slot = self.dice.below(self.slots.len());
        if self.slots.len() >= SLOTS_MAX {
            return Ok(());
        }
        let (device, user) = (self.slots[slot].device.copied()?, self.slots[slot].user);
        let (held, open) = (self.slots[slot].held.clone(), device.waiting());
        self.add_slot(device, user);
        if let Some(clone) = self.slots.last_mut() {
            clone.held = held;
            clone.open_edits = open.into_iter().collect();
        }
        self.trace.add(format!("device {slot} has a clone"));
        Ok(())
    }

    /// A device asks in the name of another app, or of none.
    ///
    /// # Errors
    /// If something does not hold then.
    pub fn device_changes_app(&mut self) -> Checked {
        let slot = self.dice.below(self.slots.len());
        let device =
            self.slots[slot].device.id().filter(|id| self.state().devices.contains_key(id));
        let Some(device) = device else { return Ok(()) };
        let apps = [None, Some(setup::APP.to_owned()), Some("No such app".to_owned())];
        let app = self.dice.pick(&apps).clone();
        self.trace.add(format!("device {slot} asks in the name of {app:?}"));
        self.set_app(device, app)
    }

    /// Time goes on.
    ///
    /// # Errors
    /// Never.
    pub fn time_goes_on(&mut self) -> Checked {
        let by = *self.dice.pick(&[1, HOUR / 60, HOUR / 3, HOUR, 5 * HOUR, 26 * HOUR]);
        self.clock.move_by(by);
        Ok(())
    }

    /// The clock jumps.
    ///
    /// # Errors
    /// Never.
    pub fn clock_jumps(&mut self) -> Checked {
        let by = *self.dice.pick(&[-HOUR, -30 * HOUR, 400 * HOUR, -9_000 * HOUR, 9_000 * HOUR]);
        self.clock.move_by(by);
        if by < 0 {
            self.points.hit("time went back");
        }
        self.trace.add(format!("the clock jumps by {} hours", by / HOUR));
        Ok(())
    }

    /// Somebody looks whether a pull would bring something, and what it then brings.
    ///
    /// # Errors
    /// If that differs.
    pub fn probe(&mut self) -> Checked {
        let slot = self.dice.below(self.slots.len());
        let device =
            self.slots[slot].device.id().filter(|id| self.state().devices.contains_key(id));
        let Some(device) = device else { return Ok(()) };
        let cursor = if self.dice.chance(600) {
            self.slots[slot].device.cursor().map(str::to_owned)
        } else {
            let old: Vec<String> = self.slots[slot]
                .cursors
                .iter()
                .filter(|(of, _)| *of == device)
                .map(|(_, cursor)| cursor.clone())
                .collect();
            self.points.hit("old cursor evaluated from the log");
            self.dice.maybe(&old).cloned()
        };
        let ask = PullAsk { device, cursor, max_rows: None, tables: None };
        let live = std::sync::Arc::clone(self.server.live());
        self.check_poke(&live, &ask)
    }

    /// The server writes the next piece of a stream.
    ///
    /// # Errors
    /// If it is not as it must be.
    pub fn write_piece(&mut self) -> Checked {
        let open: Vec<usize> =
            (0..self.streams.len()).filter(|at| !self.streams[*at].pull.is_over()).collect();
        let Some(at) = self.dice.maybe(&open).copied() else { return Ok(()) };
        let mut stream = self.streams.swap_remove(at);
        let written = self.write_to(&mut stream);
        self.streams.push(stream);
        written
    }
}
