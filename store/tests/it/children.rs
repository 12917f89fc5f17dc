//! This test binary, run again as a child that may hang, die or be killed.

use std::{
    env,
    io::{BufRead, BufReader, Write},
    path::PathBuf,
    process::{Command, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
    time::Duration,
};

/// Before what a child says: the test harness prints lines of its own.
const MARK: &str = "child says: ";
/// Tells a child its task. A test without it does nothing.
const TASK: &str = "HAVERSACK_CHILD_TASK";

/// A running child.
pub struct Child {
    process: std::process::Child,
    lines: Receiver<String>,
}

/// What came from a child.
#[derive(Debug, PartialEq, Eq)]
pub enum Heard {
    /// A line.
    Line(String),
    /// It ended.
    End,
    /// Nothing, for too long.
    Nothing,
}

impl Child {
    /// Runs one test of this binary, with a task.
    pub fn run(test: &str, task: &str) -> Self {
        Self::of(Command::new(binary()), test, task)
    }

    /// As [`Child::run`], where `command` takes the binary and its arguments as its last ones.
    pub fn of(mut command: Command, test: &str, task: &str) -> Self {
        // What sled has to say about damage nobody wants to read a thousand times.
        let stderr = if task_is_shown() { Stdio::inherit() } else { Stdio::null() };
        let mut process = command
            .args(["--exact", test, "--nocapture", "--test-threads=1"])
            .env(TASK, task)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()
            .expect("the child starts");
        let stdout = BufReader::new(process.stdout.take().expect("piped"));
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if let Some((_, said)) = line.split_once(MARK)
                    && sender.send(said.to_owned()).is_err()
                {
                    return;
                }
            }
        });
        Self { process, lines }
    }

    /// The next line.
    pub fn hear(&self, patience: Duration) -> Heard {
        match self.lines.recv_timeout(patience) {
            Ok(line) => Heard::Line(line),
            Err(RecvTimeoutError::Disconnected) => Heard::End,
            Err(RecvTimeoutError::Timeout) => Heard::Nothing,
        }
    }

    /// Kills the child, if it still runs, and gives back what it had said and nobody had heard.
    pub fn kill(mut self) -> Vec<String> {
        self.end();
        self.lines.iter().collect()
    }

    fn end(&mut self) {
        // SIGKILL: it can't tidy up.
        let _ = self.process.kill();
        self.process.wait().expect("a child that was killed ends");
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.end();
    }
}

/// Where this test binary is.
pub fn binary() -> PathBuf {
    env::current_exe().expect("this program has a path")
}

/// What this process is asked to do, if it is a child.
pub fn task() -> Option<String> {
    env::var(TASK).ok()
}

/// What a child tells its parent, at once.
pub fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    // If the parent is gone, nobody minds.
    let _ = writeln!(out, "{MARK}{text}");
    let _ = out.flush();
}

fn task_is_shown() -> bool {
    env::var_os("HAVERSACK_SHOW_CHILDREN").is_some()
}
