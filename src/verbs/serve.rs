//! `serve`.

use std::{net::SocketAddr, path::Path, process::ExitCode, sync::Arc};

use haversack_engine::Environment;
use haversack_server::{App, Options};
use tracing_subscriber::EnvFilter;

use crate::{failure::Failure, session};

/// `serve --listen ADDRESS`, until Ctrl-C or a request to end.
pub fn serve(data: &Path, listen: SocketAddr) -> Result<ExitCode, Failure> {
    if !listen.ip().is_loopback() {
        let message = format!(
            "{listen} can be reached from elsewhere, and there is no encryption yet; listen on 127.0.0.1 \
             and put a proxy before it that has"
        );
        return Err(Failure::bad_input(message));
    }
    let filter =
        EnvFilter::try_from_env("HAVERSACK_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    // Whether anybody reads what it says changes nothing: to complain of that it would write to where it
    // can't, and panic.
    let log = tracing_subscriber::fmt().with_env_filter(filter).log_internal_errors(false);
    log.with_writer(std::io::stderr).init();
    let environment = Arc::new(Environment::open_existing(data)?);
    if let Some(log) = environment.disk_log() {
        session::warn_of(&log.findings());
    }
    run(environment, listen, Options::default(), |_| {})?;
    Ok(ExitCode::SUCCESS)
}

/// Serves an environment; `told` gets the address once it can be reached.
pub fn run(
    environment: Arc<Environment>,
    listen: SocketAddr,
    options: Options,
    told: impl FnOnce(SocketAddr),
) -> Result<(), Failure> {
    let failed = |what: &str, error: std::io::Error| Failure::other(format!("{what}: {error}"));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| failed("starting the server", error))?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(listen).await;
        let listener =
            listener.map_err(|error| failed(&format!("listening on {listen}"), error))?;
        let address = listener.local_addr().map_err(|error| failed("listening", error))?;
        let app = App::new(environment, options)?;
        tracing::info!("listening on http://{address}");
        told(address);
        haversack_server::serve(app, listener, asked_to_end())
            .await
            .map_err(|error| failed("serving", error))
    })
}

/// Ready when somebody asks the process to end.
pub async fn asked_to_end() {
    let mut terminate =
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(terminate) => terminate,
            Err(_) => return drop(tokio::signal::ctrl_c().await),
        };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
