//! What befalls real devices, and what their users do with them.

use haversack_core::Name;
use haversack_device::Ask;

use super::{Real, Taken};
use crate::{
    device::{Device, Wish},
    violation::Checked,
    world::{Held, World},
};

/// How many of a thousand real devices have synced when a world begins.
const IN_USE: usize = 800;

impl World {
    /// Some real devices are in use when a world begins: they take many exchanges to come so far.
    ///
    /// # Errors
    /// If something does not hold then.
    pub fn set_up_real(&mut self) -> Checked {
        self.is_healed = true;
        for slot in 0..self.slots.len() {
            if self.slots[slot].device.real().is_some() && self.aside.chance(IN_USE) {
                self.real_syncs(slot)?;
            }
        }
        self.is_healed = false;
        Ok(())
    }

    /// A user signs out of a device whose server has lost events, and makes another in its place. Edits
    /// that were not sent are given up, as whoever does that is told.
    pub fn made_anew(&mut self, slot: usize) {
        let name = format!("device {slot} anew {}", self.number());
        self.trace.add(format!("device {slot} is made anew as {name:?}"));
        let real = self.new_real(slot, name);
        let slot = &mut self.slots[slot];
        slot.device = real;
        slot.open_edits.clear();
        slot.held = Held::default();
    }

    /// A real device that is not known to the server.
    #[must_use]
    pub fn new_real(&self, slot: usize, name: String) -> Device {
        let app = (slot % 2 == 1).then(|| crate::setup::APP.to_owned());
        Device::Real(Box::new(Real::new(name, app, std::sync::Arc::clone(&self.clock))))
    }

    /// A real device loses what is not on its disk, and is started again.
    ///
    /// # Errors
    /// If it has lost what it may not lose.
    pub fn real_crashes(&mut self, slot: usize) -> Checked {
        self.trace.add(format!("device {slot} crashes, and is started again"));
        self.let_go(slot);
        let seed = self.aside.number();
        let is_other = self.real(slot)?.crash(seed)?;
        self.looked(slot, is_other)
    }

    /// A real device's disk rots while it is down. Its edits lie there twice; its rows come again.
    ///
    /// # Errors
    /// If it has lost what it may not lose.
    pub fn real_rots(&mut self, slot: usize) -> Checked {
        let (at, of_rows) = (self.aside.below(1 << 20), self.aside.chance(500));
        self.real_crashes(slot)?;
        if self.real(slot)?.rot(at, of_rows) {
            self.trace.add(format!("device {slot} rots, rows: {of_rows}"));
            self.points.hit("real device's disk rots");
        }
        self.real_crashes(slot)
    }

    /// A real device is to crash at one of the next things that it writes.
    ///
    /// # Errors
    /// Never.
    pub fn real_will_crash(&mut self, slot: usize) -> Checked {
        let is_edits = self.aside.chance(500);
        let operations = self.aside.below(if is_edits { 4 } else { 8 }) as u64;
        let bytes = is_edits.then(|| self.aside.below(400));
        self.trace.add(format!("device {slot} will crash after {operations} writes, {bytes:?}"));
        self.real(slot)?.crash_in(operations, bytes);
        Ok(())
    }

    /// A real device's user writes a row.
    ///
    /// # Errors
    /// If something does not hold then.
    pub fn real_edits(&mut self, slot: usize, wish: &Wish) -> Checked {
        if self.aside.chance(150) {
            self.real_reconsiders(slot)?;
        }
        match self.real(slot)?.edit(wish)? {
            Taken::Yes => {
                self.slots[slot].open_edits.insert(wish.serial);
                self.points.hit("real device took an edit");
                self.note_sure(slot, wish);
            }
            Taken::Refused(code) => {
                self.trace.add(format!("device {slot} refuses that: {code}"));
                self.points.hit("real device refused an edit at once");
                if code == "not_available" && self.slots[slot].is_idle() && self.aside.chance(600) {
                    self.sync_of(slot, Ask::default())?;
                }
            }
            Taken::Crashed => {
                self.points.hit("real device crashed while it took an edit");
                self.real_crashes(slot)?;
                if self.real(slot)?.adopt(wish.serial) {
                    self.points.hit("real device has an edit whose taking it did not live to tell");
                    self.slots[slot].open_edits.insert(wish.serial);
                }
            }
        }
        Ok(())
    }

    /// The table of which a device's user makes a row: of a real device mostly one that it has, since it
    /// refuses others at once.
    pub fn table_to_write(&mut self, slot: usize, table: &'static str) -> Name {
        let real = self.slots[slot].device.real();
        let tables = real.map(|real| real.replica.shown.tables.keys().cloned().collect::<Vec<_>>());
        let at_hand = tables.filter(|tables| !tables.is_empty() && self.aside.chance(850));
        at_hand.map_or_else(|| Name::known(table), |tables| self.aside.pick(&tables).clone())
    }

    /// A real device's user looks at an edit once more.
    ///
    /// # Errors
    /// If something does not hold then.
    pub fn real_reconsiders(&mut self, slot: usize) -> Checked {
        let (at, is_retry) = (self.aside.below(1 << 20), self.aside.chance(500));
        let serial = self.number();
        let seen = self.real(slot)?.reconsider(at, is_retry, serial)?;
        if seen.has_crashed {
            // What was taken out, or tried again, may be so by half: what is left is what counts.
            self.slots[slot].open_edits.clear();
            self.real_crashes(slot)?;
            self.real(slot)?.adopt(serial);
            let left = self.slots[slot].device.waiting();
            self.slots[slot].open_edits.extend(left);
            return Ok(());
        }
        if seen.has_retried {
            self.slots[slot].open_edits.insert(serial);
            self.points.hit("real device tries an edit again");
        }
        for serial in seen.gone {
            self.slots[slot].open_edits.remove(&serial);
            self.points.hit("real device let go of an edit that was not sent");
        }
        Ok(())
    }

    /// A real device fails no more.
    ///
    /// # Errors
    /// If something does not hold then.
    pub fn real_heals(&mut self, slot: usize) -> Checked {
        let Some(real) = self.slots[slot].device.real() else { return Ok(()) };
        real.stop()?;
        real.crash_never();
        self.look(slot)
    }
}
