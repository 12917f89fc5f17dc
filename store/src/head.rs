//! The head: how far the log must reach. Two slots take turns, so that one is whole at any moment.
//!
//! ```text
//!   0  magic                       8 bytes
//!   8  number of this writing      u64, little-endian like all that follow
//!  16  events in the log           u64
//!  24  chain with the last group   32 bytes
//!  56  segment of the last group   u64: its first event
//!  64  place of the last group     u64: where in the segment its frame begins
//!  72  events durable in sled      u64
//!  80  checksum of the above       8 bytes
//! ```
//!
//! Slots lie at 0 and 4,096, so that no disk writes both at once. A changed layout gets another magic.

use std::{io, sync::Mutex, sync::PoisonError};

use crate::{
    checksum::{checked, checksum},
    disk::{Disk, DiskFile},
    fault::is_unreadable,
    journal::Place,
    planted::{Bug, planted},
};

/// Name of the file.
pub(crate) const HEAD_PATH: &str = "head";

const MAGIC: &[u8; 8] = b"HVSKHED2";
const SLOT_BYTES: usize = 88;
const SLOT_DISTANCE: u64 = 4_096;

/// What one slot says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// How often the head was written; the greater number is the newer one.
    pub(crate) number: u64,
    /// How many events the log has.
    pub(crate) events: u64,
    /// The chain with the last group.
    pub(crate) chain: [u8; 32],
    /// Where the last group is; of an empty log, where the first will be.
    pub(crate) place: Place,
    /// How many events sled had made durable.
    pub(crate) indexed: u64,
}

impl Head {
    /// The head of an empty log.
    pub(crate) const EMPTY: Self =
        Self { number: 0, events: 0, chain: [0; 32], place: Place::FIRST, indexed: 0 };

    fn to_bytes(self) -> [u8; SLOT_BYTES] {
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&self.number.to_le_bytes());
        bytes.extend_from_slice(&self.events.to_le_bytes());
        bytes.extend_from_slice(&self.chain);
        bytes.extend_from_slice(&self.place.segment.to_le_bytes());
        bytes.extend_from_slice(&self.place.start.to_le_bytes());
        bytes.extend_from_slice(&self.indexed.to_le_bytes());
        bytes.extend_from_slice(&checksum(&bytes));
        bytes.try_into().expect("the fields fill the slot")
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let rest = checked(bytes.get(..SLOT_BYTES)?)?;
        let (magic, rest) = rest.split_first_chunk::<8>()?;
        let (number, rest) = rest.split_first_chunk()?;
        let (events, rest) = rest.split_first_chunk()?;
        let (chain, rest) = rest.split_first_chunk()?;
        let (segment, rest) = rest.split_first_chunk()?;
        let (start, indexed) = rest.split_first_chunk()?;
        let place =
            Place { segment: u64::from_le_bytes(*segment), start: u64::from_le_bytes(*start) };
        (magic == MAGIC).then_some(Self {
            number: u64::from_le_bytes(*number),
            events: u64::from_le_bytes(*events),
            chain: *chain,
            place,
            indexed: u64::from_le_bytes(indexed.try_into().ok()?),
        })
    }
}

/// What a file of a head holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slots {
    /// The newest whole slot.
    pub(crate) newest: Option<Head>,
    /// Whether both slots are whole.
    pub(crate) both: bool,
}

/// Reads the head of a data directory; a missing file has no slots.
pub(crate) fn read(disk: &dyn Disk) -> io::Result<Slots> {
    let file = match disk.open(HEAD_PATH) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(Slots { newest: None, both: false });
        }
        file => file?,
    };
    let slot = |at| {
        let mut bytes = [0; SLOT_BYTES];
        match file.read_at(&mut bytes, at) {
            Err(error) if is_unreadable(&error) => Ok(None),
            read => read.map(|_| Head::parse(&bytes)),
        }
    };
    let slots = [slot(0)?, slot(SLOT_DISTANCE)?];
    let newest = slots.into_iter().flatten().max_by_key(|head| head.number);
    Ok(Slots { newest, both: slots.iter().all(Option::is_some) })
}

/// The head, open for writing.
pub(crate) struct HeadFile {
    file: Box<dyn DiskFile>,
    /// The number of the last writing.
    number: Mutex<u64>,
}

impl HeadFile {
    /// Makes the file anew: both slots say the same.
    pub(crate) fn make(disk: &dyn Disk, head: Head) -> io::Result<Self> {
        let mut bytes = Vec::new();
        bytes.extend_from_slice(&head.to_bytes());
        bytes.resize(usize::try_from(SLOT_DISTANCE).expect("small"), 0);
        bytes.extend_from_slice(&Head { number: head.number + 1, ..head }.to_bytes());
        bytes.resize(2 * usize::try_from(SLOT_DISTANCE).expect("small"), 0);
        crate::disk::replace_file(disk, HEAD_PATH, &bytes, false)?;
        Self::open(disk, head.number + 1)
    }

    /// Opens the file, whose newest slot has this number.
    pub(crate) fn open(disk: &dyn Disk, number: u64) -> io::Result<Self> {
        Ok(Self { file: disk.open(HEAD_PATH)?, number: Mutex::new(number) })
    }

    /// Writes the older slot and makes it durable.
    pub(crate) fn write(&self, head: Head) -> io::Result<()> {
        let mut number = self.number.lock().unwrap_or_else(PoisonError::into_inner);
        *number += 1;
        let head = Head { number: *number, ..head };
        self.file.write_at(&head.to_bytes(), (*number % 2) * SLOT_DISTANCE)?;
        if planted(Bug::BothSlots) {
            self.file.write_at(&head.to_bytes(), ((*number + 1) % 2) * SLOT_DISTANCE)?;
        }
        if planted(Bug::SkipSyncs) { Ok(()) } else { self.file.sync() }
    }
}
