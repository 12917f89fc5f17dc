//! The edits of a real device: its own checks let them through, or not.

use haversack_core::event::Operation;
use haversack_device::{Device, DeviceError};
use haversack_sync::outbox::Edit;

use super::Real;
use crate::{
    device::Wish,
    violation::{Checked, check, violated},
};

/// What became of an edit that its user wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is kept until its outcome is known.
    Yes,
    /// It is not possible.
    Refused(&'static str),
    /// The device crashed.
    Crashed,
}

/// What became of edits that their user has looked at.
#[derive(Default)]
pub struct Reconsidered {
    /// Edits that were taken out before they were sent.
    pub gone: Vec<u64>,
    /// Whether one is tried again.
    pub has_retried: bool,
    /// Whether the device crashed.
    pub has_crashed: bool,
}

impl Real {
    /// Takes an edit of its user, if its own checks let it.
    ///
    /// # Errors
    /// If it fails otherwise, or does not show what it took.
    pub fn edit(&mut self, wish: &Wish) -> Checked<Taken> {
        let Some(device) = &self.device else { return Ok(Taken::Refused("not_available")) };
        let (table, id, values) = (&wish.key.table, wish.key.id, wish.values.clone());
        let key = match wish.operation {
            Operation::Create => device.create(table, Some(id), values).map(|(_, key)| key),
            Operation::Update => device.update(table, id, values),
            Operation::Delete => device.delete(table, id),
        };
        match key {
            Ok(key) => {
                shows(device, wish)?;
                self.serials.insert(key, wish.serial);
                self.look()?;
                Ok(Taken::Yes)
            }
            Err(_) if self.has_crashed() => Ok(Taken::Crashed),
            Err(DeviceError::Refused { code, .. }) => Ok(Taken::Refused(code)),
            Err(error) => Err(violated("R4", format!("{wish:?}: {error}"))),
        }
    }

    /// Its user looks at an edit: one that was not applied is tried again as the edit of this serial, or
    /// let go; one that was not sent is taken out. What the world knows edits by that are gone, and whether
    /// there is a new one.
    ///
    /// # Errors
    /// If it fails otherwise than by its own checks.
    pub fn reconsider(&mut self, at: usize, is_retry: bool, serial: u64) -> Checked<Reconsidered> {
        let (edits, mut seen) = (self.edits(), Reconsidered::default());
        let Some(device) = &self.device else { return Ok(seen) };
        let mut problems: Vec<&Edit> = edits.iter().filter(|edit| edit.is_problem()).collect();
        if problems.is_empty() {
            problems = edits.iter().collect();
        }
        let Some(edit) = problems.get(at % problems.len().max(1)) else { return Ok(seen) };
        let retried = match (edit.is_problem(), is_retry) {
            (true, true) => device.retry(edit.key).map(Some),
            (true, false) => device.acknowledge(edit.key).map(|()| None),
            _ => device.discard(edit.key).map(|()| None),
        };
        match retried {
            Ok(key) => {
                seen.has_retried = key.is_some();
                self.serials.extend(key.map(|key| (key, serial)));
                let left = self.waiting();
                let unsent = edits.iter().filter(|edit| edit.is_unsent());
                let serials = unsent.filter_map(|edit| self.serial(edit.key));
                seen.gone = serials.filter(|serial| !left.contains(serial)).collect();
            }
            Err(_) if self.has_crashed() => seen.has_crashed = true,
            Err(DeviceError::Refused { .. } | DeviceError::Outbox(_)) => {}
            Err(error) => return Err(violated("R4", format!("{edit:?}: {error}"))),
        }
        Ok(seen)
    }

    /// Whether the app sees each row as it came, now that no edit is over any.
    ///
    /// # Errors
    /// If it does not.
    pub fn check_read(&self) -> Checked {
        let Some(device) = &self.device else { return Ok(()) };
        for (key, (_, came)) in &self.shown {
            let read = device.read(&key.table, key.id);
            let is_same = read.as_ref().is_ok_and(|row| row.as_ref() == Some(&**came));
            check(is_same, "R13", || format!("{key:?} came as {came:?}, and is read as {read:?}"))?;
        }
        Ok(())
    }

    /// An edit that was being taken when it crashed is on its disk after all.
    pub fn adopt(&mut self, serial: u64) -> bool {
        let key = self.edits().last().map(|edit| edit.key);
        let new = key.filter(|key| !self.serials.contains_key(key));
        new.is_some_and(|key| self.serials.insert(key, serial).is_none())
    }

    /// Its edits.
    #[must_use]
    pub fn edits(&self) -> Vec<Edit> {
        self.device.as_ref().map(Device::edits).unwrap_or_default()
    }

    /// By what the world knows an edit.
    #[must_use]
    pub fn serial(&self, key: u64) -> Option<u64> {
        self.serials.get(&key).copied()
    }

    /// By what the world knows the edits that wait.
    #[must_use]
    pub fn waiting(&self) -> Vec<u64> {
        let edits = self.edits();
        let waiting = edits.iter().filter(|edit| edit.is_unsent());
        waiting.filter_map(|edit| self.serial(edit.key)).collect()
    }
}

/// Whether an edit that was taken is seen at once. Its user may have given the row to somebody else, or may
/// make rows and not read them.
fn shows(device: &Device, wish: &Wish) -> Checked {
    let row = device.read(&wish.key.table, wish.key.id);
    let is_given = ["ownerid", "owningbusinessunit"].iter().any(|of| wish.values.contains_key(*of));
    let is_right = match &row {
        Ok(row) if wish.operation == Operation::Delete => row.is_none(),
        Ok(row) => row.is_some() || is_given || wish.operation == Operation::Create,
        Err(_) => false,
    };
    check(is_right, "R16", || format!("{wish:?} was taken, and then there is {row:?}"))
}
