//! Opening a log: what a start-up looks at, and what it mends.
//!
//! It looks at the head, the last group in both copies, and what lies behind it: the time that takes
//! does not grow with the log. Where that is not as it should be, it goes through the whole log
//! once ([`Survey`]).

use std::sync::Arc;

use haversack_core::Cursor;

use crate::{
    disk::Disk,
    fault::Failed,
    finding::{Copy, Finding, Findings},
    flaw::Flaw,
    frame,
    head::{self, Head, HeadFile},
    index::{Fault, Index, IndexHome, caught, last_part},
    journal::{Journal, JournalSizes, Place},
    opened,
    planted::{Bug, planted},
    survey::{Believes, End, Reach, Survey},
    walk::{self, Walk},
};

/// A log that was found whole, or made so.
pub(crate) struct Recovered {
    pub(crate) journal: Journal,
    pub(crate) index: Box<dyn Index>,
    pub(crate) head_file: HeadFile,
    /// What the head says now.
    pub(crate) head: Head,
    pub(crate) end: End,
    pub(crate) findings: Findings,
}

/// Opens the journal, the head and the index of a log that was made.
///
/// `rebuild_head`: where both slots of the head are lost, the log is what both copies have.
pub(crate) fn recover(
    disk: &Arc<dyn Disk>,
    home: &dyn IndexHome,
    sizes: JournalSizes,
    rebuild_head: bool,
) -> Result<Recovered, Failed> {
    let mut findings = Findings::default();
    let slots = head::read(disk.as_ref())?;
    let journal = Journal::open(Arc::clone(disk), sizes)?;
    let mut index = open_index(home, &mut findings)?;
    let head = match slots.newest {
        Some(head) => head,
        None if rebuild_head => head_of_index(index.as_ref())?,
        None => {
            let what = "the file `head`, which says how far the log must reach, is lost";
            return Err(Flaw::new(None, what).into());
        }
    };
    let end = match caught(|| quick(&journal, index.as_ref(), head)) {
        Ok(end) => end,
        Err(failed) if is_of_the_machine(&failed) => return Err(failed),
        Err(_) => thorough(&journal, &mut index, home, head, &mut findings)?,
    };
    // What lies behind the head may be in the system's memory alone.
    journal.file(end.next.segment)?.sync()?;
    index.sync()?;
    let (head_file, head) = open_head(disk.as_ref(), slots, head, end, &mut findings)?;
    Ok(Recovered { journal, index, head_file, head, end, findings })
}

/// Opens the index; one that can't be opened is made again, empty.
fn open_index(home: &dyn IndexHome, findings: &mut Findings) -> Result<Box<dyn Index>, Failed> {
    match home.open().map_err(Failed::from) {
        Ok(index) => Ok(index),
        Err(failed) if is_of_the_machine(&failed) => Err(failed),
        Err(failed) => {
            let what = format!("it can't be opened: {failed}");
            findings.add(Finding { copy: Copy::Sled, events: None, what, mended: true });
            Ok(made_anew(home)?)
        }
    }
}

/// An empty index, in place of whatever is there. It must not be open.
pub(crate) fn made_anew(home: &dyn IndexHome) -> Result<Box<dyn Index>, Fault> {
    home.clear()?;
    home.open()
}

/// Whether a failure is not about what was stored: then nothing is mended.
pub(crate) fn is_of_the_machine(failed: &Failed) -> bool {
    failed.is_lock() || failed.is_disk_full() || failed.is_io()
}

/// The head, by what the index has.
fn head_of_index(index: &dyn Index) -> Result<Head, Failed> {
    let last = last_part(index).ok().flatten();
    let (events, chain) =
        last.map_or((0, [0; 32]), |part| (part.group.last().count(), part.group.chain));
    Ok(Head { events, chain, ..Head::EMPTY })
}

/// Looks at the last group in both copies and takes in what follows it in the journal.
fn quick(journal: &Journal, index: &dyn Index, head: Head) -> Result<End, Failed> {
    let cursor = Cursor::after(head.events);
    let mut walk = if cursor == Cursor::START {
        Walk::from_start(journal)
    } else {
        last_group(journal, head)?
    };
    while !planted(Bug::CutTail) {
        match walk.peek(&mut |_, _| {}) {
            Err(failed) if is_of_the_machine(&failed) => return Err(failed),
            Err(_) | Ok(None) => break,
            Ok(Some(frame)) => {
                // Once more: after a sync that failed the system takes these bytes for written.
                if !planted(Bug::TrustMemory) {
                    let start = walk.place.start;
                    walk.file()?.write_at(&frame::encode(&frame.group, &frame.pairs), start)?;
                }
                walk.pass(&frame);
            }
        }
    }
    check_segments(journal, &walk)?;
    catch_up(journal, index, &walk, head)?;
    let (cursor, chain, last) = (walk.cursor, walk.chain, walk.last);
    Ok(End { cursor, chain, last, next: walk.place, groups: 0 })
}

/// A walk from behind the last group, which is checked.
fn last_group(journal: &Journal, head: Head) -> Result<Walk<'_>, Failed> {
    let flaw = || Flaw::new(Some(Cursor::after(head.events).next()), "the last group is missing");
    let file = journal.file(head.place.segment).map_err(|_| flaw())?;
    let frame = journal.frame_at(file.as_ref(), head.place)?.ok_or_else(flaw)?;
    opened::open(&frame.group, &frame.pairs, &mut |_, _| {})?;
    if frame.group.last() != Cursor::after(head.events) || frame.group.chain != head.chain {
        return Err(flaw().into());
    }
    Ok(Walk::after(journal, frame.group.last(), head.chain, head.place, frame.next))
}

fn check_segments(journal: &Journal, walk: &Walk<'_>) -> Result<(), Failed> {
    let segments = journal.segments();
    let flaw = |what: &str| Err(Flaw::new(Some(walk.cursor.next()), what).into());
    if segments.range(walk.cursor.next().get() + 1..).next().is_some() {
        return flaw("a segment of the journal begins behind its end");
    }
    let here = walk.place.segment;
    if segments.first() != Some(&1) || !segments.contains(&here) {
        return flaw("a segment of the journal is missing");
    }
    Ok(())
}

/// Checks the last group of the index, and gives it the groups that it has not taken yet.
fn catch_up(
    journal: &Journal,
    index: &dyn Index,
    end: &Walk<'_>,
    head: Head,
) -> Result<(), Failed> {
    let flaw = |what: &str| Flaw::new(None, what);
    let mut walk = match last_part(index)? {
        None if head.indexed > 0 => return Err(flaw("sled holds nothing").into()),
        None => Walk::from_start(journal),
        Some(last) => {
            let cursor = last.group.last();
            let Some((group, pairs)) = opened::indexed(index, last.group.first)? else {
                return Err(flaw("the last group in sled has no beginning").into());
            };
            opened::open(&group, &pairs, &mut |_, _| {})?;
            if cursor > end.cursor || cursor.count() < head.indexed {
                return Err(flaw("sled ends elsewhere").into());
            }
            let (chain, walk) = if cursor == end.cursor {
                let (last, place) = (end.last, end.place);
                (end.chain, Walk::after(journal, cursor, end.chain, last, place))
            } else {
                let walk = walk::behind(journal, cursor.last().expect("a group has events"))?;
                (walk.chain, walk)
            };
            if chain != group.chain {
                return Err(flaw("sled holds other events").into());
            }
            walk
        }
    };
    while walk.cursor < end.cursor && !planted(Bug::SkipCatchUp) {
        let missing = || Flaw::new(Some(walk.cursor.next()), "a group is missing in the journal");
        let missing = missing();
        let frame = walk.peek(&mut |_, _| {})?.ok_or(missing)?;
        index.write(&frame.pairs)?;
        walk.pass(&frame);
    }
    Ok(())
}

/// Goes through the whole log and mends it; if the index gets in the way, without it at first.
fn thorough(
    journal: &Journal,
    index: &mut Box<dyn Index>,
    home: &dyn IndexHome,
    head: Head,
    findings: &mut Findings,
) -> Result<End, Failed> {
    let reach = Reach { events: head.events, chain: head.chain };
    let survey = |index: &dyn Index, findings: &mut Findings| {
        let believes = Believes::Neither;
        let survey = Survey { journal, index: Some(index), mends: true, believes };
        caught(|| survey.run_believing(reach, findings, &mut |_, _| {}))
    };
    let first = survey(index.as_ref(), findings).and_then(|end| {
        // What the index holds behind the end, nobody wrote there.
        let last = caught(|| last_part(index.as_ref()))?;
        let agrees = last.is_none_or(|last| last.group.last() <= end.cursor);
        if agrees { Ok(end) } else { Err(Flaw::new(None, "sled ends elsewhere").into()) }
    });
    match first {
        Ok(end) => Ok(end),
        Err(failed) if is_of_the_machine(&failed) => Err(failed),
        Err(first) => {
            // Without the index the journal must be whole; else the index was not what is wrong.
            let believes = Believes::Neither;
            let alone = Survey { journal, index: None, mends: true, believes };
            if alone.run(reach, &mut Findings::default(), &mut |_, _| {}).is_err() {
                return Err(first);
            }
            let what = format!("it can't be read: {first}");
            findings.add(Finding { copy: Copy::Sled, events: None, what, mended: true });
            drop(std::mem::replace(index, Box::new(crate::SimIndex::default())));
            *index = made_anew(home)?;
            survey(index.as_ref(), &mut Findings::default())
        }
    }
}

/// Opens the head, and writes it anew if it does not say what is the case.
fn open_head(
    disk: &dyn Disk,
    slots: head::Slots,
    head: Head,
    end: End,
    findings: &mut Findings,
) -> Result<(HeadFile, Head), Failed> {
    let events = end.cursor.count();
    let is_last = slots.newest.is_some() && head.events == events && head.place == end.last;
    let place = if events == 0 { Place::FIRST } else { end.last };
    let right = Head { events, chain: end.chain, place, indexed: events, ..head };
    if slots.both && is_last && head.indexed == events {
        return Ok((HeadFile::open(disk, head.number)?, head));
    }
    if slots.both || slots.newest.is_some() {
        let file = HeadFile::open(disk, head.number)?;
        // Both slots, so that the next power cut finds two again.
        file.write(right)?;
        file.write(right)?;
        if !slots.both {
            let what = "one of its two slots was not whole".to_owned();
            findings.add(Finding { copy: Copy::Head, events: None, what, mended: true });
        }
        return Ok((file, right));
    }
    let what = "it was lost; the log reaches as far as its copies do".to_owned();
    findings.add(Finding { copy: Copy::Head, events: None, what, mended: true });
    Ok((HeadFile::make(disk, right)?, right))
}
