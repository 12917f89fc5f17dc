//! Random queries over random rows, answered by the evaluator that is meant to be read and by SQL
//! that SQLite runs. Both answers are the same, row for row; and so are those of the query in canonical
//! form, and of the columnar engine.
//!
//! The SQL comes from the tree of the query, and neither from the resolver nor from the evaluator. A
//! query is asked in the DSL or in FetchXML. What the queries were about is counted, so that the test
//! can't pass by asking nothing.
//!
//! ```text
//! HAVERSACK_ORACLE_QUERIES=100000 cargo test -p haversack-dataset --test oracle    a longer run
//! HAVERSACK_ORACLE_SEED=1234 cargo test -p haversack-dataset --test oracle         one case
//! ```
//!
//! A case that fails is told with its seed, and with all that it needs to fail and nothing else.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't go on fails")]
#![allow(clippy::disallowed_methods, reason = "how long the test runs is said in the environment")]
#![allow(missing_docs, reason = "a test's name says what it is about")]

mod answers;
mod check;
mod coverage;
mod database;
mod decimal;
mod edit;
mod generate;
mod joins;
mod random;
mod schema;
mod text;
mod to_sql;
mod world;

use haversack_dsl::{ast::Fetch, print_dsl};
use rusqlite::Connection;

use crate::{
    check::{Trouble, check, reduced},
    coverage::{Coverage, whole_answer},
    random::Random,
    world::{Asker, World},
};

/// Queries of a run that nobody asked to be longer.
const QUERIES: u64 = 3_000;
/// How often everything that a query can say must tell in them.
const LEAST: usize = 3;
/// Queries about one case's rows: half of them by the roles of who asks.
const QUERIES_PER_WORLD: u64 = 12;
/// Threads, each with every second case.
const THREADS: u64 = 2;

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable}: found {text:?}, expected a number")))
}

#[test]
fn sqlite_and_the_evaluator_agree() {
    let mut coverage = Coverage::default();
    if let Some(seed) = number("HAVERSACK_ORACLE_SEED") {
        return run(seed..seed + 1, &mut coverage);
    }
    let queries = number("HAVERSACK_ORACLE_QUERIES").unwrap_or(QUERIES);
    let worlds = queries.div_ceil(QUERIES_PER_WORLD);
    let of_threads = std::thread::scope(|scope| {
        let run_every_second = |first: u64| {
            let mut coverage = Coverage::default();
            for world in (first..worlds).step_by(THREADS as usize) {
                let from = world * QUERIES_PER_WORLD;
                run(from..from + QUERIES_PER_WORLD, &mut coverage);
            }
            coverage
        };
        let threads = (0..THREADS).map(|first| scope.spawn(move || run_every_second(first)));
        let threads: Vec<_> = threads.collect();
        threads.into_iter().map(|thread| thread.join()).collect::<Vec<_>>()
    });
    for of_thread in of_threads {
        coverage.add(of_thread.unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
    }
    for (what, times) in &coverage.0 {
        println!("{times:6} {what}");
    }
    let missing = coverage.missing(LEAST);
    assert!(missing.is_empty(), "asked too seldom: {missing:#?}");
}

/// Runs the cases of one world with these seeds.
fn run(seeds: std::ops::Range<u64>, coverage: &mut Coverage) {
    let (world, askers) = generate::data::world(seeds.start / QUERIES_PER_WORLD);
    let databases = askers.map(|asker| database::database(&world, asker));
    for seed in seeds {
        let at = usize::from(seed % 2 == 1);
        let fetch = telling(seed, &world, &databases[at]);
        // Pairs of cases: by roles and not, in the one syntax, then in the other.
        let in_fetchxml = seed / 2 % 2 == 1;
        match check(&world, askers[at], &databases[at], &fetch, in_fetchxml) {
            Ok((answer, turned)) => {
                let whole = coverage.look_at(&world, &databases[at], &fetch);
                let is_part = !answer.lines.is_empty() && answer.lines != whole.lines;
                let paging = &fetch.paging;
                let parts = [(paging.top.is_some(), "top"), (paging.size.is_some(), "page")];
                let parts = parts.into_iter().filter(|(is_asked, _)| *is_asked && is_part);
                parts.for_each(|(_, what)| coverage.note(what));
                if turned > 0 {
                    coverage.note("page by cookie");
                }
                if askers[at].by_roles && askers[0].user == askers[1].user {
                    note_roles(coverage, &whole, &world, &databases[1], &fetch);
                }
            }
            Err(Trouble::Broken(how)) => panic!("seed {seed}: {how}"),
            Err(Trouble::Different(_)) => fail(seed, &world, askers[at], &fetch, in_fetchxml),
        }
    }
}

/// The query of a case. Of several the first that gives anything, but for some cases.
fn telling(seed: u64, world: &World, database: &Connection) -> Fetch {
    let mut random = Random::new(!seed);
    let tries = if random.chance(15) { 0 } else { 5 };
    let mut fetch = generate::queries::fetch(&mut random, world);
    for _ in 0..tries {
        if !whole_answer(world, database, &fetch).lines.is_empty() {
            break;
        }
        fetch = generate::queries::fetch(&mut random, world);
    }
    fetch
}

/// Roles told where the same user would have another answer if everything could be read.
fn note_roles(
    coverage: &mut Coverage,
    whole: &answers::Answer,
    world: &World,
    everything: &Connection,
    fetch: &Fetch,
) {
    let of_all = whole_answer(world, everything, fetch);
    if !whole.lines.is_empty() && whole.lines != of_all.lines {
        coverage.note("roles");
    }
}

fn fail(seed: u64, world: &World, asker: Asker, fetch: &Fetch, in_fetchxml: bool) -> ! {
    let (less, query, how) = reduced(world, asker, fetch, in_fetchxml);
    panic!(
        "the answers differ; again with HAVERSACK_ORACLE_SEED={seed}\n\n{}\nreduced to\n\n{}\n{}\n{how}",
        print_dsl(fetch),
        print_dsl(&query),
        less.describe(asker),
    );
}
