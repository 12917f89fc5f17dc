//! Edits from 50 devices at once.

use haversack_core::{RowVersion, json::value_json, schema::Table};
use haversack_workload::{EDITS, Edit, PUSHERS, Security};
use serde_json::{Map, Value as Json, json};
use tokio::task::JoinSet;

use super::{failed, pull::registered, site::Site};
use crate::{
    failure::Failure,
    output::{Line, line},
    verbs::bench::datasets::clock,
};

/// The edits of so many pushes, so many in a request.
pub async fn push(
    site: &Site,
    name: &str,
    pushes: u64,
    per_request: usize,
) -> Result<Line, Failure> {
    let server = site.serve()?;
    let catalog = site.workload.catalog(Security::Open);
    let table = catalog.table("task").ok_or_else(|| failed("pushing", "there is no task"))?;
    let devices = registered(site, &server, 0..PUSHERS).await?;
    let of_user = usize::try_from(pushes * EDITS / PUSHERS).unwrap_or(usize::MAX);
    let mut waiting = Vec::new();
    for ((_, device), edits) in devices.into_iter().zip(&site.edits) {
        let edits = (1..).zip(edits.iter().take(of_user));
        let edits: Vec<Json> = edits.map(|(n, (edit, v))| mutation(table, n, edit, *v)).collect();
        waiting.push((device, edits));
    }
    let (cpu, begin) = (server.cpu_seconds(), clock());
    let mut pushing = JoinSet::new();
    for (mut device, edits) in waiting {
        pushing.spawn(async move {
            let mut conflicts = 0;
            for edits in edits.chunks(per_request) {
                for outcome in device.push(edits).await? {
                    conflicts += u64::from(outcome["outcome"] == "conflict");
                    if !["applied", "conflict"].iter().any(|fine| outcome["outcome"] == *fine) {
                        return Err(failed("an edit was", outcome));
                    }
                }
            }
            Ok::<_, Failure>((edits.len() as u64, conflicts))
        });
    }
    let (mut edits, mut conflicts) = (0, 0);
    while let Some(done) = pushing.join_next().await {
        let (of_device, in_conflict) = done.map_err(|error| failed("a push", error))??;
        edits += of_device;
        conflicts += in_conflict;
    }
    let seconds = begin.elapsed().as_secs_f64();
    let stale = site.edits.iter().flat_map(|edits| edits.iter().take(of_user));
    let stale = stale.filter(|(edit, _)| edit.is_stale).count() as u64;
    if conflicts != stale {
        return Err(failed("pushing", format!("{conflicts} conflicts, expected {stale}")));
    }
    Ok(line([
        ("measure", Some(json!(name))),
        ("n", Some(json!(edits))),
        ("seconds", Some(json!(seconds))),
        ("per_second", Some(json!(edits as f64 / seconds))),
        ("conflicts", Some(json!(conflicts))),
        ("server_cpu_seconds", Some(json!(server.cpu_seconds() - cpu))),
        ("server_pss_mb", Some(json!(server.pss_mb()))),
    ]))
}

fn mutation(table: &Table, number: u64, edit: &Edit, version: RowVersion) -> Json {
    let base = version.0.get() - u64::from(edit.is_stale);
    let values: Map<String, Json> = edit
        .values
        .iter()
        .filter_map(|(name, value)| {
            Some((name.to_string(), value_json(table.column(name)?, value?)))
        })
        .collect();
    json!({"n": number, "op": "update", "table": edit.key.table, "id": edit.key.id, "base": base,
        "values": values})
}
