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

    /// Whether a row of such a table does.
    pub fn has_changed(&self, table: &Name, id: RowId, values: &Values) -> bool {
        if !self.tables.contains(table) && values.contains(OWNINGBUSINESSUNIT) {
            return false;
        }
        let text = |catalog: &Catalog| {
            let mut text = Vec::new();
            if let Some(of) = catalog.table(table) {
                let writer = RowWriter::new(of);
                let placed =
                    values.lent().filter_map(|(name, value)| Some((writer.place(name)?, value)));
                writer.write(&mut text, &mut |owner| catalog.business_unit_of(owner), id, placed);
            }
            text
        };
        text(self.before) != text(self.now)
    }
}
