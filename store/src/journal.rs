//! The journal: every group once more, in plain files, in the order in which they were acknowledged.
//!
//! ```text
//! journal/00000000000000000001.segment   named by its first event
//!
//!   0  magic                         8 bytes
//!   8  first event                   u64, little-endian
//!  16  chain before the first group  32 bytes
//!  48  checksum of the above         8 bytes
//! 512  frames, one after the other; zeros up to the end of what was allocated ahead
//! ```
//!
//! A segment that is full is cut to its length and never written again, but for repairs.

use std::{
    collections::BTreeSet,
    io,
    sync::{Arc, PoisonError, RwLock},
};

use haversack_core::{
    Offset,
    limits::{JOURNAL_AHEAD_BYTES, JOURNAL_SEGMENT_BYTES},
};

use crate::{
    checksum::{checked, checksum},
    disk::{Disk, DiskFile},
    fault::Failed,
    flaw::Flaw,
    frame::{HEADER_BYTES, Header, SECTOR_BYTES},
    pack::Pair,
    part::Group,
};

const DIRECTORY: &str = "journal";
const SUFFIX: &str = ".segment";
const MAGIC: &[u8; 8] = b"HVSKSEG2";
const START: u64 = SECTOR_BYTES;

/// Where a frame begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The first event of its segment.
    pub(crate) segment: u64,
    /// Its distance from the start of the file, in bytes.
    pub(crate) start: u64,
}

impl Place {
    /// Where the first frame of a log begins.
    pub(crate) const FIRST: Self = Self { segment: 1, start: START };

    /// Where the first frame of a segment begins.
    pub(crate) fn first_of(segment: u64) -> Self {
        Self { segment, start: START }
    }
}

/// How large things are made. Tests make them small.
#[derive(Clone, Copy, Debug)]
pub struct JournalSizes {
    /// A segment takes no more groups at this length, in bytes.
    pub segment: u64,
    /// How far ahead of small groups a file is filled with zeros, in bytes: a sync is quicker if the
    /// file does not grow.
    pub ahead: u64,
}

impl Default for JournalSizes {
    fn default() -> Self {
        Self { segment: JOURNAL_SEGMENT_BYTES, ahead: JOURNAL_AHEAD_BYTES }
    }
}

/// A frame that was read and whose checksums are right.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) group: Group,
    pub(crate) pairs: Vec<Pair>,
    /// Where the next frame begins, if it's in the same segment.
    pub(crate) next: Place,
}

/// The segments of a log.
pub(crate) struct Journal {
    disk: Arc<dyn Disk>,
    sizes: JournalSizes,
    /// The first events of the segments.
    segments: RwLock<BTreeSet<u64>>,
}

/// The end of the journal, for the one who appends.
pub(crate) struct Tail {
    segment: u64,
    file: Box<dyn DiskFile>,
    /// Where the next frame begins.
    end: u64,
    /// How long the file is.
    allocated: u64,
    /// Whether the next segment was begun, and may be there: then the next group goes into it,
    /// however small it is.
    turns: bool,
}

impl Journal {
    /// Opens the segments that there are; there may be none.
    pub(crate) fn open(disk: Arc<dyn Disk>, sizes: JournalSizes) -> io::Result<Self> {
        let segments = RwLock::new(segments_on(disk.as_ref())?);
        Ok(Self { disk, sizes, segments })
    }

    /// Makes the directory, and the first segment of an empty log.
    pub(crate) fn make(disk: Arc<dyn Disk>, sizes: JournalSizes) -> io::Result<Self> {
        disk.make_directory(DIRECTORY)?;
        let journal = Self { disk, sizes, segments: RwLock::default() };
        journal.make_segment(1, &[0; 32])?;
        Ok(journal)
    }

    /// Makes a segment that holds nothing yet.
    pub(crate) fn make_segment(
        &self,
        first: u64,
        before: &[u8; 32],
    ) -> io::Result<Box<dyn DiskFile>> {
        self.disk.make_directory(DIRECTORY)?;
        let path = path_of(first);
        crate::disk::replace_file(
            self.disk.as_ref(),
            &path,
            &segment_header(first, before),
            false,
        )?;
        self.segments.write().unwrap_or_else(PoisonError::into_inner).insert(first);
        self.disk.open(&path)
    }

    /// The first events of all segments.
    pub(crate) fn segments(&self) -> BTreeSet<u64> {
        self.segments.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether a segment begins with this event.
    pub(crate) fn has_segment(&self, first: u64) -> bool {
        self.segments.read().unwrap_or_else(PoisonError::into_inner).contains(&first)
    }

    /// Opens a segment's file.
    pub(crate) fn file(&self, segment: u64) -> io::Result<Box<dyn DiskFile>> {
        self.disk.open(&path_of(segment))
    }

    /// Whether a segment's header says what it must.
    pub(crate) fn header_is_sound(
        &self,
        file: &dyn DiskFile,
        segment: u64,
        before: &[u8; 32],
    ) -> io::Result<bool> {
        let mut bytes = [0; 56];
        file.read_at(&mut bytes, 0)?;
        let sound = checked(&bytes).is_some_and(|rest| {
            rest.starts_with(MAGIC) && rest[8..16] == segment.to_le_bytes() && rest[16..] == *before
        });
        Ok(sound)
    }

    /// Writes a segment's header anew.
    pub(crate) fn mend_header(
        file: &dyn DiskFile,
        segment: u64,
        before: &[u8; 32],
    ) -> io::Result<()> {
        file.write_at(&segment_header(segment, before), 0)?;
        file.sync()
    }

    /// The end of the journal, to append at.
    pub(crate) fn tail(&self, end: Place) -> io::Result<Tail> {
        let file = self.file(end.segment)?;
        let allocated = file.length()?;
        Ok(Tail { segment: end.segment, file, end: end.start, allocated, turns: false })
    }

    /// Writes a frame at the end, and says where it begins. It's durable only after a sync.
    pub(crate) fn write(&self, tail: &mut Tail, group: &Group, frame: &[u8]) -> io::Result<Place> {
        let is_full = tail.end + frame.len() as u64 > self.sizes.segment && tail.end > START;
        if tail.turns || is_full {
            self.turn(tail, group)?;
        }
        let end = tail.end + frame.len() as u64;
        let small = (frame.len() as u64) < self.sizes.ahead / 8;
        if end > tail.allocated && small {
            // One write, so that the file grows once.
            let ahead = (end + self.sizes.ahead).min(self.sizes.segment.max(end));
            let mut bytes = frame.to_vec();
            bytes.resize(usize::try_from(ahead - tail.end).expect("a segment fits"), 0);
            tail.file.write_at(&bytes, tail.end)?;
            tail.allocated = ahead;
        } else {
            tail.file.write_at(frame, tail.end)?;
            tail.allocated = tail.allocated.max(end);
        }
        Ok(Place { segment: tail.segment, start: tail.end })
    }

    /// Cuts the full segment to its length and begins the next one.
    fn turn(&self, tail: &mut Tail, group: &Group) -> io::Result<()> {
        tail.turns = true;
        let first = group.first.get();
        let file = self.make_segment(first, &group.before)?;
        tail.file.set_length(tail.end)?;
        tail.file.sync()?;
        *tail = Tail { segment: first, file, end: START, allocated: START, turns: false };
        Ok(())
    }

    /// Reads the header of the frame at a place.
    pub(crate) fn header_at(
        &self,
        file: &dyn DiskFile,
        place: Place,
    ) -> io::Result<Option<Header>> {
        let mut bytes = [0; HEADER_BYTES];
        file.read_at(&mut bytes, place.start)?;
        Ok(Header::parse(&bytes))
    }

    /// Reads the frame at a place: none if there is no header.
    pub(crate) fn frame_at(
        &self,
        file: &dyn DiskFile,
        place: Place,
    ) -> Result<Option<Frame>, Failed> {
        let Some(header) = self.header_at(file, place)? else { return Ok(None) };
        let first = Some(header.group.first);
        if place.start.saturating_add(header.frame_bytes()) > file.length()? {
            return Err(Flaw::new(first, "the journal is cut off").into());
        }
        let mut body = vec![0; usize::try_from(header.body_bytes).expect("within the file")];
        file.read_at(&mut body, place.start + HEADER_BYTES as u64)?;
        let pairs = header.pairs(&body)?;
        let next = Place { start: place.start + header.frame_bytes(), ..place };
        Ok(Some(Frame { group: header.group, pairs, next }))
    }

    /// Finds the frame whose group holds an event, by walking along its segment.
    pub(crate) fn frame_of(&self, offset: Offset) -> Result<(Frame, Place), Failed> {
        let missing = || Flaw::new(Some(offset), "this event is missing in the journal");
        let segments = self.segments();
        let segment = *segments.range(..=offset.get()).next_back().ok_or_else(missing)?;
        let file = self.file(segment)?;
        let mut place = Place { segment, start: START };
        loop {
            let header = self.header_at(file.as_ref(), place)?.ok_or_else(missing)?;
            if header.group.last().count() >= offset.get() {
                let frame = self.frame_at(file.as_ref(), place)?.ok_or_else(missing)?;
                return Ok((frame, place));
            }
            place.start = place.start.saturating_add(header.frame_bytes());
        }
    }
}

impl Tail {
    /// Makes what was written durable.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.file.sync()
    }

    /// Takes the frame that was written last as part of the journal.
    pub(crate) fn advance(&mut self, frame_bytes: usize) {
        self.end += frame_bytes as u64;
    }

    /// Takes away what was written of a frame that is not part of the journal, for good.
    pub(crate) fn cut(&mut self) -> io::Result<()> {
        self.file.set_length(self.end)?;
        self.file.sync()?;
        self.allocated = self.end;
        Ok(())
    }
}

/// The first events of the segments on a disk.
pub(crate) fn segments_on(disk: &dyn Disk) -> io::Result<BTreeSet<u64>> {
    let names = disk.list(DIRECTORY)?;
    let number = |name: &String| name.strip_suffix(SUFFIX)?.parse::<u64>().ok();
    Ok(names.iter().filter_map(number).filter(|first| *first > 0).collect())
}

fn path_of(segment: u64) -> String {
    format!("{DIRECTORY}/{segment:020}{SUFFIX}")
}

fn segment_header(first: u64, before: &[u8; 32]) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&first.to_le_bytes());
    bytes.extend_from_slice(before);
    bytes.extend_from_slice(&checksum(&bytes));
    bytes.resize(usize::try_from(START).expect("small"), 0);
    bytes
}
