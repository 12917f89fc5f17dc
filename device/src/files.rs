//! Small files: replaced whole, appended to, synced.

use std::{
    fs::{self, File},
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};

/// Syncs a directory, so that the names in it are durable.
pub(crate) fn sync_directory(path: &Path) -> io::Result<()> {
    // Windows has no such thing, and needs none.
    if cfg!(unix) { File::open(path)?.sync_all() } else { Ok(()) }
}

/// What a file holds; none if it's not there.
pub(crate) fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        read => read.map(Some),
    }
}

/// Puts a file in place of what is there: after a crash it is one or the other, whole. Only its owner
/// may read it.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = path.with_extension("new");
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    path.parent().map_or(Ok(()), sync_directory)
}

/// Where a ledger's two copies lie.
pub trait Medium: Send {
    /// What a copy holds.
    ///
    /// # Errors
    /// If it can't be read.
    fn read(&mut self, copy: usize) -> io::Result<Vec<u8>>;

    /// Adds to a copy, and makes it durable.
    ///
    /// # Errors
    /// If it can't be written: what it holds then is not known.
    fn append(&mut self, copy: usize, bytes: &[u8]) -> io::Result<()>;

    /// Puts something in place of a copy, whole or not at all, and makes it durable.
    ///
    /// # Errors
    /// If it can't be written.
    fn replace(&mut self, copy: usize, bytes: &[u8]) -> io::Result<()>;
}

/// Two files of a directory.
pub(crate) struct TwoFiles {
    paths: [PathBuf; 2],
    open: [Option<File>; 2],
}

impl TwoFiles {
    pub(crate) fn new(directory: &Path) -> Self {
        let paths = ["edits", "edits.copy"].map(|name| directory.join(name));
        Self { paths, open: [None, None] }
    }
}

impl Medium for TwoFiles {
    fn read(&mut self, copy: usize) -> io::Result<Vec<u8>> {
        Ok(read(&self.paths[copy])?.unwrap_or_default())
    }

    fn append(&mut self, copy: usize, bytes: &[u8]) -> io::Result<()> {
        if self.open[copy].is_none() {
            self.open[copy] = Some(File::options().append(true).open(&self.paths[copy])?);
        }
        let file = self.open[copy].as_mut().expect("opened just above");
        file.write_all(bytes)?;
        file.sync_data()
    }

    fn replace(&mut self, copy: usize, bytes: &[u8]) -> io::Result<()> {
        self.open[copy] = None;
        replace(&self.paths[copy], bytes)
    }
}
