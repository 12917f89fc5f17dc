//! The tables that are there in every environment, and the tables of pairs.

use super::{BUSINESSUNIT, Column, ColumnType, Relationship, SYSTEMUSER, TEAM, Table, TableKind};
use crate::Name;

impl Table {
    /// `systemuser`, `team`, `businessunit`: the admin's objects as rows that queries can read.
    #[must_use]
    pub fn system() -> [Self; 3] {
        let text = |name| Column::plain(Name::known(name), ColumnType::String, Vec::new());
        let lookup = |name, target| {
            Column::plain(Name::known(name), ColumnType::Lookup, vec![Name::known(target)])
        };
        let table = |name, key, primary_name, columns: Vec<Column>| {
            let mut table =
                Self::new(Name::known(name), TableKind::System, Name::known(key), columns);
            table.primary_name = Some(Name::known(primary_name));
            table
        };
        let mut user = table(
            SYSTEMUSER,
            "systemuserid",
            "fullname",
            vec![
                text("fullname"),
                lookup("businessunitid", BUSINESSUNIT),
                lookup("parentsystemuserid", SYSTEMUSER),
            ],
        );
        user.hierarchy_column = Some(Name::known("parentsystemuserid"));
        let team = table(
            TEAM,
            "teamid",
            "name",
            vec![text("name"), lookup("businessunitid", BUSINESSUNIT)],
        );
        let mut unit = table(
            BUSINESSUNIT,
            "businessunitid",
            "name",
            vec![text("name"), lookup("parentbusinessunitid", BUSINESSUNIT)],
        );
        unit.hierarchy_column = Some(Name::known("parentbusinessunitid"));
        [user, team, unit]
    }

    /// The table of pairs of a many-to-many relationship; none for other kinds.
    #[must_use]
    pub fn intersect(relationship: &Relationship) -> Option<Self> {
        let (name, target_column) =
            (relationship.intersect.clone()?, relationship.target_column.clone()?);
        let key = format!("{name}id").parse().ok()?;
        let lookup = |column: &Name, target: &Name| {
            let mut column =
                Column::plain(column.clone(), ColumnType::Lookup, vec![target.clone()]);
            column.required = true;
            column
        };
        let columns = vec![
            lookup(&relationship.column, &relationship.table),
            lookup(&target_column, &relationship.target),
        ];
        let mut table = Self::new(name, TableKind::Intersect, key, columns);
        table.add_times();
        Some(table)
    }
}
