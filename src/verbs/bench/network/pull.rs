//! First pulls, and pulls that bring nothing.

use std::ops::Range;

use serde_json::json;
use tokio::task::JoinSet;

use super::{device::Device, failed, server::Server, site::Site};
use crate::{
    failure::Failure,
    output::{Line, line},
    verbs::bench::datasets::clock,
};

/// Rounds of first pulls, if there are as many users.
pub const ROUNDS: u64 = 15;
/// Pulls of one device in a row.
const IDLE_PULLS: u64 = 400;

/// First pulls of so many devices at once, of others in each round: one round alone is over before a clock
/// or a neighbour on the machine counts for nothing.
pub async fn first(site: &Site, name: &str, count: u64) -> Result<Line, Failure> {
    let server = site.serve()?;
    // The server has made its first connections and read its first pages for somebody else.
    let spare = site.tokens.last().ok_or_else(|| failed("first pulls", "there is no user"))?;
    Device::register(server.address, spare).await?.pull(None).await?;
    let mut all = Round::default();
    let mut rates = Vec::new();
    let rounds = ROUNDS.min(site.tokens.len() as u64 / count).max(1);
    for number in 0..rounds {
        let round = round(site, &server, number * count..(number + 1) * count).await?;
        rates.push(round.rows as f64 / round.seconds);
        all.rows += round.rows;
        all.bytes += round.bytes;
        all.seconds += round.seconds;
        all.cpu += round.cpu;
    }
    rates.sort_by(f64::total_cmp);
    Ok(line([
        ("measure", Some(json!(name))),
        ("n", Some(json!(all.rows))),
        ("seconds", Some(json!(all.seconds))),
        ("per_second", Some(json!(rates[rates.len() / 2]))),
        ("rounds", Some(json!(rounds))),
        ("server_cpu_seconds", Some(json!(all.cpu))),
        ("bytes", Some(json!(all.bytes))),
        ("server_pss_mb", Some(json!(server.pss_mb()))),
        ("start_seconds", Some(json!(server.start_seconds))),
    ]))
}

/// What first pulls at the same time brought, and took.
#[derive(Default)]
struct Round {
    rows: u64,
    bytes: usize,
    seconds: f64,
    cpu: f64,
}

async fn round(site: &Site, server: &Server, users: Range<u64>) -> Result<Round, Failure> {
    let devices = registered(site, server, users).await?;
    let (cpu, begin) = (server.cpu_seconds(), clock());
    let mut pulls = JoinSet::new();
    for (user, mut device) in devices {
        pulls.spawn(async move { Ok::<_, Failure>((user, device.pull(None).await?)) });
    }
    let mut round = Round::default();
    while let Some(done) = pulls.join_next().await {
        let (user, brought) = done.map_err(|error| failed("a pull", error))??;
        let expected = site.expected[usize::try_from(user).unwrap_or(usize::MAX)].rows();
        if brought.puts != expected {
            let what = format!("{} rows for user {user}, expected {expected}", brought.puts);
            return Err(failed("a first pull brought", what));
        }
        round.rows += brought.puts;
        round.bytes += brought.bytes;
    }
    round.seconds = begin.elapsed().as_secs_f64();
    round.cpu = server.cpu_seconds() - cpu;
    Ok(round)
}

/// Pulls that bring nothing, from so many devices at once.
pub async fn idle(site: &Site, count: u64) -> Result<Line, Failure> {
    let server = site.serve()?;
    let devices = registered(site, &server, 0..count).await?;
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

/// A device of each of these users, by the number of the user.
pub async fn registered(
    site: &Site,
    server: &Server,
    users: Range<u64>,
) -> Result<Vec<(u64, Device)>, Failure> {
    let mut devices = Vec::new();
    let first = usize::try_from(users.start).unwrap_or(usize::MAX);
    for (user, token) in users.zip(site.tokens.iter().skip(first)) {
        devices.push((user, Device::register(server.address, token).await?));
    }
    Ok(devices)
}
