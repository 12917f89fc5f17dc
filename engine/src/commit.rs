//! The committer: one thread that judges, makes durable, shows, and answers, in that order.

use std::sync::{Arc, Mutex, RwLock};

use crossbeam::channel::{Receiver, Sender};
use haversack_core::{
    Cursor, RowId,
    event::{Device, Record, RowKey},
    limits::GROUP_EVENTS_MAX,
};
use haversack_replay::{State, written};
use haversack_store::{Log, LogRecord};

use crate::{
    Clock, EngineError, LineAnswer,
    group::Group,
    online::{self, Edited, OnlineEdit},
    push::{self, Mutation, Pushed},
    step::{self, Step},
};

/// Work for the committer, with the way to its answer.
pub(crate) enum Work {
    Steps(Vec<Step>, Reply<Vec<LineAnswer>>),
    Push(RowId, Vec<Mutation>, Reply<Pushed>),
    /// As a device that is made known on first use: both, or neither.
    PushAs(Registration, Vec<Mutation>, Reply<Pushed>),
    Register(Registration, Reply<Device>),
    /// One online edit.
    Online(OnlineEdit, Reply<Edited>),
    /// Events that were judged before, such as those of a document.
    Records(Vec<Record>, Follows, Reply<()>),
}

/// What events that were judged before must follow.
#[derive(Clone, Copy)]
pub(crate) enum Follows {
    /// What there is.
    Whatever,
    /// The event at this place, or nothing is logged.
    At(Cursor),
}

/// A device as it names itself.
pub(crate) struct Registration {
    pub user: RowId,
    pub name: String,
    pub platform: String,
    /// In whose name it asks; the outer none: as it did before.
    pub app: Option<Option<String>>,
}

/// Takes the answer to a piece of work, once it is durable.
pub(crate) type Reply<T> = Box<dyn FnOnce(Result<T, EngineError>) + Send>;

/// Sends an answer that waits for its group to be durable.
type Answer = Box<dyn FnOnce(Result<(), EngineError>) + Send>;

/// What readers see.
pub(crate) type Shown = Arc<RwLock<Arc<State>>>;

/// What a group did: the state after it, and the rows that its events are about, in their order.
#[derive(Clone, Debug)]
pub(crate) struct Shift {
    pub state: Arc<State>,
    pub rows: Arc<[RowKey]>,
}

/// Those who are told of every group, in order. Whoever is slow makes writers wait.
pub(crate) type Followers = Arc<Mutex<Vec<Sender<Shift>>>>;

/// Works until all writers are gone. `offer` is shown each state that readers are.
pub(crate) fn run(
    work: &Receiver<Work>,
    log: &dyn Log,
    shown: &Shown,
    followers: &Followers,
    clock: &dyn Clock,
    offer: &dyn Fn(&Arc<State>),
) {
    while let Ok(first) = work.recv() {
        let state = Arc::clone(&shown.read().expect("no holder of this lock panics"));
        let mut group = Group::new(log, &state, clock.now());
        let mut answers = vec![add(&mut group, first)];
        // A group is what queued while the one before was being synced.
        while group.records.len() < GROUP_EVENTS_MAX
            && let Ok(next) = work.try_recv()
        {
            answers.push(add(&mut group, next));
        }
        let Group { ahead, records, .. } = group;
        let durable = log.append(&records);
        if durable.is_ok() && !records.is_empty() {
            let ahead = Arc::new(ahead);
            show(shown, followers, &ahead, &records);
            offer(&ahead);
        }
        let mut durable = durable.map_err(EngineError::from);
        for answer in answers {
            let result = std::mem::replace(&mut durable, Ok(()));
            if result.is_err() {
                // The first writer is told the failure itself, the others that there was one.
                durable = Err(EngineError::NotLogged);
            }
            answer(result);
        }
    }
}

/// Shows a state. Who begins to follow does so before it or after it.
fn show(shown: &Shown, followers: &Followers, state: &Arc<State>, records: &[LogRecord]) {
    let mut followers = followers.lock().expect("no holder of this lock panics");
    *shown.write().expect("no holder of this lock panics") = Arc::clone(state);
    if followers.is_empty() {
        return;
    }
    let rows = records.iter().filter_map(|record| written(&record.inner.event)).cloned().collect();
    let shift = Shift { state: Arc::clone(state), rows };
    followers.retain(|follower| follower.send(shift.clone()).is_ok());
}

fn add(group: &mut Group<'_>, work: Work) -> Answer {
    let mark = group.mark();
    let whole = match group.ahead.load {
        Some(load) if !load.is_complete() => Err(EngineError::LoadUnfinished),
        _ => Ok(()),
    };
    match work {
        Work::Steps(steps, reply) => {
            let done = whole.and_then(|()| {
                steps.into_iter().try_fold(Vec::new(), |mut answers, step| {
                    answers.extend(step::run(group, step)?);
                    Ok(answers)
                })
            });
            finish(group, mark, done, reply)
        }
        Work::Push(device, mutations, reply) => {
            let done = whole.and_then(|()| push::run(group, device, mutations));
            finish(group, mark, done, reply)
        }
        Work::PushAs(device, mutations, reply) => {
            let known = whole.and_then(|()| push::register(group, &device));
            let done = known.and_then(|device| push::run(group, device.id, mutations));
            finish(group, mark, done, reply)
        }
        Work::Register(device, reply) => {
            let done = whole.and_then(|()| push::register(group, &device));
            finish(group, mark, done, reply)
        }
        Work::Online(edit, reply) => {
            let done = whole.and_then(|()| online::run(group, edit));
            finish(group, mark, done, reply)
        }
        Work::Records(records, follows, reply) => {
            let fits = match follows {
                Follows::At(cursor) if cursor != group.ahead.cursor => Err(EngineError::NotLogged),
                Follows::At(_) | Follows::Whatever => Ok(()),
            };
            let mut records = records.into_iter();
            let done =
                fits.and_then(|()| records.try_for_each(|record| group.add(record).map(|_| ())));
            finish(group, mark, done, reply)
        }
    }
}

/// The answer, to be sent once the group is durable. Work that failed leaves nothing in the group.
fn finish<T: Send + 'static>(
    group: &mut Group<'_>,
    mark: (State, usize),
    done: Result<T, EngineError>,
    reply: Reply<T>,
) -> Answer {
    if done.is_err() {
        group.reset(mark);
    }
    Box::new(move |durable| {
        reply(done.and_then(|answer| durable.map(|()| answer)));
    })
}
