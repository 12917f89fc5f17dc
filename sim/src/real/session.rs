//! What real devices do in the world: they sync in their own way, and are looked at whenever they wait.

use haversack_device::{Ask, DeviceError, Synced};

use super::{Came, Done, Gets, Real, Stream};
use crate::{
    violation::{Checked, check, violated},
    wire::What,
    world::World,
};

/// Syncs of one round: one that makes it known, one that finds that its server went back, and the same
/// again as another device.
const SYNCS_MAX: usize = 4;
/// How many of a thousand real devices that have all but the metadata see their server put back, if there is
/// a copy of it.
const PUT_BACK: usize = 150;

impl World {
    /// A real device, which is in this slot.
    ///
    /// # Errors
    /// If it is not there.
    pub fn real(&mut self, slot: usize) -> Checked<&mut Real> {
        let real = self.slots[slot].device.real();
        real.ok_or_else(|| violated("sim", format!("device {slot} is a plain one")))
    }

    /// A real device sends its edits and takes what changed.
    ///
    /// # Errors
    /// If something does not hold then.
    pub fn sync_of(&mut self, slot: usize, ask: Ask) -> Checked {
        self.trace.add(format!("device {slot} syncs {:?}", ask.tables));
        let came = self.real(slot)?.begin(ask);
        self.went_on(slot, came)
    }

    /// Devices that wait for what is lost learn of it.
    ///
    /// # Errors
    /// If something does not hold then.
    pub fn wake(&mut self) -> Checked {
        for slot in 0..self.slots.len() {
            if self.slots[slot].device.real().is_some_and(|real| real.is_lost()) {
                let came = self.real(slot)?.go_on(Gets::Lost);
                self.went_on(slot, came)?;
            }
        }
        Ok(())
    }

    /// A real device has got an answer.
    ///
    /// # Errors
    /// If something does not hold then.
    pub fn real_is_answered(&mut self, slot: usize, status: u16, body: Vec<u8>) -> Checked {
        let came = self.real(slot)?.go_on(Gets::Answer(status, body));
        self.went_on(slot, came)
    }

    /// Bytes of a stream arrive at a real device; and its end, if all has come.
    ///
    /// # Errors
    /// If something does not hold then.
    pub fn real_receives(&mut self, slot: usize, bytes: Vec<u8>, is_over: bool) -> Checked {
        let call = self.slots[slot].call.as_ref().map(|call| call.number);
        if !bytes.is_empty() {
            self.saw_bytes(slot, &bytes)?;
            let came = self.real(slot)?.go_on(Gets::Bytes(bytes));
            self.went_on(slot, came)?;
        }
        let waits = self.slots[slot].call.as_ref().map(|call| call.number) == call;
        if is_over && waits && self.slots[slot].device.is_busy() {
            self.streams.retain(|stream| Some(stream.call) != call);
            let came = self.real(slot)?.go_on(Gets::End);
            self.went_on(slot, came)?;
        }
        Ok(())
    }

    /// A device has gone on until it waits again.
    fn went_on(&mut self, slot: usize, came: Came) -> Checked {
        if self.real(slot)?.has_crashed() {
            self.points.hit("real device crashed between two writes");
            return self.real_crashes(slot);
        }
        self.look(slot)?;
        match came {
            Came::Reads => Ok(()),
            Came::Asks(request) => {
                self.let_go(slot);
                if request.what == What::Pull {
                    let is_anew = serde_json::from_slice::<serde_json::Value>(&request.body)
                        .is_ok_and(|body| body["cursor"].is_null());
                    let asked = request.tables.clone();
                    self.real(slot)?.stream = Stream { is_anew, asked, ..Stream::default() };
                    self.note_tables(slot, request.tables.is_some());
                }
                let what = request.what;
                self.send(slot, what, request.body, request.tables);
                let real = self.real(slot)?;
                let resumes = real.replica.is_under_way() && what == What::Pull;
                let resumes = resumes.then(|| real.replica.reached());
                if let Some(call) = &mut self.slots[slot].call {
                    call.resumes = resumes;
                }
                self.loses_what_came(slot, what)
            }
            Came::Ended(ended) => {
                self.let_go(slot);
                self.real(slot)?.stop()?;
                match ended {
                    Ok(Done::Opened(device)) => {
                        self.real(slot)?.opened(device)?;
                        if self.aside.chance(700) {
                            self.sync_of(slot, Ask::default())
                        } else {
                            Ok(())
                        }
                    }
                    Ok(Done::Synced(synced)) => self.synced(slot, &synced),
                    Err(error) => self.failed(slot, error),
                }
            }
            Came::Stuck => Err(violated("stuck", format!("device {slot} neither waits nor ends"))),
            Came::Panicked(text) => Err(violated("R30", format!("device {slot} panicked: {text}"))),
        }
    }

    /// Now and then a server is put back when a device has its rows and asks for the metadata that goes with
    /// them: by itself that comes to pass too seldom to count on.
    fn loses_what_came(&mut self, slot: usize, asks: What) -> Checked {
        let has_all = asks == What::Metadata && self.real(slot)?.stream.complete.is_some();
        if has_all && !self.is_healed && self.aside.chance(PUT_BACK) {
            return self.server_is_put_back();
        }
        Ok(())
    }

    /// Nobody waits for a device's call any more.
    pub fn let_go(&mut self, slot: usize) {
        if let Some(call) = self.slots[slot].call.take() {
            self.streams.retain(|stream| stream.call != call.number);
        }
    }

    fn synced(&mut self, slot: usize, synced: &Synced) -> Checked {
        self.trace.add(format!("device {slot} has synced up to {}", synced.offset));
        // What came last may be what it showed before, to the last byte.
        let is_same = self.real(slot)?.stream.complete.is_some();
        self.looked(slot, is_same)?;
        if synced.renamed.is_some() {
            self.points.hit("real device found that another goes by its number");
        }
        if synced.streams > 1 {
            self.points.hit("real device went on with a stream that ended early");
        }
        let has_healed = std::mem::take(&mut self.real(slot)?.is_damaged);
        if has_healed && synced.anew.is_some() {
            self.points.hit("real device's rows were damaged and came again");
        }
        check(synced.anew.is_none() || synced.renamed.is_some() || has_healed, "R15", || {
            format!("device {slot} has downloaded all again: {synced:?}")
        })
    }

    fn failed(&mut self, slot: usize, error: DeviceError) -> Checked {
        self.trace.add(format!("device {slot} has not synced: {error}"));
        match error {
            DeviceError::LogBehind { .. } => {
                check(!self.puts_back.is_empty(), "R16", || format!("device {slot}: {error}"))?;
                self.points.hit("real device made anew as its server went back");
                self.made_anew(slot);
                Ok(())
            }
            error if error.is_passing() => Ok(()),
            DeviceError::Transport(error) => {
                Err(violated("R17", format!("device {slot}: {error}")))
            }
            DeviceError::Differs(error) => Err(violated("R15", format!("device {slot}: {error}"))),
            error => Err(violated("R14", format!("device {slot}: {error}"))),
        }
    }

    /// A real device syncs once, from beginning to end.
    ///
    /// # Errors
    /// If it does not come to one.
    pub fn real_syncs(&mut self, slot: usize) -> Checked {
        for _ in 0..SYNCS_MAX {
            self.sync_of(slot, Ask::default())?;
            self.exchange()?;
            check(!self.slots[slot].device.is_busy(), "stuck", || {
                format!("device {slot} waits for what nobody sends")
            })?;
            if self.slots[slot].held.rest.is_some() && !self.real(slot)?.replica.is_under_way() {
                break;
            }
        }
        Ok(())
    }
}
