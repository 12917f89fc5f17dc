//! `audit`: verify, prove, checkpoint, key, export.

use std::{fs, path::Path, process::ExitCode};

use haversack_core::Offset;
use haversack_proof::{
    NoteError, ProofError, ProofFile, Verified, VerifierKey, VerifyError, Which,
};
use haversack_store::ProveError;
use serde_json::{Value as Json, json};

use crate::{
    cli::Format,
    failure::Failure,
    input,
    output::{self, Line, line},
    session::Session,
};

/// `audit verify`.
pub fn verify(session: &Session, format: Format) -> Result<ExitCode, Failure> {
    let verified = session.environment.verify(false)?;
    let log = &verified.log;
    let result = line([
        ("events", Some(json!(log.events))),
        ("groups", Some(json!(log.groups))),
        ("root", Some(json!(log.root))),
        ("chain", Some(json!(log.chain))),
        ("digest", Some(json!(verified.digest.to_string()))),
        ("snapshots", Some(json!(verified.snapshots))),
        ("findings", Some(log.findings.iter().map(|found| json!(found.to_string())).collect())),
    ]);
    let columns = ["events", "groups", "snapshots", "root", "chain", "digest", "findings"];
    output::print(format, &columns, &[result])?;
    match log.findings.first() {
        None => Ok(ExitCode::SUCCESS),
        Some(first) => {
            let more = match log.findings.len() - 1 {
                0 => String::new(),
                more => format!(" (and {more} more)"),
            };
            Err(Failure::damaged(format!("damage in {first}{more}; run `haversack log repair`")))
        }
    }
}

/// `audit verify --proof FILE --checkpoint FILE --key KEY`: needs no log.
pub fn verify_proof(
    proof: &Path,
    checkpoint: Option<&Path>,
    key: Option<&str>,
    format: Format,
) -> Result<ExitCode, Failure> {
    let in_file = |file: &Path, error: &dyn std::fmt::Display| {
        Failure::bad_input(format!("{}: {error}", input::name(file)))
    };
    let (held, key) = checkpoint.zip(key).expect("the grammar asks for all three");
    let key = verifier(key)?;
    let note = self::note(held)?;
    let text = input::text(proof)?;
    let parsed = ProofFile::parse(&text).map_err(|error| match error {
        ProofError::Json(error) => input::at_json(proof, 1, &error, "expected a proof"),
        error => in_file(proof, &error),
    })?;
    let proved = match parsed.verify(&key, &note) {
        Ok(proved) => proved,
        Err(VerifyError::Note { which: Which::Held, source }) if is_malformed(&source) => {
            return Err(in_file(held, &source));
        }
        Err(VerifyError::Note { which, source }) if is_malformed(&source) => {
            return Err(in_file(proof, &format!("{which}: {source}")));
        }
        Err(error) => return Err(Failure::no(format!("not proved: {error}"))),
    };
    output::print(format, &["proved", "event", "size", "root"], &[proved_line(&proved)])?;
    Ok(ExitCode::SUCCESS)
}

/// Whether a checkpoint is not even one that could be wrong.
fn is_malformed(error: &NoteError) -> bool {
    matches!(error, NoteError::Malformed { .. } | NoteError::TooLong { .. })
}

fn proved_line(proved: &Verified) -> Line {
    match proved {
        Verified::Inclusion { checkpoint, entry, payload_bytes } => line([
            ("proved", Some(json!("inclusion"))),
            ("event", Some(json!(entry.offset))),
            ("kind", Some(json!(entry.kind))),
            ("payload_bytes", payload_bytes.map(Json::from)),
            ("origin", Some(json!(checkpoint.origin))),
            ("size", Some(json!(checkpoint.size))),
            ("root", Some(json!(checkpoint.root))),
        ]),
        Verified::Consistency { old, new } => line([
            ("proved", Some(json!("consistency"))),
            ("origin", Some(json!(new.origin))),
            ("old_size", Some(json!(old.size))),
            ("old_root", Some(json!(old.root))),
            ("size", Some(json!(new.size))),
            ("root", Some(json!(new.root))),
        ]),
    }
}

/// A key as text, or the file that holds it.
fn verifier(key_or_file: &str) -> Result<VerifierKey, Failure> {
    let text = match key_or_file.parse::<VerifierKey>() {
        Ok(key) => return Ok(key),
        Err(_) if Path::new(key_or_file).exists() => input::text(Path::new(key_or_file))?,
        Err(error) => return Err(Failure::bad_input(format!("--key: {error}"))),
    };
    text.trim().parse().map_err(|error| Failure::bad_input(format!("{key_or_file}: {error}")))
}

/// The signed note in a file: as it is, or in the JSON that `audit checkpoint` prints.
fn note(file: &Path) -> Result<String, Failure> {
    let text = input::text(file)?;
    if !text.starts_with('{') {
        return Ok(text);
    }
    let json: Option<Json> = serde_json::from_str(&text).ok();
    let note = json.as_ref().and_then(|json| json["note"].as_str()).map(str::to_owned);
    note.ok_or_else(|| {
        let expected = "a signed note, as `haversack audit checkpoint` prints it";
        Failure::bad_input(format!("{}:1:1: found JSON, expected {expected}", input::name(file)))
    })
}

/// `audit prove --event OFFSET`.
pub fn prove_event(
    session: &Session,
    event: u64,
    checkpoint: Option<&Path>,
) -> Result<ExitCode, Failure> {
    let offset = Offset::new(event)
        .ok_or_else(|| Failure::bad_input("--event: found 0, expected an offset from 1 on"))?;
    let note = checkpoint.map(note).transpose()?;
    let proof = session.log().prove_event(offset, note.as_deref());
    let proof = proof.map_err(|error| about(checkpoint, error))?;
    output::print_text(&proof.to_text())?;
    Ok(ExitCode::SUCCESS)
}

/// Names the file that the checkpoint is in, if that is what is wrong.
fn about(checkpoint: Option<&Path>, error: ProveError) -> Failure {
    match (checkpoint, &error) {
        (Some(file), ProveError::Note(_) | ProveError::Ahead { .. }) => {
            Failure::bad_input(format!("{}: {error}", input::name(file)))
        }
        _ => error.into(),
    }
}

/// `audit prove --since CHECKPOINT`.
pub fn prove_since(session: &Session, since: Option<&Path>) -> Result<ExitCode, Failure> {
    let since = since.expect("the grammar asks for one of the two");
    let proof = session.log().prove_since(&note(since)?);
    let proof = proof.map_err(|error| about(Some(since), error))?;
    output::print_text(&proof.to_text())?;
    Ok(ExitCode::SUCCESS)
}

/// `audit checkpoint`: the note itself for people and files, and what it says otherwise.
pub fn checkpoint(session: &Session, format: Format) -> Result<ExitCode, Failure> {
    let log = session.log();
    let note = log.checkpoint()?;
    if format == Format::Table {
        output::print_text(&note)?;
        return Ok(ExitCode::SUCCESS);
    }
    let key = log.verifier();
    let checkpoint = key.open(&note).map_err(|error| Failure::other(error.to_string()))?;
    let result = line([
        ("size", Some(json!(checkpoint.size))),
        ("root", Some(json!(checkpoint.root))),
        ("origin", Some(json!(checkpoint.origin))),
        ("key", Some(json!(key.to_string()))),
        ("note", Some(json!(note))),
    ]);
    output::print(format, &["size", "root", "origin", "key", "note"], &[result])?;
    Ok(ExitCode::SUCCESS)
}

/// `audit key`.
pub fn key(session: &Session, format: Format) -> Result<ExitCode, Failure> {
    let key = session.log().verifier().to_string();
    if format == Format::Table {
        output::print_text(&format!("{key}\n"))?;
    } else {
        output::print(format, &["key"], &[line([("key", Some(json!(key)))])])?;
    }
    Ok(ExitCode::SUCCESS)
}

/// `audit export DIR`.
#[expect(
    clippy::disallowed_methods,
    reason = "the command is an edge: it writes what is asked for"
)]
pub fn export(session: &Session, directory: &Path, format: Format) -> Result<ExitCode, Failure> {
    let in_use = fs::read_dir(directory).is_ok_and(|mut entries| entries.next().is_some());
    if in_use {
        let message = format!("{} is not empty; name an empty or a new one", directory.display());
        return Err(Failure::bad_input(message));
    }
    let mut files: u64 = 0;
    let checkpoint = session.log().tiled(&mut |path, bytes| {
        let path = directory.join(path);
        fs::create_dir_all(path.parent().unwrap_or(directory))?;
        files += 1;
        fs::write(path, bytes)
    })?;
    let result = line([
        ("size", Some(json!(checkpoint.size))),
        ("root", Some(json!(checkpoint.root))),
        ("files", Some(json!(files))),
    ]);
    output::print(format, &["size", "root", "files"], &[result])?;
    Ok(ExitCode::SUCCESS)
}
