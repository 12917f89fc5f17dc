//! The digest of a state: equal logs give equal digests, on every machine and every day.
//!
//! BLAKE3 over a canonical text of the state: one JSON line a thing, in the order of its key, as the
//! environment document and the command line write it. Anyone can compute it from those.

mod text;

use std::fmt;

use haversack_core::event::EditRequest;
use serde::Serialize;
use text::{Entries, RowText, Touched};

use crate::State;

/// Fingerprint of a state.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Digest(pub [u8; 32]);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Digest {
    /// The digest of all that a state holds.
    #[must_use]
    pub fn of(state: &State) -> Self {
        let mut lines = Lines::default();
        catalog(&mut lines, state);
        for device in state.devices.values() {
            let d = &device.device;
            let edits: Vec<u64> = device.edits.iter().map(|offset| offset.get()).collect();
            lines.add("device", &(d.id, d.user, &d.name, &d.platform, edits));
            if let Some(app) = &device.app {
                lines.add("device_app", &(d.id, app));
            }
        }
        for (name, rows) in &state.tables {
            let table = state.catalog.table(name).map(AsRef::as_ref);
            for (id, slot) in rows.iter() {
                let row = slot.row.map(|row| row.unpack());
                let row = row.as_ref().map(|row| RowText { table, row });
                lines.add("row", &(name, id, row, Touched(&slot.touches())));
            }
        }
        conflicts(&mut lines, state);
        lines.finish()
    }
}

/// Lines are hashed many at a time, which is faster and gives the same.
const HASHED_BYTES: usize = 64 << 10;

#[derive(Default)]
struct Lines {
    hasher: blake3::Hasher,
    text: Vec<u8>,
}

impl Lines {
    fn add(&mut self, kind: &str, thing: &impl Serialize) {
        self.text.extend_from_slice(kind.as_bytes());
        self.text.push(b' ');
        serde_json::to_writer(&mut self.text, thing).expect("the state has only text keys");
        self.text.push(b'\n');
        if self.text.len() >= HASHED_BYTES {
            self.hasher.update(&self.text);
            self.text.clear();
        }
    }

    fn finish(mut self) -> Digest {
        Digest(*self.hasher.update(&self.text).finalize().as_bytes())
    }
}

fn catalog(lines: &mut Lines, state: &State) {
    let catalog = &state.catalog;
    let load = state.load.map(|load| (Digest(load.digest).to_string(), load.total, load.done));
    lines.add("log", &(state.cursor.count(), state.at, &catalog.name, catalog.rules, load));
    lines.add("settings", &catalog.settings);
    catalog.business_units.values().for_each(|unit| lines.add("business_unit", unit));
    catalog.positions.values().for_each(|position| lines.add("position", position));
    catalog.roles.values().for_each(|role| lines.add("role", role));
    catalog.users.values().for_each(|user| lines.add("user", user));
    catalog.teams().for_each(|team| lines.add("team", team));
    catalog.definitions().for_each(|table| lines.add("table", table));
    catalog.relationships().for_each(|relationship| lines.add("relationship", relationship));
    catalog.profiles.values().for_each(|profile| lines.add("profile", profile));
    catalog.assignments.iter().for_each(|assignment| lines.add("assignment", assignment));
    catalog.apps.values().for_each(|app| lines.add("app", app));
    catalog.tokens.values().for_each(|token| lines.add("token", token));
}

fn conflicts(lines: &mut Lines, state: &State) {
    for (offset, conflict) in &state.conflicts {
        let table = state.catalog.table(&conflict.key.table).map(AsRef::as_ref);
        let server = conflict.server.as_deref().map(|row| RowText { table, row });
        let (device, number, base) = (conflict.device, conflict.number, conflict.base);
        match &conflict.client {
            EditRequest::Fits { operation, values } => {
                let client = (operation, Entries { table, values });
                lines.add("conflict", &(offset, device, number, base, client, server));
            }
            EditRequest::Misfits { operation, values, .. } => {
                let client = (operation, values);
                lines.add("conflict", &(offset, device, number, base, client, server));
            }
        }
    }
}
