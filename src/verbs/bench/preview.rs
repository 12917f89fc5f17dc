//! What publishing a profile would do to the devices of many users.

use std::sync::Arc;

use haversack_core::{RowId, Timestamp, catalog::Catalog, event::RowKey, json::row_object};
use haversack_dataset::{Columnar, Rows};
use haversack_workload::{Security, Workload};
use serde_json::json;

use super::{
    datasets::{SEED, timed},
    loaded::Loaded,
};
use crate::output::{Line, line};

/// Users of the workload.
const USERS: u64 = 10_000;

/// What the profile takes of accounts afterwards.
const FILTER: &str = "fetch account { filter { ownerid eq-useroruserteams  revenue ge 5000000 } }";

/// One item of the profile changes: half of the accounts that it took go, and others come.
pub fn measure(accounts: u64, seed: u64) -> Line {
    let workload = Workload::new(accounts, seed).with_users(USERS);
    let mut loaded = Loaded::new(&workload, Security::Open);
    let before = Arc::clone(&loaded.catalog);
    let (mut columnar, build) = timed(|| Columnar::build(&loaded, &before, SEED));
    let users: Vec<RowId> = before.users.keys().copied().collect();
    loaded.catalog = Arc::new(changed(&before));
    let after = Arc::clone(&loaded.catalog);
    let mut size_of = |key: &RowKey, _| {
        let table = after.table(&key.table).expect("a table of the workload");
        let row = loaded.row(&key.table, key.id).expect("a row of the workload");
        let row = row_object(&after, table, key.id, &row.values);
        serde_json::to_string(&row).map_or(0, |text| text.len() as u64)
    };
    let change = |columnar: &mut Columnar| columnar.set_catalog(&loaded, &after);
    let asking = (&*before, Timestamp::default());
    let (shifts, seconds) = timed(|| columnar.preview(&users, asking, change, &mut size_of));
    line([
        ("measure", Some(json!("preview"))),
        ("n", Some(json!(users.len()))),
        ("seconds", Some(json!(seconds))),
        ("per_second", Some(json!(users.len() as f64 / seconds))),
        ("build_seconds", Some(json!(build))),
        ("added", Some(json!(shifts.iter().map(|shift| shift.added).sum::<u64>()))),
        ("removed", Some(json!(shifts.iter().map(|shift| shift.removed).sum::<u64>()))),
        ("kept", Some(json!(shifts.iter().map(|shift| shift.kept).sum::<u64>()))),
        ("removed_bytes", Some(json!(shifts.iter().map(|shift| shift.removed_bytes).sum::<u64>()))),
        ("bytes", Some(json!(shifts.iter().map(|shift| shift.bytes).sum::<u64>()))),
    ])
}

fn changed(catalog: &Catalog) -> Catalog {
    let mut catalog = catalog.clone();
    let names: Vec<String> = catalog.profiles.keys().cloned().collect();
    for name in &names {
        let Some(profile) = catalog.profiles.get_mut(name) else { continue };
        if let Some(published) = Arc::make_mut(profile).published.as_mut() {
            published.draft.items[0].filter = Some(FILTER.to_owned());
        }
    }
    catalog
}
