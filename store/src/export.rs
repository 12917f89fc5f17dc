//! A log as one stream, to back it up and to restore it from: written while the log is in use, and
//! believed only as far as its hashes hold.
//!
//! ```text
//! "haversack.export/1\n"
//! of each piece: its kind (u8), its length (u64, little-endian), its bytes, their checksum (8)
//!   K  the signing key, as text: whoever has the stream can sign for the log
//!   G  a group: its frame, as it lies in the journal
//!   C  a checkpoint of all the events in the stream
//!   .  the end: how many events (u64), the chain with the last group (32 bytes)
//! ```

use std::{
    io::{self, Read, Write},
    path::Path,
    sync::Arc,
    thread,
    time::Duration,
};

use haversack_core::{Cursor, Offset, limits::EXPORT_PIECE_BYTES_MAX};
use haversack_proof::{Checkpoint, Levels, SALT_BYTES, SigningKey};

use crate::{
    DiskLog, JournalSizes, LogRecord, StoreError,
    checksum::{CHECKSUM_BYTES, checksum},
    directory::{Directory, Standing},
    disk::{Disk, RealDisk},
    fault::Failed,
    flaw::Flaw,
    frame::{self, HEADER_BYTES, Header},
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
    let key = keys::peek(disk.as_ref())
        .ok_or_else(|| failed(Flaw::new(None, "both copies of the signing key are lost").into()))?;
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

/// Makes a log in an empty or new directory from a stream: all of it, or up to an event. An import
/// that was cut off leaves nothing that counts, and can be run again.
///
/// # Errors
/// [`TransferError`].
pub fn import(
    directory: &Path,
    until: Option<Offset>,
    input: &mut dyn Read,
) -> Result<Exported, TransferError> {
    let mut stream = Stream::open(input)?;
    let key = stream.key()?;
    let (held, standing, _) = Directory::enter(directory, false)?;
    if standing != Standing::New {
        return Err(TransferError::NotEmpty(directory.to_path_buf()));
    }
    let log = DiskLog::import_into(directory, held, &key)?;
    let mut levels = Levels::default();
    let mut chain = [0; 32];
    let (end, note) = loop {
        match stream.next()? {
            (GROUP, frame) => {
                let mut events = Events::default();
                let packed = stream.group(&frame, levels.size(), &chain, &mut events)?;
                chain = packed.group.chain;
                let within = until.is_none_or(|until| levels.size() < until.get());
                packed.leaves.iter().for_each(|leaf| levels.push(*leaf, &mut |_, _, _| {}));
                if within {
                    let limit = until.map_or(packed.group.last(), Cursor::at);
                    let packed = events
                        .up_to(limit, packed.group, packed.pairs)
                        .map_err(|failed| stream.bad(failed.to_string()))?;
                    log.take(packed)?;
                }
            }
            (CHECKPOINT, note) => break (stream.next()?, note),
            _ => return Err(stream.bad("a piece of another kind was found")),
        }
    };
    let note = String::from_utf8(note).map_err(|_| stream.bad("the checkpoint is no text"))?;
    let verifier = key.verifier();
    let checkpoint =
        verifier.open_of(verifier.name(), &note).map_err(|error| stream.bad(error.to_string()))?;
    let mut expected = levels.size().to_le_bytes().to_vec();
    expected.extend_from_slice(&chain);
    if end != (END, expected) {
        return Err(stream.bad("the export ends before its end"));
    }
    if (checkpoint.size, checkpoint.root) != (levels.size(), levels.root()) {
        return Err(stream.bad("the checkpoint has another root"));
    }
    let events = wanted(until, levels.size())?.count();
    let note = log.finish()?;
    Ok(Exported { events, note })
}

/// A stream as it's read. Nothing is believed that can be checked.
struct Stream<'a> {
    input: &'a mut dyn Read,
    events: u64,
}

impl<'a> Stream<'a> {
    fn open(input: &'a mut dyn Read) -> Result<Self, TransferError> {
        let mut stream = Self { input, events: 0 };
        let mut magic = [0; MAGIC.len()];
        stream.fill(&mut magic)?;
        if magic == MAGIC { Ok(stream) } else { Err(stream.bad("it's no export of a log")) }
    }

    fn bad(&self, what: impl Into<String>) -> TransferError {
        let offset = Offset::new(self.events + 1);
        TransferError::BadStream { offset, what: what.into() }
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), TransferError> {
        match self.input.read_exact(bytes) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(self.bad("the export is cut off"))
            }
            read => Ok(read?),
        }
    }

    fn next(&mut self) -> Result<(u8, Vec<u8>), TransferError> {
        let mut head = [0; 9];
        self.fill(&mut head)?;
        let length = u64::from_le_bytes(head[1..].try_into().expect("eight bytes"));
        if length > EXPORT_PIECE_BYTES_MAX {
            return Err(self.bad("a piece is too large"));
        }
        let mut bytes = Vec::new();
        // Grows with what is there, not with what is announced.
        (&mut *self.input).take(length).read_to_end(&mut bytes)?;
        let mut found = [0; CHECKSUM_BYTES];
        self.fill(&mut found)?;
        if bytes.len() as u64 != length || checksum(&bytes) != found {
            return Err(self.bad("a checksum is wrong"));
        }
        Ok((head[0], bytes))
    }

    fn key(&mut self) -> Result<SigningKey, TransferError> {
        let (kind, bytes) = self.next()?;
        let text = std::str::from_utf8(&bytes).ok().filter(|_| kind == KEY);
        let key = text.and_then(|text| SigningKey::from_text(text).ok());
        key.ok_or_else(|| self.bad("the signing key is missing"))
    }

    fn group(
        &mut self,
        frame: &[u8],
        events: u64,
        chain: &[u8; 32],
        kept: &mut Events,
    ) -> Result<Packed, TransferError> {
        self.events = events;
        let header = Header::parse(frame).ok_or_else(|| self.bad("a group is malformed"))?;
        let end = usize::try_from(header.body_bytes).ok().and_then(|b| b.checked_add(HEADER_BYTES));
        let body = end.and_then(|end| frame.get(HEADER_BYTES..end));
        let body = body.ok_or_else(|| self.bad("a group is cut off"))?;
        let group = header.group;
        if group.first.get() != events + 1 || group.before != *chain {
            return Err(self.bad("another group was expected"));
        }
        let mut open = || -> Result<Packed, Flaw> {
            let pairs = header.pairs(body)?;
            let leaves = opened::open(&group, &pairs, &mut |record, evidence| {
                kept.push(record, *evidence.salt);
            })?;
            Ok(Packed { group, leaves, pairs })
        };
        open().map_err(|flaw| self.bad(flaw.what))
    }
}
