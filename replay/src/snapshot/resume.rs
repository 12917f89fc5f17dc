//! The way back: from sections to the state.

use std::{fmt, sync::Arc};

use haversack_core::{Offset, catalog::Items};

use super::{
    ResumeError, STATE_FORMAT, Section, Start,
    devices::Devices,
    error::{after, all, disorder, within},
    start::Counts,
    tables::Tables,
};
use crate::{Conflict, State};

/// Takes sections in order and gives back the state.
///
/// Whatever sections come, it never panics; after an error it is of no use. What it takes up grows
/// with the sections, and not with what they say of those that follow.
#[derive(Debug, Default)]
pub struct Resume {
    stage: Stage,
    counts: Counts,
    items: Items,
    devices: Devices,
    tables: Tables,
    state: State,
}

/// Which kind of section came last. They come in this order.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    #[default]
    Nothing,
    Start,
    Catalog,
    Devices,
    Rows,
    Conflicts,
}

impl Stage {
    fn of(section: &Section) -> Self {
        match section {
            Section::Start(_) => Self::Start,
            Section::Catalog(_) => Self::Catalog,
            Section::Devices(_) => Self::Devices,
            Section::Rows(_) => Self::Rows,
            Section::Conflicts(_) => Self::Conflicts,
        }
    }
}

impl fmt::Debug for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nothing => "nothing",
            Self::Start => "the start",
            Self::Catalog => "a section of the catalog",
            Self::Devices => "a section of devices",
            Self::Rows => "a section of rows",
            Self::Conflicts => "a section of conflicts",
        })
    }
}

impl Resume {
    /// Takes the next section.
    ///
    /// # Errors
    /// If it does not fit to those before.
    pub fn push(&mut self, section: Section) -> Result<(), ResumeError> {
        self.advance(Stage::of(&section))?;
        let end = self.state.cursor;
        match section {
            Section::Start(start) => self.start(*start),
            Section::Catalog(items) => {
                items.into_iter().try_for_each(|item| Ok(self.items.push(item)?))
            }
            Section::Devices(parts) => {
                parts.into_iter().try_for_each(|part| self.devices.push(part, end))
            }
            Section::Rows(rows) => self.tables.push(rows, end),
            Section::Conflicts(conflicts) => conflicts
                .into_iter()
                .try_for_each(|(offset, conflict)| self.conflict(offset, conflict)),
        }
    }

    /// The start comes first and once, and the others after it in order.
    fn advance(&mut self, to: Stage) -> Result<(), ResumeError> {
        let fits = match to {
            Stage::Nothing | Stage::Start => self.stage == Stage::Nothing,
            _ => self.stage != Stage::Nothing && self.stage <= to,
        };
        if !fits {
            return Err(disorder(to, self.stage));
        }
        if to == Stage::Conflicts && self.stage < to {
            self.close_tables()?;
        }
        self.stage = to;
        Ok(())
    }

    fn start(&mut self, start: Start) -> Result<(), ResumeError> {
        if start.format != STATE_FORMAT {
            return Err(ResumeError::Format { found: start.format });
        }
        self.counts = start.counts;
        self.state.cursor = start.cursor;
        self.state.at = start.at;
        self.state.load = start.load;
        self.items = Items::new(start.name, start.rules, start.settings);
        Ok(())
    }

    fn close_tables(&mut self) -> Result<(), ResumeError> {
        self.state.tables = std::mem::take(&mut self.tables).finish()?;
        Ok(())
    }

    fn conflict(&mut self, offset: Offset, conflict: Arc<Conflict>) -> Result<(), ResumeError> {
        after(self.state.conflicts.get_max().map(|(last, _)| last), &offset)?;
        within(offset, self.state.cursor)?;
        self.state.conflicts.insert(offset, conflict);
        Ok(())
    }

    /// The state, if all of it came.
    ///
    /// # Errors
    /// If something is missing.
    pub fn finish(mut self) -> Result<State, ResumeError> {
        if self.stage == Stage::Nothing {
            return Err(disorder(format_args!("the end"), self.stage));
        }
        if self.stage < Stage::Conflicts {
            self.close_tables()?;
        }
        let Self { counts, items, devices, mut state, .. } = self;
        all(items.count(), counts.items, "things of the catalog")?;
        state.catalog = Arc::new(items.into_catalog());
        state.devices = devices.finish()?;
        all(state.devices.len() as u64, counts.devices, "devices")?;
        all(state.tables.len() as u64, counts.tables, "tables")?;
        all(state.conflicts.len() as u64, counts.conflicts, "conflicts")?;
        Ok(state)
    }
}
