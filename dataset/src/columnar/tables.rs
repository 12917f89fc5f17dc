//! All rows of an environment, column by column, at one offset.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use haversack_core::{
    Name, Reference, Row, RowId, RowVersion, Value, Values,
    catalog::Catalog,
    schema::{BUSINESSUNIT, OWNERID, SYSTEMUSER, TEAM, Table, TableKind},
};

use roaring::RoaringBitmap;

use super::{
    column::{Cell, Column, Data},
    ids::RowNumber,
    references::{Gathered, TableNumber, Target},
    table::TableRows,
};
use crate::{Rows, rows::scan};

/// All rows, and the catalog that says what they are.
#[derive(Clone, Debug)]
pub(super) struct Tables {
    pub(super) catalog: Arc<Catalog>,
    numbers: BTreeMap<Name, TableNumber>,
    tables: Vec<TableRows>,
    /// The table of the business units.
    units: Option<TableNumber>,
    /// The business unit of each user and team: what rows without one of their own follow.
    unit_of_owner: BTreeMap<TableNumber, Vec<Option<RowNumber>>>,
    /// How many ids had a number and never a row, at first.
    dangling: u64,
    seed: u64,
}

impl Tables {
    /// No rows yet.
    pub(super) fn empty(catalog: &Arc<Catalog>, seed: u64) -> Self {
        Self {
            catalog: Arc::clone(catalog),
            numbers: BTreeMap::new(),
            tables: Vec::new(),
            units: None,
            unit_of_owner: BTreeMap::new(),
            dangling: 0,
            seed,
        }
    }

    /// Adds a table with its rows.
    pub(super) fn add(&mut self, rows: TableRows) -> TableNumber {
        let number = TableNumber::try_from(self.tables.len()).expect("fewer tables than 2^16");
        let before = self.numbers.insert(rows.name.clone(), number);
        assert!(before.is_none(), "a catalog has each table once");
        self.tables.push(rows);
        number
    }

    fn fill_system_tables(&mut self, rows: &dyn Rows) {
        let catalog = Arc::clone(&self.catalog);
        for table in catalog.tables().filter(|table| table.kind == TableKind::System) {
            let number = self.number(&table.name);
            for (id, values) in scan(rows, table) {
                self.put_values(number, id, None, Some(&values));
            }
        }
        self.know_units();
    }

    pub(super) fn know_units(&mut self) {
        self.units = self.find(BUSINESSUNIT);
        let Some(units) = self.units else { return };
        let catalog = Arc::clone(&self.catalog);
        let mut unit_of_owner: BTreeMap<TableNumber, Vec<Option<RowNumber>>> = BTreeMap::new();
        let users = catalog.users.values().map(|user| (SYSTEMUSER, user.id));
        let teams = catalog.teams().map(|team| (TEAM, team.id));
        for (table, id) in users.chain(teams) {
            let (Some(number), Some(unit)) = (self.find(table), catalog.business_unit_of(id))
            else {
                continue;
            };
            let owner = self.table_mut(number).ids.number(id) as usize;
            let of_table = unit_of_owner.entry(number).or_default();
            if of_table.len() <= owner {
                of_table.resize(owner + 1, None);
            }
            of_table[owner] = Some(self.table_mut(units).ids.number(unit));
        }
        self.unit_of_owner = unit_of_owner;
    }

    /// The number of a table, which gets one now if it has none.
    pub(super) fn number(&mut self, name: &Name) -> TableNumber {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let table = self.catalog.table(name).cloned();
        self.add(TableRows::new(name.clone(), table, self.seed))
    }

    /// The number of a table, if it has one.
    pub(super) fn find(&self, name: &str) -> Option<TableNumber> {
        self.numbers.get(name).copied()
    }

    pub(super) fn table(&self, number: TableNumber) -> &TableRows {
        &self.tables[usize::from(number)]
    }

    pub(super) fn table_mut(&mut self, number: TableNumber) -> &mut TableRows {
        &mut self.tables[usize::from(number)]
    }

    /// The tables, each with its number.
    pub(super) fn all(&self) -> impl Iterator<Item = (TableNumber, &TableRows)> {
        (0..).zip(&self.tables)
    }

    /// The rows of all tables that have one of these ids, ascending: as pointers mean them, whose table
    /// does not count.
    pub(super) fn having(&self, ids: &BTreeSet<RowId>) -> Vec<Target> {
        let rows = self.all().flat_map(|(number, table)| {
            ids.iter().filter_map(move |id| Some((number, table.ids.find(*id)?)))
        });
        let mut rows: Vec<Target> = rows.collect();
        rows.sort_unstable();
        rows
    }

    /// Puts in a row as it stands now; none: it is gone. Gives its number, whether it came, went or
    /// points elsewhere, and where it pointed or points.
    pub(super) fn put(
        &mut self,
        table: TableNumber,
        id: RowId,
        row: Option<&Row>,
    ) -> (RowNumber, bool, Vec<Target>) {
        let version = row.map(|row| row.version);
        self.put_values(table, id, version, row.map(|row| &row.values))
    }

    fn put_values(
        &mut self,
        table: TableNumber,
        id: RowId,
        version: Option<RowVersion>,
        values: Option<&Values>,
    ) -> (RowNumber, bool, Vec<Target>) {
        let rows = self.table_mut(table);
        let number = rows.ids.number(id);
        let is_new = rows.set_version(number, version, values.is_some());
        // A pointer may be at a row of this table, which gets its number then.
        let mut columns = std::mem::take(&mut rows.columns);
        let (mut is_structural, mut moved) = (is_new, Vec::new());
        let mut given = values.into_iter().flat_map(Values::iter).peekable();
        for (name, column) in &mut columns {
            while given.next_if(|(other, _)| *other < name).is_some() {}
            let value = given.next_if(|(other, _)| *other == name).and_then(|(_, value)| value);
            let before = column.target(number);
            let cell = match (value, before) {
                (Some(Value::Reference(to)), Some(before)) if self.is_at(before, to) => continue,
                (Some(Value::Reference(to)), _) => Some(Cell::Target(self.target(to))),
                (value, _) => value.map(Cell::Value),
            };
            column.set(number, cell);
            let after = column.target(number);
            if before != after {
                is_structural = true;
                moved.extend(before.into_iter().chain(after));
            }
        }
        self.table_mut(table).columns = columns;
        (number, is_structural, moved)
    }

    /// Whether a target is what a reference points at.
    fn is_at(&self, (table, row): Target, to: &Reference) -> bool {
        let table = self.table(table);
        table.id(row) == to.id && table.name == to.table
    }

    fn target(&mut self, to: &Reference) -> Target {
        let table = self.number(&to.table);
        (table, self.table_mut(table).ids.number(to.id))
    }

    /// The reference that a target stands for.
    fn reference(&self, (table, row): Target) -> Reference {
        let table = self.table(table);
        Reference { table: table.name.clone(), id: table.id(row) }
    }

    /// The business unit that a row without one of its own follows.
    pub(super) fn unit_of_owner(&self, (table, owner): Target) -> Option<RowNumber> {
        *self.unit_of_owner.get(&table)?.get(owner as usize)?
    }

    /// The users and teams of a business unit.
    pub(super) fn owners_of_unit(&self, unit: RowNumber) -> impl Iterator<Item = Target> {
        self.unit_of_owner.iter().flat_map(move |(table, units)| {
            let of = (0..).zip(units).filter(move |(_, its)| **its == Some(unit));
            of.map(|(owner, _)| (*table, owner))
        })
    }

    /// The business unit of a row: its own, else that of its owner.
    pub(super) fn unit(&self, table: &TableRows, row: RowNumber) -> Option<Target> {
        let own = table.own_unit(row);
        own.or_else(|| {
            let units = self.units.filter(|_| table.derives_unit)?;
            Some((units, self.unit_of_owner(table.owner(row)?)?))
        })
    }

    /// Where a column of a row points, derived units included.
    pub(super) fn points_at(
        &self,
        table: &TableRows,
        row: RowNumber,
        column: &str,
    ) -> Option<Target> {
        if table.is_derived_unit(column) {
            return self.unit(table, row);
        }
        table.target(row, column)
    }

    /// What a row has in a column, derived columns included.
    pub(super) fn value(&self, table: &TableRows, row: RowNumber, column: &str) -> Option<Value> {
        if table.is_key(column) {
            return Some(Value::Id(table.id(row)));
        }
        let target = self.points_at(table, row, column);
        match target {
            Some(target) => Some(Value::Reference(self.reference(target))),
            None => table.plain_value(row, column),
        }
    }

    /// Adds the rows whose column points at an id, whatever table it is of, derived units included.
    pub(super) fn add_pointing(
        &self,
        table: &TableRows,
        column: &str,
        id: RowId,
        rows: &mut Gathered,
    ) {
        let Some(Column { data: Data::References(references), present }) = table.column(column)
        else {
            return;
        };
        for to in references.tables() {
            let target = self.table(to).ids.find(id).map(|row| (to, row));
            rows.add_sources(target.and_then(|target| references.sources(target)));
        }
        if table.is_derived_unit(column)
            && let Some(unit) = self.find(BUSINESSUNIT).and_then(|to| self.table(to).ids.find(id))
        {
            let mut following = Gathered::default();
            for owner in self.owners_of_unit(unit) {
                let owner = self.table(owner.0).id(owner.1);
                self.add_pointing(table, OWNERID, owner, &mut following);
            }
            rows.add_set(following.set() - present);
        }
    }

    /// Rows whose column points at one of these rows, by their ids.
    pub(super) fn pointing_at(
        &self,
        table: &TableRows,
        column: &str,
        (to, targets): (TableNumber, &RoaringBitmap),
    ) -> RoaringBitmap {
        let mut found = Gathered::default();
        let there = self.table(to);
        match table.column(column).map(|column| &column.data) {
            Some(Data::References(references)) if !table.is_derived_unit(column) => {
                for target in targets {
                    found.add_sources(references.sources((to, target)));
                }
                for other in references.tables().filter(|other| *other != to) {
                    let of = self.table(other);
                    for target in targets {
                        let target = of.ids.find(there.id(target)).map(|row| (other, row));
                        found.add_sources(target.and_then(|target| references.sources(target)));
                    }
                }
            }
            _ => {
                let ids = targets.iter().map(|target| there.id(target));
                ids.for_each(|id| self.add_pointing(table, column, id, &mut found));
            }
        }
        found.set()
    }

    /// Rows of a table at which, by their ids, the column of one of these rows points.
    pub(super) fn pointed_at(
        &self,
        table: &TableRows,
        column: &str,
        rows: &RoaringBitmap,
        to: TableNumber,
    ) -> RoaringBitmap {
        let mut found = Gathered::default();
        let kept = table.column(column).filter(|_| !table.is_derived_unit(column));
        for row in rows {
            let target = match kept {
                Some(kept) => kept.target(row),
                None => self.points_at(table, row, column),
            };
            let Some((there, target)) = target else { continue };
            if there == to {
                found.add(target);
            } else if let Some(row) = self.table(to).ids.find(self.table(there).id(target)) {
                found.add(row);
            }
        }
        found.set()
    }

    /// The definition of a table by its number.
    pub(super) fn definition(&self, number: TableNumber) -> Option<&Arc<Table>> {
        self.table(number).table.as_ref()
    }

    pub(super) fn seed(&self) -> u64 {
        self.seed
    }

    /// Whether a catalog has the same tables and relationships.
    pub(super) fn has_schema_of(&self, catalog: &Catalog) -> bool {
        self.catalog.tables().eq(catalog.tables())
            && self.catalog.relationships().eq(catalog.relationships())
    }

    /// Whether a catalog has the same people, who may do the same, and the same settings.
    pub(super) fn has_people_of(&self, catalog: &Catalog) -> bool {
        self.catalog.users == catalog.users
            && self.catalog.teams().eq(catalog.teams())
            && self.catalog.business_units == catalog.business_units
            && self.catalog.positions == catalog.positions
            && self.catalog.roles == catalog.roles
            && self.catalog.settings == catalog.settings
    }

    /// Takes another catalog with the same schema.
    pub(super) fn set_catalog(&mut self, rows: &dyn Rows, catalog: &Arc<Catalog>) {
        self.catalog = Arc::clone(catalog);
        let system: Vec<TableNumber> = self
            .all()
            .filter(|(_, table)| table.is_of_the_system())
            .map(|(number, _)| number)
            .collect();
        for number in system {
            let table = self.table(number);
            let ids: Vec<RowId> = table.live.iter().map(|row| table.id(row)).collect();
            ids.into_iter().for_each(|id| {
                self.put_values(number, id, None, None);
            });
        }
        self.fill_system_tables(rows);
    }

    /// How many rows are there.
    pub(super) fn row_count(&self) -> u64 {
        self.tables.iter().map(|table| table.live.len()).sum()
    }

    /// How many rows were there, and are not any more.
    pub(super) fn gone_count(&self) -> u64 {
        self.tables.iter().map(|table| table.gone.len()).sum()
    }

    /// How many ids have a number only because something points, or once pointed, at them, beyond those
    /// that had one at first.
    pub(super) fn dangling_count(&self) -> u64 {
        self.dangling_in_all().saturating_sub(self.dangling)
    }

    /// Notes that these ids have a number and no row.
    pub(super) fn note_dangling(&mut self) {
        self.dangling = self.dangling_in_all();
    }

    fn dangling_in_all(&self) -> u64 {
        let numbers: u64 = self.tables.iter().map(|table| table.ids.len() as u64).sum();
        numbers.saturating_sub(self.row_count() + self.gone_count())
    }

    /// The tables that the catalog knows.
    pub(super) fn known(&self) -> impl Iterator<Item = &TableRows> {
        self.tables.iter().filter(|table| table.table.is_some())
    }

    /// Bytes in memory.
    pub(super) fn bytes(&self) -> usize {
        self.tables.iter().map(TableRows::bytes).sum()
    }
}
