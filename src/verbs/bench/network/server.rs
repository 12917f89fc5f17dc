//! A server process, and what the system says of it.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
};

use super::failed;
use crate::failure::Failure;

/// Clock ticks a second, as `/proc` counts them: the same on every Linux.
const TICKS: f64 = 100.0;

/// A server that ends when this goes.
pub struct Server {
    process: Child,
    pub address: SocketAddr,
    /// What the system said when it could first be reached.
    pub start_seconds: f64,
}

impl Server {
    /// Starts this program as a server of a data directory.
    pub fn start(data: &Path) -> Result<Self, Failure> {
        let program = std::env::current_exe().map_err(|error| failed("finding itself", error))?;
        let begin = super::super::datasets::clock();
        let mut process = Command::new(program)
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .env("NO_COLOR", "1")
            // What is read here, and no line a request.
            .env("HAVERSACK_LOG", "warn,haversack::verbs::serve=info")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| failed("starting the server", error))?;
        let messages = process.stderr.take().expect("it is piped");
        let mut lines = BufReader::new(messages).lines();
        let mut heard = Vec::new();
        let address = loop {
            let Some(Ok(line)) = lines.next() else {
                let _ = process.wait();
                return Err(failed("the server ended", heard.join("\n")));
            };
            match line.split_once("http://").map(|(_, address)| address.trim().parse()) {
                Some(Ok(address)) => break address,
                _ => heard.push(line),
            }
        };
        // Nobody may read on and the pipe fill up.
        std::thread::Builder::new()
            .spawn(move || lines.for_each(drop))
            .map_err(|error| failed("listening to the server", error))?;
        let start_seconds = begin.elapsed().as_secs_f64();
        Ok(Self { process, address, start_seconds })
    }

    #[expect(clippy::disallowed_methods, reason = "what the system says of a process is in files")]
    fn read(&self, name: &str) -> Option<String> {
        fs::read(format!("/proc/{}/{name}", self.process.id()))
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok())
    }

    /// Seconds of processor time that it has used.
    pub fn cpu_seconds(&self) -> f64 {
        let text = self.read("stat").unwrap_or_default();
        // The name stands in parentheses and may have spaces; user and system time are 14th and 15th.
        let fields = text.rsplit_once(')').map(|(_, rest)| rest).unwrap_or_default();
        let ticks =
            fields.split_whitespace().skip(11).take(2).filter_map(|n| n.parse::<f64>().ok());
        ticks.sum::<f64>() / TICKS
    }

    /// Its memory in MiB, pages shared with others counted in part.
    pub fn pss_mb(&self) -> Option<f64> {
        let text = self.read("smaps_rollup")?;
        let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
        let kilobytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(kilobytes / 1024.0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
