//! An HTTP connection of a client.

use std::{
    io::{BufRead, Write},
    net::SocketAddr,
};

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

    /// Whether the server has not closed it.
    pub fn is_open(&self) -> bool {
        !self.requests.is_closed()
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
    pub async fn post(&mut self, path: &str, body: impl Into<Bytes>) -> Result<Bytes, Failure> {
        Ok(self.post_to(path, body, Vec::new()).await?.1.into())
    }

    /// Posts a body, and writes the answer to something as it comes, decompressed. Says how many bytes were
    /// sent.
    pub async fn post_to<W: Write>(
        &mut self,
        path: &str,
        body: impl Into<Bytes>,
        to: W,
    ) -> Result<(usize, W), Failure> {
        let request = self.request("POST", path).body(Full::new(body.into()));
        let request = request.map_err(|error| failed("making a request", error))?;
        let response = self.send(request).await?;
        let status = response.status();
        let is_zstd = response.headers().get(CONTENT_ENCODING).is_some_and(|name| name == "zstd");
        if !status.is_success() {
            let (_, body) = read(response.into_body(), is_zstd, Vec::new()).await?;
            return Err(failed(path, format!("{status}: {}", String::from_utf8_lossy(&body))));
        }
        read(response.into_body(), is_zstd, to).await
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
async fn read<W: Write>(
    mut body: Incoming,
    is_zstd: bool,
    mut to: W,
) -> Result<(usize, W), Failure> {
    let wrong = |error| failed("decompressing", error);
    let mut sent = 0;
    if !is_zstd {
        while let Some(data) = next(&mut body).await? {
            sent += data.len();
            to.write_all(&data).map_err(wrong)?;
        }
        return Ok((sent, to));
    }
    let mut decoder = zstd::stream::write::Decoder::new(to).map_err(wrong)?;
    while let Some(data) = next(&mut body).await? {
        sent += data.len();
        decoder.write_all(&data).map_err(wrong)?;
    }
    decoder.flush().map_err(wrong)?;
    Ok((sent, decoder.into_inner()))
}

/// More of a body; none: it has ended.
async fn next(body: &mut Incoming) -> Result<Option<Bytes>, Failure> {
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| failed("reading an answer", error))?;
        if let Ok(data) = frame.into_data() {
            return Ok(Some(data));
        }
    }
    Ok(None)
}

/// Takes whole lines out of bytes that come in pieces.
pub struct Lines<F> {
    take: F,
    /// A line that has not come whole.
    rest: Vec<u8>,
}

impl<F: FnMut(&[u8])> Lines<F> {
    pub fn new(take: F) -> Self {
        Self { take, rest: Vec::new() }
    }
}

impl<F: FnMut(&[u8])> Write for Lines<F> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let mut left = bytes;
        while !left.is_empty() {
            let count = { left }.skip_until(b'\n')?;
            let (line, after) = left.split_at(count);
            left = after;
            match line.strip_suffix(b"\n") {
                None => self.rest.extend_from_slice(line),
                Some(line) if self.rest.is_empty() => (self.take)(line),
                Some(line) => {
                    self.rest.extend_from_slice(line);
                    (self.take)(&self.rest);
                    self.rest.clear();
                }
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A stream of events.
pub struct Events {
    body: Incoming,
    _client: Client,
}

impl Events {
    /// Waits for more, and says how many bytes came.
    pub async fn next(&mut self) -> Result<usize, Failure> {
        let data = next(&mut self.body).await?;
        data.map(|data| data.len()).ok_or_else(|| failed("waiting for a poke", "the stream ended"))
    }
}
