//! `haversack-sim`: runs worlds, and says what did not hold in them.

#![allow(clippy::print_stdout, reason = "a tool that tells what it found")]

use std::process::ExitCode;

fn main() -> ExitCode {
    let seed = std::env::args().nth(1).and_then(|t| t.parse().ok()).unwrap_or(1);
    let end = std::env::args().nth(2).and_then(|t| t.parse().ok()).unwrap_or(seed + 1);
    let mut failed = 0;
    let mut points = haversack_sim::Points::default();
    for seed in seed..end {
        let o = haversack_sim::run(
            seed,
            haversack_sim::Options { keeps_trace: end == seed + 1, twin: None },
        );
        points.add(&o.points);
        if let Some(v) = &o.violation {
            failed += 1;
            println!("seed {seed}: {v}");
            if failed < 3 {
                for l in o.trace.lines() {
                    println!("{l}");
                }
            }
        }
        if end == seed + 1 {
            println!("{:x} {} events", o.trace.fingerprint(), o.events);
        }
    }
    println!("failed {failed}; missed {:?}", points.missed());
    ExitCode::SUCCESS
}
