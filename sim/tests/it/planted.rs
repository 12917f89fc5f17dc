//! The simulation, tested: each planted mistake must be found in one of some hundred worlds.
#![cfg(feature = "planted-bugs")]

use haversack_sim::{Options, many, run};
use haversack_sync::planted::{BUGS, Bug, plant};

/// Worlds that are looked at for each mistake.
const SEEDS: u64 = 600;

#[test]
fn every_planted_bug_is_found() {
    std::panic::set_hook(Box::new(|_| {}));
    let mut missed = Vec::new();
    for bug in BUGS {
        plant(bug);
        let summary = many((1, 1 + SEEDS), 2, 1, &|| true);
        let found = summary.failed.first();
        let text = found.map_or("not found".to_owned(), |(seed, violation)| {
            format!("seed {seed}, {}", violation.to_string().chars().take(90).collect::<String>())
        });
        println!("{bug:?}: {text}");
        if found.is_none() {
            missed.push(bug);
        }
    }
    plant(Bug::None);
    let sound = run(1, Options::default()).violation;
    let _ = std::panic::take_hook();
    assert_eq!(missed, [], "planted and not found");
    assert_eq!(sound, None, "found where nothing was planted");
}
