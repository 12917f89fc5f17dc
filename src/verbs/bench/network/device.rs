//! A device of the benchmark: it counts what comes, and keeps its cursor.

use std::net::SocketAddr;

use haversack_core::RowId;
use serde_json::{Value as Json, json};

use super::{
    client::{Client, Events, Lines},
    failed,
};
use crate::failure::Failure;

/// A device that is registered.
pub struct Device {
    client: Client,
    address: SocketAddr,
    token: String,
    id: String,
    cursor: Option<String>,
}

/// What a pull brought.
#[derive(Clone, Copy, Debug, Default)]
pub struct Brought {
    pub puts: u64,
    pub dels: u64,
    pub bytes: usize,
    pub has_sentinel: bool,
}

impl Device {
    pub async fn register(address: SocketAddr, token: &str) -> Result<Self, Failure> {
        let mut client = Client::connect(address, token).await?;
        let asked = json!({"name": "bench", "platform": "bench"}).to_string();
        let answer = client.post("/v1/devices", asked).await?;
        let answer: Json =
            serde_json::from_slice(&answer).map_err(|error| failed("registering", error))?;
        let id = answer["device_id"].as_str().unwrap_or_default().to_owned();
        Ok(Self { client, address, token: token.to_owned(), id, cursor: None })
    }

    /// Whether the connection that it asks on is still open.
    pub fn is_connected(&self) -> bool {
        self.client.is_open()
    }

    /// Pulls, and looks for a row whose name a burst wrote.
    pub async fn pull(&mut self, sentinel: Option<(RowId, u64)>) -> Result<Brought, Failure> {
        let asked = json!({"device_id": self.id, "cursor": self.cursor}).to_string();
        let mut brought = Brought::default();
        let sought = sentinel.map(|(id, burst)| {
            (format!("\"id\":\"{id}\",\"v\""), format!("\"name\":\"S{burst}\""))
        });
        let mut last = Vec::new();
        let lines = Lines::new(|line: &[u8]| {
            if line.starts_with(b"{\"t\":\"put\"") {
                brought.puts += 1;
                brought.has_sentinel |= sought.as_ref().is_some_and(|(id, name)| {
                    contains(line, id.as_bytes()) && contains(line, name.as_bytes())
                });
            } else if line.starts_with(b"{\"t\":\"del\"") {
                brought.dels += 1;
            } else {
                last = line.to_vec();
            }
        });
        let (sent, _) = self.client.post_to("/v1/sync/pull", asked, lines).await?;
        brought.bytes = sent;
        let last: Json =
            serde_json::from_slice(&last).map_err(|error| failed("the last line", error))?;
        if last["t"] != "complete" {
            return Err(failed("a stream did not end with a complete line", last));
        }
        self.cursor = last["cursor"].as_str().map(str::to_owned);
        Ok(brought)
    }

    /// Begins to wait for pokes, on a connection of its own.
    pub async fn listen(&self) -> Result<Events, Failure> {
        let client = Client::connect(self.address, &self.token).await?;
        let cursor = self.cursor.as_deref().unwrap_or_default();
        client.events(&format!("/v1/sync/live?device_id={}&cursor={cursor}", self.id)).await
    }

    /// Pushes mutations, and gives back what became of them.
    pub async fn push(&mut self, mutations: &[Json]) -> Result<Vec<Json>, Failure> {
        let asked = json!({"device_id": self.id, "mutations": mutations}).to_string();
        let answer = self.client.post("/v1/sync/push", asked).await?;
        let answer: Json =
            serde_json::from_slice(&answer).map_err(|error| failed("a push", error))?;
        Ok(answer["outcomes"].as_array().cloned().unwrap_or_default())
    }
}

fn contains(line: &[u8], sought: &[u8]) -> bool {
    line.windows(sought.len()).any(|window| window == sought)
}
