//! A connection: which HTTP it speaks, and how long it is served.

use std::{future::poll_fn, pin::Pin, task::Poll, time::Duration};

use axum::Router;
use hyper::server::conn::{http1, http2};
use hyper_util::{
    rt::{TokioExecutor, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{net::TcpStream, sync::watch};

use crate::{
    app::Options,
    handover::{Handing, Handover, Rest, Watched},
};

/// A request's head, in bytes.
const HEAD_BYTES: usize = 32 << 10;
/// What is kept of a body that comes faster than it's read, and what is gathered of an answer before it goes
/// out: every time, whoever waits for it wakes up beside us.
const BUFFER_BYTES: usize = 64 << 10;
/// Answers at once on a connection of HTTP/2.
const STREAMS_MAX: u32 = 100;

/// What a connection of HTTP/2 begins with.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Between two looks at a connection of which it is not known yet.
const LOOK_MILLISECONDS: u64 = 10;

/// Which HTTP a connection speaks.
#[derive(Clone, Copy)]
enum HttpVersion {
    One,
    Two,
}

/// Waits until a connection says which HTTP it speaks; none: it ended before. Hyper can wait for that, too,
/// but without an end; and it reads the first bytes by themselves, for which it keeps twice the memory.
async fn http_version(stream: &TcpStream) -> Option<HttpVersion> {
    let mut first = [0; PREFACE.len()];
    loop {
        match stream.peek(&mut first).await {
            Ok(0) | Err(_) => return None,
            Ok(size) if !PREFACE.starts_with(&first[..size]) => return Some(HttpVersion::One),
            Ok(size) if size == PREFACE.len() => return Some(HttpVersion::Two),
            Ok(_) => tokio::time::sleep(Duration::from_millis(LOOK_MILLISECONDS)).await,
        }
    }
}

/// How connections are served.
pub(crate) struct Connections {
    one: http1::Builder,
    two: http2::Builder<TokioExecutor>,
    head: Duration,
    router: Router,
}

impl Connections {
    pub fn new(options: &Options, router: Router) -> Self {
        let head = Duration::from_secs(options.head_seconds);
        let mut one = http1::Builder::new();
        one.timer(TokioTimer::new()).header_read_timeout(head);
        one.max_header_size(HEAD_BYTES).max_buf_size(BUFFER_BYTES);
        let mut two = http2::Builder::new(TokioExecutor::new());
        two.timer(TokioTimer::new()).max_concurrent_streams(STREAMS_MAX);
        Self { one, two, head, router }
    }

    /// Serves a connection to its end, which comes soon once all are `ending`. If its last answer is a
    /// stream of events, that is what is left of it.
    pub async fn serve(
        &self,
        stream: TcpStream,
        ending: &mut watch::Receiver<bool>,
    ) -> Option<Rest> {
        let version = tokio::select! {
            began = tokio::time::timeout(self.head, http_version(&stream)) => began.ok().flatten(),
            _ = ending.wait_for(|is_ending| *is_ending) => None,
        };
        match version? {
            HttpVersion::One => self.serve_one(stream, ending).await,
            HttpVersion::Two => {
                self.serve_two(stream, ending).await;
                None
            }
        }
    }

    async fn serve_one(
        &self,
        stream: TcpStream,
        ending: &mut watch::Receiver<bool>,
    ) -> Option<Rest> {
        let handover = Handover::default();
        let router = TowerToHyperService::new(self.router.clone());
        let service = Handing::new(router, Some(&handover), ending);
        let mut connection = self.one.serve_connection(Watched::new(stream, &handover), service);
        let mut is_told = false;
        loop {
            let served = poll_fn(|context| match Pin::new(&mut connection).poll(context) {
                Poll::Pending => {
                    handover.events().map_or(Poll::Pending, |e| Poll::Ready(Ok(Some(e))))
                }
                Poll::Ready(ended) => Poll::Ready(ended.map(|()| None)),
            });
            tokio::select! {
                served = served => {
                    let events = ended(served)??;
                    let stream = connection.into_parts().io.into_inner();
                    return Some(Rest { stream, events });
                }
                _ = ending.wait_for(|is_ending| *is_ending), if !is_told => {
                    is_told = true;
                    Pin::new(&mut connection).graceful_shutdown();
                }
            }
        }
    }

    async fn serve_two(&self, stream: TcpStream, ending: &mut watch::Receiver<bool>) {
        let service = Handing::new(TowerToHyperService::new(self.router.clone()), None, ending);
        let stream = hyper_util::rt::TokioIo::new(stream);
        let mut connection = std::pin::pin!(self.two.serve_connection(stream, service));
        let mut is_told = false;
        loop {
            tokio::select! {
                served = &mut connection => {
                    let _ = ended(served);
                    return;
                }
                _ = ending.wait_for(|is_ending| *is_ending), if !is_told => {
                    is_told = true;
                    connection.as_mut().graceful_shutdown();
                }
            }
        }
    }
}

fn ended<T>(served: hyper::Result<T>) -> Option<T> {
    served.inspect_err(|error| tracing::debug!(%error, "a connection broke")).ok()
}
