//! A server process over a place's environment.

use std::{
    io::{BufRead, BufReader},
    process::Child,
};

use crate::place::Place;

/// A process that does not outlive its test. Letting it go kills it with SIGKILL.
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Begins to serve the place's environment, and waits for nothing.
pub fn begin(place: &Place) -> Running {
    Running(place.command(&["serve", "--listen", "127.0.0.1:0"]).spawn().expect("starts"))
}

/// Serves the place's environment; where.
pub fn serve(place: &Place) -> (Running, String) {
    let (running, address, lines) = listening(place);
    // Whoever does not read what a process says stops it once the pipe is full.
    std::thread::spawn(move || lines.for_each(drop));
    (running, address)
}

/// Serves the place's environment; where, and what the process says after that.
pub fn listening(
    place: &Place,
) -> (Running, String, impl Iterator<Item = String> + Send + 'static) {
    let mut running = begin(place);
    let told = BufReader::new(running.0.stderr.take().expect("it is piped"));
    let mut lines = told.lines().map_while(Result::ok);
    let mut said = Vec::new();
    let line = lines.by_ref().find(|line| {
        said.push(line.clone());
        line.contains("listening on")
    });
    let line = line.unwrap_or_else(|| panic!("it does not say where: {said:?}"));
    let (_, address) = line.split_once("listening on ").expect("just found");
    // The address ends where the colours of a terminal, or the line, do.
    let end = address.find(|c: char| c.is_control() || c.is_whitespace()).unwrap_or(address.len());
    let address = address[..end].to_owned();
    (running, address, lines)
}
