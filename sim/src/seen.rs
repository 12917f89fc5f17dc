//! What devices take in, looked at as they do: what they show must be what belongs on them.

use haversack_core::{Name, RowId, event::RowKey};
use haversack_sync::message::{Checkpoint, Complete, Mode, Why};

use crate::{
    device::Seen,
    oracle::{Oracle, Shown},
    violation::{Checked, check, violated},
    world::{Held, Moment, World},
};

impl World {
    /// A device has taken in a line.
    ///
    /// # Errors
    /// If it is not what it must be.
    pub fn saw(&mut self, slot: usize, seen: Seen) -> Checked {
        match seen {
            Seen::Checkpoint(first) => {
                let device = self.slots[slot].device.id();
                let Some(call) = &mut self.slots[slot].call else { return Ok(()) };
                let resumes = call.resumes;
                call.checkpoint = Some(*first.clone());
                if resumes.is_some_and(|before| before < first.offset) {
                    self.points.hit("stream cut after progress and resumed at a newer offset");
                }
                let state = self.oracle.at(first.offset);
                if let (Some(state), Some(device)) = (state, device) {
                    self.note_profile(&state.clone(), device);
                }
                Ok(())
            }
            Seen::Put(key) => self.note_look(slot, &key),
            Seen::Del(key, why, was_there) => {
                check(was_there, "R22", || {
                    format!("device {slot} is told that {key:?} is {why:?}, which it never had")
                })?;
                self.points.hit(match why {
                    Why::Left => "row left",
                    Why::Deleted => "row deleted",
                    Why::Revoked => "row revoked",
                });
                Ok(())
            }
            Seen::Progress(cursor) => self.keep_cursor(slot, cursor),
            Seen::Complete(complete) => {
                let Some(call) = self.slots[slot].call.clone() else { return Ok(()) };
                let first = call.checkpoint.ok_or_else(|| violated("R14", "no checkpoint"))?;
                self.completed(slot, *complete, &first, call.asked)
            }
            Seen::Error => Ok(()),
            Seen::WentBack => {
                check(!self.puts_back.is_empty(), "R16", || {
                    format!("the server went back under device {slot}")
                })?;
                self.hang_up(slot);
                self.begin_anew(slot);
                Ok(())
            }
            Seen::IsCopy => {
                self.points.hit("device restored from a backup detected");
                self.become_another(slot);
                Ok(())
            }
        }
    }

    /// A row comes again that nobody wrote, as it looks different.
    fn note_look(&mut self, slot: usize, key: &RowKey) -> Checked {
        let of = &self.slots[slot];
        let first = of.call.as_ref().and_then(|call| call.checkpoint.as_ref());
        let Some(state) = first.and_then(|first| self.oracle.at(first.offset)) else {
            return Ok(());
        };
        let version = of.device.shown().get(key).map(|(version, _)| *version);
        if version.is_some() && version == state.version(key) && !of.device.is_anew() {
            self.points.hit("row looks different without a write");
        }
        Ok(())
    }

    fn keep_cursor(&mut self, slot: usize, cursor: String) -> Checked {
        let slot = &mut self.slots[slot];
        if let Some(id) = slot.device.id() {
            slot.cursors.push((id, cursor));
            if slot.cursors.len() > 8 {
                slot.cursors.remove(0);
            }
        }
        Ok(())
    }

    fn note_profile(&mut self, state: &haversack_replay::State, device: RowId) {
        let Some(known) = state.devices.get(&device) else { return };
        let Some(profile) = state.catalog.profile_of(known.device.user) else { return };
        let profile = profile.draft.name.clone();
        let assignments = state.catalog.assignments.iter().rev();
        let mut covering = assignments.filter(|one| state.catalog.covers(one, known.device.user));
        if covering
            .next()
            .is_some_and(|one| matches!(one.member, haversack_core::profile::Member::Team(_)))
        {
            self.points.hit("team's member got the profile by the team");
        }
        if known.app.is_some() && !state.catalog.offers(known.app.as_deref(), &profile) {
            self.points.hit("app stopped offering the profile");
        }
    }

    /// A device shows what it was brought to: what must belong on it at that moment, and nothing else.
    ///
    /// # Errors
    /// If it shows something else.
    pub fn completed(
        &mut self,
        slot: usize,
        complete: Complete,
        first: &Checkpoint,
        asked_for: Option<Vec<Name>>,
    ) -> Checked {
        self.keep_cursor(slot, complete.cursor)?;
        let moment = Moment { offset: first.offset, now: first.now };
        let device = self.slots[slot].device.id().ok_or_else(|| violated("R14", "no device"))?;
        self.trace.add(format!("device {slot} shows {} of {:?}", moment.offset, asked_for));
        self.note_clock(slot, device, moment)?;
        let held = &mut self.slots[slot].held;
        if first.mode == Mode::Full {
            *held = Held::default();
        }
        match &asked_for {
            None => *held = Held { rest: Some(moment), ..Held::default() },
            Some(tables) => {
                for table in tables {
                    held.tables.insert(table.clone(), moment);
                }
            }
        }
        let state =
            self.oracle.at(moment.offset).ok_or_else(|| violated("R16", "no such state"))?;
        let profile = Oracle::offered(state, device).into_iter().flat_map(|p| &p.draft.items);
        let asked = |name: &Name| asked_for.as_ref().is_none_or(|asked| asked.contains(name));
        let mut expected: Vec<&Name> =
            profile.map(|item| &item.table).filter(|n| asked(n)).collect();
        expected.sort();
        let told: Vec<&Name> = complete.tables.keys().collect();
        check(told == expected, "R15", || format!("tables {told:?}, expected {expected:?}"))?;
        let too_soon = complete.tables.values().any(|table| table.next_sync_seconds < 300);
        check(!too_soon, "R17", || format!("due too soon: {:?}", complete.tables))?;
        self.check_shown(slot)
    }

    /// A row that nobody wrote came or went.
    fn note_clock(&mut self, slot: usize, device: RowId, moment: Moment) -> Checked {
        let Some(before) = self.slots[slot].held.rest else { return Ok(()) };
        if before.now == moment.now {
            return Ok(());
        }
        let then = self.oracle.expected(device, moment.offset, before.now)?;
        let now = self.oracle.expected(device, moment.offset, moment.now)?;
        if then != now {
            self.points.hit("row came by the clock");
        }
        Ok(())
    }

    /// Whether a device shows what must belong on it, each table at the moment that it was brought to.
    ///
    /// # Errors
    /// If it does not.
    pub fn check_shown(&mut self, slot: usize) -> Checked {
        let Some(device) = self.slots[slot].device.id() else { return Ok(()) };
        let held = self.slots[slot].held.clone();
        let shown = self.slots[slot].device.shown().clone();
        let moments = held.tables.values().copied().map(Some).chain([held.rest]);
        let moments: Vec<Option<Moment>> = moments.collect();
        let mut expected = Shown::new();
        for moment in moments {
            let Some(moment) = moment else { continue };
            let rows = self.oracle.expected(device, moment.offset, moment.now)?;
            let of = |table: &Name| held.tables.get(table).copied().or(held.rest) == Some(moment);
            expected.extend(
                rows.iter().filter(|(key, _)| of(&key.table)).map(|(k, r)| (k.clone(), r.clone())),
            );
        }
        if shown == expected {
            return Ok(());
        }
        let lacks: Vec<_> =
            expected.iter().filter(|(key, row)| shown.get(*key) != Some(*row)).collect();
        let has: Vec<_> =
            shown.iter().filter(|(key, row)| expected.get(*key) != Some(*row)).collect();
        Err(violated("R14", format!("device {slot} ({held:?}) lacks {lacks:?}, has {has:?}")))
    }
}
