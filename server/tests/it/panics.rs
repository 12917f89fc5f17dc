//! A bug in a handler is that request's alone.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use haversack_core::Timestamp;
use haversack_engine::Clock;
use haversack_server::Options;
use serde_json::json;

use crate::{
    client::request,
    world::{NOW, World},
};

/// A clock that panics when it's told to, but for the committer.
#[derive(Default)]
struct Broken(AtomicBool);

impl Clock for Broken {
    fn now(&self) -> Timestamp {
        let is_committer = std::thread::current().name() == Some("committer");
        assert!(is_committer || !self.0.load(Ordering::SeqCst), "the clock is broken, as planned");
        NOW
    }
}

#[test]
fn a_panic_is_answered_with_the_requests_id_and_the_server_goes_on() {
    let clock = Arc::new(Broken::default());
    let world = World::by(Arc::clone(&clock) as Arc<dyn Clock>, Options::default());
    world.row(&world.ann, "r", json!({}));
    let device = world.register(&world.ann, "phone");
    clock.0.store(true, Ordering::SeqCst);
    let pull = request("POST", "/v1/sync/pull", &world.ann)
        .header("x-request-id", "the-one")
        .json(&json!({"device_id": device}));
    let query = request("POST", "/v1/query", &world.ann).body("fetch t { columns name }");
    // More often than there are permits for long questions: each must come back.
    for _ in 0..5 {
        let answer = world.send(&pull);
        assert_eq!((answer.status, answer.code().as_str()), (500, "bug"));
        assert_eq!(answer.json()["request_id"], "the-one");
        assert!(!String::from_utf8_lossy(&answer.body).contains("planned"));
        assert_eq!(world.send(&query).status, 500);
    }
    clock.0.store(false, Ordering::SeqCst);
    assert_eq!(world.send(&query).ok().lines(), [json!({"name": "r"})]);
    assert_eq!(world.send(&pull).ok().lines().last().unwrap()["t"], "complete");
    world.row(&world.ann, "after", json!({}));
}
