//! The socket: connections within a bound, and a graceful end.

use std::{sync::Arc, time::Duration};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
};

use crate::{app::App, connection::Connections, handover, poke, routes::router};

/// How long answers that are under way may take when the server is asked to end.
const GRACE_SECONDS: u64 = 10;

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
    let connections = Arc::new(Connections::new(&app.options, router(&app)));
    let pokes = tokio::spawn(poke::run(app.clone()));
    let tidying = tokio::spawn(tidy(app.clone()));
    let places = Arc::new(Semaphore::new(app.options.connections));
    let (end, ending) = watch::channel(false);
    tokio::pin!(stop);
    loop {
        let place = tokio::select! {
            place = Arc::clone(&places).acquire_owned() => place.expect("it is never closed"),
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
        cut_if_stalled(&stream, Duration::from_secs(app.options.stall_seconds));
        let (connections, mut ending) = (Arc::clone(&connections), ending.clone());
        tokio::spawn(async move {
            let Some(rest) = connections.serve(stream, &mut ending).await else { return };
            // A task of its own, for this one is as large as all that a connection may need.
            tokio::spawn(async move {
                if let Err(error) = handover::go_on(rest, ending).await {
                    tracing::debug!(%error, "a stream of events broke");
                }
                drop(place);
            });
        });
    }
    drop(listener);
    pokes.abort();
    tidying.abort();
    let _ = end.send(true);
    drop(ending);
    // Every connection has it as long as it is there.
    let _ = tokio::time::timeout(Duration::from_secs(GRACE_SECONDS), end.closed()).await;
    Ok(())
}

/// Has the system end a connection whose other side takes nothing of what is sent to it for so long. It alone
/// knows what was taken: whoever writes learns of it only once there is room for much.
fn cut_if_stalled(stream: &TcpStream, patience: Duration) {
    #[cfg(any(target_os = "android", target_os = "linux"))]
    if let Err(error) = socket2::SockRef::from(stream).set_tcp_user_timeout(Some(patience)) {
        tracing::debug!(%error, "a connection has no limit on how long it may stall");
    }
    #[cfg(not(any(target_os = "android", target_os = "linux")))]
    let _ = (stream, patience);
}
