//! A directory for one test, the command run in it, and what it prints read back.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::Value as Json;
use tempfile::TempDir;

pub const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/environment");

/// A directory of its own, in which the command keeps its data and finds its files.
pub struct Place(TempDir);

impl Place {
    pub fn new() -> Self {
        Self(tempfile::tempdir().expect("a directory for the test"))
    }

    /// In memory, where the system has such a place: for a test of many runs that asks nothing of
    /// the disk.
    pub fn in_memory() -> Self {
        tempfile::tempdir_in("/dev/shm").map_or_else(|_| Self::new(), Self)
    }

    /// With the document of the tests loaded.
    pub fn loaded() -> Self {
        let place = Self::new();
        place.done(&["load", DOCUMENT]);
        place
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn data(&self) -> PathBuf {
        self.path().join("haversack-data")
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().expect("in a directory")).expect("is made");
        std::fs::write(&path, text).expect("is written");
        path
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_haversack"));
        command.current_dir(self.path()).args(["--format", "ndjson"]).args(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub fn run(&self, arguments: &[&str], input: &str) -> Output {
        let mut child = self.command(arguments).spawn().expect("the command starts");
        let mut stdin = child.stdin.take().expect("it is piped");
        // A command that never reads its input closes the pipe.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        child.wait_with_output().expect("the command ends")
    }

    /// Runs the command to this exit code: standard output and standard error.
    pub fn exits(&self, code: i32, arguments: &[&str], input: &str) -> (String, String) {
        let output = self.run(arguments, input);
        let out = String::from_utf8(output.stdout).expect("UTF-8");
        let err = String::from_utf8(output.stderr).expect("UTF-8");
        assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{out}\n{err}");
        (out, err)
    }

    /// Runs the command to its good end: its lines.
    pub fn done(&self, arguments: &[&str]) -> Vec<Json> {
        json_lines(&self.exits(0, arguments, "").0)
    }

    /// Runs the command to exit 3 without a result: its message.
    pub fn bad(&self, arguments: &[&str], input: &str) -> String {
        let (out, err) = self.exits(3, arguments, input);
        assert_eq!(out, "");
        err
    }

    pub fn digest(&self) -> Json {
        self.done(&["replay"])[0]["digest"].clone()
    }
}

pub fn json_lines(text: &str) -> Vec<Json> {
    text.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
}

/// One key of every line.
pub fn each<'a>(lines: &'a [Json], key: &str) -> Vec<&'a Json> {
    lines.iter().map(|line| &line[key]).collect()
}

pub fn id(number: u32) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

pub fn text(value: &Json) -> &str {
    value.as_str().expect("text")
}

/// The files of a directory and of those below it, by their paths in it. Empty directories are not
/// in it, as they are not in git.
pub fn files(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut left = vec![directory.to_path_buf()];
    while let Some(next) = left.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                left.push(path);
            } else {
                let name = path.strip_prefix(directory).unwrap().to_path_buf();
                found.insert(name, std::fs::read(&path).unwrap());
            }
        }
    }
    found
}

/// The names of files that are not the same in both.
pub fn differing<'a>(
    before: &'a BTreeMap<PathBuf, Vec<u8>>,
    after: &'a BTreeMap<PathBuf, Vec<u8>>,
) -> Vec<&'a Path> {
    let names: BTreeSet<&PathBuf> = before.keys().chain(after.keys()).collect();
    let differs = |name: &&PathBuf| before.get(*name) != after.get(*name);
    names.into_iter().filter(differs).map(PathBuf::as_path).collect()
}

/// Writes files into a directory.
pub fn write_files(directory: &Path, files: &BTreeMap<PathBuf, Vec<u8>>) {
    for (name, bytes) in files {
        let path = directory.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
}

/// Copies all files of a directory.
pub fn copy_files(from: &Path, to: &Path) {
    write_files(to, &files(from));
}

/// The only message on standard error, without what stands before it.
pub fn only_message(err: &str) -> &str {
    let message = err.strip_prefix("error: ").unwrap_or_else(|| panic!("no message: {err:?}"));
    assert_eq!(message.lines().count(), 1, "{err}");
    message.trim_end()
}
