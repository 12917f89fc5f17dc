//! Streams of events leave hyper as soon as they have begun: it keeps 16 KiB of buffers for each connection,
//! and a device that waits says and hears nothing for hours.
//!
//! Hyper writes the head of the answer. Its body is put aside and does not come; once the head is with the
//! system, the connection is taken from hyper and a task of its own writes the body, in the chunks that
//! the head has announced.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use axum::{
    body::{Body, Bytes, HttpBody},
    http::{HeaderValue, Version, header},
    response::Response,
};
use futures_util::{StreamExt, future::BoxFuture};
use http_body_util::BodyExt;
use hyper::{
    body::{Frame, Incoming},
    rt::{Read, ReadBufCursor, Write},
    service::Service,
};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::watch,
};

/// What is known of a connection that is about to leave hyper.
#[derive(Clone, Default)]
pub(crate) struct Handover(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// The body that was put aside.
    events: Option<Body>,
    /// Hyper has taken the head, and waits for the body.
    is_awaited: bool,
    /// All that hyper wrote is with the system.
    is_flushed: bool,
}

impl Handover {
    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The body that was put aside, once its head is with the system.
    pub fn events(&self) -> Option<Body> {
        self.with(|state| (state.is_awaited && state.is_flushed).then(|| state.events.take())?)
    }
}

/// A body that does not come.
struct Awaited(Handover);

impl HttpBody for Awaited {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.0.with(|state| state.is_awaited = true);
        Poll::Pending
    }
}

/// A service whose streams of events end when all is `ending`, and are put aside where they can be.
pub(crate) struct Handing<S> {
    service: S,
    handover: Option<Handover>,
    ending: watch::Receiver<bool>,
}

impl<S> Handing<S> {
    pub fn new(service: S, handover: Option<&Handover>, ending: &watch::Receiver<bool>) -> Self {
        Self { service, handover: handover.cloned(), ending: ending.clone() }
    }
}

type Asked = hyper::Request<Incoming>;

impl<S> Service<Asked> for Handing<S>
where
    S: Service<Asked, Response = Response, Future: Send + 'static>,
{
    type Response = Response;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Response, S::Error>>;

    fn call(&self, asked: Asked) -> Self::Future {
        // Bodies of HTTP/1.0 have no chunks, those of HTTP/2 have frames.
        let is_chunked = asked.version() == Version::HTTP_11;
        let handover = self.handover.clone().filter(|_| is_chunked);
        let (answered, mut ending) = (self.service.call(asked), self.ending.clone());
        Box::pin(async move {
            let answer = answered.await?;
            let kind = answer.headers().get(header::CONTENT_TYPE);
            if kind.is_none_or(|kind| kind != "text/event-stream") {
                return Ok(answer);
            }
            if let Some(handover) = handover {
                return Ok(put_aside(answer, handover));
            }
            let ended = async move { drop(ending.wait_for(|is_ending| *is_ending).await) };
            let until = |events: Body| events.into_data_stream().take_until(Box::pin(ended));
            Ok(answer.map(|events| Body::from_stream(until(events))))
        })
    }
}

fn put_aside(answer: Response, handover: Handover) -> Response {
    let (mut head, events) = answer.into_parts();
    // Nothing can be asked on it any more.
    head.headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    handover.with(|state| state.events = Some(events));
    Response::from_parts(head, Body::new(Awaited(handover)))
}

/// A socket of which it is known whether all that hyper wrote is with the system.
pub(crate) struct Watched {
    stream: TokioIo<TcpStream>,
    handover: Handover,
}

impl Watched {
    pub fn new(stream: TcpStream, handover: &Handover) -> Self {
        Self { stream: TokioIo::new(stream), handover: handover.clone() }
    }

    pub fn into_inner(self) -> TcpStream {
        self.stream.into_inner()
    }
}

impl Read for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl Write for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.handover.with(|state| state.is_flushed = false);
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.handover.with(|state| state.is_flushed = false);
        Pin::new(&mut self.stream).poll_write_vectored(context, bytes)
    }

    // Hyper flushes what it writes to when all it had has been taken, and not before.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.handover.with(|state| state.is_flushed = flushed.is_ready());
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// What a stream of events goes on from.
pub(crate) struct Rest {
    pub stream: TcpStream,
    pub events: Body,
}

/// What may be said on a connection that nothing is answered on any more, in bytes.
const SAID_MAX: usize = 4 << 10;

/// Writes events as they come, until they end, whoever listens goes, or all is `ending`.
///
/// # Errors
/// If the connection breaks, or the events do.
pub(crate) async fn go_on(rest: Rest, mut ending: watch::Receiver<bool>) -> io::Result<()> {
    let Rest { mut stream, mut events } = rest;
    let (mut from, mut to) = stream.split();
    let (mut unsent, mut said) = (Vec::new(), 0);
    // What is said is read, so that the end is seen, and not heard.
    let mut unheard = [0; 64];
    loop {
        tokio::select! {
            sent = to.write(&unsent), if !unsent.is_empty() => {
                unsent.drain(..sent?);
            }
            frame = events.frame(), if unsent.is_empty() => match frame {
                Some(frame) => {
                    let data = frame.map_err(io::Error::other)?.into_data();
                    unsent = data.map(|data| chunk(&data)).unwrap_or_default();
                }
                None => break,
            },
            size = from.read(&mut unheard) => {
                let size = size?;
                said += size;
                if size == 0 || said > SAID_MAX {
                    return Ok(());
                }
            }
            _ = ending.wait_for(|is_ending| *is_ending) => break,
        }
    }
    // A chunk that was begun can't be ended by another; and nobody waits for who does not read.
    if unsent.is_empty() {
        to.try_write(LAST_CHUNK)?;
    }
    to.shutdown().await
}

/// The end of a body in chunks, [RFC 9112](https://www.rfc-editor.org/rfc/rfc9112#section-7.1).
const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

/// A chunk. Without bytes it would be the last one.
fn chunk(data: &[u8]) -> Vec<u8> {
    if data.is_empty() {
        return Vec::new();
    }
    [format!("{:x}\r\n", data.len()).as_bytes(), data, b"\r\n"].concat()
}
