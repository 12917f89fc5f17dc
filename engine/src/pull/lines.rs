//! Put lines. Those of what changed are written once for all devices that get the row, within a bound.
//!
//! Most rows go to one device. So a line is kept when it's asked for a second time, and a row that is
//! asked for once costs a glance at one place.

use std::sync::{Arc, Mutex};

use haversack_core::{Name, RowId, RowVersion, catalog::Catalog, json::RowWriter};
use haversack_replay::{PackedRow, State};
use haversack_sync::planted::{Bug, planted};

use super::units::Units;
use crate::live::locked;

/// Places for lines; a power of two.
const PLACES: usize = 8_192;
/// A line that is kept, in bytes at the most: all places together take 8 MiB.
const LINE_BYTES_MAX: usize = 1_024;
/// Parts that are locked by themselves; a power of two.
const PARTS: usize = 64;

/// Put lines that were written lately. A catalog may change what a row looks like, so lines are of one.
pub(crate) struct Lines {
    /// The catalog, and its number.
    catalog: Mutex<(Generation, Option<Arc<Catalog>>)>,
    parts: Vec<Mutex<Vec<Place>>>,
}

/// The number of a catalog among those that lines were written by.
pub(crate) type Generation = u64;

/// A row at a version.
pub(crate) type LineKey<'a> = (&'a Name, RowId, RowVersion);

/// Where a line may be kept.
#[derive(Clone, Default)]
enum Place {
    #[default]
    Free,
    /// Asked for once.
    Seen(RowId, RowVersion),
    Kept(Box<Kept>),
}

/// A line, and what it is of.
#[derive(Clone)]
struct Kept {
    generation: Generation,
    table: Name,
    id: RowId,
    version: RowVersion,
    line: Box<[u8]>,
}

impl Kept {
    fn is_of(&self, generation: Generation, (table, id, version): LineKey<'_>) -> bool {
        self.generation == generation
            && (self.id, self.version) == (id, version)
            && self.table == *table
    }
}

impl Default for Lines {
    fn default() -> Self {
        let part = || Mutex::new(vec![Place::Free; PLACES / PARTS]);
        Self { catalog: Mutex::default(), parts: (0..PARTS).map(|_| part()).collect() }
    }
}

impl Lines {
    /// Appends the line of a row as it looks in the catalog with this number; it is written if it isn't
    /// kept.
    pub fn append(
        &self,
        out: &mut Vec<u8>,
        generation: Generation,
        key: LineKey<'_>,
        write: impl FnOnce(&mut Vec<u8>),
    ) {
        let (table, id, version) = key;
        let (part, at) = place(id, version);
        let place = &mut locked(&self.parts[part])[at];
        let is_seen = match place {
            Place::Kept(kept) if kept.is_of(generation, key) => {
                return out.extend_from_slice(&kept.line);
            }
            Place::Seen(of, at) => (*of, *at) == (id, version),
            _ => false,
        };
        let from = out.len();
        write(out);
        let line = &out[from..];
        *place = if is_seen && line.len() <= LINE_BYTES_MAX {
            let (table, line) = (table.clone(), Box::from(line));
            Place::Kept(Box::new(Kept { generation, table, id, version, line }))
        } else {
            Place::Seen(id, version)
        };
    }

    /// The number of a catalog, which must be the newest. Lines of the one before are not found any more.
    pub fn generation(&self, catalog: &Arc<Catalog>) -> Generation {
        if planted(Bug::StaleLines) {
            return 0;
        }
        let (generation, kept) = &mut *locked(&self.catalog);
        if kept.as_ref().is_none_or(|kept| !Arc::ptr_eq(kept, catalog)) {
            *generation += 1;
            *kept = Some(Arc::clone(catalog));
        }
        *generation
    }
}

/// The part in which a row's line may be, and its place there.
fn place(id: RowId, version: RowVersion) -> (usize, usize) {
    // Ids are mostly random, but devices choose some: whoever makes theirs meet slows nobody down.
    let bytes = id.as_bytes();
    let low = u64::from_be_bytes(bytes[8..].try_into().expect("eight of sixteen bytes"));
    let hash = (low ^ version.0.get()).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
    let hash = usize::try_from(hash).expect("32 bits");
    (hash % PARTS, hash / PARTS % (PLACES / PARTS))
}

/// Writes put lines of rows of a table.
pub(crate) struct PutWriter {
    table: Name,
    /// What a line begins with.
    begin: Box<[u8]>,
    row: RowWriter,
    /// The places of columns, by their numbers in packed rows; none: a column that was dropped.
    places: Box<[Option<usize>]>,
    units: Arc<Units>,
}

impl PutWriter {
    /// A writer of rows of a table as they are in a state, and of no other; none: it has no such table.
    pub fn new(state: &State, table: &Name, units: &Arc<Units>) -> Option<Self> {
        let row = RowWriter::new(state.catalog.table(table)?);
        let places = state.packed_columns(table.as_str()).iter().map(|name| row.place(name));
        // Names have nothing that JSON would escape. The order of keys is that of the message's own form.
        let begin = format!("{{\"t\":\"put\",\"table\":\"{table}\",\"id\":\"").into_bytes();
        let (table, begin, places) = (table.clone(), begin.into(), places.collect());
        Some(Self { table, begin, row, places, units: Arc::clone(units) })
    }

    /// Whether it writes rows of this table.
    pub fn is_of(&self, table: &Name) -> bool {
        self.table == *table
    }

    /// Writes a line, with its end.
    pub fn write(&mut self, line: &mut Vec<u8>, id: RowId, row: PackedRow<'_>) {
        line.extend_from_slice(&self.begin);
        id.write_to(line);
        line.extend_from_slice(b"\",\"v\":");
        serde_json::to_writer(&mut *line, &row.version().0.get()).expect("memory takes all");
        line.extend_from_slice(b",\"row\":");
        let placed = |(number, value)| Some((self.places[number]?, value));
        let mut unit_of = |owner| self.units.get(owner);
        self.row.write(line, &mut unit_of, id, row.numbered().filter_map(placed));
        line.extend_from_slice(b"}\n");
    }
}
