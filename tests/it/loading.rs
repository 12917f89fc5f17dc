//! An environment whose document is only partly loaded takes nothing else.

use std::sync::Arc;

use haversack_core::{
    event::{Actor, Event, RULES_VERSION, Record},
    settings::Settings,
};
use haversack_engine::{EngineError, Environment, FixedClock};
use serde_json::json;

use crate::fixtures::{NOW, id};

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
    let registered = environment.register(id("ann"), "phone", "test");
    assert!(matches!(registered, Err(EngineError::LoadUnfinished)));
    assert_eq!(environment.state().cursor.count(), 2, "nothing was logged");

    let rest = vec![by_load(Event::SettingsChanged(Settings::default()))];
    environment.record(rest).expect("is logged");
    environment.apply(change()).expect("the document is whole");
    assert_eq!(environment.state().cursor.count(), 4);
}
