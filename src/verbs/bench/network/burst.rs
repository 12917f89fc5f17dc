//! A burst of updates, until every connected device holds its own.

use serde_json::json;
use tokio::task::JoinSet;

use super::{
    client::{Client, Events},
    device::Device,
    failed,
    pull::registered,
    site::Site,
};
use crate::{
    failure::Failure,
    output::{Line, line},
    verbs::bench::datasets::clock,
};

/// The burst that is made.
const BURST: u64 = 0;

/// What it took a device.
struct Caught {
    pulls: u64,
    changes: u64,
    bytes: usize,
}

/// A burst while so many devices are connected.
pub async fn burst(site: &Site, count: u64) -> Result<Line, Failure> {
    let server = site.serve()?;
    let mut connected = Vec::new();
    for (user, mut device) in registered(site, &server, 0..count).await? {
        device.pull(None).await?;
        let events = device.listen().await?;
        connected.push((user, device, events));
    }
    let idle_mb = server.pss_mb();
    let mut admin = Client::connect(server.address, &site.admin).await?;
    let transactions = site.burst(BURST);
    let (cpu, begin) = (server.cpu_seconds(), clock());
    let mut catching = JoinSet::new();
    for (user, device, events) in connected {
        let sentinel = site.sentinel(user);
        catching.spawn(catch_up(device, events, sentinel));
    }
    for transaction in transactions {
        admin.post("/v1/admin/changes", transaction).await?;
    }
    let written = begin.elapsed().as_secs_f64();
    let mut all = Caught { pulls: 0, changes: 0, bytes: 0 };
    // Devices are kept connected until the last has what it waits for.
    let mut done = Vec::new();
    while let Some(caught) = catching.join_next().await {
        let (device, events, caught) = caught.map_err(|error| failed("a device", error))??;
        all.pulls += caught.pulls;
        all.changes += caught.changes;
        all.bytes += caught.bytes;
        done.push((device, events));
    }
    let seconds = begin.elapsed().as_secs_f64();
    let cpu = server.cpu_seconds() - cpu;
    Ok(line([
        ("measure", Some(json!(format!("burst_{count}")))),
        ("n", Some(json!(count))),
        ("seconds", Some(json!(seconds))),
        ("per_second", Some(json!(count as f64 / seconds))),
        ("written_seconds", Some(json!(written))),
        ("server_cpu_seconds", Some(json!(cpu))),
        ("bytes", Some(json!(all.bytes))),
        ("changes", Some(json!(all.changes))),
        ("pulls_per_device", Some(json!(all.pulls as f64 / count as f64))),
        ("server_pss_mb", Some(json!(server.pss_mb()))),
        ("idle_pss_mb", Some(json!(idle_mb))),
    ]))
}

async fn catch_up(
    mut device: Device,
    mut events: Events,
    sentinel: Option<haversack_core::RowId>,
) -> Result<(Device, Events, Caught), Failure> {
    let mut caught = Caught { pulls: 0, changes: 0, bytes: 0 };
    let Some(sentinel) = sentinel else { return Ok((device, events, caught)) };
    loop {
        caught.bytes += events.next().await?;
        let brought = device.pull(Some((sentinel, BURST))).await?;
        caught.pulls += 1;
        caught.changes += brought.puts + brought.dels;
        caught.bytes += brought.bytes;
        if brought.has_sentinel {
            return Ok((device, events, caught));
        }
    }
}
