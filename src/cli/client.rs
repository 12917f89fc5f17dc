//! The grammar of a device's own verbs.

use std::path::PathBuf;

use clap::Subcommand;

use super::Chosen;

/// What to do as a device. `--data` is the device's directory [default: ./haversack-device].
#[derive(Debug, Subcommand)]
pub enum ClientVerb {
    /// Make this directory a device of the token's user
    Init {
        /// The server's address, such as http://127.0.0.1:8080
        #[arg(long, value_name = "URL")]
        server: String,
        /// The user's token, or - for standard input
        #[arg(long, value_name = "TOKEN")]
        token: String,
        /// The device's name, unique among its user's
        #[arg(long, value_name = "NAME", default_value = "device")]
        name: String,
        /// The app in whose name it asks
        #[arg(long, value_name = "APP")]
        app: Option<String>,
    },
    /// Send what is queued, then take what changed
    Sync {
        /// Download all rows again; what is there stays until they have come
        #[arg(long)]
        full: bool,
        /// Take only these tables
        #[arg(long, value_delimiter = ',', value_name = "TABLE")]
        tables: Vec<String>,
    },
    /// Run a query file over the rows on the device
    Query {
        /// File in either syntax, or - for standard input
        file: PathBuf,
        #[command(flatten)]
        chosen: Chosen,
    },
    /// Edits: made offline, listed, tried again, taken back
    #[command(subcommand)]
    Edit(EditVerb),
    /// How the device and its tables stand
    Status,
    /// Edits that were refused or in conflict, until `edit retry` or `edit discard`
    Conflicts,
    /// Sync by itself until Ctrl-C; one JSON line a happening. No other verb can use the device meanwhile
    Watch,
    /// Have the device send and take nothing, or turn that off
    WorkOffline {
        /// Whether it works offline
        #[arg(action = clap::ArgAction::Set, value_parser = clap::builder::BoolishValueParser::new(), value_name = "on|off")]
        offline: bool,
    },
    /// Give the device another token of its user, as after the one it has was revoked
    SetToken {
        /// The token, or - for standard input
        #[arg(long, value_name = "TOKEN")]
        token: String,
    },
    /// Wipe the device: rows, edits, token
    SignOut {
        /// Even if edits are not sent: they are lost
        #[arg(long)]
        force: bool,
    },
}

/// What to do with edits.
#[derive(Debug, Subcommand)]
pub enum EditVerb {
    /// Make a row
    Create {
        /// Its table
        table: String,
        /// Its id [default: a random one], then its values as JSON, or - for standard input
        #[arg(num_args = 0..=2, value_name = "ID] [JSON")]
        row: Vec<String>,
    },
    /// Change columns of a row
    Update {
        /// Its table
        table: String,
        /// Its id
        id: String,
        /// The columns as JSON, or - for standard input
        values: String,
    },
    /// Delete a row
    Delete {
        /// Its table
        table: String,
        /// Its id
        id: String,
    },
    /// All edits that are kept
    List,
    /// Make an edit once more that was refused or in conflict, over the row as it is now
    Retry {
        /// Its number, as `edit list` has it
        edit: u64,
    },
    /// Take back an edit that was not sent, or acknowledge what became of one
    Discard {
        /// Its number, as `edit list` has it
        edit: u64,
    },
}
