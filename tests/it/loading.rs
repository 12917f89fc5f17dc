//! What is taken whole or not at all: documents, and pushes of devices not known before.

use std::sync::Arc;

use haversack_core::{
    BaseVersion,
    event::{Actor, Event, Operation, RULES_VERSION, Record},
    settings::Settings,
};
use haversack_engine::{EngineError, Environment, FixedClock};
use serde_json::json;

use crate::fixtures::{self, NOW, id};

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
