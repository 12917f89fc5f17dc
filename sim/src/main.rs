//! `haversack-sim`: runs worlds, and says what did not hold in them.
//!
//! ```text
//! haversack-sim --seed 7 [--trace]               one world, and what happened in it
//! haversack-sim --twins 7                        two worlds that differ in what nobody may read
//! haversack-sim --seeds 1..2000 [--points]       many; with --points, all rare points must be come by
//! haversack-sim --minutes 5 [--seeds 9000..]     as many as there is time for
//! ```

#![allow(clippy::print_stdout, reason = "what it finds goes to standard output")]
#![allow(clippy::disallowed_methods, reason = "it is told by a real clock when to end")]

use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

use haversack_sim::{Options, Summary, many, run, twins};

/// Failures after which no more are looked for.
const FAILURES: usize = 10;

#[derive(Default)]
struct Asked {
    seed: Option<u64>,
    twins: Option<u64>,
    seeds: Option<(u64, u64)>,
    minutes: Option<u64>,
    keeps_trace: bool,
    needs_points: bool,
}

fn main() -> ExitCode {
    let asked = match asked(std::env::args().skip(1)) {
        Ok(asked) => asked,
        Err(message) => {
            println!("{message}");
            return ExitCode::from(2);
        }
    };
    let holds = match (asked.seed, asked.twins) {
        (Some(seed), _) => one(seed, asked.keeps_trace),
        (None, Some(seed)) => match twins(seed) {
            Ok(_) => told(true, &format!("seed {seed}: twins look alike")),
            Err(violation) => told(false, &format!("seed {seed}, twins: {violation}")),
        },
        (None, None) => all(&asked),
    };
    if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn told(holds: bool, text: &str) -> bool {
    println!("{text}");
    holds
}

fn asked(mut words: impl Iterator<Item = String>) -> Result<Asked, String> {
    let mut asked = Asked::default();
    while let Some(word) = words.next() {
        let mut number = || {
            let next = words.next().unwrap_or_default();
            next.parse::<u64>()
                .map_err(|_| format!("found {next:?} after {word}, expected a number"))
        };
        match word.as_str() {
            "--seed" => asked.seed = Some(number()?),
            "--twins" => asked.twins = Some(number()?),
            "--minutes" => asked.minutes = Some(number()?),
            "--trace" => asked.keeps_trace = true,
            "--points" => asked.needs_points = true,
            "--seeds" => {
                let text = words.next().unwrap_or_default();
                let wrong = || format!("found {text:?}, expected seeds such as 1..2000");
                let (first, end) = text.split_once("..").ok_or_else(wrong)?;
                let end = if end.is_empty() { Ok(u64::MAX) } else { end.parse() };
                let first = first.parse().map_err(|_| wrong())?;
                asked.seeds = Some((first, end.map_err(|_| wrong())?));
            }
            other => {
                return Err(format!(
                    "found {other:?}, expected --seed N, --twins N, --seeds A..B, --minutes M, --trace or --points"
                ));
            }
        }
    }
    Ok(asked)
}

/// One world, and the last of what happened in it, or all.
fn one(seed: u64, keeps_trace: bool) -> bool {
    let outcome = run(seed, Options { keeps_trace, twin: None });
    if keeps_trace || outcome.violation.is_some() {
        outcome.trace.lines().for_each(|line| println!("{line}"));
    }
    match &outcome.violation {
        Some(violation) => println!("seed {seed}: {violation}"),
        None => println!("seed {seed}: all holds, {} events", outcome.events),
    }
    println!("fingerprint {:016x}", outcome.trace.fingerprint());
    outcome.violation.is_none()
}

fn all(asked: &Asked) -> bool {
    let began = Instant::now();
    let limit = asked.minutes.map(|minutes| Duration::from_secs(60 * minutes));
    let goes_on = || limit.is_none_or(|limit| began.elapsed() < limit);
    let end = if limit.is_some() { u64::MAX } else { 101 };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let summary = many(asked.seeds.unwrap_or((1, end)), threads, FAILURES, &goes_on);
    let Summary { worlds, failed, points, events } = &summary;
    for (seed, violation) in failed {
        println!("seed {seed}: {violation}");
    }
    if let Some((seed, _)) = failed.first() {
        one(*seed, false);
    }
    let missed = points.missed();
    for (count, point) in points.counts().into_iter().filter(|_| asked.needs_points) {
        println!("{count:>8} {point}");
    }
    let seconds = began.elapsed().as_secs_f64();
    println!("{worlds} worlds, {events} events, {} failed, {seconds:.0} s", failed.len());
    if asked.needs_points && failed.is_empty() && !missed.is_empty() {
        println!("points that no world came by: {missed:?}");
        return false;
    }
    failed.is_empty()
}
