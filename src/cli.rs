//! The command line's grammar.

mod client;

use std::{net::SocketAddr, path::PathBuf};

use clap::{
    Args, Parser, Subcommand, ValueEnum,
    builder::{PossibleValue, PossibleValuesParser},
};
use haversack_dsl::operator::OPERATORS;

pub use client::{ClientVerb, EditVerb};

/// Takes business data offline: events in one log, profiles, datasets, conflicts, replays.
#[derive(Debug, Parser)]
#[command(
    name = "haversack",
    version,
    after_help = "Results go to standard output, messages to \
    standard error. Exit: 0 done, 1 the answer is no, 2 bad usage, 3 bad input, 4 the log is \
    damaged, 5 anything else."
)]
pub struct Cli {
    /// Directory of the environment [default: ./haversack-data; of the demo, a fresh one;
    /// of a device's own verbs, ./haversack-device]
    #[arg(long, global = true, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Form of results
    #[arg(long, global = true, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// What to do
    #[command(subcommand)]
    pub verb: Verb,
}

/// Form of results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Table,
    /// One JSON array
    Json,
    /// One JSON object a line
    Ndjson,
    /// Comma-separated, with a header
    Csv,
}

/// A conflict policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PolicyArg {
    /// The device's edit is applied
    ClientWins,
    /// The device's edit is recorded and not applied
    ServerWins,
}

/// One of the two syntaxes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SyntaxArg {
    /// Haversack's own
    Dsl,
    /// Dataverse's
    Fetchxml,
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Measure {
    /// All rows through the log, durable, to a state
    Load,
    /// What follows from the log is deleted and folded again
    Rebuild,
    /// The state from the newest snapshot
    Restart,
    /// First pull over HTTP by one device
    #[value(name = "first_pull_1")]
    FirstPull1,
    /// First pulls over HTTP by 50 devices at once
    #[value(name = "first_pull_50")]
    FirstPull50,
    /// 1,000 updates in 10 transactions, until every connected device holds its own: `burst_50`, ...
    #[value(name = "burst", alias = "burst_50", alias = "burst_500")]
    Burst,
    /// Memory of a server for each device that waits, if the most of `--devices` do
    #[value(name = "idle_device")]
    IdleDevice,
    /// Pulls over HTTP that bring nothing
    #[value(name = "idle_pull")]
    IdlePull,
    /// Edits over HTTP, one a request, from 50 devices at once
    #[value(name = "push_1")]
    Push1,
    /// Edits over HTTP, 100 a request, from 50 devices at once
    #[value(name = "push_100")]
    Push100,
    /// All users' datasets, in process
    Datasets,
    /// After a burst, what 500 users gain, lose and must be sent, in process
    #[value(name = "differences_500")]
    Differences,
    /// The same with business-unit read depth and filters on linked rows
    #[value(name = "datasets_secured")]
    DatasetsSecured,
    /// What publishing a profile with one item changed would do to the devices of 10,000 users
    Preview,
    /// When rows came to devices and went from them, on a log of 100,000 events
    #[value(name = "explain_changes")]
    ExplainChanges,
    /// How these grow with rows, users, profiles and relationships; only if it is named
    Growth,
    /// How the log and first pulls grow with rows, and bursts with devices; only if it is named
    #[value(name = "network_growth")]
    NetworkGrowth,
}

/// What a query becomes on the way to its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Stage {
    /// As it was read: the canonical text
    Ast,
    /// With names and values looked up, and its filter in canonical form
    Algebra,
    /// Split by what answers depend on
    Plan,
}

/// Who asks, when, and of which past.
#[derive(Debug, Args)]
pub struct Moment {
    /// The time that clock-relative operators read (RFC 3339)
    #[arg(long, value_name = "TIME")]
    pub now: Option<String>,
    /// As of an event's offset or of a time (RFC 3339)
    #[arg(long, value_name = "OFFSET|TIME")]
    pub at: Option<String>,
}

/// Which query of a file, and what is given for its parameters.
#[derive(Debug, Args)]
pub struct Chosen {
    /// The query, if the file has several
    #[arg(long, value_name = "QUERY")]
    pub name: Option<String>,
    /// A value for a parameter of the query
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = parameter)]
    pub parameters: Vec<(String, String)>,
}

fn parameter(text: &str) -> Result<(String, String), String> {
    let parts = text.split_once('=').filter(|(name, _)| !name.is_empty());
    let (name, value) = parts.ok_or("expected a parameter's name, `=` and its value")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// Tokens.
#[derive(Debug, Subcommand)]
pub enum TokenVerb {
    /// Make a token and print it, once
    Create {
        /// For a user (id or name)
        #[arg(long, value_name = "USER", required_unless_present = "admin")]
        user: Option<String>,
        /// For one device of the user alone, by its name
        #[arg(long, value_name = "NAME", requires = "user")]
        device: Option<String>,
        /// For the administrator
        #[arg(long, conflicts_with_all = ["user", "device"])]
        admin: bool,
    },
    /// List the tokens that are good
    List,
    /// Make a token good for nothing
    Revoke {
        /// The token's id
        id: String,
    },
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// The main job on the example environment: profiles, offline edits, conflicts, their replay; then it
    /// is served until Ctrl-C
    Demo {
        /// End when the story is told
        #[arg(long)]
        once: bool,
    },
    /// Load an environment document
    Load {
        /// Directory with environment.json and rows/
        directory: PathBuf,
    },
    /// Apply admin changes and online edits, one JSON object a line
    Apply {
        /// File, or - for standard input
        file: PathBuf,
    },
    /// Run a query file
    Query {
        /// File in either syntax, or - for standard input
        file: PathBuf,
        #[command(flatten)]
        chosen: Chosen,
        /// The user who asks (id or name)
        #[arg(long = "as", value_name = "USER", required_unless_present_any = ["ignore_security", "explain"])]
        user: Option<String>,
        /// Read everything
        #[arg(long)]
        ignore_security: bool,
        #[command(flatten)]
        moment: Moment,
        /// Print what the query is understood to be, and do not run it
        #[arg(long, value_enum, value_name = "STAGE")]
        explain: Option<Stage>,
    },
    /// Measure the benchmark workload; one JSON line a measure
    Bench {
        /// Accounts; of contacts and tasks there are twice as many. `explain_changes` has a log
        /// of its own
        #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(10..))]
        accounts: u64,
        /// What the rows follow from
        #[arg(long, default_value_t = 42)]
        seed: u64,
        /// How many devices are connected in the measures `burst_...`, which are named by them; the
        /// most of them wait in `idle_device`
        #[arg(long, value_delimiter = ',', value_name = "COUNT", default_values_t = [50, 500],
              value_parser = clap::value_parser!(u64).range(1..=1_000))]
        devices: Vec<u64>,
        /// Where measures that write put their data directories, which go away again [default: where
        /// temporary files are]
        #[arg(long = "dir", value_name = "DIR")]
        directory: Option<PathBuf>,
        /// Measure only these
        #[arg(long, value_enum, value_delimiter = ',', value_name = "NAME")]
        only: Vec<Measure>,
    },
    /// Parse and resolve query files, and lint them
    Check {
        /// Files in either syntax
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Print query files in canonical form
    Fmt {
        /// Files in either syntax, or - for standard input
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Print a query file in the other syntax
    Convert {
        /// File in either syntax, or - for standard input
        file: PathBuf,
        #[command(flatten)]
        chosen: Chosen,
        /// The syntax to print
        #[arg(long, value_enum)]
        to: SyntaxArg,
    },
    /// Offline profiles
    #[command(subcommand)]
    Profile(ProfileVerb),
    /// What belongs on a user's device
    Dataset {
        /// The user (id or name)
        user: String,
        /// Only what a device that has the data of then must be sent, and told to drop
        #[arg(long, value_name = "OFFSET|TIME")]
        since: Option<String>,
        #[command(flatten)]
        moment: Moment,
    },
    /// Why a row is or is not on a user's device
    Explain {
        /// The user (id or name)
        user: String,
        /// The row's table
        table: String,
        /// The row's id
        id: String,
        /// Also when it came to the device and went from it, and by which events
        #[arg(long)]
        changes: bool,
        #[command(flatten)]
        moment: Moment,
    },
    /// Send a device's edits, one mutation a line
    Push {
        /// File, or - for standard input
        file: PathBuf,
        /// The device's user (id or name)
        #[arg(long = "as", value_name = "USER")]
        user: String,
        /// The device's name, unique among its user's
        #[arg(long, value_name = "NAME")]
        device: String,
    },
    /// Serve the HTTP API, until Ctrl-C
    Serve {
        /// Address and port. Port 0 takes a free one and says which
        #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
        listen: SocketAddr,
    },
    /// Bearer tokens of the HTTP API
    #[command(subcommand)]
    Token(TokenVerb),
    /// Devices and what one that was lost could have held; or a device's own rows and edits, offline
    #[command(subcommand)]
    Device(DeviceVerb),
    /// Every event on a row
    History {
        /// The row's table
        table: String,
        /// The row's id
        id: String,
    },
    /// The conflicts of the log as judged, or as they would be under a policy
    Conflicts {
        /// Judge all edits under this policy
        #[arg(long, value_enum)]
        policy: Option<PolicyArg>,
    },
    /// The rows of a table
    Rows {
        /// The table
        table: String,
        /// Judge all edits under this policy
        #[arg(long, value_enum)]
        policy: Option<PolicyArg>,
        /// As of an event's offset or of a time (RFC 3339)
        #[arg(long, value_name = "OFFSET|TIME")]
        at: Option<String>,
    },
    /// How much there is: events, rows and versions, people, and what rows take on disk and in memory
    Stats,
    /// Fold the log from nothing, and print the state's digest or what would differ
    Replay {
        /// Judge all edits under this policy
        #[arg(long, value_enum)]
        policy: Option<PolicyArg>,
        /// Up to an event's offset or a time (RFC 3339)
        #[arg(long, value_name = "OFFSET|TIME")]
        at: Option<String>,
        /// Print the differences from the policy in force
        #[arg(long)]
        diff: bool,
        /// Exit 1 if there is a difference
        #[arg(long, requires = "diff")]
        check: bool,
    },
    /// The log's integrity, proofs that can be checked without it, and what reached devices
    #[command(subcommand)]
    Audit(AuditVerb),
    /// The log's files: mend, back up, restore
    #[command(subcommand)]
    Log(LogVerb),
    /// The operators of conditions: what they take, and what they mean
    Operators {
        /// Only these
        #[arg(value_name = "NAME", value_parser = operator_names(), hide_possible_values = true)]
        names: Vec<String>,
    },
    /// Print a completion script for a shell
    Completion {
        /// The shell
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
}

/// What to ask about devices, or to do as one.
#[derive(Debug, Subcommand)]
pub enum DeviceVerb {
    /// All devices, or those of a user, with the last edit that each has sent
    List {
        /// The user (id or name)
        user: Option<String>,
    },
    /// Every row and version that a device could have held: all that belonged on it since it was made
    /// known, and what it wrote itself
    Rows(HeldRows),
    #[command(flatten)]
    Client(ClientVerb),
}

/// Whose devices could have held what, and when.
#[derive(Debug, Args)]
pub struct HeldRows {
    /// The user (id or name)
    pub user: String,
    /// One of the user's devices; all of them if it is not given
    #[arg(long, value_name = "NAME")]
    pub device: Option<String>,
    /// From then on, such as when it is known to have been empty [default: when it was made known]
    #[arg(long, value_name = "OFFSET|TIME")]
    pub since: Option<String>,
    #[command(flatten)]
    pub moment: Moment,
    /// Also which columns had a value
    #[arg(long)]
    pub columns: bool,
}

/// What to do with profiles.
#[derive(Debug, Subcommand)]
pub enum ProfileVerb {
    /// All profiles
    List,
    /// One profile: draft, published version, members
    Show {
        /// Its name
        name: String,
    },
    /// What publishing a draft, or another change, would add to devices and take from them
    Preview(Rehearsal),
    /// Put a profile's draft in force
    Publish {
        /// Its name
        name: String,
    },
    /// Print a profile's draft as one JSON document, with the metadata of its tables
    Export {
        /// Its name
        name: String,
    },
    /// Make a draft of an exported profile; members are no part of it
    Import {
        /// File, or - for standard input
        file: PathBuf,
    },
}

/// A change that is tried out and not made: FILE's lines, then members, then that the draft is published.
#[derive(Debug, Args)]
pub struct Rehearsal {
    /// The profile whose draft would be published
    #[arg(required_unless_present = "change")]
    pub name: Option<String>,
    /// Also a user or team (id or name) that would be added to it
    #[arg(long, value_name = "USER|TEAM", requires = "name")]
    pub add: Vec<String>,
    /// Those who would be added are moved if they have another profile
    #[arg(long = "move", requires = "add")]
    pub moves: bool,
    /// Also a user or team that would be removed from it
    #[arg(long, value_name = "USER|TEAM", requires = "name")]
    pub remove: Vec<String>,
    /// Also changes, one a line as `apply` takes them, or - for standard input
    #[arg(long, value_name = "FILE")]
    pub change: Option<PathBuf>,
    /// The time that filters read; now, if it is not given
    #[arg(long, value_name = "TIME")]
    pub now: Option<String>,
}

/// What to do with proofs.
#[derive(Debug, Subcommand)]
pub enum AuditVerb {
    /// Check the whole log and all that follows from it, or a proof without any log
    Verify {
        /// A proof, as `audit prove` prints it
        #[arg(long, value_name = "FILE", requires_all = ["checkpoint", "key"])]
        proof: Option<PathBuf>,
        /// The checkpoint that you hold, as `audit checkpoint` prints it
        #[arg(long, value_name = "FILE", requires = "proof")]
        checkpoint: Option<PathBuf>,
        /// The log's public key, or a file with it, as `audit key` prints it
        #[arg(long, value_name = "KEY|FILE", requires = "proof")]
        key: Option<String>,
    },
    /// Print a proof that an event is in the log, or that the log was only appended to
    Prove {
        /// The event
        #[arg(
            long,
            value_name = "OFFSET",
            conflicts_with = "since",
            required_unless_present = "since"
        )]
        event: Option<u64>,
        /// A file with an earlier checkpoint
        #[arg(long, value_name = "CHECKPOINT")]
        since: Option<PathBuf>,
        /// Prove the event for this checkpoint, and not for one made now
        #[arg(long, value_name = "FILE", requires = "event")]
        checkpoint: Option<PathBuf>,
    },
    /// Sign the log as it is, and print the signed checkpoint
    Checkpoint,
    /// Print the log's public key
    Key,
    /// What devices acknowledged that they hold, and when, the oldest first; also while another process
    /// has the log open
    Deliveries {
        /// Of one device alone, by its id
        #[arg(long, value_name = "ID")]
        device: Option<String>,
        /// Acknowledged from a time on, or of an event and those after it
        #[arg(long, value_name = "OFFSET|TIME")]
        since: Option<String>,
    },
    /// Write the log as the files of a tiled transparency log (C2SP tlog-tiles), without payloads
    Export {
        /// An empty or a new directory
        directory: PathBuf,
    },
}

/// What to do with the log's files.
#[derive(Debug, Subcommand)]
pub enum LogVerb {
    /// Look at every event in both copies, and write anew what is damaged in one
    Repair {
        /// Say what would be done, and change nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Write the whole log and its keys as one stream; also while another process has it open
    Export {
        /// File, or - for standard output
        file: PathBuf,
        /// Up to this event
        #[arg(long, value_name = "OFFSET")]
        until: Option<u64>,
    },
    /// Make a log in an empty or new data directory from an exported stream
    Import {
        /// File, or - for standard input
        file: PathBuf,
        /// Up to this event
        #[arg(long, value_name = "OFFSET")]
        until: Option<u64>,
    },
}

/// The names of operators, each with its meaning, which shells show where they complete it.
fn operator_names() -> PossibleValuesParser {
    let named = |info: &haversack_dsl::operator::OperatorInfo| {
        PossibleValue::new(info.name).aliases(info.aliases).help(info.meaning)
    };
    PossibleValuesParser::new(OPERATORS.iter().map(named))
}
