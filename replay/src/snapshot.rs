//! A state as it is stored: a stream of bounded sections, from which the same state comes back.
//!
//! [`sections`] cuts a state, [`Resume`] puts it together again. The law: what is resumed and then
//! folded on is what is folded from nothing, to the byte. So a snapshot saves time and says nothing
//! new; one that can't be used is thrown away.

mod devices;
mod error;
mod pack;
mod resume;
mod rows;
mod start;
mod tables;

use std::sync::Arc;

use bincode::{Decode, Encode};
use haversack_core::{Offset, catalog::Item};

pub use devices::DevicePart;
pub use error::ResumeError;
pub use resume::Resume;
pub use rows::Rows;
pub use start::Start;

use crate::{Conflict, State};
use pack::{packed, size};

/// Which form of sections, and which meaning of the state, this program knows. Changed with either:
/// an old snapshot is then not used.
pub const STATE_FORMAT: u32 = 1;

/// One piece of a stored state. A disk format: new variants go to the end.
///
/// Encoded, a section has at most [`haversack_core::limits::SECTION_BYTES`], unless it holds a
/// single thing that is larger.
#[derive(Clone, Debug, Encode, Decode)]
pub enum Section {
    /// The first section.
    Start(Box<Start>),
    /// Things of the catalog.
    Catalog(Vec<Item>),
    /// Devices and their edits.
    Devices(Vec<DevicePart>),
    /// Rows of one table, and the events on them.
    Rows(Rows),
    /// Conflicts, by the offset of the edit.
    Conflicts(Vec<(Offset, Arc<Conflict>)>),
}

/// The sections of a state, in their fixed order. Equal states have equal sections.
pub fn sections(state: &State) -> impl Iterator<Item = Section> {
    let start = std::iter::once_with(|| Section::Start(Box::new(Start::of(state))));
    let items = state.catalog.items().map(|item| (size(&item), item));
    let devices = state.devices.values().flat_map(devices::parts);
    let rows = state.tables.iter().flat_map(|(table, rows)| {
        let parts = rows.iter().flat_map(|(id, slot)| rows::parts(id, &slot));
        packed(parts, |parts| Section::Rows(Rows::new(table.clone(), rows.len() as u64, parts)))
    });
    let conflicts = state.conflicts.iter().map(|(offset, conflict)| {
        let conflict = (*offset, conflict.clone());
        (size(&conflict), conflict)
    });
    start
        .chain(packed(items, Section::Catalog))
        .chain(packed(devices, Section::Devices))
        .chain(rows)
        .chain(packed(conflicts, Section::Conflicts))
}
