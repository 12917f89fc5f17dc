//! Who looks after what follows an acknowledgement: a thread, or the one who appends.

use std::{sync::Mutex, thread::JoinHandle};

use crossbeam::channel::{Sender, bounded};
use haversack_core::limits::UNINDEXED_GROUPS_MAX;

use crate::{
    StoreError,
    fault::Failed,
    keeper::{Keeper, Request},
    shared::locked,
};

/// Who looks after what follows an acknowledgement.
pub(super) enum Keeping {
    Thread {
        requests: Option<Sender<Request>>,
        thread: Option<JoinHandle<()>>,
    },
    /// Whoever appends, as tests do it that want the same order every time.
    Inline(Box<Mutex<Keeper>>),
}

impl Keeping {
    pub(super) fn in_background(keeper: Keeper) -> Result<Self, StoreError> {
        let (requests, queue) = bounded(UNINDEXED_GROUPS_MAX);
        let thread = std::thread::Builder::new()
            .name("keeper".into())
            .spawn(move || keeper.run(&queue))
            .map_err(|source| StoreError::Io { during: "starting the log's keeper", source })?;
        Ok(Self::Thread { requests: Some(requests), thread: Some(thread) })
    }

    pub(super) fn inline(keeper: Keeper) -> Self {
        Self::Inline(Box::new(Mutex::new(keeper)))
    }

    /// Says that there is a group to take.
    pub(super) fn tell(&self) {
        match self {
            Self::Thread { requests, .. } => send(requests.as_ref(), Request::Group),
            Self::Inline(keeper) => locked(keeper).take_groups(),
        }
    }

    /// Has the log signed as it is.
    pub(super) fn checkpoint(&self) -> Result<String, Failed> {
        match self {
            Self::Inline(keeper) => locked(keeper).checkpoint(),
            Self::Thread { requests, .. } => {
                let (reply, note) = bounded(1);
                send(requests.as_ref(), Request::Checkpoint(reply));
                note.recv().unwrap_or_else(|_| Err(gone()))
            }
        }
    }

    /// Has the tree made again from the log.
    pub(super) fn rebuild_tree(&self) -> Result<(), Failed> {
        match self {
            Self::Inline(keeper) => locked(keeper).rebuild_tree(),
            Self::Thread { requests, .. } => {
                let (reply, done) = bounded(1);
                send(requests.as_ref(), Request::RebuildTree(reply));
                done.recv().unwrap_or_else(|_| Err(gone()))
            }
        }
    }

    /// Has the index opened again, after the disk was full.
    pub(super) fn retry(&self) {
        if let Self::Thread { requests, .. } = self {
            let (reply, tried) = bounded(1);
            send(requests.as_ref(), Request::Retry(reply));
            let _ = tried.recv();
        }
    }

    /// Waits until everything is durable and signed.
    pub(super) fn close(&mut self) {
        if let Self::Thread { requests, thread } = self {
            *requests = None;
            if let Some(thread) = thread.take() {
                let _ = thread.join();
            }
        }
    }
}

/// The keeper ends only when all who ask are gone.
fn send(requests: Option<&Sender<Request>>, request: Request) {
    if let Some(requests) = requests {
        let _ = requests.send(request);
    }
}

fn gone() -> Failed {
    Failed::from(std::io::Error::other("the log's keeper has ended"))
}
