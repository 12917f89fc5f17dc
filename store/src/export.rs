//! A log as one stream, to back it up and to restore it from: written while the log is in use, and
//! believed only as far as its hashes hold.
//!
//! ```text
//! "haversack.export/1\n"
//! of each piece: its kind (u8), its length (u64, little-endian), its bytes, their checksum (8)
//!   K  the signing key, as text: whoever has the stream can sign for the log
//!   G  a group: its frame, as it lies in the journal
//!   D  deliveries of these events and of those before, as they lie in a segment of their record
//!   C  a checkpoint of all the events in the stream
//!   .  the end: how many events (u64), the chain with the last group (32 bytes)
//! ```

mod carried;
mod import;

use std::{
    io::{self, Write},
    path::Path,
    sync::Arc,
    thread,
    time::Duration,
};

use haversack_core::{Cursor, Offset};
use haversack_proof::{Checkpoint, Levels, SALT_BYTES, SigningKey};

pub use import::import;

use crate::{
    JournalSizes, LogRecord, StoreError,
    checksum::checksum,
    directory::{Directory, Standing},
    disk::{Disk, RealDisk},
    fault::Failed,
    flaw::Flaw,
    frame,
    head::{self, Head, Slots},
    journal::Journal,
    keys, opened,
    pack::{Packed, Pair, pack},
    part::Group,
    walk::Walk,
};

const HEAD_ATTEMPTS_MAX: u32 = 20;
const HEAD_PAUSE: Duration = Duration::from_millis(1);

const MAGIC: &[u8] = b"haversack.export/1\n";
const KEY: u8 = b'K';
const GROUP: u8 = b'G';
const DELIVERIES: u8 = b'D';
const CHECKPOINT: u8 = b'C';
const END: u8 = b'.';

/// What a stream holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// How many events.
    pub events: u64,
    /// The signed checkpoint of all of them.
    pub note: String,
}

/// Why a log could not be exported or imported.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// The log.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no log in the directory.
    #[error("there is no log in {0}")]
    NoLog(std::path::PathBuf),
    /// The log is of a format that has no journal.
    #[error("the log in {0} is of an older format; open it once, such as by `haversack replay`")]
    OldFormat(std::path::PathBuf),
    /// The directory to import into holds something.
    #[error("{0} holds a log; import into an empty or a new directory")]
    NotEmpty(std::path::PathBuf),
    /// The stream could not be read or written.
    #[error("{0}")]
    Stream(#[from] io::Error),
    /// The stream is not what was exported.
    #[error("the export is damaged{}: {what}", .offset.map(|o| format!(" at event {o}")).unwrap_or_default())]
    BadStream {
        /// The first event that can't be had from it, if that is known.
        offset: Option<Offset>,
        /// What was found.
        what: String,
    },
    /// It does not reach as far as was asked for.
    #[error("event {until} was asked for, and there are only {events}")]
    TooFar {
        /// What was asked for.
        until: Offset,
        /// How many events there are.
        events: u64,
    },
}

/// Writes the log of a directory as a stream: all of it, or up to an event. Another process may have
/// it open and append meanwhile; what is acknowledged when this begins is in it.
///
/// # Errors
/// [`TransferError`]; [`StoreError::Damaged`] if the journal is damaged, which `log repair` mends.
pub fn export(
    directory: &Path,
    until: Option<Offset>,
    out: &mut dyn Write,
) -> Result<Exported, TransferError> {
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::new(directory));
    let failed = |failed: Failed| failed.told("exporting the log", directory);
    match Directory::standing(directory)? {
        Standing::New => return Err(TransferError::NoLog(directory.to_path_buf())),
        Standing::Old => return Err(TransferError::OldFormat(directory.to_path_buf())),
        Standing::Made => {}
    }
    let head = newest_head(disk.as_ref()).map_err(failed)?;
    let until = wanted(until, head.events)?;
    let key = keys::peek(disk.as_ref()).map_err(|flaw| failed(flaw.into()))?;
    out.write_all(MAGIC)?;
    piece(out, KEY, key.to_text().as_bytes())?;
    let journal =
        Journal::open(disk, JournalSizes::default()).map_err(|error| failed(error.into()))?;
    let mut walk = Walk::from_start(&journal);
    let mut levels = Levels::default();
    while walk.cursor < until {
        let mut events = Events::default();
        let missing = Flaw::new(Some(walk.cursor.next()), "a group is missing in the journal");
        let frame = walk
            .peek(&mut |record, evidence| events.push(record, *evidence.salt))
            .and_then(|frame| frame.ok_or(missing.into()))
            .map_err(failed)?;
        walk.pass(&frame);
        let packed = events.up_to(until, frame.group, frame.pairs).map_err(failed)?;
        piece(out, GROUP, &frame::encode(&packed.group, &packed.pairs))?;
        packed.leaves.iter().for_each(|leaf| levels.push(*leaf, &mut |_, _, _| {}));
        walk.chain = packed.group.chain;
    }
    carried::export(directory, until, out)?;
    let note = sign(&key, &levels);
    piece(out, CHECKPOINT, note.as_bytes())?;
    let mut end = until.count().to_le_bytes().to_vec();
    end.extend_from_slice(&walk.chain);
    piece(out, END, &end)?;
    out.flush()?;
    Ok(Exported { events: until.count(), note })
}

/// The head, with both its slots whole: the one that is not may be the newer.
fn newest_head(disk: &dyn Disk) -> Result<Head, Failed> {
    for _ in 0..HEAD_ATTEMPTS_MAX {
        if let Slots { newest: Some(head), both: true } = head::read(disk)? {
            return Ok(head);
        }
        // Whoever appends may be writing a slot at this moment.
        thread::sleep(HEAD_PAUSE);
    }
    Err(Flaw::new(None, "the file `head` is not whole").into())
}

fn wanted(until: Option<Offset>, events: u64) -> Result<Cursor, TransferError> {
    match until {
        Some(until) if until.get() > events => Err(TransferError::TooFar { until, events }),
        Some(until) => Ok(Cursor::at(until)),
        None => Ok(Cursor::after(events)),
    }
}

fn sign(key: &SigningKey, levels: &Levels) -> String {
    let origin = key.verifier().name().to_owned();
    key.sign(&Checkpoint { origin, size: levels.size(), root: levels.root() })
}

fn piece(out: &mut dyn Write, kind: u8, bytes: &[u8]) -> io::Result<()> {
    out.write_all(&[kind])?;
    out.write_all(&(bytes.len() as u64).to_le_bytes())?;
    out.write_all(bytes)?;
    out.write_all(&checksum(bytes))
}

/// The events of a group with their salts.
#[derive(Default)]
struct Events {
    records: Vec<LogRecord>,
    salts: Vec<u8>,
}

impl Events {
    fn push(&mut self, record: LogRecord, salt: [u8; SALT_BYTES]) {
        self.records.push(record);
        self.salts.extend_from_slice(&salt);
    }

    /// The group, without what lies behind an event.
    fn up_to(self, until: Cursor, group: Group, pairs: Vec<Pair>) -> Result<Packed, Failed> {
        if group.last() <= until {
            let leaves = opened::open(&group, &pairs, &mut |_, _| {})?;
            return Ok(Packed { group, leaves, pairs });
        }
        let count = usize::try_from(until.count() + 1 - group.first.get()).expect("within a group");
        let packed = pack(&self.records[..count], &self.salts, &group.before);
        packed.map_err(|large| Flaw::new(Some(large.offset), "an event is too large").into())
    }
}
