//! `haversack-sim`: runs worlds, and says what did not hold in them.
//!
//! ```text
//! haversack-sim --seed 7 [--trace]               one world, and what happened in it
//! haversack-sim --seed 7 --shrink                of one that fails, what need not happen for it to fail
//! haversack-sim --twins 7                        two worlds that differ in what nobody may read
//! haversack-sim --seeds 1..2000 [--points]       many; with --points, all rare points must be come by
//! haversack-sim --minutes 5 [--seeds 9000..]     as many as there is time for
//!
//! --plain, --real                                with plain devices only, or real ones only
//! --without Cut,Drop --steps 90                  without some of what happens, and so long
//! ```

#![allow(clippy::print_stdout, reason = "what it finds goes to standard output")]
#![allow(clippy::disallowed_methods, reason = "it is told by a real clock when to end")]

use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

use haversack_sim::{Cast, Options, Summary, Without, many, run, shrink, twins};

/// Failures after which no more are looked for.
const FAILURES: usize = 10;

#[derive(Default)]
struct Asked {
    seed: Option<u64>,
    twins: Option<u64>,
    seeds: Option<(u64, u64)>,
    minutes: Option<u64>,
    needs_points: bool,
    shrinks: bool,
    options: Options,
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
        (Some(seed), _) if asked.shrinks => shrunk(seed, asked.options),
        (Some(seed), _) => one(seed, asked.options),
        (None, Some(seed)) => match twins(seed, asked.options) {
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
            "--trace" => asked.options.keeps_trace = true,
            "--shrink" => asked.shrinks = true,
            "--steps" => asked.options.steps = usize::try_from(number()?).ok(),
            "--points" => asked.needs_points = true,
            "--plain" => asked.options.cast = Cast::Plain,
            "--real" => asked.options.cast = Cast::Real,
            "--seeds" => {
                let text = words.next().unwrap_or_default();
                let wrong = || format!("found {text:?}, expected seeds such as 1..2000");
                let (first, end) = text.split_once("..").ok_or_else(wrong)?;
                let end = if end.is_empty() { Ok(u64::MAX) } else { end.parse() };
                let first = first.parse().map_err(|_| wrong())?;
                asked.seeds = Some((first, end.map_err(|_| wrong())?));
            }
            "--without" => asked.options.without = without(&words.next().unwrap_or_default())?,
            other => {
                return Err(format!(
                    "found {other:?}, expected --seed N, --twins N, --seeds A..B, --minutes M, --trace, \
                     --points, --plain, --real, --shrink, --without A,B or --steps N"
                ));
            }
        }
    }
    Ok(asked)
}

fn without(text: &str) -> Result<Without, String> {
    let known: Vec<&str> = Without::each().collect();
    let wrong = |name: &str| format!("found {name:?} after --without, expected some of {known:?}");
    let mut names = text.split(',');
    names.try_fold(Without::default(), |out, name| out.and(name).ok_or_else(|| wrong(name)))
}

/// A world that fails, with as little in it as there need be.
fn shrunk(seed: u64, options: Options) -> bool {
    let Some((shrunk, violation)) = shrink(seed, options) else {
        return told(true, &format!("seed {seed}: all holds"));
    };
    let cast = match options.cast {
        Cast::Mixed => "",
        Cast::Plain => " --plain",
        Cast::Real => " --real",
    };
    println!("seed {seed}: {violation}");
    told(false, &format!("after {} worlds: --seed {seed}{cast}{shrunk}", shrunk.tried))
}

/// One world, and the last of what happened in it, or all.
fn one(seed: u64, options: Options) -> bool {
    let outcome = run(seed, options);
    if options.keeps_trace || outcome.violation.is_some() {
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
    let seeds = asked.seeds.unwrap_or((1, end));
    let summary = many(seeds, asked.options, threads, FAILURES, &goes_on);
    let Summary { worlds, failed, points, events } = &summary;
    for (seed, violation) in failed {
        println!("seed {seed}: {violation}");
    }
    if let Some((seed, _)) = failed.iter().find(|(_, violation)| violation.invariant != "stuck") {
        one(*seed, asked.options);
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
