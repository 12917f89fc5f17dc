//! Events to keep, and ways to keep them.

use std::{fs, path::Path};

use haversack_core::{
    Name, Offset, RowId, Timestamp, Value, Values,
    event::{Actor, Event, Operation, Record, RowKey, RowWrite, Sequenced},
};
use haversack_store::{DiskLog, Log, LogRecord};

/// Text that lz4 can't make shorter.
pub fn noise(seed: u64, length: usize) -> String {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut text = String::with_capacity(length + 16);
    while text.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        text.extend(state.to_le_bytes().map(|byte| char::from(b' ' + byte % 95)));
    }
    text.truncate(length);
    text
}

/// The event at an offset, with a text of this length in it.
pub fn record(offset: u64, text_length: usize) -> LogRecord {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&offset.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    let values = [("a", Value::Text(noise(offset, text_length))), ("b", Value::Integer(7))];
    let write = RowWrite {
        key: RowKey { table: Name::known("t"), id: RowId::from_bytes(id) },
        operation: Operation::Update,
        values: values
            .into_iter()
            .map(|(name, value)| (Name::known(name), Some(value)))
            .collect::<Values>(),
    };
    Sequenced {
        offset: Offset::new(offset).expect("offsets begin at 1"),
        at: Timestamp(1_770_000_000_000_000 + i64::try_from(offset).expect("few events")),
        inner: Record { actor: Actor::User(write.key.id), event: Event::RowWritten(write) },
    }
}

/// The first events of a log, as many as there are lengths.
pub fn records(text_lengths: &[usize]) -> Vec<LogRecord> {
    (1..).zip(text_lengths).map(|(offset, &length)| record(offset, length)).collect()
}

/// Appends records in groups of these sizes, over and over, until there are none left.
pub fn append_all(log: &dyn Log, mut records: &[LogRecord], sizes: &[usize]) {
    for &size in sizes.iter().cycle() {
        let (group, rest) = records.split_at(size.min(records.len()));
        log.append(group).expect("append");
        records = rest;
        if records.is_empty() {
            return;
        }
    }
}

/// Everything that a log holds, read in chunks.
pub fn read_all(log: &dyn Log, chunk: usize) -> Vec<LogRecord> {
    let mut records = Vec::new();
    loop {
        let next = Offset::new(records.len() as u64 + 1).expect("not 0");
        let read = log.read(next, chunk).expect("read");
        if read.is_empty() {
            return records;
        }
        records.extend(read);
    }
}

/// A log in `directory` that holds these records, closed again.
pub fn write_log(directory: &Path, records: &[LogRecord], sizes: &[usize]) {
    append_all(&DiskLog::open(directory).expect("open"), records, sizes);
}

/// Numbers that look random.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ mixed >> 31) % sides.max(1) as u64).expect("less than the sides")
    }
}

/// sled never syncs its blob files, so there must be none.
pub fn assert_no_blobs(directory: &Path) {
    let blobs = fs::read_dir(directory.join("log/blobs")).expect("sled's folder for blobs");
    assert_eq!(blobs.count(), 0);
}
