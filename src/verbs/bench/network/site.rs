//! The loaded state, made once: each measure gets a copy, so that none finds what another left.

use std::{fs, path::Path};

use haversack_core::{RowId, RowVersion, event::RowKey, token::Holder};
use haversack_engine::Environment;
use haversack_store::SystemEntropy;
use haversack_workload::{Edit, Expected, Workload};

use super::{failed, server::Server};
use crate::{
    failure::Failure,
    verbs::bench::log::{Place, load},
};

/// The loaded state, and what clients need to know.
pub struct Site {
    pub workload: Workload,
    place: Place,
    /// By the number of the user.
    pub tokens: Vec<String>,
    pub admin: String,
    pub expected: Vec<Expected>,
    /// The edits of ten pushes, by the number of the user, with the versions of their rows.
    pub edits: Vec<Vec<(Edit, RowVersion)>>,
}

impl Site {
    pub fn new(workload: &Workload, within: Option<&Path>, users: u64) -> Result<Self, Failure> {
        let place = Place::new(within)?;
        load(workload, &place)?;
        let environment = Environment::open(&place.data)?;
        let issue = |holder| environment.issue_token(holder, &SystemEntropy);
        let of_user = |number| Ok(issue(Holder::User(workload.user(number)))?.text);
        let tokens = (0..users).map(of_user).collect::<Result<_, Failure>>()?;
        let admin = issue(Holder::Administrator)?.text;
        let state = environment.state();
        let versioned = |edit: Edit| {
            let version = state.version(&edit.key);
            version.map(|version| (edit, version))
        };
        let edits = workload.pushes(10).into_iter();
        let edits = edits.map(|edits| edits.into_iter().filter_map(versioned).collect()).collect();
        environment.snapshot()?;
        let expected = workload.expected(users);
        Ok(Self { workload: *workload, place, tokens, admin, expected, edits })
    }

    /// A server on a copy of the loaded state.
    pub fn serve(&self) -> Result<Server, Failure> {
        let data = self.place.data.with_file_name("served");
        let copied = match fs::remove_dir_all(&data) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
            _ => copy(&self.place.data, &data),
        };
        copied.map_err(|error| failed("copying the loaded state", error))?;
        Server::start(&data)
    }

    /// The id of the row that each burst writes last for a user.
    pub fn sentinel(&self, user: u64) -> Option<RowId> {
        self.expected.get(usize::try_from(user).ok()?)?.sentinel
    }

    /// The lines of a burst, by transaction.
    pub fn burst(&self, burst: u64) -> Vec<String> {
        let catalog = self.workload.catalog(haversack_workload::Security::Open);
        let line = |(key, values): &(RowKey, haversack_core::Values)| {
            let table = catalog.table(&key.table).expect("the workload's tables are known");
            let values: serde_json::Map<String, serde_json::Value> = values
                .iter()
                .filter_map(|(name, value)| {
                    let column = table.column(name)?;
                    Some((name.to_string(), haversack_core::json::value_json(column, value?)))
                })
                .collect();
            let row = serde_json::json!({"row": {"table": key.table, "op": "update", "id": key.id,
                "values": values}});
            format!("{row}\n")
        };
        let transaction = |updates: &[(RowKey, haversack_core::Values)]| {
            let lines: String = updates.iter().map(line).collect();
            format!("{{\"begin\":true}}\n{lines}{{\"commit\":true}}\n")
        };
        self.workload.burst(burst).chunks(100).map(transaction).collect()
    }
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
