//! After the chaos: all faults end, devices sync a few rounds, and everything must be as it should.

use haversack_core::{
    Cursor, Offset,
    event::{EditRequest, Event, RowKey, Verdict},
    settings::Policy,
};
use haversack_engine::PullAsk;
use haversack_replay::{Digest, Judging, diff};

use crate::{
    violation::{Checked, check, violated},
    wire::What,
    world::World,
};

/// Rounds after which every device must have sent all and show all: one in which it finds out that
/// another goes by its number, one in which it registers, sends and pulls, and one in which it gets
/// what others sent after it.
const ROUNDS_MAX: usize = 4;
/// Exchanges of one device in one round.
const EXCHANGES_MAX: usize = 200;
/// Steps after which an exchange that is not over never will be.
const STEPS_MAX: usize = 20_000;

impl World {
    /// Ends all faults.
    ///
    /// # Errors
    /// If the server does not come up.
    pub fn heal(&mut self) -> Checked {
        self.trace.add("all heals".to_owned());
        self.is_healed = true;
        self.messages.clear();
        for slot in 0..self.slots.len() {
            self.hang_up(slot);
            self.real_heals(slot)?;
        }
        self.streams.clear();
        self.restart()
    }

    /// Lets devices sync until all is done.
    ///
    /// # Errors
    /// If that takes more rounds than it may.
    pub fn quiesce(&mut self) -> Checked {
        for round in 1..=ROUNDS_MAX {
            self.trace.add(format!("round {round}"));
            for slot in 0..self.slots.len() {
                self.sync(slot)?;
            }
            if (0..self.slots.len()).all(|slot| self.is_done(slot)) {
                return Ok(());
            }
        }
        let left: Vec<usize> = (0..self.slots.len()).filter(|slot| !self.is_done(*slot)).collect();
        let waiting: Vec<_> =
            left.iter().map(|slot| self.slots[*slot].device.waiting().len()).collect();
        Err(violated(
            "R17",
            format!(
                "after {ROUNDS_MAX} rounds devices {left:?} are not done, {waiting:?} edits wait"
            ),
        ))
    }

    fn is_done(&self, slot: usize) -> bool {
        let slot = &self.slots[slot];
        let head = Cursor::after(self.oracle.log().len() as u64);
        let is_there = slot.held.rest.is_some_and(|held| held.offset == head);
        // One without a cursor has begun anew since it was there.
        is_there
            && slot.device.cursor().is_some()
            && slot.held.tables.is_empty()
            && slot.device.waiting().is_empty()
            && slot.device.id().is_some()
    }

    /// A device sends all that it has, and pulls.
    fn sync(&mut self, slot: usize) -> Checked {
        if self.slots[slot].device.real().is_some() {
            return self.real_syncs(slot);
        }
        for _ in 0..EXCHANGES_MAX {
            let is_known = self.slots[slot].device.id().is_some();
            if is_known && self.slots[slot].device.waiting().is_empty() {
                break;
            }
            self.push_of(slot)?;
            self.exchange()?;
            if is_known && self.slots[slot].device.id().is_none() {
                return Ok(());
            }
        }
        // The rest of a stream of some tables comes first, or a copy is found out.
        for _ in 0..3 {
            self.pull_of(slot, None, None)?;
            let what = self.slots[slot].call.as_ref().map(|call| (call.what, call.asked.is_some()));
            self.exchange()?;
            if what != Some((What::Pull, true)) {
                break;
            }
        }
        Ok(())
    }

    /// All messages and streams arrive.
    ///
    /// # Errors
    /// If something does not hold then.
    pub fn exchange(&mut self) -> Checked {
        for _ in 0..STEPS_MAX {
            self.wake()?;
            if !self.messages.is_empty() {
                self.deliver()?;
            } else if !self.streams.is_empty() {
                self.flow()?;
            } else {
                return Ok(());
            }
        }
        Err(violated("stuck", format!("an exchange is not over after {STEPS_MAX} steps")))
    }

    /// The last stream is written on, and all of it that was sent arrives.
    fn flow(&mut self) -> Checked {
        let Some(mut stream) = self.streams.pop() else { return Ok(()) };
        let written = if stream.pull.is_over() { Ok(()) } else { self.write_to(&mut stream) };
        let count = stream.sent.len();
        self.streams.push(stream);
        written?;
        self.arrive(self.streams.len() - 1, count)
    }

    /// Whether everything is as it must be, at the end.
    ///
    /// # Errors
    /// If it is not.
    pub fn audit(&mut self) -> Checked {
        for slot in 0..self.slots.len() {
            self.check_shown(slot)?;
            self.slots[slot].device.real().map_or(Ok(()), |real| real.check_read())?;
            let left = &self.slots[slot].open_edits;
            check(left.is_empty(), "R18", || {
                format!("edits of device {slot} without a verdict: {left:?}")
            })?;
        }
        self.oracle.answers_stand()?;
        self.oracle.same_digest(self.server.environment())?;
        self.conflicts_are_kept()?;
        self.replays()?;
        self.order_is_of_no_moment()?;
        self.proves()?;
        self.snapshot()?;
        self.restart()?;
        let verified =
            self.server.environment().verify(false).map_err(|error| violated("R4", error))?;
        check(verified.digest == Digest::of(self.oracle.newest()), "R7", || {
            "another digest".to_owned()
        })?;
        (0..self.slots.len()).try_for_each(|slot| self.pulls_again(slot))
    }

    /// Of every conflict both sides can be read back.
    fn conflicts_are_kept(&self) -> Checked {
        for record in self.oracle.log() {
            let Event::DeviceEdited(edit) = &record.inner.event else { continue };
            let is_conflict = matches!(edit.verdict, Verdict::Conflict { .. });
            let kept = self.state().conflicts.get(&record.offset);
            check(kept.is_some() == is_conflict, "R19", || {
                format!("event {}: {kept:?}", record.offset)
            })?;
            let Some(kept) = kept else { continue };
            let before = self.oracle.at(Cursor::after(record.offset.get() - 1));
            let server = before.and_then(|state| state.current(&edit.key));
            let is_whole = kept.server.as_deref() == server.as_ref() && kept.client == edit.request;
            check(is_whole, "R19", || {
                format!("event {}: {kept:?}, the row was {server:?}", record.offset)
            })?;
            let sent = self.oracle.sent.get(&(edit.device, edit.number.get()));
            let EditRequest::Fits { values, .. } = &edit.request else { continue };
            let is_sent = sent.is_some_and(|sent| {
                sent.iter().any(|sent| {
                    values.iter().all(|(name, _)| sent.values.contains_key(name.as_str()))
                })
            });
            check(is_sent, "R19", || format!("event {}: {values:?} was not sent", record.offset))?;
        }
        Ok(())
    }

    /// A fold from nothing is the state; one under either policy changes no byte, and differs in rows
    /// only that have a conflict.
    fn replays(&mut self) -> Checked {
        let head = Cursor::after(self.oracle.log().len() as u64);
        let environment = self.server.environment();
        let fold =
            |judging| environment.fold_anew(judging, head).map_err(|error| violated("R6", error));
        let anew = fold(Judging::InForce)?;
        check(Digest::of(&anew) == Digest::of(self.oracle.newest()), "R7", || {
            "folded anew it differs".to_owned()
        })?;
        let mut differs = false;
        for policy in [Policy::ClientWins, Policy::ServerWins] {
            let replayed = fold(Judging::Under(policy))?;
            let again = fold(Judging::Under(policy))?;
            check(Digest::of(&replayed) == Digest::of(&again), "R6", || {
                format!("{policy:?} twice")
            })?;
            for one in diff(&anew, &replayed) {
                differs = true;
                let of_row = |state: &haversack_replay::State, key: &RowKey| {
                    state.conflicts.values().any(|conflict| conflict.key == *key)
                };
                let conflicts = of_row(&anew, &one.key) || of_row(&replayed, &one.key);
                check(conflicts, "R8", || format!("{one:?} has no conflict"))?;
            }
        }
        let read = environment.log().read(Offset::FIRST, self.oracle.log().len() + 1);
        let read = read.map_err(|error| violated("R4", error))?;
        check(read == self.oracle.log(), "R8", || "a replay changed the log".to_owned())?;
        if differs {
            self.points.hit("replay under the other policy differs");
        }
        Ok(())
    }

    /// After a restart a device has all by its cursor, and as much as one that begins with nothing.
    fn pulls_again(&mut self, slot: usize) -> Checked {
        let Some(device) = self.slots[slot].device.id() else { return Ok(()) };
        let live = std::sync::Arc::clone(self.server.live());
        let rows = |cursor: Option<String>| {
            let ask = PullAsk { device, cursor, max_rows: None, tables: None };
            let (mut pull, mut ground) = live.pull(&ask).map_err(|error| violated("R17", error))?;
            let mut piece = Vec::new();
            while !pull.is_over() {
                pull.write(&mut ground, &mut piece);
            }
            Ok(pull.written())
        };
        let again = rows(self.slots[slot].device.cursor().map(str::to_owned))?;
        check(again == 0, "R13", || format!("{again} rows come again to device {slot}"))?;
        let all = rows(None)?;
        let shown = self.slots[slot].device.shown().len() as u64;
        check(all == shown, "R13", || {
            format!("device {slot} shows {shown} rows, from nothing {all} come")
        })
    }
}
