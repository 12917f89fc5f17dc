//! First pulls, and pulls that bring nothing.

use serde_json::json;
use tokio::task::JoinSet;

use super::{device::Device, failed, site::Site};
use crate::{
    failure::Failure,
    output::{Line, line},
    verbs::bench::datasets::clock,
};

/// Pulls of one device in a row.
const IDLE_PULLS: u64 = 400;

/// First pulls of so many devices at once.
pub async fn first(site: &Site, name: &str, count: u64) -> Result<Line, Failure> {
    let server = site.serve()?;
    let mut devices = registered(site, &server, count).await?;
    // The server has made its first connections and read its first pages for somebody else.
    let spare = site.tokens.last().ok_or_else(|| failed("first pulls", "there is no user"))?;
    Device::register(server.address, spare).await?.pull(None).await?;
    let (cpu, begin) = (server.cpu_seconds(), clock());
    let mut pulls = JoinSet::new();
    for (user, mut device) in devices.drain(..) {
        pulls.spawn(async move { Ok::<_, Failure>((user, device.pull(None).await?)) });
    }
    let (mut rows, mut bytes) = (0, 0);
    while let Some(done) = pulls.join_next().await {
        let (user, brought) = done.map_err(|error| failed("a pull", error))??;
        let expected = site.expected[usize::try_from(user).unwrap_or(usize::MAX)].rows();
        if brought.puts != expected {
            let what = format!("{} rows for user {user}, expected {expected}", brought.puts);
            return Err(failed("a first pull brought", what));
        }
        rows += brought.puts;
        bytes += brought.bytes;
    }
    let seconds = begin.elapsed().as_secs_f64();
    Ok(line([
        ("measure", Some(json!(name))),
        ("n", Some(json!(rows))),
        ("seconds", Some(json!(seconds))),
        ("per_second", Some(json!(rows as f64 / seconds))),
        ("server_cpu_seconds", Some(json!(server.cpu_seconds() - cpu))),
        ("bytes", Some(json!(bytes))),
        ("server_pss_mb", Some(json!(server.pss_mb()))),
        ("start_seconds", Some(json!(server.start_seconds))),
    ]))
}

/// Pulls that bring nothing, from so many devices at once.
pub async fn idle(site: &Site, count: u64) -> Result<Line, Failure> {
    let server = site.serve()?;
    let devices = registered(site, &server, count).await?;
    let mut pulls = JoinSet::new();
    let mut ready = Vec::new();
    for (_, mut device) in devices {
        device.pull(None).await?;
        ready.push(device);
    }
    let (cpu, begin) = (server.cpu_seconds(), clock());
    for mut device in ready {
        pulls.spawn(async move {
            let mut bytes = 0;
            for _ in 0..IDLE_PULLS {
                let brought = device.pull(None).await?;
                if brought.puts + brought.dels > 0 {
                    return Err(failed("an idle pull", "brought something"));
                }
                bytes += brought.bytes;
            }
            Ok::<_, Failure>(bytes)
        });
    }
    let mut bytes = 0;
    while let Some(done) = pulls.join_next().await {
        bytes += done.map_err(|error| failed("a pull", error))??;
    }
    let (seconds, pulls) = (begin.elapsed().as_secs_f64(), count * IDLE_PULLS);
    Ok(line([
        ("measure", Some(json!("idle_pull"))),
        ("n", Some(json!(pulls))),
        ("seconds", Some(json!(seconds))),
        ("per_second", Some(json!(pulls as f64 / seconds))),
        ("server_cpu_seconds", Some(json!(server.cpu_seconds() - cpu))),
        ("bytes", Some(json!(bytes))),
        ("server_pss_mb", Some(json!(server.pss_mb()))),
    ]))
}

/// The devices of the first so many users, by the number of the user.
pub async fn registered(
    site: &Site,
    server: &super::server::Server,
    count: u64,
) -> Result<Vec<(u64, Device)>, Failure> {
    let mut devices = Vec::new();
    for (user, token) in (0..count).zip(&site.tokens) {
        devices.push((user, Device::register(server.address, token).await?));
    }
    Ok(devices)
}
