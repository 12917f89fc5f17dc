//! What appending, reading and the keeper share of one open log.

use std::{
    collections::VecDeque,
    path::PathBuf,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

use haversack_core::{Cursor, Offset};

use crate::{
    LogRecord,
    disk::Disk,
    fault::Failed,
    finding::{Finding, Findings},
    flaw::Flaw,
    index::{Index, IndexHome, caught, part_up_to, start_of},
    journal::Journal,
    opened,
    pack::Packed,
    part::Key,
    unpack::{Evidence, Unpacker},
    walk,
};

/// Takes an event, and what its leaf is made from.
pub(crate) type Take<'a> = dyn FnMut(LogRecord, Evidence<'_>) + 'a;

/// One open log, but for its end.
pub(crate) struct Shared {
    pub(crate) directory: PathBuf,
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) journal: Journal,
    pub(crate) home: Box<dyn IndexHome>,
    pub(crate) index: RwLock<Option<Box<dyn Index>>>,
    /// Groups that are acknowledged and not in the index.
    pending: Mutex<VecDeque<Arc<Packed>>>,
    /// Told whenever a group leaves `pending`, or can't.
    taken: Condvar,
    /// Why the index takes no more groups.
    stuck: Mutex<Option<Stuck>>,
    /// How many events are acknowledged.
    head: AtomicU64,
    /// How many events are durable in the index.
    pub(crate) indexed: AtomicU64,
    findings: Mutex<Findings>,
}

/// Why the index takes no more groups.
#[derive(Clone, Debug)]
pub(crate) struct Stuck {
    pub(crate) what: String,
    /// Then it's worth another try.
    pub(crate) disk_full: bool,
}

impl Shared {
    pub(crate) fn new(
        directory: PathBuf,
        disk: Arc<dyn Disk>,
        home: Box<dyn IndexHome>,
        recovered: (Journal, Box<dyn Index>, Cursor, Findings),
    ) -> Self {
        let (journal, index, head, findings) = recovered;
        Self {
            directory,
            disk,
            journal,
            home,
            index: RwLock::new(Some(index)),
            pending: Mutex::default(),
            taken: Condvar::new(),
            stuck: Mutex::default(),
            head: AtomicU64::new(head.count()),
            indexed: AtomicU64::new(head.count()),
            findings: Mutex::new(findings),
        }
    }

    /// The last event that is acknowledged.
    pub(crate) fn head(&self) -> Cursor {
        Cursor::after(self.head.load(Ordering::Acquire))
    }

    /// Shows a group: readers find it from now on.
    pub(crate) fn show(&self, packed: Arc<Packed>) {
        let last = packed.group.last();
        locked(&self.pending).push_back(packed);
        self.head.store(last.count(), Ordering::Release);
    }

    /// Waits until fewer than `count` groups are left for the index, or it takes no more.
    pub(crate) fn wait_for_index(&self, count: usize) {
        let mut pending = locked(&self.pending);
        while pending.len() >= count && self.stuck().is_none() {
            pending = self.taken.wait(pending).unwrap_or_else(PoisonError::into_inner);
        }
    }

    pub(crate) fn stuck(&self) -> Option<Stuck> {
        locked(&self.stuck).clone()
    }

    pub(crate) fn set_stuck(&self, stuck: Option<Stuck>) {
        // Whoever waits has this lock between looking and waiting: else it would miss the call.
        let _pending = locked(&self.pending);
        *locked(&self.stuck) = stuck;
        self.taken.notify_all();
    }

    /// The oldest group that is not in the index.
    pub(crate) fn next_pending(&self) -> Option<Arc<Packed>> {
        locked(&self.pending).front().cloned()
    }

    /// Says that the oldest group is in the index now.
    pub(crate) fn pop_pending(&self) {
        locked(&self.pending).pop_front();
        self.taken.notify_all();
    }

    /// Runs `work` with the index, where its panics are caught.
    pub(crate) fn with_index<T>(
        &self,
        work: impl FnOnce(&dyn Index) -> Result<T, Failed>,
    ) -> Result<T, Failed> {
        let index = self.index.read().unwrap_or_else(PoisonError::into_inner);
        let index = index.as_deref().ok_or_else(|| Flaw::new(None, "sled is closed"))?;
        caught(|| work(index))
    }

    pub(crate) fn report(&self, finding: Finding) {
        locked(&self.findings).add(finding);
    }

    /// What was found since this was last asked.
    pub(crate) fn take_findings(&self) -> Vec<Finding> {
        std::mem::take(&mut *locked(&self.findings)).into_inner()
    }

    /// Hands on `count` events from `from` on, which are there: from the index, from the groups on
    /// their way to it and, where the index is damaged, from the journal.
    pub(crate) fn each_event(
        &self,
        from: Offset,
        count: u64,
        take: &mut Take<'_>,
    ) -> Result<(), Failed> {
        // Before the index is read: a group that leaves meanwhile is in both.
        let pending: Vec<Arc<Packed>> = locked(&self.pending).iter().cloned().collect();
        let end = from.get() + count;
        let indexed_end = pending.first().map_or(end, |packed| packed.group.first.get().min(end));
        if from.get() < indexed_end {
            self.each_indexed(from, indexed_end, take)?;
        }
        let wanted = |packed: &&Arc<Packed>| {
            packed.group.first.get() < end && packed.group.last().count() >= from.get()
        };
        for packed in pending.iter().filter(wanted) {
            opened::open(&packed.group, &packed.pairs, &mut |record, evidence| {
                if (from.get()..end).contains(&record.offset.get()) {
                    take(record, evidence);
                }
            })?;
        }
        Ok(())
    }

    fn each_indexed(&self, from: Offset, end: u64, take: &mut Take<'_>) -> Result<(), Failed> {
        let mut next = from.get();
        let from_index = self.with_index(|index| {
            let start = start_of(index, from)?;
            each_in_index(index, start, &mut |record, evidence| {
                let wanted = record.offset.get() == next && next < end;
                if wanted {
                    next += 1;
                    take(record, evidence);
                }
                next < end
            })
        });
        if next == end {
            return Ok(());
        }
        // From where the index went wrong, the journal goes on.
        let what = match from_index {
            Err(failed) if failed.ends_reading() => return Err(failed),
            Err(failed) => failed.to_string(),
            Ok(()) => "events are missing".to_owned(),
        };
        let next = Offset::new(next).expect("not 0");
        self.each_in_journal(next, end, take)?;
        self.mend_index(next, end, what);
        Ok(())
    }

    fn each_in_journal(&self, from: Offset, end: u64, take: &mut Take<'_>) -> Result<(), Failed> {
        let mut walk = walk::holding(&self.journal, from)?;
        while walk.cursor.count() + 1 < end {
            let missing = Flaw::new(Some(walk.cursor.next()), "a group is missing in the journal");
            let frame = walk.peek_unopened()?.ok_or(missing)?;
            opened::open(&frame.group, &frame.pairs, &mut |record, evidence| {
                if (from.get()..end).contains(&record.offset.get()) {
                    take(record, evidence);
                }
            })?;
            walk.pass(&frame);
        }
        Ok(())
    }

    /// The chain with the group that ends at an event; none if no group ends there.
    pub(crate) fn chain_at(&self, last: Offset) -> Result<Option<[u8; 32]>, Failed> {
        let ends = |group: &crate::part::Group| group.last() == Cursor::at(last);
        let pending = locked(&self.pending).iter().find(|packed| ends(&packed.group)).cloned();
        if let Some(packed) = pending {
            return Ok(Some(packed.group.chain));
        }
        let indexed = self.with_index(|index| {
            let part = part_up_to(index, Key { first: last, part: u32::MAX })?;
            let missing = Flaw::new(Some(last), "this event is missing");
            part.filter(|part| part.group.last().count() >= last.get()).ok_or(missing.into())
        });
        let group = match indexed {
            Ok(part) => part.group,
            Err(failed) if failed.ends_reading() => return Err(failed),
            Err(_) => self.journal.frame_of(last)?.0.group,
        };
        Ok(ends(&group).then_some(group.chain))
    }
}

/// Hands on the events of an index from the block that begins at `start`, as long as `take` wants.
fn each_in_index(
    index: &dyn Index,
    start: Key,
    take: &mut dyn FnMut(LogRecord, Evidence<'_>) -> bool,
) -> Result<(), Failed> {
    let mut unpacker = Unpacker::default();
    let mut wants = true;
    for pair in index.from(start) {
        let (key, value) = pair?;
        unpacker.push(&key, &value, &mut |record, evidence| {
            wants = wants && take(record, evidence);
        })?;
        if !wants {
            break;
        }
    }
    Ok(())
}

pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
