//! An HTTP connection of a client.

use std::{io::Write, net::SocketAddr};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{
    Request, Response, body::Incoming, client::conn::http1::SendRequest, header::CONTENT_ENCODING,
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::failed;
use crate::failure::Failure;

/// A connection, kept open.
pub struct Client {
    requests: SendRequest<Full<Bytes>>,
    token: String,
}

/// An answer: its bytes as they were sent, and the same decompressed.
pub struct Answer {
    pub sent: usize,
    pub body: Bytes,
}

impl Client {
    pub async fn connect(address: SocketAddr, token: &str) -> Result<Self, Failure> {
        let stream = TcpStream::connect(address).await;
        let stream = stream.map_err(|error| failed("connecting to the server", error))?;
        let _ = stream.set_nodelay(true);
        let (requests, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| failed("connecting to the server", error))?;
        tokio::spawn(connection);
        Ok(Self { requests, token: format!("Bearer {token}") })
    }

    fn request(&self, method: &str, path: &str) -> hyper::http::request::Builder {
        Request::builder()
            .method(method)
            .uri(path)
            .header("host", "localhost")
            .header("authorization", &self.token)
            .header("accept-encoding", "zstd")
    }

    async fn send(&mut self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, Failure> {
        let sent = self.requests.send_request(request).await;
        sent.map_err(|error| failed("asking the server", error))
    }

    /// Posts a body and reads the whole answer.
    pub async fn post(&mut self, path: &str, body: impl Into<Bytes>) -> Result<Answer, Failure> {
        let request = self.request("POST", path).body(Full::new(body.into()));
        let request = request.map_err(|error| failed("making a request", error))?;
        let response = self.send(request).await?;
        let status = response.status();
        let is_zstd = response.headers().get(CONTENT_ENCODING).is_some_and(|name| name == "zstd");
        let (sent, body) = read(response.into_body(), is_zstd).await?;
        if !status.is_success() {
            return Err(failed(path, format!("{status}: {}", String::from_utf8_lossy(&body))));
        }
        Ok(Answer { sent, body })
    }

    /// Opens a stream of events.
    pub async fn events(mut self, path: &str) -> Result<Events, Failure> {
        let request = self.request("GET", path).body(Full::default());
        let request = request.map_err(|error| failed("making a request", error))?;
        let response = self.send(request).await?;
        Ok(Events { body: response.into_body(), _client: self })
    }
}

/// Reads a body to its end, decompressed as it comes, and says how many bytes came.
async fn read(mut body: Incoming, is_zstd: bool) -> Result<(usize, Bytes), Failure> {
    let wrong = |error| failed("decompressing", error);
    let (mut sent, mut plain) = (0, Vec::new());
    let mut decoder = zstd::stream::write::Decoder::new(Vec::new()).map_err(wrong)?;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| failed("reading an answer", error))?;
        let Ok(data) = frame.into_data() else { continue };
        sent += data.len();
        match is_zstd {
            true => decoder.write_all(&data).map_err(wrong)?,
            false => plain.extend_from_slice(&data),
        }
    }
    if is_zstd {
        decoder.flush().map_err(wrong)?;
        plain = decoder.into_inner();
    }
    Ok((sent, plain.into()))
}

/// A stream of events.
pub struct Events {
    body: Incoming,
    _client: Client,
}

impl Events {
    /// Waits for more, and says how many bytes came.
    pub async fn next(&mut self) -> Result<usize, Failure> {
        loop {
            let frame = self.body.frame().await;
            let frame = frame.ok_or_else(|| failed("waiting for a poke", "the stream ended"))?;
            let frame = frame.map_err(|error| failed("waiting for a poke", error))?;
            if let Ok(data) = frame.into_data() {
                return Ok(data.len());
            }
        }
    }
}
