//! A log made from a stream. Nothing of the stream is believed that can be checked.

use std::{
    io::{self, Read},
    path::Path,
};

use haversack_core::{Cursor, Offset, limits::EXPORT_PIECE_BYTES_MAX};
use haversack_proof::{Levels, SigningKey};

use super::{
    CHECKPOINT, DELIVERIES, END, Events, Exported, GROUP, KEY, MAGIC, TransferError, carried,
    wanted,
};
use crate::{
    checksum::{CHECKSUM_BYTES, checksum},
    directory::{Directory, Standing},
    disk_log::Import,
    flaw::Flaw,
    frame::{HEADER_BYTES, Header},
    opened,
    pack::Packed,
};

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
    let log = Import::begin(directory, held, &key)?;
    let mut levels = Levels::default();
    let mut chain = [0; 32];
    let mut deliveries = None;
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
            (DELIVERIES, bytes) => {
                let of = (directory, until);
                let taken = carried::import(of, &bytes, &mut deliveries)?;
                taken.ok_or_else(|| stream.bad("deliveries are malformed"))?;
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
    carried::finish(deliveries)?;
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
