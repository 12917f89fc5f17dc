//! The `haversack` command: verbs to library calls, and nothing else.

mod cli;
mod failure;
mod input;
mod output;
mod report;
mod session;
mod verbs;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    match verbs::run(cli) {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}
