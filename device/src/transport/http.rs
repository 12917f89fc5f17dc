//! The way to the server over HTTP/1.1.

use std::{io::Read, time::Duration};

use haversack_core::{MutationNumber, RowId, metadata::Metadata};
use haversack_sync::message::{DeviceAnswer, DeviceRequest, PullRequest, PushAnswer, PushRequest};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value as Json;

use super::{Bytes, Encoding, Transport, TransportError, decoded};

/// Bytes of a stream, decompressed: three million rows of a few hundred bytes are less.
const STREAM_BYTES_MAX: u64 = 16 << 30;
/// Bytes of any other answer.
const ANSWER_BYTES_MAX: u64 = 256 << 20;
/// Bytes of what a refusal says.
const PROBLEM_BYTES_MAX: u64 = 64 << 10;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Until the first byte of an answer: the server judges a whole push before, or evaluates a device.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);
/// For a whole stream: what came of it is kept, and the next one goes on there.
const STREAM_TIMEOUT: Duration = Duration::from_secs(15 * 60);
/// For a stream of events: the server says something now and then, and a new one costs little.
const LIVE_TIMEOUT: Duration = Duration::from_secs(10 * 60);

/// The way to a server over HTTP.
#[derive(Clone, Debug)]
pub struct HttpTransport {
    agent: ureq::Agent,
    base: String,
    authorization: String,
}

impl HttpTransport {
    /// The way to the server at this address, for whoever has the token.
    ///
    /// # Errors
    /// If the address is none that can be reached over plain HTTP.
    pub fn new(server: &str, token: &str) -> Result<Self, TransportError> {
        let base = server.trim_end_matches('/').to_owned();
        let host = base.strip_prefix("http://").filter(|host| !host.is_empty());
        if host.is_none_or(|host| host.contains(['/', '?', '#', '@'])) {
            let message =
                format!("found {server:?}, expected an address such as http://127.0.0.1:8080");
            return Err(TransportError::BadAnswer(message));
        }
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .timeout_recv_response(Some(ANSWER_TIMEOUT))
            .build();
        let authorization = format!("Bearer {token}");
        Ok(Self { agent: config.new_agent(), base, authorization })
    }

    fn get(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        timeout: Duration,
    ) -> Result<Answer, TransportError> {
        let mut request = self
            .agent
            .get(format!("{}{path}", self.base))
            .header("authorization", &self.authorization)
            .header("accept-encoding", "zstd, gzip")
            .config()
            .timeout_recv_body(Some(timeout))
            .build();
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Answer::of(request.call())
    }

    fn post(
        &self,
        path: &str,
        body: &impl Serialize,
        timeout: Duration,
    ) -> Result<Answer, TransportError> {
        let text = serde_json::to_vec(body)
            .map_err(|error| TransportError::BadAnswer(error.to_string()))?;
        let request = self
            .agent
            .post(format!("{}{path}", self.base))
            .header("authorization", &self.authorization)
            .header("accept-encoding", "zstd, gzip")
            .header("content-type", "application/json")
            .config()
            .timeout_recv_body(Some(timeout))
            .build();
        Answer::of(request.send(&text[..]))
    }
}

/// An answer, whose body has not come yet.
struct Answer {
    status: u16,
    encoding: String,
    body: Bytes,
}

impl Answer {
    fn of(
        answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> Result<Self, TransportError> {
        let answer = answer.map_err(|error| TransportError::Network(error.to_string()))?;
        let status = answer.status().as_u16();
        let header = answer.headers().get("content-encoding");
        let encoding = header.and_then(|value| value.to_str().ok()).unwrap_or("").to_owned();
        let body: Bytes = Box::new(answer.into_body().into_reader());
        Self { status, encoding, body }.checked()
    }

    fn checked(self) -> Result<Self, TransportError> {
        if matches!(self.status, 200..=299 | 304) {
            return Ok(self);
        }
        let status = self.status;
        let text = self.text(PROBLEM_BYTES_MAX).unwrap_or_default();
        let problem: Json = serde_json::from_slice(&text).unwrap_or_default();
        let said = |key: &str| problem.get(key).and_then(Json::as_str).map(str::to_owned);
        let expected = problem.get("expected").and_then(Json::as_u64);
        Err(TransportError::Refused {
            status,
            code: said("code").unwrap_or_else(|| "unknown".to_owned()),
            message: said("detail").or_else(|| said("title")).unwrap_or_default(),
            expected: expected.and_then(MutationNumber::new),
        })
    }

    fn bytes(self, most: u64) -> Result<Bytes, TransportError> {
        let encoding = Encoding::named(&self.encoding).ok_or_else(|| {
            TransportError::BadAnswer(format!("it is encoded as {:?}", self.encoding))
        })?;
        decoded(self.body, encoding, most)
            .map_err(|error| TransportError::Network(error.to_string()))
    }

    fn text(self, most: u64) -> Result<Vec<u8>, TransportError> {
        let mut text = Vec::new();
        let read = self.bytes(most)?.read_to_end(&mut text);
        read.map_err(|error| TransportError::Network(error.to_string()))?;
        Ok(text)
    }

    fn json<T: DeserializeOwned>(self) -> Result<T, TransportError> {
        let text = self.text(ANSWER_BYTES_MAX)?;
        serde_json::from_slice(&text).map_err(|error| TransportError::BadAnswer(error.to_string()))
    }
}

impl Transport for HttpTransport {
    fn register(&self, request: &DeviceRequest) -> Result<DeviceAnswer, TransportError> {
        self.post("/v1/devices", request, ANSWER_TIMEOUT)?.json()
    }

    fn metadata(
        &self,
        device: RowId,
        known: Option<&str>,
    ) -> Result<Option<Metadata>, TransportError> {
        let tag = known.map(|known| format!("\"{known}\""));
        let headers: Vec<(&str, &str)> =
            tag.iter().map(|tag| ("if-none-match", tag.as_str())).collect();
        let path = format!("/v1/sync/metadata?device_id={device}");
        let answer = self.get(&path, &headers, ANSWER_TIMEOUT)?;
        if answer.status == 304 { Ok(None) } else { answer.json().map(Some) }
    }

    fn pull(&self, request: &PullRequest) -> Result<Bytes, TransportError> {
        self.post("/v1/sync/pull", request, STREAM_TIMEOUT)?.bytes(STREAM_BYTES_MAX)
    }

    fn push(&self, request: &PushRequest) -> Result<PushAnswer, TransportError> {
        self.post("/v1/sync/push", &request.to_json(), ANSWER_TIMEOUT)?.json()
    }

    fn live(&self, device: RowId, cursor: Option<&str>) -> Result<Bytes, TransportError> {
        // Cursors are base64 for addresses, so nothing in them needs to be escaped.
        let cursor = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
        let path = format!("/v1/sync/live?device_id={device}{cursor}");
        let headers = [("accept", "text/event-stream")];
        self.get(&path, &headers, LIVE_TIMEOUT)?.bytes(STREAM_BYTES_MAX)
    }
}
