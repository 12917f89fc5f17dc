//! The socket: connections within a bound, and a graceful end.

use std::{sync::Arc, time::Duration};

use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto::Builder, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
};

use crate::{app::App, poke, routes::router};

/// A request's head, in bytes, and what is kept of a body that comes faster than it's read.
const BUFFER_BYTES: usize = 32 << 10;
/// How long answers that are under way may take when the server is asked to end.
const GRACE_SECONDS: u64 = 10;

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

/// Waits until a connection says which HTTP it speaks; none: it ended before. Hyper waits for that, too,
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

/// Lets go, now and then, of what is kept for nobody.
async fn tidy(app: App) {
    let mut pause = tokio::time::interval(Duration::from_secs(app.options.tidy_seconds));
    pause.tick().await;
    loop {
        pause.tick().await;
        app.long(|app| app.live.tidy()).await;
    }
}

/// Serves until `stop` is ready, and then until what is under way is done, or has had its time.
///
/// # Errors
/// If the socket fails.
pub async fn serve(
    app: App,
    listener: TcpListener,
    stop: impl Future<Output = ()>,
) -> std::io::Result<()> {
    let router = router(&app);
    let pokes = tokio::spawn(poke::run(app.clone()));
    let tidying = tokio::spawn(tidy(app.clone()));
    let connections = Arc::new(Semaphore::new(app.options.connections));
    let graceful = GracefulShutdown::new();
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(app.options.head_seconds))
        .max_buf_size(BUFFER_BYTES);
    builder.http2().timer(TokioTimer::new()).max_concurrent_streams(100);
    let one = Arc::new(builder.clone().http1_only());
    let two = Arc::new(builder.http2_only());
    let (end, is_ending) = watch::channel(false);
    let head = Duration::from_secs(app.options.head_seconds);
    tokio::pin!(stop);
    loop {
        let permit = tokio::select! {
            permit = Arc::clone(&connections).acquire_owned() => permit.expect("it is never closed"),
            () = &mut stop => break,
        };
        let (stream, _) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Such as too many open files: others go on, and this one may come again.
                    tracing::warn!(%error, "a connection could not be taken");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
            () = &mut stop => break,
        };
        // Small answers must not wait for an acknowledgement of the ones before.
        let _ = stream.set_nodelay(true);
        let (one, two, router) = (Arc::clone(&one), Arc::clone(&two), router.clone());
        let (watcher, mut ending) = (graceful.watcher(), is_ending.clone());
        tokio::spawn(async move {
            let began = tokio::time::timeout(head, http_version(&stream));
            let version = tokio::select! {
                began = began => began.ok().flatten(),
                _ = ending.changed() => None,
            };
            let builder = match version {
                Some(HttpVersion::One) => one,
                Some(HttpVersion::Two) => two,
                None => return,
            };
            let service = TowerToHyperService::new(router);
            let connection = builder.serve_connection(TokioIo::new(stream), service);
            if let Err(error) = watcher.watch(connection.into_owned()).await {
                tracing::debug!(error = %error, "a connection broke");
            }
            drop(permit);
        });
    }
    drop(listener);
    pokes.abort();
    tidying.abort();
    let _ = end.send(true);
    let _ = tokio::time::timeout(Duration::from_secs(GRACE_SECONDS), graceful.shutdown()).await;
    Ok(())
}
