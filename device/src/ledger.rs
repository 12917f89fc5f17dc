//! Edits on disk: every record of the outbox, appended to two files, synced before it counts.
//!
//! Edits can't be downloaded again, so they lie beside the rows and not in them, and twice: a damaged
//! bit, sector or file loses none. Both copies hold the same frames in the same order.
//!
//! ```text
//! frame:  "hse1", generation (u32), place (u64), length (u32), xxh3-64 of all else, record as JSON
//! ```
//!
//! When much of them is of edits that are done, both copies are begun anew with what is still needed, as
//! the next generation. A frame that can't be read is skipped; the other copy has it.

mod frame;
mod memory;

use std::collections::BTreeMap;

use haversack_sync::outbox::{Outbox, Record};

use crate::files::Medium;

pub use memory::MemoryMedium;

/// Length beyond twice that of what is needed, in bytes, at which the copies are begun anew.
const SPARE_BYTES: u64 = 1 << 20;
const COPIES: [usize; 2] = [0, 1];

/// The outbox, durable.
pub struct Ledger {
    medium: Box<dyn Medium>,
    outbox: Outbox,
    generation: u32,
    place: u64,
    bytes: u64,
    bytes_needed: u64,
    has_failed: bool,
    lost: u64,
}

/// Why a record is not durable.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// A file can't be written or read.
    #[error("the file of edits: {0}")]
    Io(#[from] std::io::Error),
    /// A write failed before.
    #[error("a write of edits failed; nothing more is taken until the device is opened again")]
    Failed,
}

impl Ledger {
    /// Reads what is there, and mends one copy from the other.
    ///
    /// # Errors
    /// If a file can't be read or written.
    pub fn open(mut medium: Box<dyn Medium>) -> Result<Self, LedgerError> {
        let mut copies = Vec::new();
        for copy in COPIES {
            copies.push(medium.read(copy)?);
        }
        let frames = copies.iter().map(|copy| frame::read_all(copy));
        let [one, other] = <[frame::Frames; 2]>::try_from(frames.collect::<Vec<_>>())
            .unwrap_or_else(|_| unreachable!("there are two copies"));
        let is_clean = one == other && one.is_whole;
        let generation = one.generation.max(other.generation);
        let of_generation = [one, other].into_iter().filter(|all| all.generation == generation);
        let records: BTreeMap<u64, Record> = of_generation.flat_map(|all| all.records).collect();
        let place = records.last_key_value().map_or(0, |(last, _)| last + 1);
        let lost = place - records.len() as u64;
        let mut outbox = Outbox::default();
        records.into_values().for_each(|record| outbox.apply(record));
        let bytes = copies[0].len() as u64;
        let mut ledger = Self {
            medium,
            outbox,
            generation,
            place,
            bytes,
            bytes_needed: bytes,
            has_failed: false,
            lost,
        };
        if !is_clean || place == 0 {
            ledger.begin_anew()?;
        }
        Ok(ledger)
    }

    /// What the records fold to.
    #[must_use]
    pub fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// How many records were damaged in both copies: edits, or what became of some, are lost.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost
    }

    /// Makes records durable, and takes them in.
    ///
    /// # Errors
    /// If they are not durable in both copies: then the ledger takes no more.
    pub fn record(&mut self, records: Vec<Record>) -> Result<(), LedgerError> {
        if self.has_failed {
            return Err(LedgerError::Failed);
        }
        let mut bytes = Vec::new();
        for (place, record) in (self.place..).zip(&records) {
            frame::write(&mut bytes, self.generation, place, record);
        }
        self.has_failed = true;
        for copy in COPIES {
            self.medium.append(copy, &bytes)?;
        }
        self.has_failed = false;
        self.place += records.len() as u64;
        self.bytes += bytes.len() as u64;
        records.into_iter().for_each(|record| self.outbox.apply(record));
        Ok(())
    }

    /// Begins both copies anew if much of them is not needed any more.
    ///
    /// # Errors
    /// If they can't be written.
    pub fn tidy(&mut self) -> Result<(), LedgerError> {
        if self.bytes < 2 * self.bytes_needed + SPARE_BYTES { Ok(()) } else { self.begin_anew() }
    }

    fn begin_anew(&mut self) -> Result<(), LedgerError> {
        let records = self.outbox.records();
        let generation = self.generation + 1;
        let mut bytes = Vec::new();
        for (place, record) in (0..).zip(&records) {
            frame::write(&mut bytes, generation, place, record);
        }
        // One after the other: whole copies of one generation or the other are always there.
        for copy in COPIES {
            self.medium.replace(copy, &bytes)?;
        }
        self.generation = generation;
        self.place = records.len() as u64;
        self.bytes = bytes.len() as u64;
        self.bytes_needed = self.bytes;
        Ok(())
    }
}
