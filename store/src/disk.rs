//! What the store asks of a file system, so that tests can put a breakable one in its place.
//!
//! Paths are relative to the data directory. sled has its own files and does not pass through here.

mod real;
mod sim;

use std::io;

use crate::planted::{Bug, planted};

pub use real::RealDisk;
pub(crate) use real::sync_directory;
pub use sim::{Crash, CrashPoints, SimDisk, Tear};

/// A directory tree with the operations that the store uses, and no others.
pub trait Disk: Send + Sync {
    /// Opens a file for reading and writing.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`] if there is none, or whatever the system says.
    fn open(&self, path: &str) -> io::Result<Box<dyn DiskFile>>;

    /// Makes an empty file, in place of one that is there. Readable by its owner alone if `secret`.
    ///
    /// # Errors
    /// Whatever the system says.
    fn create(&self, path: &str, secret: bool) -> io::Result<Box<dyn DiskFile>>;

    /// The names of the files in a directory, in order; none if there is no such directory.
    ///
    /// # Errors
    /// Whatever the system says.
    fn list(&self, directory: &str) -> io::Result<Vec<String>>;

    /// Makes a directory and those above it, if they are not there.
    ///
    /// # Errors
    /// Whatever the system says.
    fn make_directory(&self, path: &str) -> io::Result<()>;

    /// Gives a file another name, in place of a file that has it.
    ///
    /// # Errors
    /// Whatever the system says.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file; none there is as good.
    ///
    /// # Errors
    /// Whatever the system says.
    fn remove(&self, path: &str) -> io::Result<()>;

    /// Makes the names in a directory durable.
    ///
    /// # Errors
    /// Whatever the system says.
    fn sync_directory(&self, path: &str) -> io::Result<()>;
}

/// An open file.
pub trait DiskFile: Send + Sync {
    /// Reads from `at` until `bytes` are full or the file ends; says how many were read.
    ///
    /// # Errors
    /// Whatever the system says.
    fn read_at(&self, bytes: &mut [u8], at: u64) -> io::Result<usize>;

    /// Writes all bytes at `at`; the file grows if it has to.
    ///
    /// # Errors
    /// Whatever the system says; some of the bytes may have been written.
    fn write_at(&self, bytes: &[u8], at: u64) -> io::Result<()>;

    /// The file's length, in bytes.
    ///
    /// # Errors
    /// Whatever the system says.
    fn length(&self) -> io::Result<u64>;

    /// Cuts the file, or fills it up with zeros.
    ///
    /// # Errors
    /// Whatever the system says.
    fn set_length(&self, length: u64) -> io::Result<()>;

    /// Makes all that was written durable, with the length.
    ///
    /// # Errors
    /// Whatever the system says. Nothing is known then of what was written since the last sync.
    fn sync(&self) -> io::Result<()>;
}

/// All bytes of a file, unless it is longer than `limit`.
///
/// # Errors
/// Whatever the system says; [`io::ErrorKind::FileTooLarge`] beyond the limit.
pub(crate) fn read_file(disk: &dyn Disk, path: &str, limit: u64) -> io::Result<Vec<u8>> {
    let file = disk.open(path)?;
    let length = file.length()?;
    if length > limit {
        return Err(io::Error::from(io::ErrorKind::FileTooLarge));
    }
    let mut bytes = vec![0; usize::try_from(length).expect("within the limit")];
    let read = file.read_at(&mut bytes, 0)?;
    bytes.truncate(read);
    Ok(bytes)
}

/// Puts a whole file in place of one with its name: a crash leaves the one or the other.
///
/// # Errors
/// Whatever the system says.
pub(crate) fn replace_file(
    disk: &dyn Disk,
    path: &str,
    bytes: &[u8],
    secret: bool,
) -> io::Result<()> {
    let new = format!("{path}.new");
    let file = disk.create(&new, secret)?;
    file.write_at(bytes, 0)?;
    file.sync()?;
    disk.rename(&new, path)?;
    if planted(Bug::SkipDirectorySync) {
        return Ok(());
    }
    disk.sync_directory(path.rsplit_once('/').map_or("", |(directory, _)| directory))
}
