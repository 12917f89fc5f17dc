//! One row, for whoever may read it.

use haversack_core::{
    Offset, RowId,
    event::{Refusal, RowKey},
    name::nearest_help,
    schema::TableKind,
};
use haversack_dataset::{Caller, Evaluator, Obvious, Rows};
use haversack_replay::admin::Fault;

use crate::{
    Environment,
    tell::{self, Line},
};

/// A row as it stands.
#[derive(Clone, Debug)]
pub struct RowFound {
    /// The row as it is given out.
    pub row: Line,
    /// Its version; rows of the system have none.
    pub version: Option<Offset>,
}

impl Environment {
    /// The row as it stands, if the user may read it; none: the administrator, who may read all.
    ///
    /// # Errors
    /// No such table; no such row, in the same words as of one that may not be read.
    pub fn row_for(&self, user: Option<RowId>, table: &str, id: RowId) -> Result<RowFound, Fault> {
        let state = self.state();
        let catalog = state.catalog.as_ref();
        let fault = |refusal: Refusal, message| Fault {
            code: refusal.code(),
            message,
            item: None,
            in_filter: None,
        };
        let table = catalog.table(table).ok_or_else(|| {
            let known = catalog.tables().map(|table| table.name.as_str());
            let help = nearest_help(table, known);
            fault(Refusal::UnknownTable, format!("there is no table {table:?}{help}"))
        })?;
        let is_readable = user.is_none_or(|user| {
            let caller = Caller::user(catalog, user, state.at);
            Obvious::new(state.as_ref()).readable(&caller, &table.name, id)
        });
        let key = RowKey { table: table.name.clone(), id };
        let values = match table.kind {
            TableKind::System => catalog.system_row(&table.name, id).map(|values| (None, values)),
            TableKind::Data | TableKind::Intersect => {
                state.row(&key.table, id).map(|row| (Some(row.version), row.into_owned().values))
            }
        };
        match values.filter(|_| is_readable) {
            Some((version, values)) => {
                let row = tell::row::row(catalog, table, id, version, &values);
                Ok(RowFound { row, version: version.map(|version| version.0) })
            }
            None => {
                let message = format!("there is no row {id} in `{}`", table.name);
                Err(fault(Refusal::UnknownRow, message))
            }
        }
    }
}
