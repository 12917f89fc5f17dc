//! One function a verb.

mod admin;
mod audit;
mod bench;
mod deliveries;
mod demo;
mod device;
mod explain;
mod log;
mod operators;
mod preview;
mod profile;
mod prove;
mod push;
mod query;
mod rows;
mod serve;
mod stats;
mod token;

use std::{path::PathBuf, process::ExitCode};

use clap::CommandFactory;

use crate::{
    cli::{AuditVerb, Cli, DeviceVerb, LogVerb, ProfileVerb, TokenVerb, Verb},
    failure::Failure,
    session::Session,
};

/// Where an environment is unless `--data` says otherwise.
const DATA_DEFAULT: &str = "./haversack-data";

/// Does what the command line asks for.
pub fn run(cli: Cli) -> Result<ExitCode, Failure> {
    let Cli { data, format, verb } = cli;
    let given = data;
    let data = given.clone().unwrap_or_else(|| PathBuf::from(DATA_DEFAULT));
    let open = || Session::open(&data);
    match verb {
        Verb::Bench { accounts, seed, devices, directory, only } => {
            bench::bench(accounts, seed, &devices, directory.as_deref(), &only)
        }
        Verb::Demo { once } => demo::demo(given, once),
        Verb::Load { directory } => admin::load(&data, &directory, format),
        Verb::Apply { file } => admin::apply(&data, &file, format),
        Verb::Query { file, chosen, moment, explain: Some(stage), .. } => {
            query::explain(&open()?, &file, &chosen, &moment, stage)
        }
        Verb::Query { file, chosen, user, ignore_security, moment, explain: None } => {
            let who = (user.as_deref(), ignore_security);
            query::query(&open()?, &file, &chosen, who, &moment, format)
        }
        Verb::Check { files } => query::check(&open()?, &files, format),
        Verb::Fmt { files } => query::fmt(&files),
        Verb::Convert { file, chosen, to } => query::convert(&file, &chosen, to),
        Verb::Profile(ProfileVerb::List) => admin::profile_list(&open()?, format),
        Verb::Profile(ProfileVerb::Show { name }) => admin::profile_show(&open()?, &name, format),
        Verb::Profile(ProfileVerb::Preview(rehearsal)) => {
            preview::profile_preview(&open()?, &rehearsal, format)
        }
        Verb::Profile(ProfileVerb::Publish { name }) => {
            admin::profile_publish(&open()?, &name, format)
        }
        Verb::Profile(ProfileVerb::Export { name }) => profile::export(&open()?, &name),
        Verb::Profile(ProfileVerb::Import { file }) => profile::import(&open()?, &file, format),
        Verb::Dataset { user, since: None, moment } => {
            rows::dataset(&open()?, &user, &moment, format)
        }
        Verb::Dataset { user, since: Some(since), moment } => {
            rows::dataset_since(&open()?, &user, &since, &moment, format)
        }
        Verb::Explain { user, table, id, changes, moment } => {
            explain::explain(&open()?, &user, (&table, &id), (&moment, changes), format)
        }
        Verb::Push { file, user, device } => push::push(&open()?, &file, &user, &device, format),
        Verb::Serve { listen } => serve::serve(&data, listen),
        Verb::Token(TokenVerb::Create { user, device, admin: _ }) => {
            token::create(&open()?, user.as_deref(), device.as_deref(), format)
        }
        Verb::Token(TokenVerb::List) => token::list(&open()?, format),
        Verb::Token(TokenVerb::Revoke { id }) => token::revoke(&open()?, &id, format),
        Verb::Device(DeviceVerb::List { user }) => device::list(&open()?, user.as_deref(), format),
        Verb::Device(DeviceVerb::Client(verb)) => device::client::run(given, verb, format),
        Verb::Device(DeviceVerb::Rows(asked)) => device::rows(&open()?, &asked, format),
        Verb::History { table, id } => audit::history(&open()?, &table, &id, format),
        Verb::Conflicts { policy } => audit::conflicts(&open()?, policy, format),
        Verb::Rows { table, policy, at } => {
            rows::rows(&open()?, &table, policy, at.as_deref(), format)
        }
        Verb::Stats => stats::stats(&open()?, &data, format),
        Verb::Replay { policy, at, diff, check } => {
            audit::replay(&open()?, policy, at.as_deref(), diff, check, format)
        }
        Verb::Audit(AuditVerb::Verify { proof: Some(proof), checkpoint, key }) => {
            prove::verify_proof(&proof, checkpoint.as_deref(), key.as_deref(), format)
        }
        Verb::Audit(AuditVerb::Verify { proof: None, .. }) => prove::verify(&open()?, format),
        Verb::Audit(AuditVerb::Prove { event: Some(event), checkpoint, .. }) => {
            prove::prove_event(&open()?, event, checkpoint.as_deref())
        }
        Verb::Audit(AuditVerb::Prove { event: None, since, .. }) => {
            prove::prove_since(&open()?, since.as_deref())
        }
        Verb::Audit(AuditVerb::Checkpoint) => prove::checkpoint(&open()?, format),
        Verb::Audit(AuditVerb::Key) => prove::key(&open()?, format),
        Verb::Audit(AuditVerb::Deliveries { device, since }) => {
            deliveries::deliveries(&data, device.as_deref(), since.as_deref(), format)
        }
        Verb::Audit(AuditVerb::Export { directory }) => prove::export(&open()?, &directory, format),
        Verb::Log(LogVerb::Repair { dry_run }) => log::repair(&data, dry_run, format),
        Verb::Log(LogVerb::Export { file, until }) => log::export(&data, &file, until, format),
        Verb::Log(LogVerb::Import { file, until }) => log::import(&data, &file, until, format),
        Verb::Operators { names } => operators::operators(&names, format),
        Verb::Completion { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "haversack", &mut script);
            crate::output::print_text(&String::from_utf8_lossy(&script))?;
            Ok(ExitCode::SUCCESS)
        }
    }
}
