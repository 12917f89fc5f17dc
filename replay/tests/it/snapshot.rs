//! The law of snapshots: resumed and folded on is folded from nothing, to the byte.

use std::collections::BTreeSet;

use haversack_core::settings::Policy;
use haversack_replay::{Digest, Judging, State, fold};
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};

use crate::{
    bytes::{again, encoded},
    few,
    history::{Log, history, run},
};

const JUDGINGS: [Judging; 3] =
    [Judging::InForce, Judging::Under(Policy::ClientWins), Judging::Under(Policy::ServerWins)];

fn folded_on(state: &State, log: &Log, until: usize, judging: Judging) -> State {
    let mut state = state.clone();
    let from = usize::try_from(state.cursor.count()).unwrap();
    for record in &log.records[from..until] {
        fold(&mut state, record, judging, &log.records[..]).unwrap();
    }
    state
}

fn assert_same(one: &State, other: &State) {
    assert_eq!(Digest::of(one), Digest::of(other));
    assert_eq!(one.catalog, other.catalog);
    assert_eq!(one.conflicts, other.conflicts);
    assert_eq!(encoded(one), encoded(other));
}

proptest! {
    #![proptest_config(few(96))]

    #[test]
    fn a_resumed_state_is_the_state(history in history(), percent in 0..=100usize) {
        let log = run(&history);
        let until = log.records.len() * percent / 100;
        for judging in JUDGINGS {
            let then = folded_on(&State::default(), &log, until, judging);
            let back = again(&then);
            assert_same(&back, &then);
            let all = folded_on(&then, &log, log.records.len(), judging);
            assert_same(&folded_on(&back, &log, log.records.len(), judging), &all);
        }
    }
}

#[test]
fn the_empty_state_comes_back() {
    assert_same(&again(&State::default()), &State::default());
}

/// The generator reaches what the law is about.
#[test]
fn a_history_has_everything() {
    let mut runner = TestRunner::deterministic();
    let mut seen = BTreeSet::new();
    for _ in 0..96 {
        let history = history().new_tree(&mut runner).unwrap().current();
        let state = run(&history).state;
        let catalog = &state.catalog;
        let mut note = |what: &'static str, found: bool| seen.extend(found.then_some(what));
        let tables = catalog.tables().count();
        let relationships = catalog.relationships().count();
        note("left table", tables > 3 + catalog.definitions().count() + relationships);
        note("published", catalog.profiles.values().any(|p| p.published.is_some()));
        note(
            "unpublished",
            catalog.profiles.values().any(|p| p.versions > 0 && p.published.is_none()),
        );
        note("assigned", catalog.assignments.len() > 1);
        note("app", !catalog.apps.is_empty());
        note("loading", state.load.is_some_and(|load| load.done > 0 && !load.is_complete()));
        note("device app", state.devices.values().any(|device| device.app.is_some()));
        note("token", !catalog.tokens.is_empty());
        note("device", state.devices.len() > 3);
        let server = |c: &haversack_replay::Conflict| format!("{:?}", c.verdict);
        note("client", state.conflicts.values().any(|c| server(c).contains("Client")));
        note("server", state.conflicts.values().any(|c| server(c).contains("Server")));
        note("no server row", state.conflicts.values().any(|c| c.server.is_none()));
        for (_, row, touches) in state.slots() {
            note("deleted", row.is_none());
            note("spared", touches.newest_first().any(|touch| touch.spared.is_some()));
        }
    }
    let all = [
        "app",
        "assigned",
        "client",
        "deleted",
        "device",
        "device app",
        "left table",
        "loading",
        "no server row",
        "published",
        "server",
        "spared",
        "token",
        "unpublished",
    ];
    assert_eq!(seen, all.into_iter().collect());
}
