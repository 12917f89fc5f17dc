//! The devices' side: what they ask for, and what they make of answers.

use haversack_core::{Name, RowId};
use haversack_device::Ask;
use haversack_sync::message::{DeviceRequest, PushAnswer, PushRequest};
use serde_json::Value as Json;

use crate::{
    setup,
    violation::{Checked, check, violated},
    wire::{Message, What},
    world::{Held, World},
};

/// Edits of one push of a plain device.
const PUSH: usize = 4;

impl World {
    fn idle(&mut self) -> Option<usize> {
        let idle: Vec<usize> =
            (0..self.slots.len()).filter(|slot| self.slots[*slot].is_idle()).collect();
        self.dice.maybe(&idle).copied()
    }

    /// A device asks for changes.
    ///
    /// # Errors
    /// If something does not hold then.
    pub fn start_pull(&mut self) -> Checked {
        if let Some(slot) = self.idle() {
            let limited = self.mix.limited;
            let most = self.dice.chance(limited.0).then(|| self.dice.below(6) as u64 + 1);
            let some = self.dice.chance(limited.1);
            let tables = setup::TABLES.iter().filter(|_| some && self.dice.chance(400));
            let tables: Vec<Name> = tables.map(|table| Name::known(table)).collect();
            self.pull_of(slot, Some(tables).filter(|tables| !tables.is_empty()), most)?;
        }
        Ok(())
    }

    /// A device asks for changes, of some tables or all, or to be known first.
    ///
    /// # Errors
    /// If something does not hold then.
    pub fn pull_of(
        &mut self,
        slot: usize,
        tables: Option<Vec<Name>>,
        most: Option<u64>,
    ) -> Checked {
        let Some(device) = self.slots[slot].device.plain() else {
            let is_full = !self.is_healed && self.aside.chance(40);
            let ask = Ask { tables, is_full, max_rows: most, is_forced: false };
            return self.sync_of(slot, ask);
        };
        if device.id().is_none() {
            self.register(slot);
            return Ok(());
        }
        let reached = device.reached();
        let request = device.pull(tables, most);
        let is_rest = self.slots[slot].held.rest.is_none_or(|held| held.offset < reached);
        let body = serde_json::to_vec(&request).expect("requests have only text keys");
        self.note_tables(slot, request.tables.is_some());
        let resumes = request.cursor.as_ref().filter(|_| is_rest).map(|_| reached);
        self.send(slot, What::Pull, body, request.tables);
        if let Some(call) = &mut self.slots[slot].call {
            call.resumes = resumes;
        }
        Ok(())
    }

    /// A pull is of some tables, or of all.
    pub fn note_tables(&mut self, slot: usize, are_some: bool) {
        if are_some {
            self.points.hit("pull of some tables");
            if !self.slots[slot].held.tables.is_empty() {
                self.points.hit("pull of some tables after one of others");
            }
        }
    }

    /// A plain device asks to be known.
    fn register(&mut self, slot: usize) {
        let Some(device) = self.slots[slot].device.plain() else { return };
        let name = device.name().to_owned();
        let app = (slot % 2 == 1).then(|| setup::APP.to_owned());
        let request = DeviceRequest { name, platform: "simulated".to_owned(), app };
        let body = serde_json::to_vec(&request).expect("requests have only text keys");
        self.send(slot, What::Register, body, None);
    }

    /// A device sends its edits.
    ///
    /// # Errors
    /// If something does not hold then.
    pub fn start_push(&mut self) -> Checked {
        self.idle().map_or(Ok(()), |slot| self.push_of(slot))
    }

    /// A device sends its edits, or asks to be known first.
    ///
    /// # Errors
    /// If something does not hold then.
    pub fn push_of(&mut self, slot: usize) -> Checked {
        let Some(device) = self.slots[slot].device.plain() else {
            return self.sync_of(slot, Ask::default());
        };
        let Some(device_id) = device.id() else {
            self.register(slot);
            return Ok(());
        };
        let most = 1 + self.dice.below(PUSH);
        let mutations = device.push(most);
        if !mutations.is_empty() {
            let body = PushRequest { device_id, mutations }.to_json().to_string();
            self.send(slot, What::Push, body.into_bytes(), None);
        }
        Ok(())
    }

    /// An answer has arrived.
    ///
    /// # Errors
    /// If it is not what it must be.
    pub fn answered(&mut self, answer: Message, status: u16) -> Checked {
        let Some(slot) = self.slots.get_mut(answer.slot) else { return Ok(()) };
        if slot.call.as_ref().is_none_or(|call| call.number != answer.call) {
            self.points.hit("late answer to a call given up");
            return Ok(());
        }
        slot.call = None;
        let slot = answer.slot;
        let body: Json =
            serde_json::from_slice(&answer.body).map_err(|error| violated("R14", error))?;
        self.trace.add(format!("device {slot} is answered {status}"));
        let Some(device) = self.slots[slot].device.plain() else {
            check(is_expected(answer.what, status, &body), "R17", || {
                format!("device {slot} is answered {status} {body}")
            })?;
            return self.real_is_answered(slot, status, answer.body);
        };
        match (answer.what, status) {
            (What::Register, 201) => {
                let id = body["device_id"].as_str().and_then(|id| id.parse().ok());
                let next = body["next_mutation"].as_u64();
                let (Some(id), Some(next)) = (id, next) else {
                    return Err(violated("R14", format!("registered as {body}")));
                };
                device.registered(id, next);
                Ok(())
            }
            (What::Push, 200) => {
                let answer: PushAnswer =
                    serde_json::from_value(body).map_err(|error| violated("R14", error))?;
                for serial in device.judged(&answer) {
                    self.slots[slot].open_edits.remove(&serial);
                }
                Ok(())
            }
            (_, 409) if body["code"] == "log_behind" => {
                self.begin_anew(slot);
                Ok(())
            }
            (What::Push, 409) => {
                if body["code"] == "mutation_reused" {
                    self.points.hit("device clone detected by its number");
                }
                self.become_another(slot);
                Ok(())
            }
            (_, 404) => {
                self.points.hit("device lost its registration and registered again");
                self.become_another(slot);
                Ok(())
            }
            (What::Pull, 400) if body["code"] == "unknown_table" => Ok(()),
            (_, 503 | 507) => Ok(()),
            _ => Err(violated("R17", format!("device {slot} is answered {status} {body}"))),
        }
    }

    /// The server was put back to a time before what a device has seen.
    pub fn begin_anew(&mut self, slot: usize) {
        self.trace.add(format!("device {slot} begins anew"));
        if let Some(device) = self.slots[slot].device.plain() {
            device.begin_anew();
        }
        self.forget_if_empty(slot);
    }

    /// A device sees that its numbers are another's: it goes on as a new one, with what it has not
    /// been answered.
    pub fn become_another(&mut self, slot: usize) {
        let name = format!("device {slot} anew {}", self.number());
        self.trace.add(format!("device {slot} becomes {name:?}"));
        self.hang_up(slot);
        if let Some(device) = self.slots[slot].device.plain() {
            device.become_another(name);
        }
        self.forget_if_empty(slot);
    }

    /// A device that begins anew and shows nothing may ask for some tables only: the others are of no
    /// moment any more.
    fn forget_if_empty(&mut self, slot: usize) {
        if self.slots[slot].device.shown().is_empty() {
            self.slots[slot].held = Held::default();
        }
    }

    /// Bytes of a stream arrive.
    ///
    /// # Errors
    /// If they are not what they must be.
    pub fn receive_piece(&mut self) -> Checked {
        if self.streams.is_empty() {
            return Ok(());
        }
        let at = self.dice.below(self.streams.len());
        let sent = self.streams[at].sent.len();
        let count = if self.dice.chance(700) { sent } else { self.dice.below(sent + 1) };
        self.arrive(at, count)
    }

    /// So many bytes of a stream arrive; and its end, if all has come.
    ///
    /// # Errors
    /// If they are not what they must be.
    pub fn arrive(&mut self, at: usize, count: usize) -> Checked {
        let stream = &mut self.streams[at];
        let (slot, call) = (stream.slot, stream.call);
        let bytes: Vec<u8> = stream.sent.drain(..count).collect();
        let is_over = stream.pull.is_over() && stream.sent.is_empty();
        let ended_with = stream.ended_with;
        if self.slots[slot].call.as_ref().is_none_or(|waits| waits.number != call) {
            self.streams.remove(at);
            return Ok(());
        }
        if is_over {
            check(ended_with.is_some(), "R17", || format!("stream {call} ended without an end"))?;
        }
        let Some(device) = self.slots[slot].device.plain() else {
            return self.real_receives(slot, bytes, is_over);
        };
        let seen = device.receive(&bytes)?;
        for seen in seen {
            self.saw(slot, seen)?;
        }
        if is_over && let Some(at) = self.streams.iter().position(|stream| stream.call == call) {
            self.streams.remove(at);
            self.hang_up(slot);
        }
        Ok(())
    }

    /// A stream breaks, when some of what was sent has arrived.
    ///
    /// # Errors
    /// If that is not what it must be.
    pub fn cut(&mut self) -> Checked {
        if self.streams.is_empty() {
            return Ok(());
        }
        let at = self.dice.below(self.streams.len());
        let (slot, call) = (self.streams[at].slot, self.streams[at].call);
        let count = self.dice.below(self.streams[at].sent.len() + 1);
        if count > 0 && self.streams[at].sent[count - 1] != b'\n' {
            self.points.hit("stream cut within a line");
        }
        self.trace.add(format!("stream {call} of device {slot} breaks after {count} bytes more"));
        self.arrive(at, count)?;
        if self.slots[slot].call.as_ref().is_some_and(|waits| waits.number == call) {
            self.hang_up(slot);
        }
        Ok(())
    }

    /// An app in whose name a device asks from now on.
    ///
    /// # Errors
    /// If something does not hold then.
    pub fn set_app(&mut self, device: RowId, app: Option<String>) -> Checked {
        use haversack_core::event::{Actor, Event, Record};
        let event = Event::DeviceAppChanged { device, app };
        let record = Record { actor: Actor::Device(device), event };
        self.ask("app", |environment| environment.record(vec![record])).map(drop)
    }
}

/// Whether a device may be answered so: it asks for nothing that is refused otherwise.
fn is_expected(what: What, status: u16, body: &Json) -> bool {
    match (what, status) {
        (_, 200 | 201 | 404 | 503 | 507) => true,
        (What::Push, 409) => true,
        (_, 409) => body["code"] == "log_behind",
        (What::Pull, 400) => body["code"] == "unknown_table",
        _ => false,
    }
}
