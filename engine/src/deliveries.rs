//! What devices acknowledge, written down beside the log: by a thread of its own, after the answers.
//!
//! A pull's cursor says what its device holds. What a device's last entry says already is not written
//! again, whatever the clock of the cursor; nobody waits for the disk; and while it is too slow or full
//! entries are left out, to be written with the device's next pull.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
    io,
    sync::{
        Arc, Mutex, Weak,
        atomic::{AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use crossbeam::channel::{Receiver, RecvTimeoutError, Sender, bounded};
use haversack_core::{
    Cursor, RowId,
    delivery::{DeliveredProfile, Delivery},
    limits::{DELIVERIES_SYNC_SECONDS, DELIVERIES_WAITING_MAX},
};
use haversack_store::{DeliveryWriter, DiskLog, StoreError};
use haversack_sync::cursor::{Holding, Moment};

use crate::{
    EngineError,
    live::locked,
    pull::{Sums, Tables},
};

/// Devices of which it is known what they acknowledged last. Of others it may be written again.
const DEVICES_MAX: usize = 100_000;
const SYNC_AFTER: Duration = Duration::from_secs(DELIVERIES_SYNC_SECONDS);

/// The record of deliveries, as pulls add to it.
pub(crate) struct Deliveries {
    shared: Arc<Shared>,
    queue: Option<Sender<Delivery>>,
    writer: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    last: Mutex<BTreeMap<RowId, Last>>,
    lost: AtomicU64,
}

/// What a device acknowledged last.
struct Last {
    held: Holding,
    offset: Cursor,
    /// What it was sent then: whether it was the same another time is told without a look into it.
    tables: Weak<Sums>,
    /// Of its profile and rows; none: they were not known.
    content: Option<u64>,
}

impl Deliveries {
    /// Begins to write beside a log; none where somebody does already, or where the log is simulated.
    ///
    /// # Errors
    /// If the record can't be opened, or no thread be started.
    pub fn start(log: &DiskLog) -> Result<Option<Self>, EngineError> {
        let Some((mut record, newest)) = log.deliveries()? else { return Ok(None) };
        let shared = Arc::new(Shared::default());
        for delivery in newest {
            let (held, content) = (Holding::default(), content(&delivery));
            let last = Last { held, offset: delivery.offset, tables: Weak::new(), content };
            remember(&mut locked(&shared.last), delivery.device, last);
        }
        let (queue, queued) = bounded(DELIVERIES_WAITING_MAX);
        let for_writer = Arc::clone(&shared);
        let writer = std::thread::Builder::new()
            .name("deliveries".into())
            .spawn(move || for_writer.write_all(&queued, &mut record))
            .map_err(|source| StoreError::Io { during: "recording deliveries", source })?;
        Ok(Some(Self { shared, queue: Some(queue), writer: Some(writer) }))
    }

    /// Whether a device's last entry is of this, or of the same tables after the same event. Most pulls
    /// bring nothing, so this must cost next to nothing.
    pub fn has(
        &self,
        device: RowId,
        held: &Holding,
        tables: impl FnOnce(Moment) -> Option<Tables>,
    ) -> bool {
        let mut devices = locked(&self.shared.last);
        let Some(last) = devices.get_mut(&device) else { return false };
        if last.held == *held {
            return true;
        }
        let whole = held.moment().filter(|moment| moment.offset == last.offset);
        let is_same = whole
            .and_then(tables)
            .is_some_and(|tables| std::ptr::eq(last.tables.as_ptr(), Arc::as_ptr(&tables)));
        if is_same {
            last.held = held.clone();
        }
        is_same
    }

    /// Writes down what a device holds, unless its last entry says so. `tables`: what it was sent, if it
    /// holds all of a moment of which that is known.
    pub fn take(&self, held: Holding, delivery: Delivery, tables: Option<&Tables>) {
        let tables = tables.map(Arc::downgrade).unwrap_or_default();
        let content = content(&delivery);
        // Until the end: a device that was copied may ask twice at once.
        let mut devices = locked(&self.shared.last);
        if let Some(last) = devices.get_mut(&delivery.device)
            && last.offset == delivery.offset
            && (content.is_none() || content == last.content)
        {
            // The clock went on, and nothing else.
            (last.held, last.tables) = (held, tables);
            return;
        }
        let queue = self.queue.as_ref().expect("it is there until this is dropped");
        let (device, offset) = (delivery.device, delivery.offset);
        match queue.try_send(delivery) {
            Ok(()) => remember(&mut devices, device, Last { held, offset, tables, content }),
            Err(_) => self.shared.lose(1),
        }
    }

    /// How many entries were left out since the start.
    pub fn lost(&self) -> u64 {
        self.shared.lost.load(Ordering::Relaxed)
    }
}

impl Drop for Deliveries {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

impl Shared {
    fn lose(&self, entries: usize) {
        self.lost.fetch_add(entries as u64, Ordering::Relaxed);
    }

    /// Writes what comes, a batch at a time, until nobody sends any more.
    fn write_all(&self, queued: &Receiver<Delivery>, record: &mut DeliveryWriter) {
        let mut unsynced: Option<Instant> = None;
        loop {
            let next = match unsynced {
                Some(since) => queued.recv_deadline(since + SYNC_AFTER),
                None => queued.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            let is_over = next == Err(RecvTimeoutError::Disconnected);
            if let Ok(first) = next {
                let batch = std::iter::once(first).chain(queued.try_iter());
                let batch: Vec<Delivery> = batch.take(DELIVERIES_WAITING_MAX).collect();
                self.check(record.append(&batch), batch.len());
                unsynced.get_or_insert_with(Instant::now);
            }
            if unsynced.is_some_and(|since| is_over || since.elapsed() >= SYNC_AFTER) {
                self.check(record.sync(), 0);
                unsynced = None;
            }
            if is_over {
                return;
            }
        }
    }

    /// Where writing failed it is not known what is on record: all of it comes again.
    fn check(&self, written: io::Result<()>, entries: usize) {
        if written.is_err() {
            self.lose(entries);
            locked(&self.last).clear();
        }
    }
}

fn remember(devices: &mut BTreeMap<RowId, Last>, device: RowId, last: Last) {
    if devices.len() >= DEVICES_MAX && !devices.contains_key(&device) {
        devices.pop_first();
    }
    devices.insert(device, last);
}

/// What of an entry must differ for the next one of its offset to be written.
fn content(delivery: &Delivery) -> Option<u64> {
    let is_known = delivery.profile != DeliveredProfile::Unknown
        && delivery.tables.iter().all(|table| table.held.is_some());
    is_known.then(|| {
        let mut hasher = DefaultHasher::new();
        delivery.profile.hash(&mut hasher);
        for table in &delivery.tables {
            (&table.table, table.offset, table.held).hash(&mut hasher);
        }
        hasher.finish()
    })
}
