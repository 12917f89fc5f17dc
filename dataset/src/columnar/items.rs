//! A profile's items as they are evaluated: filters planned, relationships as ways between tables.

use std::{collections::BTreeSet, iter::once, sync::Arc};

use haversack_core::{
    Name,
    catalog::Catalog,
    profile::{Criterion, OwnRows, ProfileItem, RelatedTo},
    schema::{Relationship, RelationshipKind},
};
use haversack_dsl::plan::{Plan, Step};
use roaring::RoaringBitmap;

use super::{
    column::Data,
    ids::RowNumber,
    references::{Gathered, TableNumber},
    tables::Tables,
};

/// One item.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) table: TableNumber,
    pub(super) criterion: Direct,
    pub(super) ways: Vec<Way>,
}

/// Which rows an item takes by themselves.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Direct {
    Nothing,
    All,
    Own(Vec<OwnRows>),
    Custom(Arc<Step>),
}

/// How rows of an item's table are joined to rows of another.
#[derive(Clone, Debug)]
pub(super) struct Way {
    /// The other table, of whose rows those on the device count.
    pub(super) other: TableNumber,
    pub(super) kind: WayKind,
}

#[derive(Clone, Debug)]
pub(super) enum WayKind {
    /// A column of the item's table points at the other.
    Holds(Name),
    /// A column of the other points at the item's table.
    Held(Name),
    /// Pairs: their table, their column that points at the item's table, and that at the other.
    Pairs(TableNumber, Name, Name),
}

impl Item {
    /// None if the item's table may not be taken offline.
    pub(super) fn of(tables: &Tables, item: &ProfileItem) -> Option<Self> {
        let catalog = &tables.catalog;
        let table = catalog.table(&item.table).filter(|table| table.can_be_taken_offline)?;
        let criterion = match item.criterion {
            Criterion::RelatedOnly => Direct::Nothing,
            Criterion::All => Direct::All,
            Criterion::Other => Direct::Own(item.other.clone()),
            Criterion::Custom => custom(catalog, item.filter.as_deref().unwrap_or("")),
        };
        let ways = item.related_to.iter().flat_map(|related| ways(tables, &table.name, related));
        Some(Self { table: tables.find(&table.name)?, criterion, ways: ways.collect() })
    }
}

/// The predicates of a step that callers share, by table and key.
pub(super) fn add_shared(
    tables: &Tables,
    table: TableNumber,
    step: &Step,
    found: &mut BTreeSet<(TableNumber, String)>,
) {
    match step {
        Step::Shared(shared) => {
            found.insert((table, shared.key.clone()));
        }
        Step::Own(..) => {}
        Step::And(steps) | Step::Or(steps) => {
            steps.iter().for_each(|step| add_shared(tables, table, step, found));
        }
        Step::Any { any, filter } => {
            if let Some(children) = tables.find(&any.table) {
                add_shared(tables, children, filter, found);
            }
        }
    }
}

/// A later change of the schema can leave a filter without its columns; it then selects nothing.
fn custom(catalog: &Catalog, text: &str) -> Direct {
    match haversack_dsl::compile(text, catalog) {
        Ok(resolved) => Direct::Custom(Arc::new(Plan::of(&resolved.query).rows)),
        Err(_) => Direct::Nothing,
    }
}

/// A relationship of a table with itself joins in both directions.
pub(super) fn ways(tables: &Tables, table: &Name, related: &RelatedTo) -> Vec<Way> {
    let Some(relationship) = tables.catalog.relationship(&related.relationship) else {
        return Vec::new();
    };
    let forward = relationship.table == *table && relationship.target == related.table;
    let backward = relationship.target == *table && relationship.table == related.table;
    let Some(other) = tables.find(&related.table) else { return Vec::new() };
    let kinds = [
        forward.then(|| kind(tables, relationship, true)).flatten(),
        backward.then(|| kind(tables, relationship, false)).flatten(),
    ];
    kinds.into_iter().flatten().map(|kind| Way { other, kind }).collect()
}

fn kind(tables: &Tables, relationship: &Relationship, forward: bool) -> Option<WayKind> {
    let column = relationship.column.clone();
    Some(match (relationship.kind, forward) {
        (RelationshipKind::ManyToOne, true) => WayKind::Holds(column),
        (RelationshipKind::ManyToOne, false) => WayKind::Held(column),
        (RelationshipKind::ManyToMany, _) => {
            let pairs = tables.find(relationship.intersect.as_ref()?)?;
            let target_column = relationship.target_column.clone()?;
            if forward {
                WayKind::Pairs(pairs, column, target_column)
            } else {
                WayKind::Pairs(pairs, target_column, column)
            }
        }
    })
}

impl Way {
    /// Adds the rows of the item's table that are joined to rows of the other; some may not be there.
    pub(super) fn add_joined(
        &self,
        tables: &Tables,
        table: TableNumber,
        others: &RoaringBitmap,
        found: &mut Gathered,
    ) {
        match &self.kind {
            WayKind::Holds(column) => {
                add_sources(tables, table, column, (self.other, others.iter()), found);
            }
            WayKind::Held(column) => {
                let others_rows = tables.table(self.other);
                let targets = others.iter().filter_map(|other| {
                    tables.points_at(others_rows, other, column).filter(|(to, _)| *to == table)
                });
                targets.for_each(|(_, row)| found.add(row));
            }
            WayKind::Pairs(pairs, mine, theirs) => {
                let mut joining = Gathered::default();
                let others = (self.other, others.iter());
                add_sources(tables, *pairs, theirs, others, &mut joining);
                let joining = joining.set();
                let targets =
                    joining.iter().filter_map(|pair| tables.table(*pairs).target(pair, mine));
                targets.filter(|(to, _)| *to == table).for_each(|(_, row)| found.add(row));
            }
        }
    }

    /// The rows of the other table to which a row of the item's table is joined; some may not be there.
    pub(super) fn partners(
        &self,
        tables: &Tables,
        table: TableNumber,
        row: RowNumber,
    ) -> RoaringBitmap {
        let of_other = |target: Option<(TableNumber, RowNumber)>| {
            target.filter(|(to, _)| *to == self.other).map(|(_, other)| other)
        };
        let mut found = Gathered::default();
        match &self.kind {
            WayKind::Holds(column) => {
                let target = tables.points_at(tables.table(table), row, column);
                of_other(target).into_iter().for_each(|other| found.add(other));
            }
            WayKind::Held(column) => {
                add_sources(tables, self.other, column, (table, once(row)), &mut found);
            }
            WayKind::Pairs(pairs, mine, theirs) => {
                let mut joining = Gathered::default();
                add_sources(tables, *pairs, mine, (table, once(row)), &mut joining);
                let pairs = tables.table(*pairs);
                let others = joining.set().into_iter().map(|pair| pairs.target(pair, theirs));
                others.filter_map(of_other).for_each(|other| found.add(other));
            }
        }
        found.set()
    }

    /// Whether a row of the item's table is joined to one of the others.
    pub(super) fn joins(
        &self,
        tables: &Tables,
        table: TableNumber,
        row: RowNumber,
        others: &RoaringBitmap,
    ) -> bool {
        let is_other = |(to, other)| to == self.other && others.contains(other);
        match &self.kind {
            WayKind::Holds(column) => {
                tables.points_at(tables.table(table), row, column).is_some_and(is_other)
            }
            WayKind::Held(column) => {
                let mut sources = Gathered::default();
                add_sources(tables, self.other, column, (table, once(row)), &mut sources);
                !sources.set().is_disjoint(others)
            }
            WayKind::Pairs(pairs, mine, theirs) => {
                let mut joining = Gathered::default();
                add_sources(tables, *pairs, mine, (table, once(row)), &mut joining);
                let pairs = tables.table(*pairs);
                joining.set().iter().any(|pair| pairs.target(pair, theirs).is_some_and(is_other))
            }
        }
    }
}

/// Adds the rows of a table whose column points at any of these rows.
fn add_sources(
    tables: &Tables,
    table: TableNumber,
    column: &str,
    (of, to): (TableNumber, impl Iterator<Item = RowNumber>),
    found: &mut Gathered,
) {
    let rows = tables.table(table);
    if rows.is_derived_unit(column) {
        let ids = to.map(|to| tables.table(of).id(to));
        return ids.for_each(|id| tables.add_pointing(rows, column, id, found));
    }
    if let Some(Data::References(references)) = rows.column(column).map(|column| &column.data)
        && let Some(pointed) = references.pointed(of)
    {
        found.add_all_sources(pointed, to);
    }
}
