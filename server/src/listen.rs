//! The socket: connections within a bound, and a graceful end.

use std::{sync::Arc, time::Duration};

use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto::Builder, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use tokio::{net::TcpListener, sync::Semaphore};

use crate::{app::App, poke, routes::router};

/// A request's head, in bytes, and what is kept of a body that comes faster than it's read.
const BUFFER_BYTES: usize = 32 << 10;
/// How long answers that are under way may take when the server is asked to end.
const GRACE_SECONDS: u64 = 10;

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
    let connections = Arc::new(Semaphore::new(app.options.connections));
    let graceful = GracefulShutdown::new();
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(app.options.head_seconds))
        .max_buf_size(BUFFER_BYTES);
    builder.http2().timer(TokioTimer::new()).max_concurrent_streams(100);
    tokio::pin!(stop);
    loop {
        let permit = Arc::clone(&connections).acquire_owned().await.expect("it is never closed");
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
        let service = TowerToHyperService::new(router.clone());
        let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(error = %error, "a connection broke");
            }
            drop(permit);
        });
    }
    drop(listener);
    pokes.abort();
    let _ = tokio::time::timeout(Duration::from_secs(GRACE_SECONDS), graceful.shutdown()).await;
    Ok(())
}
