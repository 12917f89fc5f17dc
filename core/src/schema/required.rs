//! Columns that need a value.

use super::{CREATEDON, MODIFIEDON, OWNERID, OWNINGBUSINESSUNIT, Table};
use crate::{Name, Values};

/// Columns that get a value of their own when a row is made without one.
const DERIVED: [&str; 4] = [OWNERID, OWNINGBUSINESSUNIT, CREATEDON, MODIFIEDON];

impl Table {
    /// The first required column for which a new row has no value.
    #[must_use]
    pub fn missing_required(&self, values: &Values) -> Option<&Name> {
        let derived = |name: &Name| *name == self.primary_key || DERIVED.contains(&name.as_str());
        let lacking = |name: &Name| values.get(name).is_none() && !derived(name);
        let mut columns = self.columns().iter().filter(|column| column.required);
        columns.find(|column| lacking(&column.name)).map(|column| &column.name)
    }

    /// The first column that needs a value and that a patch empties. Owners can't be taken away.
    #[must_use]
    pub fn emptied_required(&self, patch: &Values) -> Option<&Name> {
        let empties = |name: &str| patch.entry(name) == Some(&None);
        let mut columns = self.columns().iter().map(|column| (column.required, &column.name));
        columns
            .find(|(required, name)| (*required || **name == OWNERID) && empties(name))
            .map(|(_, name)| name)
    }
}
