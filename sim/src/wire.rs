//! What is under way between devices and the server: requests, answers, and streams.
//!
//! Any message may come at any time after it was sent, and some don't; a stream's bytes come in their
//! order, as many at a time as it happens, and may end anywhere.

use haversack_core::{Cursor, Name, RowId};
use haversack_engine::LiveGround;
use haversack_sync::{
    cursor::{CursorKey, Holding},
    message::Checkpoint,
    pull::Pull,
};

use crate::{server::SECRET, violation::Checked, world::World};

/// What a device waits for.
#[derive(Clone, Debug)]
pub struct Call {
    /// By which its answer is known.
    pub number: u64,
    /// What it is.
    pub what: What,
    /// What was asked for, of a pull.
    pub asked: Option<Vec<Name>>,
    /// Whether the stream that answers it is the rest of one that broke, and where that was.
    pub resumes: Option<Cursor>,
    /// The first line of the stream, once that came.
    pub checkpoint: Option<Checkpoint>,
}

/// What a device may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// To be known.
    Register,
    /// Changes.
    Pull,
    /// To take its edits.
    Push,
    /// What it must know besides rows.
    Metadata,
}

/// A message under way.
#[derive(Clone, Debug)]
pub struct Message {
    /// The device in whose name it is or for which it is.
    pub slot: usize,
    /// Of which call.
    pub call: u64,
    /// What is asked or answered.
    pub what: What,
    /// The user whose token it has.
    pub user: RowId,
    /// Of an answer, its status.
    pub status: Option<u16>,
    /// The bytes.
    pub body: Vec<u8>,
    /// Whether it is the second of two.
    pub is_double: bool,
}

/// A stream that the server writes.
pub struct Stream {
    /// For which device,
    pub slot: usize,
    /// in which call.
    pub call: u64,
    /// The device, as the server knows it,
    pub device: RowId,
    /// and its user.
    pub user: RowId,
    /// What is still to be written, and on what ground.
    pub pull: Pull,
    pub ground: LiveGround,
    /// The state that it brings.
    pub offset: Cursor,
    /// Put and del lines that it may have at the most.
    pub max_rows: Option<u64>,
    /// Those that were written.
    pub rows: u64,
    /// Bytes that were sent and have not arrived.
    pub sent: Vec<u8>,
    /// Bytes of a line that is not written whole.
    pub rest: Vec<u8>,
    /// The last line.
    pub ended_with: Option<&'static str>,
}

impl World {
    /// Sends a device's request; it waits for the answer.
    pub fn send(&mut self, slot: usize, what: What, body: Vec<u8>, asked: Option<Vec<Name>>) {
        let number = self.number();
        let user = self.slots[slot].user;
        let resumes = None;
        let call = Call { number, what, asked, resumes, checkpoint: None };
        self.slots[slot].call = Some(call);
        self.trace.add(format!("device {slot} asks {number} {what:?}, {} bytes", body.len()));
        if what != What::Pull || self.twin.is_none() {
            self.trace.bytes(&body);
        }
        let (status, is_double) = (None, false);
        self.messages.push(Message { slot, call: number, what, user, status, body, is_double });
    }

    /// Sends an answer. All that devices are sent is remembered as a fingerprint.
    pub fn reply(&mut self, to: &Message, status: u16, body: Vec<u8>) {
        self.trace.add(format!("call {} is answered {status}, {} bytes", to.call, body.len()));
        self.was_sent(to.slot, &body);
        if to.is_double {
            return;
        }
        let answer = Message { status: Some(status), body, ..to.clone() };
        self.messages.push(answer);
    }

    /// Bytes go to a device.
    pub fn was_sent(&mut self, slot: usize, bytes: &[u8]) {
        self.trace.bytes(bytes);
        if let Some(sent) = self.sent.get_mut(slot) {
            sent.push(xxhash_rust::xxh3::xxh3_64(bytes));
        }
    }

    /// A piece of a stream goes to a device. Of twins cursors count without the history that they
    /// tell: it is the hash of all events, and says nothing to whoever does not know them.
    pub fn piece_was_sent(&mut self, slot: usize, device: RowId, piece: &[u8]) {
        if self.twin.is_none() {
            return self.was_sent(slot, piece);
        }
        for line in piece.split(|byte| *byte == b'\n') {
            let text = String::from_utf8_lossy(line);
            let cursor = text.split("\"cursor\":\"").nth(1).and_then(|rest| rest.split('"').next());
            let plain = cursor.map_or(text.to_string(), |cursor| {
                let key = CursorKey::from_secret(SECRET);
                let held = Holding::open(cursor, device, &key);
                let held = format!("{held:?}");
                let parts: Vec<&str> = held.split("history: [").collect();
                let parts =
                    parts.iter().map(|part| part.split_once(']').map_or(*part, |(_, rest)| rest));
                text.replace(cursor, &parts.collect::<String>())
            });
            self.was_sent(slot, plain.as_bytes());
        }
    }

    /// A message arrives.
    ///
    /// # Errors
    /// If something does not hold then.
    pub fn deliver(&mut self) -> Checked {
        if self.messages.is_empty() {
            return Ok(());
        }
        let at = self.dice.below(self.messages.len());
        let message = self.messages.swap_remove(at);
        match message.status {
            None => self.serve(message),
            Some(status) => self.answered(message, status),
        }
    }

    /// A message is lost.
    ///
    /// # Errors
    /// Never.
    pub fn drop_message(&mut self) -> Checked {
        if !self.messages.is_empty() {
            let at = self.dice.below(self.messages.len());
            let lost = self.messages.swap_remove(at);
            self.trace.add(format!("call {} loses {}", lost.call, of(&lost)));
            // Whoever waits for it finds out by its patience.
            let slot = &mut self.slots[lost.slot];
            if slot.call.as_ref().is_some_and(|call| call.number == lost.call) {
                slot.call = None;
                slot.device.hang_up();
            }
        }
        Ok(())
    }

    /// A request arrives a second time, before or after the first.
    ///
    /// # Errors
    /// Never.
    pub fn double_message(&mut self) -> Checked {
        let requests: Vec<usize> =
            (0..self.messages.len()).filter(|at| self.messages[*at].status.is_none()).collect();
        if let Some(at) = self.dice.maybe(&requests).copied() {
            let double = Message { is_double: true, ..self.messages[at].clone() };
            self.trace.add(format!("call {} is doubled", double.call));
            self.messages.push(double);
            self.points.hit("request arrived twice");
        }
        Ok(())
    }

    /// A device waits no longer: an answer comes too late.
    ///
    /// # Errors
    /// Never.
    pub fn give_up(&mut self) -> Checked {
        let waiting: Vec<usize> =
            (0..self.slots.len()).filter(|slot| self.slots[*slot].call.is_some()).collect();
        if let Some(slot) = self.dice.maybe(&waiting).copied() {
            self.trace.add(format!("device {slot} waits no longer"));
            self.hang_up(slot);
        }
        Ok(())
    }

    /// A device lets go of its call, and of the stream that answers it.
    pub fn hang_up(&mut self, slot: usize) {
        let Some(call) = self.slots[slot].call.take() else { return };
        self.slots[slot].device.hang_up();
        self.streams.retain(|stream| stream.call != call.number);
    }
}

fn of(message: &Message) -> &'static str {
    if message.status.is_none() { "its request" } else { "its answer" }
}
