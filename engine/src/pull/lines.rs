//! Put lines, written once for all devices that get the row: within a bound.
//!
//! Most rows go to one device. So a line is kept when it's asked for a second time, and a row that is
//! asked for once costs a glance at one place.

use std::sync::{Arc, Mutex, MutexGuard};

use haversack_core::{Name, RowId, RowVersion, Values, catalog::Catalog, json::write_row};

use crate::live::locked;

/// Places for lines; a power of two.
const PLACES: usize = 8_192;
/// A line that is kept, in bytes at the most: all places together take 8 MiB.
const LINE_BYTES_MAX: usize = 1_024;
/// Parts that are locked by themselves; a power of two.
const PARTS: usize = 16;

/// Put lines that were written lately. A catalog may change what a row looks like, so lines are of one.
pub(crate) struct Lines {
    /// The catalog, and how many there were before it.
    catalog: Mutex<(u64, Option<Arc<Catalog>>)>,
    parts: Vec<Mutex<Vec<Place>>>,
}

/// A row at a version.
pub(crate) type LineKey<'a> = (&'a Name, RowId, RowVersion);

/// Where a line may be kept.
#[derive(Clone, Default)]
enum Place {
    #[default]
    Free,
    /// Asked for once.
    Seen(RowId, RowVersion),
    Kept(Kept),
}

/// A line, and what it is of.
#[derive(Clone)]
struct Kept {
    generation: u64,
    table: Name,
    id: RowId,
    version: RowVersion,
    line: Arc<[u8]>,
}

impl Kept {
    fn is_of(&self, generation: u64, (table, id, version): LineKey<'_>) -> bool {
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
    /// Appends the line of a row, which is written if it isn't kept. The catalog must be the newest one.
    pub fn append(
        &self,
        out: &mut Vec<u8>,
        catalog: &Arc<Catalog>,
        key: LineKey<'_>,
        write: impl FnOnce(&mut Vec<u8>),
    ) {
        let (table, id, version) = key;
        let generation = self.generation(catalog);
        let is_seen = match &mut *self.place(id, version) {
            Place::Kept(kept) if kept.is_of(generation, key) => {
                return out.extend_from_slice(&kept.line);
            }
            Place::Seen(of, at) if (*of, *at) == (id, version) => true,
            place => {
                *place = Place::Seen(id, version);
                false
            }
        };
        let from = out.len();
        write(out);
        let line = &out[from..];
        if is_seen && line.len() <= LINE_BYTES_MAX {
            let (table, line) = (table.clone(), Arc::from(line));
            *self.place(id, version) = Place::Kept(Kept { generation, table, id, version, line });
        }
    }

    /// The number of a catalog. Lines of another one are not found any more.
    fn generation(&self, catalog: &Arc<Catalog>) -> u64 {
        let (generation, kept) = &mut *locked(&self.catalog);
        if kept.as_ref().is_none_or(|kept| !Arc::ptr_eq(kept, catalog)) {
            *generation += 1;
            *kept = Some(Arc::clone(catalog));
        }
        *generation
    }

    fn place(&self, id: RowId, version: RowVersion) -> PlaceOf<'_> {
        // Ids are mostly random, but devices choose some: whoever makes theirs meet slows nobody down.
        let bytes = id.as_bytes();
        let low = u64::from_be_bytes(bytes[8..].try_into().expect("eight of sixteen bytes"));
        let hash = (low ^ version.0.get()).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        let hash = usize::try_from(hash).expect("32 bits");
        let part = locked(&self.parts[hash % PARTS]);
        PlaceOf { part, at: hash / PARTS % (PLACES / PARTS) }
    }
}

/// A place, locked.
struct PlaceOf<'l> {
    part: MutexGuard<'l, Vec<Place>>,
    at: usize,
}

impl std::ops::Deref for PlaceOf<'_> {
    type Target = Place;

    fn deref(&self) -> &Place {
        &self.part[self.at]
    }
}

impl std::ops::DerefMut for PlaceOf<'_> {
    fn deref_mut(&mut self) -> &mut Place {
        &mut self.part[self.at]
    }
}

/// Writes a put line, with its end.
pub(crate) fn write_put(
    line: &mut Vec<u8>,
    catalog: &Catalog,
    (table, id, version): (&Name, RowId, RowVersion),
    values: &Values,
) {
    use std::io::Write;
    let Some(of) = catalog.table(table) else { return };
    // Names have nothing that JSON would escape. The order of keys is that of the message's own form.
    line.extend_from_slice(b"{\"t\":\"put\",\"table\":\"");
    line.extend_from_slice(table.as_str().as_bytes());
    line.extend_from_slice(b"\",\"id\":\"");
    id.write_to(line);
    write!(line, "\",\"v\":{version},\"row\":").expect("memory takes all");
    write_row(line, catalog, of, id, values);
    line.extend_from_slice(b"}\n");
}
