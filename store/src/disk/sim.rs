//! A file system in memory that remembers every operation, so that a test can look at the disk as
//! any crash might leave it. For tests; nothing else makes one.
//!
//! The model: a write is durable after a sync of its file, a name after a sync of its directory.
//! What is not durable may be kept, lost, or torn, each operation by itself, as disks reorder.

use std::{
    collections::BTreeMap,
    io::{self, ErrorKind},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{Disk, DiskFile};

/// What a system says of a sector that it can't read.
const EIO: i32 = 5;

/// Number of a file, whatever its name.
type Inode = usize;

/// One thing that was asked of the disk.
#[derive(Clone, Debug)]
enum Operation {
    Create {
        path: String,
        inode: Inode,
    },
    Write {
        inode: Inode,
        at: usize,
        bytes: Vec<u8>,
    },
    SetLength {
        inode: Inode,
        length: usize,
    },
    Sync {
        inode: Inode,
    },
    /// A sync that failed: what was written since the one before never becomes durable.
    FailedSync {
        inode: Inode,
    },
    Rename {
        from: String,
        to: String,
    },
    Remove {
        path: String,
    },
    SyncDirectory {
        path: String,
    },
}

/// What goes wrong while the disk is in use.
#[derive(Clone, Debug, Default)]
struct Faults {
    /// Syncs until one fails, once.
    sync_fails_in: Option<usize>,
    /// Bytes by which files may still grow.
    space: Option<usize>,
    /// Writes until one lands elsewhere, and how far off.
    misplaced_in: Option<(usize, usize)>,
    /// A file, and the sector of it that can't be read until it's written again.
    unreadable: Option<(Inode, usize)>,
}

#[derive(Debug, Default)]
struct World {
    /// The files and names that were there before the first operation: all of them durable.
    base: (Vec<Vec<u8>>, BTreeMap<String, Inode>),
    operations: Vec<Operation>,
    files: Vec<Vec<u8>>,
    names: BTreeMap<String, Inode>,
    faults: Faults,
}

/// A disk in memory. Clones are the same disk.
#[derive(Clone, Debug, Default)]
pub struct SimDisk(Arc<Mutex<World>>);

impl SimDisk {
    /// How many operations were asked of it.
    #[must_use]
    pub fn operation_count(&self) -> usize {
        self.world().operations.len()
    }

    /// Makes the sync after `count` others fail, once.
    pub fn fail_sync_in(&self, count: usize) {
        self.world().faults.sync_fails_in = Some(count);
    }

    /// Lets files grow by so many bytes and no more; none: without a limit.
    pub fn set_space(&self, bytes: Option<usize>) {
        self.world().faults.space = bytes;
    }

    /// Makes the write after `count` others land `distance` bytes behind its place, once.
    pub fn misplace_write_in(&self, count: usize, distance: usize) {
        self.world().faults.misplaced_in = Some((count, distance));
    }

    /// Makes a sector of a file unreadable, until it's written again.
    ///
    /// # Panics
    /// If there is no such file.
    pub fn lose_sector(&self, path: &str, sector: usize) {
        let mut world = self.world();
        world.faults.unreadable = Some((world.names[path], sector));
    }

    /// The names of all files, with their directories.
    #[must_use]
    pub fn paths(&self) -> Vec<String> {
        self.world().names.keys().cloned().collect()
    }

    /// Changes what a file holds, behind everybody's back.
    ///
    /// # Panics
    /// If there is no such file.
    pub fn damage(&self, path: &str, damage: impl FnOnce(&mut Vec<u8>)) {
        let mut world = self.world();
        let inode = world.names[path];
        damage(&mut world.files[inode]);
    }

    /// Removes a file behind everybody's back.
    pub fn lose(&self, path: &str) {
        self.world().names.remove(path);
    }

    /// A disk of its own that holds the same files.
    #[must_use]
    pub fn copied(&self) -> Self {
        let world = self.world();
        Self::of(world.files.clone(), world.names.clone())
    }

    /// A disk that holds these files, all of them durable.
    fn of(files: Vec<Vec<u8>>, names: BTreeMap<String, Inode>) -> Self {
        let base = (files.clone(), names.clone());
        Self(Arc::new(Mutex::new(World { base, files, names, ..World::default() })))
    }

    /// The moments at which a crash may come: before the first operation, and after each.
    #[must_use]
    pub fn crash_points(&self) -> CrashPoints {
        let world = self.world();
        let (files, names) = world.base.clone();
        let files = files.into_iter().map(|durable| Stored { durable, pending: vec![] }).collect();
        CrashPoints { operations: world.operations.clone(), done: 0, files, names, moved: vec![] }
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn file(&self, inode: Inode) -> Box<dyn DiskFile> {
        Box::new(SimFile { disk: self.clone(), inode })
    }
}

impl World {
    fn inode(&self, path: &str) -> io::Result<Inode> {
        self.names.get(path).copied().ok_or_else(|| ErrorKind::NotFound.into())
    }

    /// How far a write gets: to its end, or to where the space ends.
    fn take_space(&mut self, inode: Inode, end: usize) -> usize {
        let length = self.files[inode].len();
        let grows = end.saturating_sub(length);
        match &mut self.faults.space {
            Some(space) if grows > *space => length + std::mem::take(space),
            Some(space) => {
                *space -= grows;
                end
            }
            None => end,
        }
    }
}

impl Disk for SimDisk {
    fn open(&self, path: &str) -> io::Result<Box<dyn DiskFile>> {
        let inode = self.world().inode(path)?;
        Ok(self.file(inode))
    }

    fn create(&self, path: &str, _secret: bool) -> io::Result<Box<dyn DiskFile>> {
        let mut world = self.world();
        let inode = world.files.len();
        world.files.push(Vec::new());
        world.names.insert(path.to_owned(), inode);
        world.operations.push(Operation::Create { path: path.to_owned(), inode });
        drop(world);
        Ok(self.file(inode))
    }

    fn list(&self, directory: &str) -> io::Result<Vec<String>> {
        let prefix = format!("{directory}/");
        let world = self.world();
        let names = world.names.keys().filter_map(|path| path.strip_prefix(&prefix));
        Ok(names.filter(|name| !name.contains('/')).map(str::to_owned).collect())
    }

    fn make_directory(&self, _path: &str) -> io::Result<()> {
        Ok(())
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut world = self.world();
        let inode = world.inode(from)?;
        world.names.remove(from);
        world.names.insert(to.to_owned(), inode);
        world.operations.push(Operation::Rename { from: from.to_owned(), to: to.to_owned() });
        Ok(())
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        let mut world = self.world();
        if world.names.remove(path).is_some() {
            world.operations.push(Operation::Remove { path: path.to_owned() });
        }
        Ok(())
    }

    fn sync_directory(&self, path: &str) -> io::Result<()> {
        self.world().operations.push(Operation::SyncDirectory { path: path.to_owned() });
        Ok(())
    }
}

struct SimFile {
    disk: SimDisk,
    inode: Inode,
}

impl DiskFile for SimFile {
    fn read_at(&self, bytes: &mut [u8], at: u64) -> io::Result<usize> {
        let world = self.disk.world();
        let file = &world.files[self.inode];
        let at = usize::try_from(at).unwrap_or(usize::MAX).min(file.len());
        let read = bytes.len().min(file.len() - at);
        if let Some((inode, sector)) = world.faults.unreadable
            && inode == self.inode
            && at < (sector + 1) * 512
            && at + read > sector * 512
        {
            return Err(io::Error::from_raw_os_error(EIO));
        }
        bytes[..read].copy_from_slice(&file[at..at + read]);
        Ok(read)
    }

    fn write_at(&self, bytes: &[u8], at: u64) -> io::Result<()> {
        let mut world = self.disk.world();
        let mut at = usize::try_from(at).expect("simulated files are small");
        if let Some((count, distance)) = world.faults.misplaced_in.take() {
            match count.checked_sub(1) {
                Some(left) => world.faults.misplaced_in = Some((left, distance)),
                None => at += distance,
            }
        }
        if let Some((inode, sector)) = world.faults.unreadable
            && inode == self.inode
            && at <= sector * 512
            && at + bytes.len() >= (sector + 1) * 512
        {
            world.faults.unreadable = None;
        }
        let end = world.take_space(self.inode, at + bytes.len());
        let written = &bytes[..end.saturating_sub(at)];
        put(&mut world.files[self.inode], at, written);
        let (inode, bytes_written) = (self.inode, written.to_vec());
        world.operations.push(Operation::Write { inode, at, bytes: bytes_written });
        if written.len() < bytes.len() { Err(ErrorKind::StorageFull.into()) } else { Ok(()) }
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.disk.world().files[self.inode].len() as u64)
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        let mut world = self.disk.world();
        let length = usize::try_from(length).expect("simulated files are small");
        if world.take_space(self.inode, length) < length {
            return Err(ErrorKind::StorageFull.into());
        }
        world.files[self.inode].resize(length, 0);
        world.operations.push(Operation::SetLength { inode: self.inode, length });
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let mut world = self.disk.world();
        if let Some(count) = world.faults.sync_fails_in.take() {
            let Some(left) = count.checked_sub(1) else {
                world.operations.push(Operation::FailedSync { inode: self.inode });
                return Err(io::Error::other("the disk reports an input/output error"));
            };
            world.faults.sync_fails_in = Some(left);
        }
        world.operations.push(Operation::Sync { inode: self.inode });
        Ok(())
    }
}

fn put(file: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    if bytes.is_empty() {
        return;
    }
    let end = at + bytes.len();
    file.resize(file.len().max(end), 0);
    file[at..end].copy_from_slice(bytes);
}

/// What a crash does to that which was not durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crash {
    /// All of it is lost.
    Lost,
    /// All of it is kept, but the last write is torn.
    Torn(Tear),
    /// Each write is kept, lost or torn by itself, and the last names may be lost: by this seed.
    Scattered(u64),
}

/// How much of the last write is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tear {
    /// All of it.
    Whole,
    /// Its first so many bytes.
    Start(usize),
    /// All but its first so many bytes.
    End(usize),
    /// None of it, and the sectors that it touches are zeros.
    Sectors,
}

/// A walk over the moments at which a crash may come.
#[derive(Debug)]
pub struct CrashPoints {
    operations: Vec<Operation>,
    done: usize,
    files: Vec<Stored>,
    /// Names that are durable.
    names: BTreeMap<String, Inode>,
    /// Changes of names that are not.
    moved: Vec<Operation>,
}

/// A file: what is durable of it, and what was done since.
#[derive(Clone, Debug, Default)]
struct Stored {
    durable: Vec<u8>,
    pending: Vec<Operation>,
}

impl CrashPoints {
    /// How many operations were done before this moment.
    #[must_use]
    pub fn done(&self) -> usize {
        self.done
    }

    /// How many bytes the write has that was done last and is not durable; 0 if there is none.
    #[must_use]
    pub fn torn_bytes(&self) -> usize {
        match self.done.checked_sub(1).map(|last| &self.operations[last]) {
            Some(Operation::Write { bytes, .. }) => bytes.len(),
            _ => 0,
        }
    }

    /// Goes on by one operation; false after the last.
    pub fn advance(&mut self) -> bool {
        let Some(operation) = self.operations.get(self.done).cloned() else { return false };
        self.done += 1;
        match operation {
            Operation::Write { inode, .. } | Operation::SetLength { inode, .. } => {
                self.files[inode].pending.push(operation);
            }
            Operation::Sync { inode } => {
                let file = &mut self.files[inode];
                let pending = std::mem::take(&mut file.pending);
                pending.iter().for_each(|operation| apply(&mut file.durable, operation));
            }
            // As Linux does it: the pages count as clean, and nobody writes them again.
            Operation::FailedSync { inode } => self.files[inode].pending.clear(),
            Operation::Create { inode, .. } => {
                self.files.resize(self.files.len().max(inode + 1), Stored::default());
                self.moved.push(operation);
            }
            Operation::Rename { .. } | Operation::Remove { .. } => self.moved.push(operation),
            Operation::SyncDirectory { path } => {
                let (synced, left) = std::mem::take(&mut self.moved)
                    .into_iter()
                    .partition(|moved| directory_of(moved) == path);
                self.moved = left;
                let synced: Vec<Operation> = synced;
                synced.iter().for_each(|moved| rename(&mut self.names, moved));
            }
        }
        true
    }

    /// The disk as a crash at this moment leaves it.
    #[must_use]
    pub fn image(&self, crash: Crash) -> SimDisk {
        let mut dice = Dice(match crash {
            Crash::Scattered(seed) => seed | 1,
            _ => 1,
        });
        let last = self.done.checked_sub(1);
        let mut files = Vec::new();
        for stored in &self.files {
            let mut bytes = stored.durable.clone();
            for (number, operation) in stored.pending.iter().enumerate() {
                let is_last = number + 1 == stored.pending.len()
                    && last.is_some_and(|last| same(&self.operations[last], operation));
                if let Some(kept) = survivor(operation, crash, is_last, &mut dice) {
                    apply(&mut bytes, &kept);
                }
            }
            files.push(bytes);
        }
        let mut names = self.names.clone();
        let kept = match crash {
            Crash::Lost => 0,
            Crash::Torn(_) => self.moved.len(),
            Crash::Scattered(_) => dice.below(self.moved.len() + 1),
        };
        self.moved[..kept].iter().for_each(|moved| rename(&mut names, moved));
        SimDisk::of(files, names)
    }
}

/// What is left of an operation that was not durable.
fn survivor(
    operation: &Operation,
    crash: Crash,
    is_last: bool,
    dice: &mut Dice,
) -> Option<Operation> {
    match crash {
        Crash::Lost => None,
        Crash::Torn(tear) if is_last => Some(torn(operation, tear)),
        Crash::Torn(_) => Some(operation.clone()),
        Crash::Scattered(_) => {
            let bytes = match operation {
                Operation::Write { bytes, .. } => bytes.len(),
                _ => 0,
            };
            match dice.below(5) {
                0 => None,
                1 => Some(torn(operation, Tear::Start(dice.below(bytes + 1)))),
                2 => Some(torn(operation, Tear::End(dice.below(bytes / 512 + 1) * 512))),
                3 => Some(torn(operation, Tear::Sectors)),
                _ => Some(operation.clone()),
            }
        }
    }
}

fn torn(operation: &Operation, tear: Tear) -> Operation {
    let Operation::Write { inode, at, bytes } = operation else { return operation.clone() };
    let (inode, at) = (*inode, *at);
    match tear {
        Tear::Whole => operation.clone(),
        Tear::Start(kept) => {
            Operation::Write { inode, at, bytes: bytes[..kept.min(bytes.len())].to_vec() }
        }
        Tear::End(lost) => {
            let lost = lost.min(bytes.len());
            Operation::Write { inode, at: at + lost, bytes: bytes[lost..].to_vec() }
        }
        Tear::Sectors => {
            let from = at / 512 * 512;
            let end = (at + bytes.len()).next_multiple_of(512);
            Operation::Write { inode, at: from, bytes: vec![0; end - from] }
        }
    }
}

fn same(one: &Operation, other: &Operation) -> bool {
    match (one, other) {
        (
            Operation::Write { inode, at, bytes },
            Operation::Write { inode: inode_too, at: at_too, bytes: bytes_too },
        ) => (inode, at, bytes) == (inode_too, at_too, bytes_too),
        _ => false,
    }
}

fn apply(file: &mut Vec<u8>, operation: &Operation) {
    match operation {
        Operation::Write { at, bytes, .. } => put(file, *at, bytes),
        Operation::SetLength { length, .. } => file.resize(*length, 0),
        _ => {}
    }
}

fn rename(names: &mut BTreeMap<String, Inode>, operation: &Operation) {
    match operation {
        Operation::Create { path, inode } => {
            names.insert(path.clone(), *inode);
        }
        Operation::Rename { from, to } => {
            if let Some(inode) = names.remove(from) {
                names.insert(to.clone(), inode);
            }
        }
        Operation::Remove { path } => {
            names.remove(path);
        }
        _ => {}
    }
}

fn directory_of(operation: &Operation) -> &str {
    let path = match operation {
        Operation::Create { path, .. } | Operation::Remove { path } => path,
        Operation::Rename { to, .. } => to,
        _ => return "",
    };
    path.rsplit_once('/').map_or("", |(directory, _)| directory)
}

/// Numbers that follow from a seed (xorshift64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 8).expect("56 bits fit") % end.max(1)
    }
}
