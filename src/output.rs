//! Results on standard output, in four forms.

use std::io::{self, Write};

use comfy_table::{ContentArrangement, Table, presets};
pub use haversack_engine::tell::{Line, line};
use serde_json::{Map, Value as Json};

use crate::{cli::Format, failure::Failure};

/// Prints results. `columns` come first, in this order, in the forms that have columns.
pub fn print(format: Format, columns: &[&str], lines: &[Line]) -> Result<(), Failure> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let written = match format {
        Format::Ndjson => lines.iter().try_for_each(|line| writeln!(out, "{}", text(line))),
        Format::Json => json(&mut out, lines),
        Format::Csv => csv(&mut out, columns, lines),
        Format::Table => out.write_all(table_text(columns, lines).as_bytes()),
    };
    finish(written.and_then(|()| out.flush()))
}

/// Prints results as `each` hands them on: many of them, line by line, if the form can be.
pub fn print_each<T>(
    format: Format,
    columns: &[&str],
    each: impl FnOnce(&mut dyn FnMut(Line)) -> Result<T, Failure>,
) -> Result<T, Failure> {
    if format != Format::Ndjson {
        let mut lines = Vec::new();
        let done = each(&mut |line| lines.push(line))?;
        print(format, columns, &lines)?;
        return Ok(done);
    }
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut written = Ok(());
    let done = each(&mut |line| {
        if written.is_ok() {
            written = writeln!(out, "{}", text(&line));
        }
    })?;
    finish(written.and_then(|()| out.flush()))?;
    Ok(done)
}

/// Prints text as it is.
pub fn print_text(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    finish(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
}

/// Says something on standard error. Whether anybody reads it changes nothing.
pub fn tell(message: &str) {
    let _ = io::stderr().lock().write_all(message.as_bytes());
}

/// A reader that has seen enough closes the pipe; that is no failure.
fn finish(written: io::Result<()>) -> Result<(), Failure> {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::other(format!("writing to standard output: {error}")))
        }
        _ => Ok(()),
    }
}

fn text(line: &Line) -> String {
    serde_json::to_string(line).expect("results have only text keys")
}

fn json(out: &mut impl Write, lines: &[Line]) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, lines)?;
    writeln!(out)
}

/// The columns named, and after them those that some line has besides.
fn all_columns(columns: &[&str], lines: &[Line]) -> Vec<String> {
    let mut all: Vec<String> = columns.iter().map(|column| (*column).to_owned()).collect();
    for key in lines.iter().flat_map(Map::keys) {
        if !all.contains(key) {
            all.push(key.clone());
        }
    }
    all.retain(|column| lines.iter().any(|line| line.contains_key(column)) || lines.is_empty());
    all
}

fn cell(line: &Line, column: &str) -> String {
    match line.get(column) {
        None | Some(Json::Null) => String::new(),
        Some(Json::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

fn csv(out: &mut impl Write, columns: &[&str], lines: &[Line]) -> io::Result<()> {
    let columns = all_columns(columns, lines);
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(&columns)?;
    for line in lines {
        writer.write_record(columns.iter().map(|column| cell(line, column)))?;
    }
    writer.flush()
}

/// Results as aligned columns.
pub fn table_text(columns: &[&str], lines: &[Line]) -> String {
    let columns = all_columns(columns, lines);
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(&columns);
    for line in lines {
        table.add_row(columns.iter().map(|column| cell(line, column)));
    }
    let unpadded =
        |row: String| row.trim_end().strip_prefix(' ').unwrap_or_default().to_owned() + "\n";
    table.lines().map(unpadded).collect()
}
