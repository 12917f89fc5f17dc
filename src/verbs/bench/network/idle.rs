//! What devices cost a server while they wait.

use std::time::Duration;

use serde_json::json;

use super::{client::Events, device::Device, failed, pull::registered, server::Server, site::Site};
use crate::{
    failure::Failure,
    output::{Line, line},
    verbs::bench::datasets::clock,
};

/// How long a server may take to close connections on which nothing is asked, in seconds.
const CLOSES_WITHIN: u64 = 60;
/// Between two looks at them.
const LOOK_MILLISECONDS: u64 = 100;

/// Memory that each of so many devices takes which has all its rows and waits for a poke: its server has
/// closed the connection that it pulled on by then.
pub async fn idle(site: &Site, count: u64) -> Result<Line, Failure> {
    let (server, begin) = (site.serve()?, clock());
    let half = count / 2;
    // The second half alone counts: what the first ones made the server take is not theirs.
    let first = waiting(site, &server, 0..half).await?;
    let half_mb = server.pss_mb();
    let second = waiting(site, &server, half..count).await?;
    let all_mb = server.pss_mb();
    let later = second.len() as f64;
    let kib = |(half_mb, all_mb): (f64, f64)| (all_mb - half_mb) * 1024.0 / later;
    let seconds = begin.elapsed().as_secs_f64();
    let connected = first.len() + second.len();
    Ok(line([
        ("measure", Some(json!("idle_device"))),
        ("n", Some(json!(connected))),
        ("seconds", Some(json!(seconds))),
        ("per_second", Some(json!(connected as f64 / seconds))),
        ("idle_device_kib", Some(json!(half_mb.zip(all_mb).map(kib)))),
        ("server_pss_mb", Some(json!(all_mb))),
    ]))
}

/// Devices that have pulled, and are connected by nothing but what they wait on.
async fn waiting(
    site: &Site,
    server: &Server,
    users: std::ops::Range<u64>,
) -> Result<Vec<(Device, Events)>, Failure> {
    let mut waiting = Vec::new();
    for (_, mut device) in registered(site, server, users).await? {
        device.pull(None).await?;
        let events = device.listen().await?;
        waiting.push((device, events));
    }
    let begin = clock();
    while waiting.iter().any(|(device, _)| device.is_connected()) {
        if begin.elapsed() > Duration::from_secs(CLOSES_WITHIN) {
            return Err(failed("connections on which nothing is asked", "the server keeps them"));
        }
        tokio::time::sleep(Duration::from_millis(LOOK_MILLISECONDS)).await;
    }
    Ok(waiting)
}
