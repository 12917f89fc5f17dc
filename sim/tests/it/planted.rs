//! The simulation, tested: each planted mistake must be found in one of some hundred worlds.
#![cfg(feature = "planted-bugs")]

use haversack_sim::{Options, Without, many, run, shrink};
use haversack_sync::planted::{BUGS, Bug, plant};

/// Worlds that are looked at for each mistake.
const SEEDS: u64 = 600;

#[test]
fn every_planted_bug_is_found() {
    std::panic::set_hook(Box::new(|_| {}));
    let mut missed = Vec::new();
    for bug in BUGS {
        plant(bug);
        let summary = many((1, 1 + SEEDS), Options::default(), 2, 1, &|| true);
        let found = summary.failed.first();
        let text = found.map_or("not found".to_owned(), |(seed, violation)| {
            format!("seed {seed}, {}", violation.to_string().chars().take(90).collect::<String>())
        });
        println!("{bug:?}: {text}");
        if found.is_none() {
            missed.push(bug);
        }
    }
    is_made_smaller(Bug::JudgeAgain);
    plant(Bug::None);
    assert!(shrink(1, Options::default()).is_none(), "a world in which all holds");
    let sound = run(1, Options::default()).violation;
    let _ = std::panic::take_hook();
    assert_eq!(missed, [], "planted and not found");
    assert_eq!(sound, None, "found where nothing was planted");
}

/// What is left of a world that fails has less in it, and still fails.
fn is_made_smaller(bug: Bug) {
    plant(bug);
    let failed = many((1, 1 + SEEDS), Options::default(), 2, 1, &|| true).failed;
    let (seed, violation) = failed.first().expect("it is found");
    let (shrunk, still) = shrink(*seed, Options::default()).expect("it fails");
    println!("seed {seed}{shrunk}: {still}, after {} worlds", shrunk.tried);
    assert_eq!(violation.invariant, still.invariant);
    assert_eq!(run(*seed, shrunk.options).violation, Some(still));
    let left = Without::each().filter(|name| !shrunk.options.without.has(name)).count();
    assert!(left < Without::each().count() / 2, "{left} kinds are left");
}
