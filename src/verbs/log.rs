//! `log`: repair, export, import.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
    process::ExitCode,
};

use haversack_core::Offset;
use haversack_engine::Environment;
use haversack_store::{Disk, DiskLog, Exported, Finding, RealDisk, TransferError};
use serde_json::json;

use crate::{
    cli::Format,
    failure::Failure,
    input,
    output::{self, Line, line},
};

/// `log repair`.
pub fn repair(data: &Path, dry_run: bool, format: Format) -> Result<ExitCode, Failure> {
    if !DiskLog::is_in(data)? {
        return Err(Failure::bad_input(format!("there is no log in {}", data.display())));
    }
    let findings = if dry_run {
        // What mending would find is found on a copy, whatever sled does to its files meanwhile.
        let copy = tempfile::tempdir().map_err(|error| Failure::other(error.to_string()))?;
        let _held = DiskLog::hold(data)?;
        copy_all(data, copy.path()).map_err(|error| Failure::other(error.to_string()))?;
        let mut findings = repaired(copy.path())?;
        findings.iter_mut().for_each(|finding| finding.mended = false);
        findings
    } else {
        repaired(data)?
    };
    let lines: Vec<Line> = findings.iter().map(finding_line).collect();
    output::print(format, &["copy", "first", "last", "mended", "what"], &lines)?;
    Ok(ExitCode::SUCCESS)
}

fn repaired(data: &Path) -> Result<Vec<Finding>, Failure> {
    let log = DiskLog::open_rebuilding(data)?;
    let environment =
        Environment::on_disk(log, std::sync::Arc::new(haversack_engine::SystemClock))?;
    let verified = environment.verify(true)?;
    let log = environment.disk_log().expect("it was opened on disk");
    // What the look found is among what the log reports, but for snapshots.
    let snapshots = verified.log.findings.into_iter();
    let snapshots = snapshots.filter(|finding| finding.copy == haversack_store::Copy::Snapshot);
    Ok(log.findings().into_iter().chain(snapshots).collect())
}

fn finding_line(finding: &Finding) -> Line {
    let event = |event: Option<Offset>| event.map(|event| json!(event));
    line([
        ("copy", Some(json!(finding.copy.name()))),
        ("first", event(finding.events.map(|(first, _)| first))),
        ("last", event(finding.events.map(|(_, last)| last))),
        ("mended", Some(json!(finding.mended))),
        ("what", Some(json!(finding.what))),
    ])
}

fn copy_all(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            fs::create_dir(&to)?;
            copy_all(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}

fn until(until: Option<u64>) -> Result<Option<Offset>, Failure> {
    until
        .map(|until| {
            let zero = || Failure::bad_input("--until: found 0, expected an offset from 1 on");
            Offset::new(until).ok_or_else(zero)
        })
        .transpose()
}

/// `log export FILE`.
pub fn export(
    data: &Path,
    file: &Path,
    until: Option<u64>,
    format: Format,
) -> Result<ExitCode, Failure> {
    let until = self::until(until)?;
    if file == Path::new("-") {
        // The stream is the result, so that nothing else may be printed there.
        let mut out = io::BufWriter::new(io::stdout().lock());
        haversack_store::export(data, until, &mut out)?;
        return Ok(ExitCode::SUCCESS);
    }
    let unfinished = Unfinished::new(file)?;
    let mut out = io::BufWriter::new(&unfinished.file);
    let exported = haversack_store::export(data, until, &mut out).map_err(|error| match error {
        TransferError::Stream(error) => Failure::other(format!("{}: {error}", file.display())),
        error => error.into(),
    })?;
    drop(out);
    unfinished.finish(file)?;
    print(&exported, format)
}

/// A file that takes its name when it's whole, and else is removed. It holds the signing key: its
/// owner alone may read it.
struct Unfinished {
    file: File,
    path: PathBuf,
}

impl Unfinished {
    fn new(file: &Path) -> Result<Self, Failure> {
        let mut path = file.as_os_str().to_owned();
        path.push(".unfinished");
        let path = PathBuf::from(path);
        // One that is there may be readable by others.
        let _ = fs::remove_file(&path);
        let mut options = File::options();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path);
        let file = file.map_err(|error| Failure::other(format!("{}: {error}", path.display())))?;
        Ok(Self { file, path })
    }

    fn finish(&self, file: &Path) -> Result<(), Failure> {
        // A backup that a power cut takes back is none: the name is made durable too.
        let directory = RealDisk::new(file.parent().unwrap_or(Path::new("")));
        let done = self
            .file
            .sync_all()
            .and_then(|()| fs::rename(&self.path, file))
            .and_then(|()| directory.sync_directory(""));
        done.map_err(|error| Failure::other(format!("{}: {error}", file.display())))
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// `log import FILE`.
#[expect(clippy::disallowed_methods, reason = "the command is an edge: it reads what it is given")]
pub fn import(
    data: &Path,
    file: &Path,
    until: Option<u64>,
    format: Format,
) -> Result<ExitCode, Failure> {
    let until = self::until(until)?;
    let mut input: Box<dyn Read> = if file == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        let opened = File::open(file);
        let bad = |error| Failure::bad_input(format!("{}: {error}", input::name(file)));
        Box::new(io::BufReader::new(opened.map_err(bad)?))
    };
    let imported =
        haversack_store::import(data, until, &mut input).map_err(|error| match error {
            TransferError::Stream(_) | TransferError::BadStream { .. } => {
                Failure::bad_input(format!("{}: {error}", input::name(file)))
            }
            error => error.into(),
        })?;
    print(&imported, format)
}

fn print(exported: &Exported, format: Format) -> Result<ExitCode, Failure> {
    let root = exported.note.lines().nth(2).unwrap_or_default();
    let result = line([
        ("events", Some(json!(exported.events))),
        ("root", Some(json!(root))),
        ("origin", exported.note.lines().next().map(|origin| json!(origin))),
    ]);
    output::print(format, &["events", "root", "origin"], &[result])?;
    Ok(ExitCode::SUCCESS)
}
