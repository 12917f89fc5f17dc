//! The columnar engine against the evaluator that is meant to be read: random environments,
//! profiles and histories, compared after every event, row for row. Links, owners, teams, roles and
//! units change most often: that is where mistakes hide.
//!
//! `HAVERSACK_HISTORIES=1000` runs more of them.
#![allow(clippy::disallowed_methods, reason = "the environment says how long to look")]

mod admin;
mod clock;
mod dice;
mod history;
mod order;
mod preview;
mod wholes;
mod world;
mod writes;

use history::History;

/// Histories in a normal run.
const HISTORIES: u64 = 60;
const EVENTS: usize = 60;

#[test]
fn columnar_engine_says_what_the_obvious_one_says() {
    let asked = std::env::var("HAVERSACK_HISTORIES").ok().and_then(|text| text.parse().ok());
    let mut seen = history::Seen::default();
    for seed in 0..asked.unwrap_or(HISTORIES) {
        let mut history = History::begin(seed);
        for event in 0..EVENTS {
            let what = history.step();
            history.check(&mut seen, &format!("seed {seed}, event {event}: {what}"));
        }
    }
    seen.assert_enough();
}
