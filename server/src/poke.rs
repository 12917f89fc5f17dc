//! Pokes: devices that wait are told as soon as a pull would bring something.
//!
//! One task looks at all of them, at most every few milliseconds: what happens meanwhile makes one poke.
//! The more there are, the longer a look takes and the longer it waits for the next one.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use haversack_core::Timestamp;
use haversack_engine::Watch;
use tokio::sync::Notify;

use crate::app::App;

/// A pause is at least so many times as long as the look before it: whatever happens, no more than a
/// quarter of one processor looks.
const PAUSES: u32 = 3;

/// Devices that wait.
#[derive(Default)]
pub struct Pokes {
    waiting: Mutex<Waiting>,
    /// Somebody began to wait: the next moment of the clock may be another.
    joined: Notify,
}

#[derive(Default)]
struct Waiting {
    next: u64,
    by_number: BTreeMap<u64, (Watch, Arc<Notify>)>,
}

/// A device that waits, as long as this is kept.
pub(crate) struct Waiter {
    app: App,
    number: u64,
    poked: Arc<Notify>,
}

impl Waiter {
    /// Begins to wait.
    pub fn new(app: App, watch: Watch) -> Self {
        let poked = Arc::new(Notify::new());
        let mut waiting = app.pokes.waiting();
        let number = waiting.next;
        waiting.next += 1;
        waiting.by_number.insert(number, (watch, Arc::clone(&poked)));
        drop(waiting);
        app.pokes.joined.notify_one();
        Self { app, number, poked }
    }

    /// Waits for the next poke.
    pub async fn poked(&self) {
        self.poked.notified().await;
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        self.app.pokes.waiting().by_number.remove(&self.number);
    }
}

impl Pokes {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many wait.
    pub fn count(&self) -> usize {
        self.waiting().by_number.len()
    }

    fn next_moment(&self) -> Option<Timestamp> {
        self.waiting().by_number.values().filter_map(|(watch, _)| watch.until()).min()
    }
}

/// Pokes whoever there is news for, as long as the server runs.
pub(crate) async fn run(app: App) {
    let mut shown = app.shown.clone();
    let least = Duration::from_millis(app.options.poke_milliseconds);
    let mut pause = least;
    loop {
        let at_moment = async {
            match app.pokes.next_moment() {
                Some(moment) => {
                    let left = moment.0.saturating_sub(app.environment().now().0).max(0);
                    let left = u64::try_from(left).unwrap_or(0).saturating_add(1);
                    tokio::time::sleep(Duration::from_micros(left)).await;
                }
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            changed = shown.changed() => if changed.is_err() { return },
            () = app.pokes.joined.notified() => {}
            () = at_moment => {}
        }
        tokio::time::sleep(pause).await;
        shown.borrow_and_update();
        let began = Instant::now();
        look(&app);
        pause = least.max(began.elapsed() * PAUSES);
    }
}

fn look(app: &App) {
    // Taken out by turns, so that whoever comes or goes need not wait for a whole round.
    let numbers: Vec<u64> = app.pokes.waiting().by_number.keys().copied().collect();
    for number in numbers {
        let mut waiting = app.pokes.waiting();
        let Some((watch, poked)) = waiting.by_number.get_mut(&number) else { continue };
        if app.live.has_news(watch) {
            poked.notify_one();
        }
    }
}
