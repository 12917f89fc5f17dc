//! The first section: what a state has once, and how much follows.

use bincode::{Decode, Encode};
use haversack_core::{Cursor, Timestamp, settings::Settings};

use super::STATE_FORMAT;
use crate::{LoadProgress, State};

/// What a state has once, and how much follows.
#[derive(Clone, Debug, Encode, Decode)]
pub struct Start {
    pub(super) format: u32,
    pub(super) cursor: Cursor,
    pub(super) at: Timestamp,
    pub(super) name: String,
    pub(super) rules: u32,
    pub(super) settings: Settings,
    pub(super) load: Option<LoadProgress>,
    pub(super) counts: Counts,
}

/// How many things follow. How many rows there are stands with each table.
#[derive(Clone, Copy, Debug, Default, Encode, Decode)]
pub(super) struct Counts {
    pub items: u64,
    pub devices: u64,
    pub tables: u64,
    pub conflicts: u64,
}

impl Start {
    pub(super) fn of(state: &State) -> Self {
        let catalog = &state.catalog;
        Self {
            format: STATE_FORMAT,
            cursor: state.cursor,
            at: state.at,
            name: catalog.name.clone(),
            rules: catalog.rules,
            settings: catalog.settings.clone(),
            load: state.load,
            counts: Counts {
                items: catalog.items().count() as u64,
                devices: state.devices.len() as u64,
                tables: state.tables.len() as u64,
                conflicts: state.conflicts.len() as u64,
            },
        }
    }
}
