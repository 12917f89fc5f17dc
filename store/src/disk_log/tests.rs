//! A disk that is full while sled is opened again.

use std::io;

use haversack_core::{
    Name, RowId, Timestamp, Values,
    event::{Actor, Event, Operation, Record, RowKey, RowWrite, Sequenced},
};

use super::*;
use crate::index::{Fault, Index, IndexHome};

/// A home whose index can't be opened while the disk is full.
struct Home {
    index: SimIndex,
    is_full: Arc<AtomicBool>,
}

impl IndexHome for Home {
    fn open(&self) -> Result<Box<dyn Index>, Fault> {
        if self.is_full.load(Ordering::Relaxed) {
            return Err(Fault::File(io::ErrorKind::StorageFull.into()));
        }
        self.index.open()
    }

    fn clear(&self) -> io::Result<()> {
        self.index.clear()
    }
}

/// While sled is closed for want of space, what follows by the clock must not make more of it.
#[test]
fn sled_that_waits_for_space_goes_on_waiting() {
    let is_full = Arc::new(AtomicBool::new(false));
    let site = Site {
        path: PathBuf::from("simulated"),
        disk: Arc::new(SimDisk::default()),
        home: Box::new(Home { index: SimIndex::default(), is_full: Arc::clone(&is_full) }),
        sizes: JournalSizes::default(),
        entropy: Box::new(SeededEntropy(7.into())),
        rebuilds: false,
    };
    make(&site).expect("made");
    let log = DiskLog::on(site, Vec::new(), None, false).expect("opened");
    let key = RowKey { table: Name::known("t"), id: RowId::default() };
    let write = RowWrite { key, operation: Operation::Delete, values: Values::default() };
    let event = Event::RowWritten(write);
    let inner = Record { actor: Actor::User(RowId::default()), event };
    let at = Timestamp::default();
    log.append(&[Sequenced { offset: Offset::FIRST, at, inner }]).expect("appended");
    let Keeping::Inline(keeper) = &log.keeping else { panic!("it has no thread") };
    is_full.store(true, Ordering::Relaxed);
    let mut keeper = locked(keeper);
    keeper.retry();
    for _ in 0..2 {
        assert!(log.shared.stuck().is_some_and(|stuck| stuck.disk_full));
        keeper.settle();
    }
    is_full.store(false, Ordering::Relaxed);
    keeper.retry();
    assert!(log.shared.stuck().is_none());
    keeper.settle();
    assert!(log.shared.stuck().is_none());
}
