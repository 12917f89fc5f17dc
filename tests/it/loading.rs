//! What is taken whole or not at all: documents, and pushes of devices not known before.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use haversack_core::{
    BaseVersion, Cursor, Offset, RowVersion,
    event::{Actor, Event, Operation, RULES_VERSION, Record, RowKey},
    settings::Settings,
};
use haversack_dataset::{Evaluator, Obvious};
use haversack_engine::{EngineError, Environment, FixedClock, Live, PullAsk};
use haversack_replay::{Digest, Judging};
use haversack_store::{Log, LogRecord, MemoryLog, StoreError};
use haversack_sync::cursor::CursorKey;
use serde_json::json;

use crate::fixtures::{self, NOW, id, row};

#[test]
fn a_push_with_a_gap_does_not_make_its_device_known() {
    let environment = fixtures::environment();
    let before = environment.state().cursor;
    let edit = |number| {
        let key = fixtures::key("t", "r1");
        let base = BaseVersion::NONE;
        fixtures::mutation(number, Operation::Create, &key, base, serde_json::Map::new())
    };
    let pushed = environment.push_as(id("bob"), "new", "test", vec![edit(1), edit(3)]);
    assert!(matches!(pushed, Err(EngineError::MutationGap { .. })));
    assert_eq!(environment.state().cursor, before, "nothing was logged");
    let unnamed = environment.push_as(id("bob"), "", "test", vec![edit(1)]);
    assert!(matches!(unnamed, Err(EngineError::BadDeviceName { found: 0 })));

    let pushed = environment.push_as(id("bob"), "new", "test", vec![edit(1)]).expect("is taken");
    assert_eq!(pushed.outcomes.len(), 1);
    assert_eq!(environment.state().cursor.count(), before.count() + 2, "the device and its edit");
}

fn by_load(event: Event) -> Record {
    Record { actor: Actor::Load, event }
}

#[test]
fn nothing_but_the_rest_of_the_document_is_taken() {
    let environment = Environment::in_memory(Arc::new(FixedClock(NOW)));
    let created = Event::EnvironmentCreated { name: "half".to_owned(), rules: RULES_VERSION };
    let started = Event::LoadStarted { digest: [7; 32], events: 1 };
    environment.record(vec![by_load(created), by_load(started)]).expect("is logged");

    let change = || vec![(1, json!({"put": "role", "name": "all"}))];
    assert!(matches!(environment.apply(change()), Err(EngineError::LoadUnfinished)));
    let registered = environment.register(id("ann"), "phone", "test", None);
    assert!(matches!(registered, Err(EngineError::LoadUnfinished)));
    assert_eq!(environment.state().cursor.count(), 2, "nothing was logged");

    let rest = vec![by_load(Event::SettingsChanged(Settings::default()))];
    environment.record(rest).expect("is logged");
    environment.apply(change()).expect("the document is whole");
    assert_eq!(environment.state().cursor.count(), 4);
}

/// A log that refuses one group, and then goes on.
struct Refusing {
    log: MemoryLog,
    /// How many it takes before.
    takes: AtomicUsize,
    is_readable: bool,
}

impl Refusing {
    fn opened(takes: usize, is_readable: bool) -> Environment {
        let log = Self { log: MemoryLog::default(), takes: AtomicUsize::new(takes), is_readable };
        Environment::on(Arc::new(log), Arc::new(FixedClock(NOW))).expect("opens")
    }
}

impl Log for Refusing {
    fn append(&self, group: &[LogRecord]) -> Result<(), StoreError> {
        match self.takes.fetch_sub(1, Ordering::Relaxed) {
            0 => Err(StoreError::TooLarge { offset: group[0].offset, bytes: 1 }),
            _ => self.log.append(group),
        }
    }

    fn read(&self, from: Offset, limit: usize) -> Result<Vec<LogRecord>, StoreError> {
        match self.is_readable {
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

/// What was said of an environment in which rows were written, changed and deleted, to be said of another.
fn said() -> Vec<Record> {
    let environment = fixtures::environment();
    for number in 0..60 {
        let (row_name, owner) = (format!("x{number}"), ["bob", "eve", "ann"][number % 3]);
        let owner = json!({"table": "systemuser", "id": fixtures::id_text(owner)});
        let values = json!({"a": "first", "b": number, "ownerid": owner});
        let mut edits = vec![row("create", "t", &row_name, values)];
        if number % 2 == 0 {
            edits.push(row("update", "t", &row_name, json!({"a": "later"})));
        }
        if number % 5 == 0 {
            edits.push(row("delete", "t", &row_name, json!({})));
        }
        fixtures::apply(&environment, edits);
    }
    fixtures::records(&environment).into_iter().map(|record| record.inner).collect()
}

fn groups(said: &[Record]) -> impl Iterator<Item = Vec<Record>> {
    said.chunks(7).map(<[Record]>::to_vec)
}

#[test]
fn events_of_many_groups_are_folded_as_those_of_one_after_another() {
    let said = said();
    let environment = Environment::in_memory(Arc::new(FixedClock(NOW)));
    environment.record_all(Cursor::START, groups(&said), 2).expect("is logged");
    assert_eq!(environment.state().cursor.count(), said.len() as u64);
    let again = environment.fold_anew(Judging::InForce, environment.log().head()).expect("folds");
    assert_eq!(Digest::of(&again), Digest::of(&environment.state()));
}

#[test]
fn where_a_group_fails_those_before_it_are_shown_and_others_go_on() {
    let said = said();
    for takes in 0..said.len() / 7 {
        let environment = Refusing::opened(takes, true);
        let failed = environment.record_all(Cursor::START, groups(&said), 2);
        assert!(
            matches!(failed, Err(EngineError::Store(StoreError::TooLarge { .. }))),
            "{failed:?}"
        );
        assert_eq!(environment.state().cursor.count(), 7 * takes as u64);
        assert_eq!(environment.log().head(), environment.state().cursor);
        let rest = groups(&said[7 * takes..]);
        environment.record_all(environment.state().cursor, rest, 2).expect("is logged");
        let again = environment.fold_anew(Judging::InForce, environment.log().head());
        assert_eq!(Digest::of(&again.expect("folds")), Digest::of(&environment.state()));
    }
}

#[test]
fn nothing_is_written_on_a_state_that_is_behind_the_log() {
    let said = said();
    let environment = Refusing::opened(2, false);
    let failed = environment.record_all(Cursor::START, groups(&said), 2);
    // The failure itself, and not that of reading.
    let is_first = matches!(failed, Err(EngineError::Store(StoreError::TooLarge { bytes: 1, .. })));
    assert!(is_first, "{failed:?}");
    assert_eq!(environment.log().head().count(), 14);
    let next = environment.record(said[14..21].to_vec());
    assert!(matches!(next, Err(EngineError::Closed)), "{next:?}");
}

#[test]
fn groups_follow_the_event_that_they_were_made_for_or_are_not_logged() {
    let said = said();
    let environment = Environment::in_memory(Arc::new(FixedClock(NOW)));
    environment.record_all(Cursor::START, groups(&said), 2).expect("is logged");
    let again = environment.record_all(Cursor::START, groups(&said), 2);
    assert!(matches!(again, Err(EngineError::NotLogged)), "{again:?}");
    assert_eq!(environment.log().head().count(), said.len() as u64);
}

#[test]
fn whoever_else_writes_waits_for_the_last_group() {
    let said = said();
    let environment = Environment::in_memory(Arc::new(FixedClock(NOW)));
    std::thread::scope(|scope| {
        let mut other = None;
        let environment = &environment;
        let groups = groups(&said).enumerate().map(|(number, group)| {
            let change = vec![(1, json!({"put": "role", "name": "of another"}))];
            other.get_or_insert_with(|| scope.spawn(move || environment.apply(change)));
            // The first of the groups was taken by now, so what waits is the other.
            while number == 3 && environment.waiting() == 0 {
                std::thread::yield_now();
            }
            group
        });
        environment.record_all(Cursor::START, groups, 2).expect("is logged");
        let answers = other.expect("there was a group").join().expect("does not panic");
        let offset = answers.expect("is logged")[0].offset.expect("was applied");
        assert_eq!(offset.get(), said.len() as u64 + 1);
    });
}

#[test]
fn whoever_follows_is_told_of_every_row_of_many_groups() {
    let said = said();
    let begun = usize::try_from(fixtures::prelude()).expect("is small") + 20;
    let environment = Environment::in_memory(Arc::new(FixedClock(NOW)));
    environment.record(said[..begun].to_vec()).expect("is logged");
    let key = CursorKey::from_secret(b"test");
    let live = Arc::new(Live::over(Arc::new(environment), key, 7, |_| {}).expect("starts"));
    let after = live.environment().state().cursor;
    live.environment().record_all(after, groups(&said[begun..]), 2).expect("is logged");
    let state = live.environment().state();
    for (user, device) in fixtures::DEVICES {
        let belongs = Obvious::new(state.as_ref()).dataset(&fixtures::caller(&state, user));
        let device = fixtures::device(live.environment(), user, device);
        let ask = PullAsk { device, cursor: None, max_rows: None, tables: None };
        let (mut pull, mut ground) = live.pull(&ask).expect("there is a stream");
        let mut text = Vec::new();
        while !pull.is_over() {
            pull.write(&mut ground, &mut text);
        }
        let text = String::from_utf8(text).expect("lines are text");
        let puts = text.lines().filter(|line| line.starts_with("{\"t\":\"put\""));
        let expected = |(key, version): (&RowKey, &RowVersion)| {
            format!(
                "{{\"t\":\"put\",\"table\":\"{}\",\"id\":\"{}\",\"v\":{},",
                key.table,
                key.id,
                version.0.get()
            )
        };
        let begins: Vec<String> = belongs.iter().map(expected).collect();
        assert_eq!(puts.clone().count(), begins.len());
        assert_eq!(begins.is_empty(), user != "bob", "only bob has a profile");
        assert!(puts.zip(&begins).all(|(line, begin)| line.starts_with(begin.as_str())), "{text}");
    }
}
