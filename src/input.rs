//! Reading what a user hands in: files, standard input, lines of JSON.

use std::{io::Read, path::Path};

use haversack_core::limits::LINE_BYTES_MAX;
use serde_json::Value as Json;

use crate::failure::Failure;

/// The text of a file, or of standard input for `-`.
#[expect(clippy::disallowed_methods, reason = "the command is an edge: it reads what it is given")]
pub fn text(file: &Path) -> Result<String, Failure> {
    let read = if file == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        std::fs::read(file)
    };
    let bytes = read.map_err(|error| Failure::bad_input(format!("{}: {error}", name(file))))?;
    String::from_utf8(bytes).map_err(|error| {
        let (bytes, good) = (error.as_bytes(), error.utf8_error().valid_up_to());
        not_utf8(file, &String::from_utf8_lossy(&bytes[..good]), bytes[good])
    })
}

/// The fault that after so much text there is a byte that UTF-8 has not there.
fn not_utf8(file: &Path, before: &str, byte: u8) -> Failure {
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    let message =
        format!("found the byte 0x{byte:02x}; expected UTF-8; help: save the text as UTF-8");
    at(file, line, column, &message)
}

/// How a file is called in messages.
pub fn name(file: &Path) -> String {
    if file == Path::new("-") { "<stdin>".to_owned() } else { file.display().to_string() }
}

/// Lines of JSON with their numbers, from 1; empty lines are passed over.
pub fn json_lines(file: &Path) -> Result<Vec<(usize, Json)>, Failure> {
    let text = text(file)?;
    let mut lines = Vec::new();
    for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
        if line.len() > LINE_BYTES_MAX {
            return Err(at(file, number, 1, &format!("a line of {} bytes", line.len())));
        }
        let json = serde_json::from_str(line)
            .map_err(|error| at_json(file, number, &error, "expected one JSON object a line"))?;
        lines.push((number, json));
    }
    Ok(lines)
}

/// A fault of JSON that begins on a line of an input, with its place.
pub fn at_json(file: &Path, first: usize, error: &serde_json::Error, expected: &str) -> Failure {
    let full = error.to_string();
    let message = full.split(" at line ").next().unwrap_or(&full);
    let line = first + error.line().max(1) - 1;
    at(file, line, error.column().max(1), &format!("{message}; {expected}"))
}

/// A fault of an input, with its place.
pub fn at(file: &Path, line: usize, column: usize, message: &str) -> Failure {
    Failure::bad_input(format!("{}:{line}:{column}: {message}", name(file)))
}
