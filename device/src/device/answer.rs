//! Reading: one row, or what a query selects.

use haversack_core::{
    Name, RowId,
    json::row_object,
    schema::{Table, TableKind},
    security::Privilege,
};
use haversack_dataset::{Answers, Caller, Evaluator, Obvious};
use haversack_dsl::query::{Columns, Query};
use serde_json::{Map, Value as Json};

use super::{Core, Device};
use crate::{DeviceError, rows::View};

/// The answer to a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The keys of rows, in their order.
    pub keys: Vec<String>,
    /// The rows.
    pub answers: Answers,
}

impl Device {
    /// A row as the app sees it: as it came, with the edits over it that it does not have yet.
    ///
    /// # Errors
    /// If its table is not on the device, or is damaged.
    pub fn read(&self, table: &str, id: RowId) -> Result<Option<Map<String, Json>>, DeviceError> {
        let core = self.core();
        let source = core.source()?;
        let table = available(&core, table)?;
        let Some(row) = source.row(table, id)? else { return Ok(None) };
        let may = source.catalog.allows(source.user, Privilege::Read, table, &row.values);
        Ok(may.then(|| row_object(source.catalog, table, id, &row.values)))
    }

    /// What a query returns, in either syntax, run as the device's user over the rows on the device.
    ///
    /// # Errors
    /// If it is wrong, or if a table that it touches is not on the device or is damaged.
    pub fn query(
        &self,
        text: &str,
        name: Option<&str>,
        parameters: &[(String, String)],
    ) -> Result<Answered, DeviceError> {
        let mut core = self.core();
        let answered = self.run(&core, text, name, parameters);
        // The next sync looks at all rows again.
        core.is_checked &= !matches!(answered, Err(DeviceError::Damaged { .. }));
        answered
    }

    fn run(
        &self,
        core: &Core,
        text: &str,
        name: Option<&str>,
        parameters: &[(String, String)],
    ) -> Result<Answered, DeviceError> {
        let source = core.source()?;
        let catalog = &core.catalog;
        let file = haversack_dsl::parse_file(text).map_err(DeviceError::Query)?;
        let definition = file.find(name).map_err(|error| DeviceError::Query(vec![*error]))?;
        let fetch = definition.bind(parameters).map_err(DeviceError::Query)?;
        let query = haversack_dsl::resolve(&fetch, catalog).map_err(DeviceError::Query)?.query;
        let table = available(core, &query.table)?;
        query.linked_tables().into_iter().try_for_each(|name| available(core, &name).map(drop))?;
        let caller = Caller::user(catalog, source.user, self.shared.clock.now());
        let view = View::new(source);
        let answers = Obvious::new(&view).answers(&caller, &query);
        view.failed()?;
        Ok(Answered { keys: keys(table, &query), answers })
    }
}

/// The table with this name, if its rows are on the device.
fn available<'c>(core: &'c Core, name: &str) -> Result<&'c Table, DeviceError> {
    let refused = |message: String| DeviceError::refused("not_available", message);
    let table = core.catalog.table(name);
    let table =
        table.ok_or_else(|| refused(format!("there is no table {name:?} on this device")))?;
    let is_here = |name: &Name| core.layers.replica().shown.tables.contains_key(name);
    match table.kind {
        TableKind::System => Ok(table),
        TableKind::Data if is_here(&table.name) => Ok(table),
        TableKind::Data => {
            Err(refused(format!("table `{name}` was not downloaded yet; sync first")))
        }
        TableKind::Intersect => {
            Err(refused(format!("pairs of `{name}` are not on devices; ask the server")))
        }
    }
}

fn keys(table: &Table, query: &Query) -> Vec<String> {
    if let Some(aggregate) = &query.aggregate {
        return aggregate.keys().map(str::to_owned).collect();
    }
    match &query.columns {
        Columns::All => table.columns().iter().map(|column| column.name.to_string()).collect(),
        Columns::Listed(listed) => listed.iter().map(|selected| selected.key.clone()).collect(),
    }
}
