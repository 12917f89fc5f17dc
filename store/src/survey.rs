//! A look at both copies of the log, group by group; each is mended from the other.

use haversack_core::Cursor;
use haversack_proof::Hash;

use crate::{
    fault::Failed,
    finding::{Copy, Finding, Findings},
    flaw::Flaw,
    frame,
    index::Index,
    journal::{Journal, Place},
    opened,
    pack::Pair,
    part::Group,
    walk::Walk,
};

/// How far the log must reach.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reach {
    pub(crate) events: u64,
    pub(crate) chain: [u8; 32],
}

/// Where a survey ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct End {
    /// The last event of the log.
    pub(crate) cursor: Cursor,
    /// The chain with the last group.
    pub(crate) chain: [u8; 32],
    /// Where the last group's frame begins.
    pub(crate) last: Place,
    /// Where the next frame goes.
    pub(crate) next: Place,
    /// How many groups there are.
    pub(crate) groups: u64,
}

/// A look at both copies.
#[derive(Clone, Copy)]
pub(crate) struct Survey<'a> {
    pub(crate) journal: &'a Journal,
    /// None: there is nothing to compare with.
    pub(crate) index: Option<&'a dyn Index>,
    /// Whether what is damaged is written anew.
    pub(crate) mends: bool,
    /// Which copy is believed where both are whole and differ.
    pub(crate) believes: Believes,
}

/// Which copy is believed. Whether rightly, the hash at the log's end tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Believes {
    /// Neither: that is an error.
    Neither,
    /// Sled.
    Sled,
}

impl Survey<'_> {
    /// As [`Survey::run`]. Where both copies are whole and differ, and sled's events lead to the hash
    /// that the log must end with, these are the log.
    pub(crate) fn run_believing(
        &self,
        reach: Reach,
        findings: &mut Findings,
        leaves: &mut dyn FnMut(&Group, &[Hash]),
    ) -> Result<End, Failed> {
        let sled = Self { mends: false, believes: Believes::Sled, ..*self };
        match sled.run(reach, &mut Findings::default(), &mut |_, _| {}) {
            Ok(_) => Self { believes: Believes::Sled, ..*self }.run(reach, findings, leaves),
            Err(_) => self.run(reach, findings, leaves),
        }
    }

    /// Goes through the whole log and hands on the leaves of each group. What the journal holds
    /// behind `reach` is taken as well: it may have been acknowledged.
    ///
    /// # Errors
    /// A [`Flaw`] with the first event that neither copy has. A [`Failed::Fault`] if the index can't
    /// be read or written, or the disk.
    pub(crate) fn run(
        &self,
        reach: Reach,
        findings: &mut Findings,
        leaves: &mut dyn FnMut(&Group, &[Hash]),
    ) -> Result<End, Failed> {
        let mut walk = Walk::from_start(self.journal);
        let mut groups = 0;
        loop {
            let was_short = walk.cursor.count() < reach.events;
            let group = match self.step(&mut walk, findings)? {
                Ok(found) => found,
                Err(_) if !was_short => break,
                Err(flaw) => return Err(flaw.into()),
            };
            leaves(&group.group, &group.leaves);
            groups += 1;
            let is_there = (walk.cursor.count(), walk.chain) == (reach.events, reach.chain);
            // A group that goes beyond it is of another log than the head.
            if was_short && walk.cursor.count() >= reach.events && !is_there {
                let what = "the log does not lead to the hash that its head names";
                return Err(Flaw::new(Some(group.group.first), what).into());
            }
        }
        self.check_end(&walk, reach)?;
        let (cursor, chain, last) = (walk.cursor, walk.chain, walk.last);
        Ok(End { cursor, chain, last, next: walk.place, groups })
    }

    /// Looks at the next group and walks past it; the flaw, if neither copy has it.
    ///
    /// # Errors
    /// As [`Survey::run`].
    pub(crate) fn step(
        &self,
        walk: &mut Walk<'_>,
        findings: &mut Findings,
    ) -> Result<Result<Found, Flaw>, Failed> {
        self.check_segment(walk, findings)?;
        let from_journal = self.in_journal(walk)?;
        let from_index = self.in_index(walk, from_journal.as_ref().ok())?;
        let found = match (from_journal, from_index) {
            (Ok(found), Ok(indexed))
                if found.group != indexed.group && self.believes == Believes::Sled =>
            {
                let flaw = Flaw::new(Some(found.group.first), "it holds another log's events");
                self.restore_frame(walk, &indexed, flaw, findings)?;
                indexed
            }
            (Ok(found), indexed) => {
                if self.index.is_some() {
                    self.compare(&found, indexed, findings)?;
                }
                found
            }
            (Err(flaw), Ok(found)) => {
                self.restore_frame(walk, &found, flaw, findings)?;
                found
            }
            (Err(journal), Err(index)) => {
                let what = format!("{} in the journal, and in sled: {}", journal.what, index.what);
                return Ok(Err(Flaw::new(Some(walk.cursor.next()), what)));
            }
        };
        walk.cursor = found.group.last();
        walk.chain = found.group.chain;
        walk.last = walk.place;
        walk.place.start += found.frame_bytes();
        Ok(Ok(found))
    }

    fn check_end(&self, walk: &Walk<'_>, reach: Reach) -> Result<(), Failed> {
        let ends_early = walk.cursor.count() < reach.events;
        let beyond = self.journal.segments().range(walk.cursor.next().get() + 1..).next().copied();
        let what = match beyond {
            _ if ends_early => "the log ends before its head".to_owned(),
            Some(segment) => format!("a segment of the journal begins at event {segment}"),
            None => return Ok(()),
        };
        Err(Flaw::new(Some(walk.cursor.next()), what).into())
    }

    /// Sees to the segment that the next frame is in.
    fn check_segment(&self, walk: &mut Walk<'_>, findings: &mut Findings) -> Result<(), Failed> {
        let first = walk.cursor.next().get();
        if walk.cursor == Cursor::START && !self.journal.has_segment(first) {
            let what = "a segment is missing".to_owned();
            if !self.mends {
                return Err(Flaw::new(Some(walk.cursor.next()), what).into());
            }
            self.journal.make_segment(first, &walk.chain)?;
            findings.add(finding(Copy::Journal, None, what, true));
        }
        let (chain, journal) = (walk.chain, self.journal);
        let file = walk.file()?;
        let begins = journal.has_segment(first);
        if begins && !journal.header_is_sound(file, first, &chain)? {
            if self.mends {
                Journal::mend_header(file, first, &chain)?;
            }
            let what = format!("the header of segment {first} is damaged");
            findings.add(finding(Copy::Journal, None, what, self.mends));
        }
        Ok(())
    }

    fn in_journal(&self, walk: &mut Walk<'_>) -> Result<Result<Found, Flaw>, Failed> {
        let missing = || Flaw::new(Some(walk.cursor.next()), "a group is missing");
        let missing = missing();
        match walk.peek_unopened() {
            Ok(Some(frame)) => Ok(Found::open(frame.group, frame.pairs)),
            Ok(None) => Ok(Err(missing)),
            Err(failed) => failed.into_flaw(walk.cursor.next()).map(Err),
        }
    }

    fn in_index(
        &self,
        walk: &Walk<'_>,
        in_journal: Option<&Found>,
    ) -> Result<Result<Found, Flaw>, Failed> {
        let first = walk.cursor.next();
        let flaw = |what: &str| Flaw::new(Some(first), what);
        let Some(index) = self.index else { return Ok(Err(flaw("it is not there"))) };
        match opened::indexed(index, first) {
            Ok(Some((group, _))) if group.before != walk.chain => {
                Ok(Err(flaw("another group was found in its place")))
            }
            // The same bytes need no second look.
            Ok(Some((_, pairs))) if in_journal.is_some_and(|found| found.pairs == pairs) => {
                Ok(Ok(in_journal.expect("just asked").clone()))
            }
            Ok(Some((group, pairs))) => Ok(Found::open(group, pairs)),
            Ok(None) => Ok(Err(flaw("a group is missing"))),
            Err(Failed::Flaw(flaw)) => Ok(Err(flaw)),
            Err(fault @ Failed::Fault(_)) => Err(fault),
        }
    }

    /// Writes the index anew from the journal where the two differ.
    fn compare(
        &self,
        found: &Found,
        indexed: Result<Found, Flaw>,
        findings: &mut Findings,
    ) -> Result<(), Failed> {
        let what = match indexed {
            Ok(indexed) if indexed.pairs == found.pairs => return Ok(()),
            Ok(indexed) if indexed.group != found.group => {
                let what = "the journal and sled hold different events";
                return Err(Flaw::new(Some(found.group.first), what).into());
            }
            Ok(_) => "a group is packed in another way".to_owned(),
            Err(flaw) => flaw.what,
        };
        if let (true, Some(index)) = (self.mends, self.index) {
            index.write(&found.pairs)?;
        }
        findings.add(finding(Copy::Sled, Some(&found.group), what, self.mends));
        Ok(())
    }

    /// Writes a frame anew from the index.
    fn restore_frame(
        &self,
        walk: &mut Walk<'_>,
        found: &Found,
        flaw: Flaw,
        findings: &mut Findings,
    ) -> Result<(), Failed> {
        if self.mends {
            let start = walk.place.start;
            let file = walk.file()?;
            file.write_at(&frame::encode(&found.group, &found.pairs), start)?;
            file.sync()?;
        }
        findings.add(finding(Copy::Journal, Some(&found.group), flaw.what, self.mends));
        Ok(())
    }
}

fn finding(copy: Copy, group: Option<&Group>, what: String, mended: bool) -> Finding {
    let events = group.map(|group| (group.first, group.last().last().unwrap_or(group.first)));
    Finding { copy, events, what, mended }
}

/// A group of which everything was checked.
#[derive(Clone)]
pub(crate) struct Found {
    pub(crate) group: Group,
    pairs: Vec<Pair>,
    leaves: Vec<Hash>,
}

impl Found {
    fn open(group: Group, pairs: Vec<Pair>) -> Result<Self, Flaw> {
        let leaves = opened::open(&group, &pairs, &mut |_, _| {})?;
        Ok(Self { group, pairs, leaves })
    }

    fn frame_bytes(&self) -> u64 {
        frame::encoded_bytes(&self.pairs)
    }
}
