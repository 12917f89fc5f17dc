//! An open environment with what verbs look up in it: moments, users, tables, rows.

use std::{path::Path, sync::Arc};

use haversack_core::{
    Cursor, Name, RowId, Timestamp, catalog::Catalog, event::RowKey, name::nearest_help,
    schema::Table, settings::Policy,
};
use haversack_dataset::Caller;
use haversack_engine::{Clock, Environment, MomentError, SystemClock};
use haversack_replay::{Judging, State};
use haversack_store::{DiskLog, Finding};

use crate::{
    cli::{Moment, PolicyArg},
    failure::Failure,
    output,
};

/// An open environment.
pub struct Session {
    pub environment: Arc<Environment>,
}

/// A state of the past or present, and the clock of questions about it.
pub struct At {
    pub state: Arc<State>,
    pub now: Timestamp,
}

impl Session {
    /// Opens the environment in a directory that has one.
    pub fn open(data: &Path) -> Result<Self, Failure> {
        Ok(Self { environment: Arc::new(Environment::open_existing(data)?) })
    }

    /// Opens the environment in a directory, which is made if it is not there.
    pub fn open_or_make(data: &Path) -> Result<Self, Failure> {
        Ok(Self { environment: Arc::new(Environment::open(data)?) })
    }

    /// The log on disk.
    pub fn log(&self) -> &DiskLog {
        self.environment.disk_log().expect("the command opens environments on disk")
    }

    /// The state and clock that `--at` and `--now` ask for.
    pub fn moment(&self, moment: &Moment) -> Result<At, Failure> {
        let (cursor, time) = self.cursor(moment.at.as_deref())?;
        let now = match (&moment.now, time) {
            (None, Some(time)) => time,
            (now, _) => now_or(now.as_deref())?,
        };
        let state = match moment.at {
            Some(_) => Arc::new(self.environment.fold(Judging::InForce, cursor)?),
            None => self.environment.state(),
        };
        Ok(At { state, now })
    }

    /// The user that `USER` names, asking. Who is known now had nothing before they were.
    pub fn caller(&self, at: &At, id_or_name: &str) -> Result<Caller, Failure> {
        let user = user(&self.environment.state().catalog, id_or_name)?;
        Ok(Caller::user(&at.state.catalog, user, at.now))
    }

    /// The position that `--at` names, and its time; the log's end and none if it is not given.
    pub fn cursor(&self, at: Option<&str>) -> Result<(Cursor, Option<Timestamp>), Failure> {
        self.environment.moment(at).map_err(|error| match error {
            MomentError::Unreadable(_) => Failure::bad_input(format!("--at: {error}")),
            MomentError::Beyond { .. } => Failure::bad_input(error.to_string()),
            MomentError::Engine(error) => error.into(),
        })
    }

    /// The state that `--policy` and `--at` ask for.
    pub fn replayed(
        &self,
        policy: Option<PolicyArg>,
        at: Option<&str>,
    ) -> Result<Arc<State>, Failure> {
        let (cursor, _) = self.cursor(at)?;
        Ok(Arc::new(self.environment.fold(judging(policy), cursor)?))
    }
}

/// What was found damaged and mended on the way is said at the end.
impl Drop for Session {
    fn drop(&mut self) {
        warn_of(&self.log().findings());
    }
}

/// Says what was found damaged.
pub fn warn_of(findings: &[Finding]) {
    for finding in findings {
        output::tell(&format!("warning: damage in {finding}\n"));
    }
}

/// Says that a look back left out moments between events.
pub fn warn_of_cut(is_whole: bool) {
    if !is_whole {
        output::tell(
            "warning: a filter reads the clock so often that not every moment was looked at; later \
             ones only where an event was made. Ask for less: --at, --since\n",
        );
    }
}

/// How `--policy` asks to judge.
pub fn judging(policy: Option<PolicyArg>) -> Judging {
    match policy {
        None => Judging::InForce,
        Some(PolicyArg::ClientWins) => Judging::Under(Policy::ClientWins),
        Some(PolicyArg::ServerWins) => Judging::Under(Policy::ServerWins),
    }
}

/// The time that `--now` gives, or the clock's.
pub fn now_or(given: Option<&str>) -> Result<Timestamp, Failure> {
    given.map_or_else(|| Ok(SystemClock.now()), time)
}

fn time(text: &str) -> Result<Timestamp, Failure> {
    text.parse().map_err(|error: haversack_core::TimeError| Failure::bad_input(error.to_string()))
}

/// The user that `USER` names.
pub fn user(catalog: &Catalog, id_or_name: &str) -> Result<RowId, Failure> {
    let found = catalog.find_user(id_or_name).map(|user| user.id);
    found.ok_or_else(|| Failure::bad_input(catalog.no_user(id_or_name)))
}

/// The table with this name.
pub fn table<'c>(catalog: &'c Catalog, name: &str) -> Result<&'c Arc<Table>, Failure> {
    catalog.table(name).ok_or_else(|| {
        let known = catalog.tables().map(|table| table.name.as_str());
        Failure::bad_input(format!("there is no table {name:?}{}", nearest_help(name, known)))
    })
}

/// The row that `TABLE ID` names, whether or not it is there.
pub fn row_key(catalog: &Catalog, table: &str, id: &str) -> Result<RowKey, Failure> {
    let table: Name = self::table(catalog, table)?.name.clone();
    let id = id
        .parse()
        .map_err(|error: haversack_core::RowIdError| Failure::bad_input(error.to_string()))?;
    Ok(RowKey { table, id })
}
