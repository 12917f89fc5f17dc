//! Rows that look other than they did though nobody wrote them: their table has other columns, or the
//! unit of their owner is another.

use std::{collections::BTreeSet, sync::Arc};

use haversack_core::{
    Name, RowId, Values,
    catalog::Catalog,
    json::RowWriter,
    schema::{OWNINGBUSINESSUNIT, Ownership},
};

/// From one catalog to another: whether rows may look different.
pub(super) struct Looks<'a> {
    before: &'a Catalog,
    now: &'a Catalog,
    tables: BTreeSet<Name>,
    has_moved_owners: bool,
}

impl<'a> Looks<'a> {
    /// None: no row looks different.
    pub fn between(before: &'a Arc<Catalog>, now: &'a Arc<Catalog>) -> Option<Self> {
        if Arc::ptr_eq(before, now) {
            return None;
        }
        let has_changed = |table: &&Arc<haversack_core::schema::Table>| {
            before.table(&table.name).is_none_or(|was| was.columns() != table.columns())
        };
        let tables = now.tables().filter(has_changed).map(|table| table.name.clone()).collect();
        let owners = now.users.keys().copied().chain(now.teams().map(|team| team.id));
        let has_moved_owners = owners
            .into_iter()
            .any(|owner| before.business_unit_of(owner) != now.business_unit_of(owner));
        let looks = Self { before, now, tables, has_moved_owners };
        (has_moved_owners || !looks.tables.is_empty()).then_some(looks)
    }

    /// Whether rows of a table may look different.
    pub fn concern(&self, table: &Name) -> bool {
        let of_owner =
            || self.now.table(table).is_some_and(|table| table.ownership == Ownership::UserOrTeam);
        self.tables.contains(table) || (self.has_moved_owners && of_owner())
    }

    /// The rows of such a table.
    pub fn of(&self, table: &Name) -> LooksOf<'_> {
        let writer = |catalog: &Catalog| catalog.table(table).map(|of| RowWriter::new(of));
        let writers = [writer(self.before), writer(self.now)];
        LooksOf { looks: self, has_other_columns: self.tables.contains(table), writers }
    }
}

/// The rows of one table, from one catalog to another.
pub(super) struct LooksOf<'a> {
    looks: &'a Looks<'a>,
    has_other_columns: bool,
    /// By either catalog; none: it has no such table.
    writers: [Option<RowWriter>; 2],
}

impl LooksOf<'_> {
    /// Whether a row looks different.
    pub fn has_changed(&self, id: RowId, values: &Values) -> bool {
        if !self.has_other_columns && values.contains(OWNINGBUSINESSUNIT) {
            return false;
        }
        let text = |catalog: &Catalog, writer: &Option<RowWriter>| {
            let mut text = Vec::new();
            if let Some(writer) = writer {
                let placed = |(name, value)| Some((writer.place(name)?, value));
                let mut unit_of = |owner| catalog.business_unit_of(owner);
                writer.write(&mut text, &mut unit_of, id, values.lent().filter_map(placed));
            }
            text
        };
        let [before, now] = &self.writers;
        text(self.looks.before, before) != text(self.looks.now, now)
    }
}
