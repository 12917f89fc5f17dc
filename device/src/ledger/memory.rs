//! Two copies in memory, for tests and simulation.

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::files::Medium;

/// Two copies in memory, where each write can be the last. Its clones are handles of the same ones.
#[derive(Clone, Debug, Default)]
pub struct MemoryMedium(Arc<Mutex<Content>>);

#[derive(Debug, Default)]
struct Content {
    copies: [Vec<u8>; 2],
    writes: u64,
    /// From this write on none is made; of it, so many bytes are.
    crash: Option<(u64, usize)>,
}

impl MemoryMedium {
    /// Has the write with this number fail with only so many bytes of it made, and all after it.
    pub fn crash_at(&self, write: u64, bytes: usize) {
        self.content().crash = Some((write, bytes));
    }

    /// Whether a write has failed so.
    #[must_use]
    pub fn has_crashed(&self) -> bool {
        let content = self.content();
        content.crash.is_some_and(|(crash, _)| content.writes > crash)
    }

    /// The copies as they are after the crash.
    #[must_use]
    pub fn after_crash(&self) -> Self {
        let copies = self.content().copies.clone();
        Self(Arc::new(Mutex::new(Content { copies, ..Content::default() })))
    }

    /// How often something was written.
    #[must_use]
    pub fn writes(&self) -> u64 {
        self.content().writes
    }

    /// Changes a copy, as a damaged disk would.
    pub fn damage(&self, copy: usize, change: impl FnOnce(&mut Vec<u8>)) {
        change(&mut self.content().copies[copy]);
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many bytes of a write are made; an error if not all.
    fn made(content: &mut Content, length: usize) -> (usize, io::Result<()>) {
        let number = content.writes;
        content.writes += 1;
        match content.crash {
            Some((crash, bytes)) if number == crash => {
                (bytes.min(length), Err(io::Error::other("the machine crashed")))
            }
            Some((crash, _)) if number > crash => {
                (0, Err(io::Error::other("the machine crashed before")))
            }
            _ => (length, Ok(())),
        }
    }
}

impl Medium for MemoryMedium {
    fn read(&mut self, copy: usize) -> io::Result<Vec<u8>> {
        Ok(self.content().copies[copy].clone())
    }

    fn append(&mut self, copy: usize, bytes: &[u8]) -> io::Result<()> {
        let mut content = self.content();
        let (made, result) = Self::made(&mut content, bytes.len());
        content.copies[copy].extend(&bytes[..made]);
        result
    }

    fn replace(&mut self, copy: usize, bytes: &[u8]) -> io::Result<()> {
        let mut content = self.content();
        let (made, result) = Self::made(&mut content, bytes.len());
        if made == bytes.len() {
            content.copies[copy] = bytes.to_vec();
        }
        result
    }
}
