//! Loading an environment document: read and checked whole, then logged.

mod csv;
mod document;
mod filters;
mod locate;
mod rows;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use haversack_core::{
    Cursor,
    catalog::Catalog,
    event::{Actor, Event, RULES_VERSION, Record},
    limits::{DOCUMENT_BYTES_MAX, GROUP_EVENTS_MAX},
};
use haversack_replay::{
    admin::{self, Warning},
    fold_catalog,
};

pub use self::filters::read_filters;
use crate::{EngineError, Environment};

/// Groups that are made ready while one is made durable.
const GROUPS_AHEAD: usize = 2;

/// A document that was read and checked: the events that it makes.
pub struct Loadable {
    /// BLAKE3 of the document's files.
    pub digest: [u8; 32],
    /// The name of the environment.
    pub name: String,
    /// Its events, but for the first two of the log.
    pub events: Vec<Event>,
    /// How many of them are rows.
    pub rows: u64,
    /// What is accepted and yet worth saying.
    pub warnings: Vec<Warning>,
}

/// What loading came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// How many events were logged: none if all were there before.
    pub events: u64,
    /// How many of them are rows.
    pub rows: u64,
    /// The last event of the log.
    pub offset: u64,
}

/// Where a file's fault is, for its message.
pub(crate) fn fault(file: &Path, line: usize, column: usize, message: &str) -> EngineError {
    EngineError::BadDocument(format!("{}:{line}:{column}: {message}", file.display()))
}

/// Reads and checks the document in a directory.
///
/// # Errors
/// [`EngineError::BadDocument`]: where, what was found, what was expected.
pub fn read(directory: &Path) -> Result<Loadable, EngineError> {
    let mut hasher = blake3::Hasher::new();
    let file = directory.join("environment.json");
    let text = read_file(&file, &mut hasher)?;
    let text = with_filters(&file, directory, text, &mut hasher)?;
    let (document, mut warnings) = document::read(&file, &text)?;
    let name = document.name.clone();
    let mut events = document.into_events();
    let mut catalog = Catalog::default();
    events.iter().for_each(|event| fold_catalog(&mut catalog, event));
    let before = events.len();
    let mut tables = BTreeSet::new();
    for path in row_files(directory)? {
        let text = read_file(&path, &mut hasher)?;
        if !tables.insert(path.file_stem().map(std::ffi::OsStr::to_owned)) {
            return Err(fault(&path, 1, 1, "there are two files of rows for this table"));
        }
        rows::read(&catalog, &path, &text, &mut events)?;
    }
    let rows = (events.len() - before) as u64;
    warnings.extend(too_many_rows(&catalog, &events[before..]));
    Ok(Loadable { digest: *hasher.finalize().as_bytes(), name, events, rows, warnings })
}

/// Warnings of published profiles that may give a device more rows than classic takes.
fn too_many_rows(catalog: &Catalog, rows: &[Event]) -> Vec<Warning> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for event in rows {
        if let Event::RowWritten(write) = event {
            *counts.entry(write.key.table.as_str()).or_default() += 1;
        }
    }
    let count = |table: &str| counts.get(table).copied().unwrap_or_default();
    let published = catalog.profiles.values().filter_map(|profile| profile.published.as_ref());
    published.filter_map(|p| admin::too_many_rows(catalog, &p.draft, count)).collect()
}

fn read_file(file: &Path, hasher: &mut blake3::Hasher) -> Result<String, EngineError> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| EngineError::BadDocument(format!("{}: {error}", file.display())))?;
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned());
    hasher.update(name.unwrap_or_default().as_bytes()).update(&[0]);
    hasher.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
    Ok(text)
}

/// The document's text with the texts of filters from query files, which are part of the document.
fn with_filters(
    file: &Path,
    directory: &Path,
    text: String,
    hasher: &mut blake3::Hasher,
) -> Result<String, EngineError> {
    if text.len() > DOCUMENT_BYTES_MAX {
        return Ok(text);
    }
    let whole = filters::with_filters(&text, directory)
        .map_err(|(line, column, message)| fault(file, line, column, &message))?;
    if whole != text {
        hasher.update(whole.as_bytes());
    }
    Ok(whole)
}

/// The files of rows, by name, so that the same document makes the same events.
fn row_files(directory: &Path) -> Result<Vec<PathBuf>, EngineError> {
    let rows = directory.join("rows");
    if !rows.exists() {
        return Ok(Vec::new());
    }
    let bad =
        |error: std::io::Error| EngineError::BadDocument(format!("{}: {error}", rows.display()));
    let entries = std::fs::read_dir(&rows).map_err(bad)?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(bad)?.path();
        // What file managers leave behind is no part of the document.
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if !hidden {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Loads a document: from its first event, or from where an earlier load of it was cut off.
///
/// `progress` is told how many events are on their way to the log.
///
/// # Errors
/// [`EngineError::BadDocument`] if the environment holds something else, or if the log fails.
pub fn load(
    environment: &Environment,
    document: Loadable,
    mut progress: impl FnMut(u64),
) -> Result<Loaded, EngineError> {
    let state = environment.state();
    let total = document.events.len() as u64;
    let (done, after) = match state.load {
        None if state.cursor.last().is_none() => {
            let by_load = |event| Record { actor: Actor::Load, event };
            let name = document.name.clone();
            environment.record(vec![
                by_load(Event::EnvironmentCreated { name, rules: RULES_VERSION }),
                by_load(Event::LoadStarted { digest: document.digest, events: total }),
            ])?;
            (0, Cursor::after(2))
        }
        Some(load) if load.digest == document.digest => (load.done, state.cursor),
        _ => {
            let message = "another document can't be loaded into an environment that is not empty; \
                           use `apply` to change it";
            return Err(EngineError::BadDocument(message.to_owned()));
        }
    };
    let left = usize::try_from(done).unwrap_or(usize::MAX).min(document.events.len());
    let is_row = |event: &&Event| matches!(event, Event::RowWritten(_));
    let rows = document.events[left..].iter().filter(is_row).count() as u64;
    let mut events = document.events.into_iter().skip(left);
    let groups = std::iter::from_fn(|| {
        let record = |event| Record { actor: Actor::Load, event };
        let group: Vec<Record> = events.by_ref().take(GROUP_EVENTS_MAX).map(record).collect();
        progress(group.len() as u64);
        (!group.is_empty()).then_some(group)
    });
    environment.record_all(after, groups, GROUPS_AHEAD)?;
    let offset = environment.state().cursor.count();
    Ok(Loaded { events: offset - state.cursor.count(), rows, offset })
}
