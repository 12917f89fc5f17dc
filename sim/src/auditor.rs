//! An auditor, who holds signed checkpoints and asks for proofs.

use haversack_core::{Cursor, Offset};

use crate::{
    violation::{Checked, check, violated},
    world::World,
};

/// Checkpoints that the auditor holds.
const NOTES_MAX: usize = 2;
/// In how many of a thousand worlds it asks for proofs: signatures take long.
const ASKS: usize = 250;

/// A signed checkpoint.
pub struct Note {
    text: String,
    size: u64,
    /// Whether it is of events that the server has lost since.
    is_lost: bool,
}

impl World {
    /// The auditor gets a checkpoint.
    ///
    /// # Errors
    /// If there is none to be had, though there is space.
    pub fn sign(&mut self) -> Checked {
        if self.notes.len() >= NOTES_MAX || self.is_full {
            return Ok(());
        }
        let log = self.server.log();
        let text = log.checkpoint().map_err(|error| violated("R25", error))?;
        let size = log.verifier().open(&text).map_err(|error| violated("R25", error))?.size;
        self.notes.push(Note { text, size, is_lost: false });
        Ok(())
    }

    /// The server has lost all events after the first ones.
    pub fn notes_are_lost(&mut self, events: usize) {
        for note in &mut self.notes {
            note.is_lost |= note.size > events as u64;
        }
    }

    /// Whether the server proves what it must, and cannot prove what is not so.
    ///
    /// # Errors
    /// If it doesn't, or can.
    pub fn proves(&mut self) -> Checked {
        let has_lost = self.notes.iter().any(|note| note.is_lost);
        if !has_lost && !self.aside.chance(ASKS) {
            return Ok(());
        }
        self.sign()?;
        let notes = std::mem::take(&mut self.notes);
        for note in &notes {
            self.proves_to(note)?;
        }
        self.notes = notes;
        Ok(())
    }

    fn proves_to(&mut self, note: &Note) -> Checked {
        let log = self.server.log();
        let since = log.prove_since(&note.text);
        if note.is_lost {
            let is_proved =
                since.is_ok_and(|proof| proof.verify(&log.verifier(), &note.text).is_ok());
            self.points.hit("checkpoint of lost events held against the log");
            return check(!is_proved, "R26", || {
                format!("a checkpoint of {} events, which are lost, is proved", note.size)
            });
        }
        let since = since.map_err(|error| violated("R25", error))?;
        let verified = since.verify(&log.verifier(), &note.text);
        verified.map_err(|error| violated("R25", format!("since {}: {error}", note.size)))?;
        let count = usize::try_from(note.size).unwrap_or(usize::MAX);
        let at = Cursor::after(self.aside.below(count) as u64).next();
        self.proves_event(note, at)
    }

    fn proves_event(&self, note: &Note, at: Offset) -> Checked {
        let log = self.server.log();
        let told = |error: &dyn std::fmt::Display| {
            violated("R25", format!("event {at} of {}: {error}", note.size))
        };
        let proof = log.prove_event(at, Some(&note.text)).map_err(|error| told(&error))?;
        let verified = proof.verify(&log.verifier(), &note.text);
        verified.map(drop).map_err(|error| told(&error))
    }
}
