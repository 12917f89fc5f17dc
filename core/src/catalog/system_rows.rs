//! Users, teams and business units as rows that queries read.

use super::Catalog;
use crate::{
    Name, Reference, RowId, Value, Values,
    schema::{BUSINESSUNIT, SYSTEMUSER, TEAM},
};

fn text(column: &'static str, text: &str) -> (Name, Option<Value>) {
    (Name::known(column), Some(Value::Text(text.to_owned())))
}

fn lookup(column: &'static str, table: &'static str, id: Option<RowId>) -> (Name, Option<Value>) {
    let reference = |id| Value::Reference(Reference { table: Name::known(table), id });
    (Name::known(column), id.map(reference))
}

impl Catalog {
    /// Ids of the rows of a system table, ascending; none for other tables.
    #[must_use]
    pub fn system_row_ids(&self, table: &str) -> Vec<RowId> {
        match table {
            SYSTEMUSER => self.users.keys().copied().collect(),
            TEAM => self.teams().map(|team| team.id).collect(),
            BUSINESSUNIT => self.business_units.keys().copied().collect(),
            _ => Vec::new(),
        }
    }

    /// The row of a system table.
    #[must_use]
    pub fn system_row(&self, table: &str, id: RowId) -> Option<Values> {
        let values: Values = match table {
            SYSTEMUSER => {
                let user = self.users.get(&id)?;
                let unit = lookup("businessunitid", BUSINESSUNIT, Some(user.business_unit));
                let manager = lookup("parentsystemuserid", SYSTEMUSER, user.manager);
                [text("fullname", &user.name), unit, manager].into_iter().collect()
            }
            TEAM => {
                let team = self.team(id)?;
                let unit = lookup("businessunitid", BUSINESSUNIT, Some(team.business_unit));
                [text("name", &team.name), unit].into_iter().collect()
            }
            BUSINESSUNIT => {
                let unit = self.business_units.get(&id)?;
                let parent = lookup("parentbusinessunitid", BUSINESSUNIT, unit.parent);
                [text("name", &unit.name), parent].into_iter().collect()
            }
            _ => return None,
        };
        Some(values.without_nulls())
    }
}
