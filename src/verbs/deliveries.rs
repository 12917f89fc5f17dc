//! `audit deliveries`.

use std::{path::Path, process::ExitCode};

use haversack_core::{Cursor, RowId, RowIdError, Timestamp, delivery::Delivery};
use haversack_engine::{MomentError, tell};
use haversack_store::{DiskLog, Unreadable};

use crate::{cli::Format, failure::Failure, output};

const COLUMNS: [&str; 8] =
    ["at", "device", "user", "offset", "clock", "profile", "profile_version", "tables"];

/// From when on.
enum Since {
    Offset(Cursor),
    Time(Timestamp),
}

/// `audit deliveries`: reads files alone, so that the environment may be served meanwhile.
pub fn deliveries(
    data: &Path,
    device: Option<&str>,
    since: Option<&str>,
    format: Format,
) -> Result<ExitCode, Failure> {
    if !DiskLog::is_in(data)? {
        return Err(Failure::bad_input(format!("there is no log in {}", data.display())));
    }
    let wrong = |error: RowIdError| Failure::bad_input(format!("--device: {error}"));
    let device: Option<RowId> = device.map(str::parse).transpose().map_err(wrong)?;
    let since = since.map(self::since).transpose()?;
    let is_asked = |found: &Delivery| {
        device.is_none_or(|device| found.device == device)
            && match since {
                None => true,
                Some(Since::Offset(offset)) => found.offset >= offset,
                Some(Since::Time(time)) => found.at >= time,
            }
    };
    let unreadable = output::print_each(format, &COLUMNS, |print| {
        let read = haversack_store::deliveries(data, &mut |found| {
            if is_asked(&found) {
                print(tell::delivery::delivery(&found));
            }
        });
        Ok(read?)
    })?;
    warn_of(&unreadable);
    Ok(ExitCode::SUCCESS)
}

fn since(text: &str) -> Result<Since, Failure> {
    if let Ok(offset) = text.parse() {
        return Ok(Since::Offset(Cursor::after(offset)));
    }
    let unreadable =
        |_| Failure::bad_input(format!("--since: {}", MomentError::Unreadable(text.into())));
    text.parse().map(Since::Time).map_err(unreadable)
}

fn warn_of(unreadable: &[Unreadable]) {
    for Unreadable { path, bytes } in unreadable {
        output::tell(&format!(
            "warning: the last {bytes} bytes of {path} can't be read: they are damaged, or being written\n"
        ));
    }
}
