//! What a caller may read of a table, as a test of single rows or as a set.

use std::collections::BTreeSet;

use haversack_core::{
    RowId,
    limits::BUSINESS_UNIT_DEPTH_MAX,
    schema::{OWNERID, OWNINGBUSINESSUNIT, Ownership, TableKind},
    security::{Depth, Privilege},
};
use roaring::RoaringBitmap;

use super::{
    ids::RowNumber,
    references::{Gathered, TableNumber, Target},
    table::TableRows,
    tables::Tables,
};
use crate::Caller;

/// Which rows of a table a caller may read. Equal reaches read the same rows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reach {
    Nothing,
    Everything,
    /// Rows with one of these owners, or of one of these business units.
    Owned {
        owners: Vec<Target>,
        units: Vec<Target>,
    },
    /// Pairs whose ends may both be read: by each column the table it points at, and its reach.
    Pairs(Vec<(String, Vec<(TableNumber, Reach)>)>),
}

impl Reach {
    /// What the caller may read of a table.
    pub(super) fn of(tables: &Tables, caller: &Caller, table: TableNumber) -> Self {
        let Some(definition) = tables.definition(table) else { return Self::Nothing };
        if caller.reads_everything {
            return Self::Everything;
        }
        let Some(user) = caller.user else { return Self::Nothing };
        match definition.kind {
            TableKind::System => Self::Everything,
            TableKind::Intersect => {
                let ends = definition.columns().iter().filter(|column| !column.targets.is_empty());
                let ends = ends.map(|column| {
                    let of = |name| {
                        let end = tables.find(name)?;
                        Some((end, Self::of(tables, caller, end)))
                    };
                    let targets = column.targets.iter().filter_map(|name| of(name.as_str()));
                    (column.name.to_string(), targets.collect())
                });
                Self::Pairs(ends.collect())
            }
            TableKind::Data => {
                let depth = tables.catalog.depth(user, &definition.name, Privilege::Read);
                Self::of_depth(tables, user, depth, definition.ownership)
            }
        }
    }

    fn of_depth(tables: &Tables, user: RowId, depth: Depth, ownership: Ownership) -> Self {
        let catalog = &tables.catalog;
        let mut units = BTreeSet::new();
        let own = catalog.users.get(&user).map(|user| user.business_unit);
        match depth {
            Depth::None => return Self::Nothing,
            Depth::Organization => return Self::Everything,
            _ if matches!(ownership, Ownership::Organization | Ownership::None) => {
                return Self::Nothing;
            }
            Depth::User => {}
            Depth::BusinessUnit => units.extend(own),
            Depth::ParentChild => {
                let parent = |unit: &RowId| catalog.business_units.get(unit).and_then(|u| u.parent);
                let is_below = |unit: &&RowId| {
                    std::iter::successors(Some(**unit), parent)
                        .take(BUSINESS_UNIT_DEPTH_MAX + 1)
                        .any(|above| Some(above) == own)
                };
                units.extend(own);
                units.extend(catalog.business_units.keys().filter(is_below));
            }
        }
        let owners = catalog.teams_of(user).chain([user]).collect();
        Self::Owned { owners: tables.having(&owners), units: tables.having(&units) }
    }

    /// Whether it reaches a row, which is there.
    pub(super) fn has(&self, tables: &Tables, table: &TableRows, row: RowNumber) -> bool {
        match self {
            Self::Nothing => false,
            Self::Everything => true,
            Self::Owned { owners, units } => {
                let is_one = |of: &[Target], found: Target| of.binary_search(&found).is_ok();
                table.owner(row).is_some_and(|owner| is_one(owners, owner))
                    || !units.is_empty()
                        && tables.unit(table, row).is_some_and(|unit| is_one(units, unit))
            }
            Self::Pairs(ends) => ends.iter().all(|(column, reaches)| {
                let Some((to, end)) = table.target(row, column) else { return false };
                let there = tables.table(to);
                there.live.contains(end)
                    && reaches
                        .iter()
                        .any(|(table, reach)| *table == to && reach.has(tables, there, end))
            }),
        }
    }

    /// Those of the rows that it reaches.
    pub(super) fn within(
        &self,
        tables: &Tables,
        table: &TableRows,
        rows: RoaringBitmap,
    ) -> RoaringBitmap {
        match self {
            Self::Everything => rows,
            Self::Nothing => RoaringBitmap::new(),
            Self::Owned { owners, units } if rows.len() > table.live.len() / 8 => {
                let mut reached = Gathered::default();
                let id = |(table, row): &Target| tables.table(*table).id(*row);
                for owner in owners {
                    tables.add_pointing(table, OWNERID, id(owner), &mut reached);
                }
                for unit in units {
                    tables.add_pointing(table, OWNINGBUSINESSUNIT, id(unit), &mut reached);
                }
                rows & reached.set()
            }
            Self::Owned { .. } | Self::Pairs(_) => {
                let reached = rows.iter().filter(|row| self.has(tables, table, *row));
                RoaringBitmap::from_sorted_iter(reached).expect("they are ascending")
            }
        }
    }
}
