//! Appending to the record of deliveries.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use haversack_core::delivery::Delivery;

use super::{DIRECTORY, MAGIC, RecordError, Segment, Sizes, bytes_of, framed, path_of, segments};
use crate::disk::{Disk, DiskFile, replace_file};

/// The record of deliveries, to append to. One at a time has it.
pub struct DeliveryWriter {
    disk: Arc<dyn Disk>,
    sizes: Sizes,
    /// The newest segment; none: the next delivery begins one.
    tail: Option<Tail>,
    /// The number of the next segment.
    next: u64,
    /// Whether somebody has the record.
    taken: Arc<AtomicBool>,
}

struct Tail {
    file: Box<dyn DiskFile>,
    end: u64,
}

impl Drop for DeliveryWriter {
    fn drop(&mut self) {
        self.taken.store(false, Ordering::Release);
    }
}

impl DeliveryWriter {
    /// Opens the record, and gives back what its newest segment holds. None if somebody has it, by `taken`.
    /// Nothing is made before there is something to write.
    pub(crate) fn open(
        disk: Arc<dyn Disk>,
        sizes: Sizes,
        taken: &Arc<AtomicBool>,
    ) -> Result<Option<(Self, Vec<Delivery>)>, RecordError> {
        if taken.swap(true, Ordering::AcqRel) {
            return Ok(None);
        }
        // From here on dropping it gives the record free again.
        let mut writer = Self { disk, sizes, tail: None, next: 1, taken: Arc::clone(taken) };
        let newest = writer.take_up()?;
        Ok(Some((writer, newest)))
    }

    /// Finds the end of the newest segment, and cuts off what is not whole there.
    fn take_up(&mut self) -> Result<Vec<Delivery>, RecordError> {
        let Some(newest) = segments(self.disk.as_ref())?.pop() else { return Ok(Vec::new()) };
        self.next = newest + 1;
        // One that can't be read is left as it is, and the next one begun.
        let bytes = bytes_of(self.disk.as_ref(), newest)?.unwrap_or_default();
        let Segment { deliveries, whole } = Segment::parse(&bytes)?;
        if whole > 0 {
            let (file, end) = (self.disk.open(&path_of(newest))?, whole as u64);
            if whole < bytes.len() {
                file.set_length(end)?;
                file.sync()?;
            }
            self.tail = Some(Tail { file, end });
        }
        Ok(deliveries)
    }

    /// Writes deliveries at the end; they are durable after the next sync. One that is too large is left
    /// out.
    ///
    /// # Errors
    /// Whatever the system says; then some of them may be on record.
    pub fn append(&mut self, deliveries: &[Delivery]) -> io::Result<()> {
        let mut gathered = Vec::new();
        for entry in deliveries.iter().filter_map(framed) {
            let end = self.tail.as_ref().map_or(0, |tail| tail.end);
            let is_full = end + (gathered.len() + entry.len()) as u64 > self.sizes.segment;
            if is_full || self.tail.is_none() {
                self.write(&gathered)?;
                gathered.clear();
                self.turn()?;
            }
            gathered.extend_from_slice(&entry);
        }
        self.write(&gathered)
    }

    /// Makes durable what was written.
    ///
    /// # Errors
    /// Whatever the system says.
    pub fn sync(&self) -> io::Result<()> {
        self.tail.as_ref().map_or(Ok(()), |tail| tail.file.sync())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Some(tail) = self.tail.as_mut().filter(|_| !bytes.is_empty()) else { return Ok(()) };
        // What failed is written over by what comes next.
        tail.file.write_at(bytes, tail.end)?;
        tail.end += bytes.len() as u64;
        Ok(())
    }

    /// Begins the next segment, and lets go of the oldest if there is too much.
    fn turn(&mut self) -> io::Result<()> {
        self.sync()?;
        let disk = self.disk.as_ref();
        disk.make_directory(DIRECTORY)?;
        let path = path_of(self.next);
        replace_file(disk, &path, MAGIC, false)?;
        self.tail = Some(Tail { file: disk.open(&path)?, end: MAGIC.len() as u64 });
        self.next += 1;
        self.let_go()
    }

    fn let_go(&self) -> io::Result<()> {
        let disk = self.disk.as_ref();
        let numbers = segments(disk)?;
        let lengths: io::Result<Vec<u64>> =
            numbers.iter().map(|number| disk.open(&path_of(*number))?.length()).collect();
        let lengths = lengths?;
        let mut total: u64 = lengths.iter().sum();
        // The newest stays, however small the bound.
        for (number, length) in numbers.iter().zip(lengths).take(numbers.len() - 1) {
            if total <= self.sizes.total {
                break;
            }
            disk.remove(&path_of(*number))?;
            total -= length;
        }
        Ok(())
    }
}
