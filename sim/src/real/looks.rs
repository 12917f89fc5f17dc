//! What real devices take in and show, and what becomes of their edits, looked at whenever they wait.

use haversack_core::{
    Cursor,
    event::{Event, Operation, RowKey},
};
use haversack_sync::{
    message::{Line, Mode, OutcomeKind},
    outbox::Edit,
};

use crate::{
    device::{Seen, Wish},
    oracle::Oracle,
    violation::{Checked, check, violated},
    world::{Held, World},
};

impl World {
    /// What comes, as the world sees it: what the device makes of it is compared afterwards.
    pub fn saw_bytes(&mut self, slot: usize, bytes: &[u8]) -> Checked {
        let puts_back = self.puts_back.len();
        self.real(slot)?.stream.rest.extend_from_slice(bytes);
        loop {
            let stream = &mut self.real(slot)?.stream;
            let Some(end) = stream.rest.iter().position(|byte| *byte == b'\n') else {
                return Ok(());
            };
            let text: Vec<u8> = stream.rest.drain(..=end).collect();
            let line = Line::read(&text[..end]).map_err(|error| violated("R14", error))?;
            let seen = match line {
                Line::Checkpoint(first) => {
                    stream.is_anew |= first.mode == Mode::Full;
                    stream.checkpoint = Some(first.clone());
                    stream.puts_back = puts_back;
                    Seen::Checkpoint(Box::new(first))
                }
                Line::Put { table, id, .. } => Seen::Put(RowKey { table, id }),
                Line::Del { table, id, why } => Seen::Del(RowKey { table, id }, why, true),
                Line::Progress { cursor } => Seen::Progress(cursor),
                Line::Complete(complete) => {
                    stream.complete = Some(complete);
                    continue;
                }
                Line::Error(_) => Seen::Error,
            };
            self.saw(slot, seen)?;
        }
    }

    /// Looks at what a device shows, and at what became of its edits.
    pub fn look(&mut self, slot: usize) -> Checked {
        let is_other = self.real(slot)?.look()?;
        self.looked(slot, is_other)
    }

    pub fn looked(&mut self, slot: usize, is_other: bool) -> Checked {
        if is_other {
            let real = self.real(slot)?;
            let stream = std::mem::take(&mut real.stream);
            let shown = real.replica.shown.cursor.clone();
            let (Some(complete), Some(first)) = (stream.complete, stream.checkpoint) else {
                return Err(violated("R14", format!("device {slot} shows what is not complete")));
            };
            check(shown.as_ref() == Some(&complete.cursor), "R14", || {
                format!("device {slot} shows {shown:?}, what came has {complete:?}")
            })?;
            let reached = first.offset.count();
            let mut since = self.puts_back[stream.puts_back..].iter();
            if since.any(|events| reached > *events as u64) {
                // It had all of a history that is no more, and will be told so when it asks again.
                self.slots[slot].held = Held::default();
                self.points.hit("real device shows what its server has lost since");
                return self.look_at_edits(slot);
            }
            self.points.hit("real device shows what came");
            self.completed(slot, complete, &first, stream.asked)?;
        }
        self.look_at_edits(slot)
    }

    /// No edit may go without a verdict, and none may have another than the log tells.
    fn look_at_edits(&mut self, slot: usize) -> Checked {
        if self.slots[slot].open_edits.is_empty() {
            return Ok(());
        }
        let real = self.real(slot)?;
        let edits = real.edits();
        let known: Vec<(u64, &Edit)> =
            edits.iter().filter_map(|edit| Some((real.serial(edit.key)?, edit))).collect();
        let mut open = std::mem::take(&mut self.slots[slot].open_edits);
        for serial in open.clone() {
            let edit = known.iter().find(|(known, _)| *known == serial).map(|(_, edit)| *edit);
            let edit = edit.ok_or_else(|| {
                violated(
                    "R18",
                    format!("device {slot} has lost an edit of which it knows no verdict"),
                )
            })?;
            if edit.outcome.is_some() {
                self.check_outcome(slot, edit)?;
                self.check_sure(slot, serial, edit)?;
                open.remove(&serial);
            }
        }
        self.slots[slot].open_edits = open;
        Ok(())
    }

    /// The verdict that a device has of an edit is that of the event which is its.
    fn check_outcome(&self, slot: usize, edit: &Edit) -> Checked {
        let Some(outcome) = edit.outcome.as_ref().filter(|_| self.puts_back.is_empty()) else {
            return Ok(());
        };
        let at = usize::try_from(outcome.offset.get() - 1).unwrap_or(usize::MAX);
        let event = self.oracle.log().get(at).map(|record| &record.inner.event);
        let is_it = matches!(event, Some(Event::DeviceEdited(logged))
            if Some(logged.device) == edit.device && logged.number == edit.number
            && logged.key == edit.row() && logged.base == edit.base
            && logged.request.operation() == edit.operation);
        check(is_it, "R18", || format!("device {slot} has {edit:?}, the log has {event:?}"))
    }

    /// Notes an edit whose verdict is certain if it is the next event: the device knows all that its
    /// server will judge by.
    pub fn note_sure(&mut self, slot: usize, wish: &Wish) {
        let of = &self.slots[slot];
        let head = Cursor::after(self.oracle.log().len() as u64);
        let is_there = of.held.rest.is_some_and(|held| held.offset == head);
        let is_alone = of.open_edits.len() == 1 && of.held.tables.is_empty();
        let is_new = wish.operation == Operation::Create;
        if !is_there || !is_alone || is_new && self.state().current(&wish.key).is_some() {
            return;
        }
        let Some(device) = of.device.id() else { return };
        let metadata = Oracle::metadata(self.state(), device);
        let Some(real) = self.slots[slot].device.real() else { return };
        if !real.is_damaged && real.replica.shown.metadata.as_ref() == Some(&metadata) {
            self.sure.insert(wish.serial, head.count());
        }
    }

    fn check_sure(&mut self, slot: usize, serial: u64, edit: &Edit) -> Checked {
        let Some(head) = self.sure.remove(&serial) else { return Ok(()) };
        let Some(outcome) = edit.outcome.as_ref() else { return Ok(()) };
        if outcome.offset.get() != head + 1 || !self.puts_back.is_empty() {
            return Ok(());
        }
        self.points.hit("real device's checks and the verdict compared");
        let kind = outcome.first.unwrap_or(outcome.outcome);
        check(kind == OutcomeKind::Applied, "R23", || {
            format!("device {slot} took {edit:?} while it knew all that it was judged by")
        })
    }
}
