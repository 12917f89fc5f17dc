//! Groups of several pushes, some of which are refused in their middle.

use std::sync::{
    Arc, Condvar, Mutex,
    atomic::{AtomicUsize, Ordering},
    mpsc,
};

use haversack_core::{BaseVersion, Cursor, MutationNumber, Offset, RowId, event::Operation};
use haversack_engine::{
    EngineError, Environment, FixedClock, OnlineEdit,
    push::{Mutation, Pushed},
};
use haversack_replay::{Digest, Judging, admin::RowChange};
use haversack_store::{Log, LogRecord, MemoryLog, StoreError};
use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::{Map, Value as Json, json};

use crate::fixtures::{
    DEVICES, NOW, apply, base, device, environment, head, id, key, mutation, prelude, records,
};

/// A log that can be made to wait, so that work queues up behind a group, and to fail to be read.
struct Gated {
    log: MemoryLog,
    gate: Mutex<Gate>,
    moved: Condvar,
    reads: AtomicUsize,
    /// Of those reads, how many go well.
    reads_max: AtomicUsize,
}

#[derive(Default)]
struct Gate {
    is_shut: bool,
    is_waited_at: bool,
}

type Told = Result<Pushed, EngineError>;
type Work = (RowId, Vec<Mutation>);

impl Gated {
    fn opened() -> (Arc<Self>, Environment) {
        let log = Arc::new(Self {
            log: MemoryLog::default(),
            gate: Mutex::default(),
            moved: Condvar::new(),
            reads: AtomicUsize::new(0),
            reads_max: AtomicUsize::new(usize::MAX),
        });
        log.log.append(&records(&environment())).unwrap();
        let environment = Environment::on(Arc::clone(&log) as _, Arc::new(FixedClock(NOW)));
        (log, environment.unwrap())
    }

    /// Hands over pushes as one group, behind one that is in their way. Returns what each was told.
    fn as_group(&self, environment: &Environment, work: Vec<Work>) -> Vec<Told> {
        self.gate.lock().unwrap().is_shut = true;
        environment.edit_then(in_the_way(), drop).unwrap();
        let gate = self.gate.lock().unwrap();
        drop(self.moved.wait_while(gate, |gate| !gate.is_waited_at).unwrap());
        let count = work.len();
        let (answer, answered) = mpsc::channel();
        for (at, (device, edits)) in work.into_iter().enumerate() {
            let answer = answer.clone();
            let tell = move |told| answer.send((at, told)).unwrap();
            environment.push_then(device, edits, tell).unwrap();
        }
        self.reads.store(0, Ordering::Relaxed);
        *self.gate.lock().unwrap() = Gate::default();
        self.moved.notify_all();
        let mut told: Vec<_> = answered.iter().take(count).collect();
        told.sort_by_key(|(at, _)| *at);
        told.into_iter().map(|(_, told)| told).collect()
    }
}

impl Log for Gated {
    fn append(&self, group: &[LogRecord]) -> Result<(), StoreError> {
        let mut gate = self.gate.lock().unwrap();
        if gate.is_shut {
            gate.is_waited_at = true;
            self.moved.notify_all();
            drop(self.moved.wait_while(gate, |gate| gate.is_shut).unwrap());
        }
        self.log.append(group)
    }

    fn read(&self, from: Offset, limit: usize) -> Result<Vec<LogRecord>, StoreError> {
        let before = self.reads.fetch_add(1, Ordering::Relaxed);
        match before < self.reads_max.load(Ordering::Relaxed) {
            true => self.log.read(from, limit),
            false => Err(StoreError::TooLarge { offset: from, bytes: 2 }),
        }
    }

    fn head(&self) -> Cursor {
        self.log.head()
    }

    fn chain_at(&self, at: Cursor) -> Result<Option<[u8; 32]>, StoreError> {
        self.log.chain_at(at)
    }
}

fn in_the_way() -> OnlineEdit {
    OnlineEdit::Change(RowChange {
        table: "t".to_owned(),
        operation: Operation::Create,
        id: id("in the way"),
        values: values(json!({"a": "x"})),
        user: None,
        if_version: None,
    })
}

fn values(values: Json) -> Map<String, Json> {
    values.as_object().unwrap().clone()
}

fn create(number: u64, row: &str) -> Mutation {
    mutation(
        number,
        Operation::Create,
        &key("t", row),
        BaseVersion::NONE,
        values(json!({"b": number})),
    )
}

/// As [`Gated::opened`], with columns that are compared by themselves, a row `r` that ann's phone made and
/// then changed, and the offset at which it made it.
fn by_column() -> (Arc<Gated>, Environment, Offset) {
    let (log, environment) = Gated::opened();
    apply(&environment, vec![json!({"put": "settings", "conflict_granularity": "column"})]);
    let ann = device(&environment, "ann", "phone");
    let made = environment.push(ann, vec![create(1, "r")]).unwrap().outcomes[0].offset;
    environment.push(ann, vec![update(2, made, json!({"b": 5}))]).unwrap();
    (log, environment, made)
}

/// An edit of `r`, which was seen as it was made: what has changed since must be read from the log.
fn update(number: u64, made: Offset, written: Json) -> Mutation {
    mutation(number, Operation::Update, &key("t", "r"), base(made.get()), values(written))
}

/// A push whose second edit does not follow its first.
fn with_gap() -> Vec<Mutation> {
    vec![create(1, "z"), create(3, "z")]
}

fn assert_log_folds_to_what_is_shown(environment: &Environment) {
    let anew = environment.fold_anew(Judging::InForce, head(environment)).unwrap();
    assert_eq!(Digest::of(&anew), Digest::of(&environment.state()));
}

/// However many pushes are refused behind them: else a device could keep the committer busy for nothing.
#[test]
fn edits_of_a_group_are_folded_twice_at_the_most() {
    let reads = [0, 1, 2, 40].map(|refused| {
        let (log, environment, made) = by_column();
        let [bob, tablet] = ["phone", "tablet"].map(|name| device(&environment, "bob", name));
        let edits = (1..=30).map(|number| update(number, made, json!({"a": number.to_string()})));
        let mut work = vec![(bob, edits.collect())];
        work.extend((0..refused).map(|_| (tablet, with_gap())));
        let told = log.as_group(&environment, work);
        let reads = log.reads.load(Ordering::Relaxed);
        assert_eq!(told[0].as_ref().unwrap().outcomes.len(), 30);
        assert!(told[1..].iter().all(|told| matches!(told, Err(EngineError::MutationGap { .. }))));
        assert_log_folds_to_what_is_shown(&environment);
        reads
    });
    assert!(reads[0] > 0 && reads[1] <= 2 * reads[0], "{reads:?}");
    assert_eq!((reads[2], reads[3]), (reads[1], reads[1]));
}

/// Nobody is told that an edit counts which is not in the log, whoever has an edit in the group learns that it
/// doesn't, and the first of them why.
#[test]
fn group_that_can_not_go_back_counts_for_nothing() {
    let opened = || {
        let (log, environment, made) = by_column();
        let edits = vec![update(1, made, json!({"a": "one"})), create(2, "s")];
        let bob = device(&environment, "bob", "phone");
        (log, environment, bob, edits)
    };
    let (log, environment, bob, edits) = opened();
    assert!(log.as_group(&environment, vec![(bob, edits)])[0].is_ok());
    let reads = log.reads.load(Ordering::Relaxed);

    let (log, environment, bob, edits) = opened();
    let tablet = device(&environment, "bob", "tablet");
    let before = head(&environment).count();
    // To judge the edits, and not to fold them once more.
    log.reads_max.store(reads, Ordering::Relaxed);
    let work = vec![
        (tablet, vec![create(7, "q")]),
        (bob, edits.clone()),
        (device(&environment, "eve", "phone"), vec![create(1, "p")]),
        (tablet, with_gap()),
        // Behind a group that counts for nothing comes another.
        (device(&environment, "ann", "phone"), vec![create(3, "z")]),
    ];
    let told = log.as_group(&environment, work);
    assert!(matches!(told[0], Err(EngineError::MutationGap { .. })), "{told:?}");
    assert!(matches!(told[1], Err(EngineError::Store(_))), "{told:?}");
    assert!(matches!(told[2], Err(EngineError::NotLogged)), "{told:?}");
    assert!(matches!(told[3], Err(EngineError::MutationGap { .. })), "{told:?}");
    assert!(told[4].is_ok(), "{told:?}");
    assert_eq!(head(&environment).count(), before + 2, "logged is what was before and behind");
    log.reads_max.store(usize::MAX, Ordering::Relaxed);
    let again = environment.push(bob, edits).unwrap();
    assert!(again.outcomes.iter().all(|outcome| !outcome.duplicate));
    assert_log_folds_to_what_is_shown(&environment);
}

/// A push: its device, what it does to which rows, seen at which offset, and whether a gap ends it.
type Random = (usize, Vec<(Operation, &'static str, u64)>, bool);

fn pushes() -> impl Strategy<Value = Vec<Random>> {
    let operation = select(vec![Operation::Create, Operation::Update, Operation::Delete]);
    let edit = (operation, select(vec!["r1", "r2", "r3"]), 0..20u64);
    vec((0..DEVICES.len(), vec(edit, 1..4), prop::bool::weighted(0.3)), 1..20)
}

/// The pushes as they are sent, numbered as if those that a gap ends were not.
fn work(environment: &Environment, pushes: &[Random]) -> Vec<Work> {
    let mut next = [1; DEVICES.len()];
    let numbered = pushes.iter().map(|(of, edits, has_gap)| {
        let edit = |(at, (operation, row, seen)): (u64, &(Operation, &str, u64))| {
            let written = match operation {
                Operation::Delete => json!({}),
                _ => json!({"a": format!("{of} {at}")}),
            };
            let seen = base(if *seen == 0 { 0 } else { prelude() + seen });
            mutation(next[*of] + at, *operation, &key("t", row), seen, values(written))
        };
        let mut mutations: Vec<Mutation> = (0..).zip(edits).map(edit).collect();
        match has_gap {
            true => mutations.push(create(next[*of] + 5, "r1")),
            false => next[*of] += mutations.len() as u64,
        }
        let (user, name) = DEVICES[*of];
        (device(environment, user, name), mutations)
    });
    numbered.collect()
}

/// What can be compared of an answer.
fn told(answer: Told) -> Result<Vec<Json>, (MutationNumber, MutationNumber)> {
    match answer {
        Ok(pushed) => Ok(pushed.outcomes.iter().map(|outcome| outcome.to_json()).collect()),
        Err(EngineError::MutationGap { expected, found }) => Err((expected, found)),
        Err(other) => panic!("{other}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pushes_are_answered_alike_in_a_group_and_by_themselves(
        pushes in pushes(),
        by_column: bool,
        detects: bool,
    ) {
        let granularity = if by_column { "column" } else { "row" };
        let settings = json!({"put": "settings", "conflict_granularity": granularity,
                              "conflict_detection": detects});
        let (log, together) = Gated::opened();
        let apart = environment();
        for environment in [&together, &apart] {
            apply(environment, vec![settings.clone()]);
        }
        let (done, waited) = mpsc::channel();
        apart.edit_then(in_the_way(), move |edited| done.send(edited.is_ok()).unwrap()).unwrap();
        prop_assert!(waited.recv().unwrap());
        let one_by_one: Vec<_> = work(&apart, &pushes)
            .into_iter()
            .map(|(device, edits)| told(apart.push(device, edits)))
            .collect();
        let at_once = log.as_group(&together, work(&together, &pushes));
        let at_once: Vec<_> = at_once.into_iter().map(told).collect();
        prop_assert_eq!(at_once, one_by_one);
        prop_assert_eq!(Digest::of(&together.state()), Digest::of(&apart.state()));
        prop_assert_eq!(records(&together), records(&apart));
        assert_log_folds_to_what_is_shown(&together);
    }
}
