//! A server and the phones that sync with it: the real ones, over HTTP.

use std::{net::SocketAddr, path::Path, sync::Arc, thread::JoinHandle};

use haversack_core::{RowId, event::RowKey, token::Holder};
use haversack_device::{Ask, Device, HttpTransport, Setup, Synced};
use haversack_engine::Environment;
use haversack_server::{App, Options};
use haversack_store::SystemEntropy;
use serde_json::{Map, Value as Json};
use tokio::sync::oneshot;

use crate::failure::Failure;

/// A server on a thread of its own, which ends when this goes.
pub struct Serving {
    pub address: SocketAddr,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Somebody's phone.
pub struct Phone {
    device: Device,
    transport: HttpTransport,
}

fn failed(what: &str, error: impl std::fmt::Display) -> Failure {
    Failure::other(format!("{what}: {error}"))
}

impl Serving {
    /// Serves an environment on loopback: at a port, if one is given and free, else at any.
    pub fn start(environment: Arc<Environment>, port: Option<u16>) -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        let runtime = runtime.map_err(|error| failed("starting the server", error))?;
        let bind = |port| runtime.block_on(tokio::net::TcpListener::bind(("127.0.0.1", port)));
        let listener = bind(port.unwrap_or(0)).or_else(|_| bind(0));
        let listener = listener.map_err(|error| failed("listening", error))?;
        let address = listener.local_addr().map_err(|error| failed("listening", error))?;
        let app = App::new(environment, Options::default())?;
        let (end, ended) = oneshot::channel::<()>();
        let serve = move || {
            let until = async { drop(ended.await) };
            // Whoever can't be served says so on their side.
            let _ = runtime.block_on(haversack_server::serve(app, listener, until));
        };
        let thread = std::thread::Builder::new().name("server".to_owned()).spawn(serve);
        let thread = thread.map_err(|error| failed("starting the server", error))?;
        Ok(Self { address, end: Some(end), thread: Some(thread) })
    }

    /// Serves on until the process is asked to end.
    pub fn wait(mut self) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        if let Ok(runtime) = runtime {
            runtime.block_on(crate::verbs::serve::asked_to_end());
        }
        self.stop();
    }

    fn stop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Phone {
    /// A new phone for a user, known to the server.
    pub fn new(
        serving: &Serving,
        environment: &Environment,
        user: RowId,
        directory: &Path,
    ) -> Result<Self, Failure> {
        let token = environment.issue_token(Holder::User(user), &SystemEntropy)?.text;
        let server = format!("http://{}", serving.address);
        let transport = HttpTransport::new(&server, &token).map_err(|e| failed("the phone", e))?;
        let setup = Setup { server, token, name: "phone".to_owned(), app: None };
        let device = Device::init(directory, setup, &transport);
        Ok(Self { device: device.map_err(|error| failed("the phone", error))?, transport })
    }

    /// Sends what is queued and takes what changed.
    pub fn sync(&self) -> Result<Synced, Failure> {
        let mut go_on = |_: &haversack_device::Progress| std::ops::ControlFlow::Continue(());
        let synced = self.device.sync(&self.transport, Ask::default(), &mut go_on);
        synced.map_err(|error| failed("syncing", error))
    }

    /// Its id on the server.
    pub fn id(&self) -> Option<RowId> {
        self.device.status().device
    }

    /// How many rows of a table are on it.
    pub fn rows(&self, table: &str) -> u64 {
        let tables = self.device.status().tables.into_iter();
        tables.filter(|of| of.table == table).map(|of| of.rows).sum()
    }

    /// How many rows are on it.
    pub fn all_rows(&self) -> u64 {
        self.device.status().tables.iter().map(|table| table.rows).sum()
    }

    /// Changes a row, offline; none: deletes it.
    pub fn edit(&self, key: &RowKey, values: Option<Map<String, Json>>) -> Result<u64, String> {
        let edited = match values {
            Some(values) => self.device.update(key.table.as_str(), key.id, values),
            None => self.device.delete(key.table.as_str(), key.id),
        };
        edited.map_err(|error| error.to_string())
    }

    /// A row as the phone shows it.
    pub fn row(&self, key: &RowKey) -> Option<Map<String, Json>> {
        self.device.read(key.table.as_str(), key.id).ok().flatten()
    }
}
