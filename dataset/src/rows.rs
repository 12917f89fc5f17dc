//! Where rows come from: the only way in which this crate meets them.

use std::borrow::Cow;

use haversack_core::{
    Lent, Name, Row, RowId, RowVersion, Values,
    catalog::Catalog,
    schema::{Table, TableKind},
};

/// Rows and catalog as they stand at one offset. Whoever keeps rows packed gives out owned ones.
pub trait Rows {
    /// The catalog.
    fn catalog(&self) -> &Catalog;

    /// A row of business data or a pair of a many-to-many relationship.
    fn row(&self, table: &str, id: RowId) -> Option<Cow<'_, Row>>;

    /// The rows of a table, by id.
    fn rows(&self, table: &str) -> Box<dyn Iterator<Item = (RowId, Cow<'_, Row>)> + '_>;

    /// Hands out the rows of a table, by id, with their values as they are kept: whoever keeps rows
    /// packed unpacks nothing.
    fn lend(&self, table: &str, take: &mut Taker<'_>) {
        for (id, row) in self.rows(table) {
            take(id, row.version, &mut row.values.lent());
        }
    }
}

/// Takes a row: its id, its version, and its values in the order of their columns' names.
pub type Taker<'t> =
    dyn for<'v> FnMut(RowId, RowVersion, &mut dyn Iterator<Item = (&'v Name, Lent<'v>)>) + 't;

/// The values of a row of any table, those of the system included.
pub(crate) fn values<'r>(rows: &'r dyn Rows, table: &Table, id: RowId) -> Option<Cow<'r, Values>> {
    match table.kind {
        TableKind::System => rows.catalog().system_row(&table.name, id).map(Cow::Owned),
        TableKind::Data | TableKind::Intersect => rows.row(&table.name, id).map(values_of),
    }
}

fn values_of(row: Cow<'_, Row>) -> Cow<'_, Values> {
    match row {
        Cow::Borrowed(row) => Cow::Borrowed(&row.values),
        Cow::Owned(row) => Cow::Owned(row.values),
    }
}

/// All rows of any table, those of the system included, by id.
pub fn scan<'r>(
    rows: &'r dyn Rows,
    table: &'r Table,
) -> Box<dyn Iterator<Item = (RowId, Cow<'r, Values>)> + 'r> {
    match table.kind {
        TableKind::System => {
            let catalog = rows.catalog();
            let ids = catalog.system_row_ids(&table.name);
            Box::new(
                ids.into_iter()
                    .filter_map(|id| Some((id, Cow::Owned(catalog.system_row(&table.name, id)?)))),
            )
        }
        TableKind::Data | TableKind::Intersect => {
            Box::new(rows.rows(&table.name).map(|(id, row)| (id, values_of(row))))
        }
    }
}
