//! What all handlers share.

use std::sync::Arc;

use haversack_core::{Cursor, limits::PUSH_MUTATIONS_MAX};
use haversack_engine::{EngineError, Environment, Live};
use haversack_store::{Entropy, SystemEntropy};
use haversack_sync::{cursor::CursorKey, message::DeviceLimits};
use tokio::sync::{Semaphore, watch};

use crate::{metrics::Metrics, poke::Pokes};

/// Bounds of a server. Each is there so that nobody can take what others need.
#[derive(Clone, Debug)]
pub struct Options {
    /// Bytes of a request's body, decompressed.
    pub body_bytes: usize,
    /// Connections at once; further ones wait at the door.
    pub connections: usize,
    /// Questions that need the past, or read many rows, at once; further ones wait.
    pub long_questions: usize,
    /// Seconds that a request's head may take to come.
    pub head_seconds: u64,
    /// Seconds that a request's body may take to come.
    pub body_seconds: u64,
    /// Seconds after which a connection is cut that takes nothing of what is sent on it; on Linux.
    pub stall_seconds: u64,
    /// Seconds after which what nobody has asked for is let go, again and again.
    pub tidy_seconds: u64,
    /// Milliseconds between two rounds of pokes: what happens meanwhile makes one poke.
    pub poke_milliseconds: u64,
}

impl Default for Options {
    fn default() -> Self {
        let (body_bytes, connections) = (16 << 20, 10_000);
        Self {
            body_bytes,
            connections,
            long_questions: 2,
            head_seconds: 10,
            body_seconds: 30,
            stall_seconds: 60,
            tidy_seconds: 60,
            poke_milliseconds: 20,
        }
    }
}

/// What all handlers share. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Shared>);

/// What there is once.
pub struct Shared {
    /// The environment, and what is kept up to date beside it.
    pub(crate) live: Arc<Live>,
    /// How far readers see.
    pub(crate) shown: watch::Receiver<Cursor>,
    /// Devices that wait to be poked.
    pub(crate) pokes: Pokes,
    long: Arc<Semaphore>,
    pub(crate) metrics: Metrics,
    pub(crate) options: Options,
}

impl std::ops::Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl App {
    /// Serves an environment.
    ///
    /// # Errors
    /// If there is no randomness, or no thread.
    pub fn new(environment: Arc<Environment>, options: Options) -> Result<Self, EngineError> {
        let mut seed = [0; 8];
        let filled = SystemEntropy.fill(&mut seed);
        filled.map_err(|source| haversack_store::StoreError::Io {
            during: "starting the server",
            source,
        })?;
        let secret = environment.disk_log().map_or_else(|| seed.to_vec(), |log| log.secret());
        let key = CursorKey::from_secret(&secret);
        let (show, shown) = watch::channel(environment.state().cursor);
        let on_shown = move |cursor| {
            show.send_replace(cursor);
        };
        let live = Live::over(environment, key, u64::from_be_bytes(seed), on_shown)?;
        let long = Arc::new(Semaphore::new(options.long_questions));
        let (live, pokes, metrics) = (Arc::new(live), Pokes::default(), Metrics::default());
        Ok(Self(Arc::new(Shared { live, shown, pokes, long, metrics, options })))
    }

    pub(crate) fn environment(&self) -> &Environment {
        self.live.environment()
    }

    /// Does what may take long, as one of few at a time. Whoever asked may have gone meanwhile; it counts
    /// until it is done all the same.
    pub(crate) async fn long<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> T {
        let permit = Arc::clone(&self.long).acquire_owned().await.expect("it is never closed");
        let app = self.clone();
        let answered = tokio::task::spawn_blocking(move || {
            let answer = question(&app);
            drop(permit);
            answer
        });
        answered.await.expect("a question does not panic")
    }

    /// Waits until readers see all that is durable now.
    pub(crate) async fn caught_up(&self) {
        let durable = self.environment().state().cursor;
        // Whoever shows ends with the program.
        let _ = self.shown.clone().wait_for(|shown| *shown >= durable).await;
    }

    pub(crate) fn limits(&self) -> DeviceLimits {
        DeviceLimits { push_mutations: PUSH_MUTATIONS_MAX, body_bytes: self.options.body_bytes }
    }
}
