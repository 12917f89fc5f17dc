//! Snapshots on disk: states that were folded before, by the event that they end with.
//!
//! ```text
//! snapshots/00000000000000200000.snapshot
//!
//! magic                                8 bytes
//! last event                           u64, little-endian like all that follow
//! chain of the log at that event       32 bytes
//! checksum of the above                8 bytes
//! of each section its length, that of its lz4 bytes (u32 each), the bytes, their checksum
//! a section of length 0
//! digest of the state                  32 bytes
//! number of sections                   u64
//! checksum of the last two             8 bytes
//! ```
//!
//! A snapshot is derived: whatever is wrong with one, it's removed, and the log is folded.

use std::{io, sync::Arc};

use haversack_core::{
    Cursor,
    limits::{SECTION_BYTES, SECTION_BYTES_MAX},
};

use crate::{
    checksum::{CHECKSUM_BYTES, checked, checksum},
    codec,
    disk::{Disk, DiskFile},
};

const DIRECTORY: &str = "snapshots";
const SUFFIX: &str = ".snapshot";
const MAGIC: &[u8; 8] = b"HVSKSNP1";
const HEADER_BYTES: usize = 8 + 8 + 32 + CHECKSUM_BYTES;
const TRAILER_BYTES: usize = 32 + 8 + CHECKSUM_BYTES;
/// Sections are gathered until so many bytes are written at once.
const WRITE_BYTES: usize = 1 << 20;

/// The snapshots of a data directory.
#[derive(Clone)]
pub struct Snapshots {
    disk: Arc<dyn Disk>,
}

/// What a snapshot says of itself before its sections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotHead {
    /// The last event that is in the state.
    pub at: Cursor,
    /// The chain of the log at that event.
    pub chain: [u8; 32],
}

impl Snapshots {
    pub(crate) fn new(disk: Arc<dyn Disk>) -> Self {
        Self { disk }
    }

    /// The events after which there are snapshots, in order.
    ///
    /// # Errors
    /// Whatever the system says.
    pub fn list(&self) -> io::Result<Vec<Cursor>> {
        let names = self.disk.list(DIRECTORY)?;
        let number = |name: &String| name.strip_suffix(SUFFIX)?.parse::<u64>().ok();
        Ok(names.iter().filter_map(number).map(Cursor::after).collect())
    }

    /// Writes a snapshot from the sections of a state; `digest` is that of the state. False: a
    /// section is too large to be read back, and nothing was kept.
    ///
    /// # Errors
    /// Whatever the system says; then nothing was kept.
    pub fn write<S: bincode::Encode + bincode::Decode<()>>(
        &self,
        head: SnapshotHead,
        sections: impl Iterator<Item = S>,
        digest: impl FnOnce() -> [u8; 32],
    ) -> io::Result<bool> {
        self.disk.make_directory(DIRECTORY)?;
        let path = path_of(head.at);
        let new = format!("{path}.new");
        let file = self.disk.create(&new, false)?;
        let written = write_to(file.as_ref(), head, sections, digest);
        if !matches!(written, Ok(true)) {
            // Where the disk is full it holds the space that the log needs.
            self.disk.remove(&new)?;
            return written;
        }
        self.disk.rename(&new, &path)?;
        self.disk.sync_directory(DIRECTORY)?;
        Ok(true)
    }

    /// Reads a snapshot and hands on its sections, in order; gives back the digest of the state.
    ///
    /// `accept` sees what the snapshot says of itself first, and may refuse it.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidData`] if it isn't whole, or what `accept` and `take` say.
    pub fn read<S: bincode::Decode<()>>(
        &self,
        at: Cursor,
        accept: impl FnOnce(SnapshotHead) -> Result<(), String>,
        mut take: impl FnMut(S) -> Result<(), String>,
    ) -> io::Result<[u8; 32]> {
        let file = self.disk.open(&path_of(at))?;
        let mut reader = Reader { file: file.as_ref(), place: 0, length: file.length()? };
        let head = reader.head()?;
        if head.at != at {
            return Err(invalid("it's of another event"));
        }
        accept(head).map_err(invalid)?;
        let mut count: u64 = 0;
        while let Some(section) = reader.section()? {
            take(codec::decode_section(&section).map_err(invalid)?).map_err(invalid)?;
            count += 1;
        }
        reader.trailer(count)
    }

    /// Removes what killed processes left half-written.
    ///
    /// # Errors
    /// Whatever the system says.
    pub fn remove_unfinished(&self) -> io::Result<()> {
        let names = self.disk.list(DIRECTORY)?;
        let mut unfinished = names.iter().filter(|name| name.ends_with(".new"));
        unfinished.try_for_each(|name| self.disk.remove(&format!("{DIRECTORY}/{name}")))
    }

    /// Removes a snapshot.
    ///
    /// # Errors
    /// Whatever the system says.
    pub fn remove(&self, at: Cursor) -> io::Result<()> {
        self.disk.remove(&path_of(at))
    }
}

fn path_of(at: Cursor) -> String {
    format!("{DIRECTORY}/{:020}{SUFFIX}", at.count())
}

fn invalid(what: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.into())
}

fn write_to<S: bincode::Encode + bincode::Decode<()>>(
    file: &dyn DiskFile,
    head: SnapshotHead,
    sections: impl Iterator<Item = S>,
    digest: impl FnOnce() -> [u8; 32],
) -> io::Result<bool> {
    let mut bytes = header_bytes(head);
    let (mut place, mut count) = (0, 0_u64);
    let mut raw = Vec::new();
    for section in sections {
        raw.clear();
        codec::encode(&section, &mut raw);
        // Only a large one can be larger still when it's read.
        if raw.len() > SECTION_BYTES && codec::decode_section::<S>(&raw).is_err() {
            return Ok(false);
        }
        push_section(&raw, &mut bytes);
        count += 1;
        if bytes.len() >= WRITE_BYTES {
            file.write_at(&bytes, place)?;
            place += bytes.len() as u64;
            bytes.clear();
        }
    }
    bytes.extend_from_slice(&0_u32.to_le_bytes());
    let mut trailer = digest().to_vec();
    trailer.extend_from_slice(&count.to_le_bytes());
    trailer.extend_from_slice(&checksum(&trailer));
    bytes.extend_from_slice(&trailer);
    file.write_at(&bytes, place)?;
    file.sync()?;
    Ok(true)
}

fn header_bytes(head: SnapshotHead) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&head.at.count().to_le_bytes());
    bytes.extend_from_slice(&head.chain);
    bytes.extend_from_slice(&checksum(&bytes));
    bytes
}

fn push_section(raw: &[u8], bytes: &mut Vec<u8>) {
    let lz4 = lz4_flex::block::compress(raw);
    let length = |length: usize| u32::try_from(length).expect("a section is small").to_le_bytes();
    bytes.extend_from_slice(&length(raw.len()));
    bytes.extend_from_slice(&length(lz4.len()));
    bytes.extend_from_slice(&lz4);
    bytes.extend_from_slice(&checksum(&lz4));
}

struct Reader<'a> {
    file: &'a dyn DiskFile,
    place: u64,
    length: u64,
}

impl Reader<'_> {
    fn take(&mut self, count: usize) -> io::Result<Vec<u8>> {
        // Before anything is allocated for it.
        if self.place + count as u64 > self.length {
            return Err(invalid("it's cut off"));
        }
        let mut bytes = vec![0; count];
        if self.file.read_at(&mut bytes, self.place)? < count {
            return Err(invalid("it's cut off"));
        }
        self.place += count as u64;
        Ok(bytes)
    }

    fn head(&mut self) -> io::Result<SnapshotHead> {
        let bytes = self.take(HEADER_BYTES)?;
        let rest = checked(&bytes).and_then(|rest| rest.strip_prefix(MAGIC));
        let (at, chain) = rest
            .and_then(|rest| rest.split_first_chunk())
            .ok_or_else(|| invalid("its header is damaged"))?;
        let at = Cursor::after(u64::from_le_bytes(*at));
        Ok(SnapshotHead { at, chain: chain.try_into().expect("the rest of the header") })
    }

    fn length(&mut self) -> io::Result<usize> {
        let bytes = self.take(4)?;
        let length = u32::from_le_bytes(bytes.try_into().expect("four bytes"));
        Ok(usize::try_from(length).expect("32 bits fit"))
    }

    fn section(&mut self) -> io::Result<Option<Vec<u8>>> {
        let length = self.length()?;
        if length == 0 {
            return Ok(None);
        }
        if length > SECTION_BYTES_MAX {
            return Err(invalid("a section is too large"));
        }
        let lz4_length = self.length()?;
        let lz4 = self.take(lz4_length)?;
        if self.take(CHECKSUM_BYTES)? != checksum(&lz4) {
            return Err(invalid("a checksum is wrong"));
        }
        let raw = lz4_flex::block::decompress(&lz4, length)
            .map_err(|error| invalid(error.to_string()))?;
        if raw.len() == length { Ok(Some(raw)) } else { Err(invalid("a section is cut off")) }
    }

    fn trailer(&mut self, sections: u64) -> io::Result<[u8; 32]> {
        let bytes = self.take(TRAILER_BYTES)?;
        let whole = checked(&bytes).and_then(|rest| rest.split_first_chunk::<32>());
        match whole {
            Some((digest, count)) if *count == sections.to_le_bytes() => Ok(*digest),
            _ => Err(invalid("its end is damaged")),
        }
    }
}
