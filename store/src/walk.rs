//! Walking along the journal, group by group.

use haversack_core::{Cursor, Offset};

use crate::{
    LogRecord,
    disk::DiskFile,
    fault::Failed,
    flaw::Flaw,
    journal::{Frame, Journal, Place},
    opened,
    planted::{Bug, planted},
    unpack::Evidence,
};

/// A walk: where it stands, and what must come next.
pub(crate) struct Walk<'a> {
    journal: &'a Journal,
    file: Option<Box<dyn DiskFile>>,
    /// Where the next frame is, unless a segment begins with it.
    pub(crate) place: Place,
    /// The last event passed.
    pub(crate) cursor: Cursor,
    /// The chain with the last group passed.
    pub(crate) chain: [u8; 32],
    /// Where the last frame passed began.
    pub(crate) last: Place,
}

impl<'a> Walk<'a> {
    /// From the beginning of the log.
    pub(crate) fn from_start(journal: &'a Journal) -> Self {
        Self::after(journal, Cursor::START, [0; 32], Place::FIRST, Place::FIRST)
    }

    /// From behind a group, that ends at `cursor` with `chain`, and whose frame is `last`.
    pub(crate) fn after(
        journal: &'a Journal,
        cursor: Cursor,
        chain: [u8; 32],
        last: Place,
        place: Place,
    ) -> Self {
        Self { journal, file: None, place, cursor, chain, last }
    }

    /// The file that the next frame is in: the one of a segment that begins here, if there is one.
    pub(crate) fn file(&mut self) -> Result<&dyn DiskFile, Failed> {
        let first = self.cursor.next().get();
        let turns = self.place.segment != first && self.journal.has_segment(first);
        if turns {
            self.place = Place::first_of(first);
        }
        if turns || self.file.is_none() {
            self.file = Some(self.journal.file(self.place.segment)?);
        }
        Ok(self.file.as_deref().expect("just opened"))
    }

    /// The next frame, if there is a whole one that follows: its group's chain is checked, and its
    /// events are handed on. The walk does not move.
    ///
    /// # Errors
    /// What is wrong with the frame, or with the disk.
    pub(crate) fn peek(
        &mut self,
        take: &mut dyn FnMut(LogRecord, Evidence<'_>),
    ) -> Result<Option<Frame>, Failed> {
        let Some(frame) = self.peek_unopened()? else { return Ok(None) };
        opened::open(&frame.group, &frame.pairs, take)?;
        Ok(Some(frame))
    }

    /// As [`Walk::peek`], but for the events: only checksums are looked at, and the order.
    pub(crate) fn peek_unopened(&mut self) -> Result<Option<Frame>, Failed> {
        let first = self.cursor.next();
        let chain = self.chain;
        self.file()?;
        let file = self.file.as_deref().expect("just opened");
        let Some(frame) = self.journal.frame_at(file, self.place)? else { return Ok(None) };
        let follows = frame.group.first == first && frame.group.before == chain;
        if !follows && !planted(Bug::SkipChain) {
            return Err(Flaw::new(Some(first), "another group was found in its place").into());
        }
        Ok(Some(frame))
    }

    /// Moves past a frame.
    pub(crate) fn pass(&mut self, frame: &Frame) {
        self.last = self.place;
        self.place = frame.next;
        self.cursor = frame.group.last();
        self.chain = frame.group.chain;
    }
}

/// A walk whose next frame is the one whose group holds an event.
pub(crate) fn holding(journal: &Journal, offset: Offset) -> Result<Walk<'_>, Failed> {
    let (frame, place) = journal.frame_of(offset)?;
    let before = Cursor::after(frame.group.first.get() - 1);
    Ok(Walk::after(journal, before, frame.group.before, place, place))
}

/// The frame whose group ends at an event, for a walk to begin behind it.
pub(crate) fn behind(journal: &Journal, last: Offset) -> Result<Walk<'_>, Failed> {
    let (frame, place) = journal.frame_of(last)?;
    if frame.group.last() != Cursor::at(last) {
        return Err(Flaw::new(Some(last), "a group does not end where it must").into());
    }
    Ok(Walk::after(journal, Cursor::at(last), frame.group.chain, place, frame.next))
}
