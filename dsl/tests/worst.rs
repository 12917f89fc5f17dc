//! The slowest texts that we could think of: none takes more time than its length allows, or more
//! stack than a small thread has.
#![allow(clippy::disallowed_methods, reason = "tests measure, on threads of their own")]

mod adversary;

use std::{
    hint::black_box,
    thread,
    time::{Duration, Instant},
};

use haversack_core::{catalog::Catalog, limits::QUERY_BYTES_MAX, settings::Compatibility};
use haversack_dsl::{check_custom_filter, parse, print_dsl, print_fetchxml, resolve};

/// A thread's stack, in bytes: a quarter of what threads have that nobody asked otherwise, and much less
/// where the compiler has made the frames small.
const STACK_BYTES: usize = if cfg!(debug_assertions) { 512 << 10 } else { 128 << 10 };
/// By how much the longer text of a pair is longer.
const LONGER: usize = 16;
/// How often the time for the shorter text the longer one may take. What grows with the square of
/// the length takes 256 times as long; memory that has to be fetched from the system is slower than
/// what is at hand.
const SLOWER_MAX: u32 = 80;
/// Times that a pair is measured: what else the machine does makes some of them longer, none shorter.
const TRIES: usize = 40;

/// More errors than anybody reads are not looked for.
/// Fifty, and one that says how many more there are.
const DIAGNOSTICS_MAX: usize = 51;

/// Texts as deep as they may be: groups, tests for rows and links, in both syntaxes.
const DEEPEST: [fn() -> String; 6] = [
    || nested("fetch account { filter { ", "or { ", 15, "name null ", "} ") + "} }",
    || nested("fetch account { filter { ", "all account { ", 15, "name null ", "} ") + "} }",
    || {
        let links: String = (0..15).map(|at| format!("link first account as a{at} {{ ")).collect();
        format!("fetch account {{ {links}filter {{ name null }} {}}}", "} ".repeat(15))
    },
    || {
        let head = "<fetch><entity name='account'><filter>";
        nested(head, "<filter type='or'>", 15, CONDITION, "</filter>")
            + "</filter></entity></fetch>"
    },
    || {
        let head = "<fetch><entity name='account'><filter>";
        let open = "<link-entity name='account' link-type='all'><filter>";
        nested(head, open, 15, CONDITION, "</filter></link-entity>") + "</filter></entity></fetch>"
    },
    || {
        let links: String =
            (0..15).map(|at| format!("<link-entity name='account' alias='a{at}'>")).collect();
        let close = "</link-entity>".repeat(15);
        let filter = format!("<filter>{CONDITION}</filter>");
        format!("<fetch><entity name='account'>{links}{filter}{close}</entity></fetch>")
    },
];

const CONDITION: &str = "<condition attribute='name' operator='null'/>";

fn nested(head: &str, open: &str, depth: usize, inside: &str, close: &str) -> String {
    format!("{head}{}{inside}{}", open.repeat(depth), close.repeat(depth))
}

/// All that is done with a text on the way to an answer.
fn judge(text: &str, catalog: &Catalog) {
    let fetch = match parse(text) {
        Ok(fetch) => fetch,
        Err(errors) => return assert!(errors.len() <= DIAGNOSTICS_MAX),
    };
    let found = match resolve(&fetch, catalog) {
        Ok(resolved) => (black_box(resolved.query.to_string()), resolved.warnings).1,
        Err(errors) => errors,
    };
    assert!(found.len() <= DIAGNOSTICS_MAX);
    let found = check_custom_filter(&fetch, "contact", Compatibility::Classic);
    assert!(found.len() <= DIAGNOSTICS_MAX);
    black_box((print_dsl(&fetch), print_fetchxml(&fetch)));
}

fn took(text: &str, catalog: &Catalog) -> Duration {
    let start = Instant::now();
    judge(text, catalog);
    start.elapsed()
}

#[test]
fn time_grows_no_faster_than_the_text() {
    let catalog = adversary::catalog();
    for (name, input) in adversary::inputs() {
        let (short, long) = (input(QUERY_BYTES_MAX / LONGER), input(QUERY_BYTES_MAX));
        assert!((QUERY_BYTES_MAX - 512..=QUERY_BYTES_MAX).contains(&long.len()), "{name}");
        let mut times = (Duration::MAX, Duration::MAX);
        for _ in 0..TRIES {
            times.0 = times.0.min(took(&short, &catalog));
            times.1 = times.1.min(took(&long, &catalog));
            if times.1 <= times.0 * SLOWER_MAX {
                break;
            }
        }
        assert!(times.1 <= times.0 * SLOWER_MAX, "{name}: {times:?}");
    }
}

#[test]
fn a_small_stack_is_enough() {
    let judged = thread::Builder::new().stack_size(STACK_BYTES).spawn(|| {
        let catalog = adversary::catalog();
        for (_, input) in adversary::inputs() {
            judge(&input(QUERY_BYTES_MAX), &catalog);
        }
        for input in DEEPEST {
            let text = input();
            parse(&text).unwrap_or_else(|errors| panic!("{text}: {}", errors[0]));
            judge(&text, &catalog);
        }
    });
    judged.expect("a thread").join().expect("it panics nowhere");
}
