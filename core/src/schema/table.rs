//! A table as the rest of the system sees it: every column that its rows have.

use bincode::{Decode, Encode};

use super::{
    CREATEDON, ChoiceOption, ColumnDefinition, ColumnType, MODIFIEDON, OWNERID, OWNINGBUSINESSUNIT,
    Ownership, SYSTEMUSER, TEAM, TableDefinition, columns::Columns,
};
use crate::{
    Name,
    limits::{MEMO_LENGTH_DEFAULT, STRING_LENGTH_DEFAULT},
};

/// What kind of rows a table holds, and so who may write them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum TableKind {
    /// Rows of business data.
    Data,
    /// Pairs of a many-to-many relationship: written online only, by who may write both ends.
    Intersect,
    /// Users, teams, business units: admin changes write them.
    System,
}

/// A column with everything that reading and writing its values needs.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Column {
    /// Name, unique in the table.
    pub name: Name,
    /// Type of the values.
    pub column_type: ColumnType,
    /// Longest text, in characters.
    pub max_length: u32,
    /// Whether a row must have a value.
    pub required: bool,
    /// Options of a choice; empty: any number.
    pub options: Vec<ChoiceOption>,
    /// Tables that a lookup may point at.
    pub targets: Vec<Name>,
}

/// A table with every column that its rows have, in the order in which people see them.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Table {
    /// Name, unique in the environment.
    pub name: Name,
    /// What people read.
    pub display_name: String,
    /// What kind of rows it holds.
    pub kind: TableKind,
    /// Who owns its rows.
    pub ownership: Ownership,
    /// Column that holds a row's id.
    pub primary_key: Name,
    /// Column by which people call a row.
    pub primary_name: Option<Name>,
    /// Whether its rows may go on devices at all.
    pub can_be_taken_offline: bool,
    /// Lookup to the same table by which its rows form a tree.
    pub hierarchy_column: Option<Name>,
    columns: Columns,
}

impl Column {
    /// A column of a system table or one that every table has.
    #[must_use]
    pub fn plain(name: Name, column_type: ColumnType, targets: Vec<Name>) -> Self {
        let max_length = default_length(column_type);
        Self { name, column_type, max_length, required: false, options: Vec::new(), targets }
    }

    fn defined(definition: &ColumnDefinition) -> Self {
        let max_length =
            definition.max_length.unwrap_or_else(|| default_length(definition.column_type));
        let targets = match definition.column_type {
            ColumnType::Owner => owner_targets(),
            _ => definition.targets.clone(),
        };
        Self {
            name: definition.name.clone(),
            column_type: definition.column_type,
            max_length,
            required: definition.required,
            options: definition.options.clone(),
            targets,
        }
    }

    /// Whether its values name their table too: owners, and lookups to several tables.
    #[must_use]
    pub fn is_polymorphic(&self) -> bool {
        matches!(self.column_type, ColumnType::Owner | ColumnType::Lookup)
            && self.targets.len() != 1
    }

    /// The label of an option.
    #[must_use]
    pub fn label(&self, value: i32) -> Option<&str> {
        self.options.iter().find(|option| option.value == value).map(|option| option.label.as_str())
    }
}

fn default_length(column_type: ColumnType) -> u32 {
    match column_type {
        ColumnType::String => STRING_LENGTH_DEFAULT,
        _ => MEMO_LENGTH_DEFAULT,
    }
}

fn owner_targets() -> Vec<Name> {
    vec![Name::known(SYSTEMUSER), Name::known(TEAM)]
}

impl Table {
    /// The table that an admin defined.
    #[must_use]
    pub fn defined(definition: &TableDefinition) -> Self {
        let name = definition.name.clone();
        let columns = definition.columns.iter().map(Column::defined).collect();
        let mut table = Self::new(name, TableKind::Data, definition.primary_key.clone(), columns);
        table.ownership = definition.ownership;
        table.primary_name = definition.primary_name.clone();
        table.can_be_taken_offline = definition.can_be_taken_offline;
        table.hierarchy_column = definition.hierarchy_column.clone();
        if let Some(display_name) = &definition.display_name {
            table.display_name.clone_from(display_name);
        }
        let owner = || Column::plain(Name::known(OWNERID), ColumnType::Owner, owner_targets());
        let unit = || {
            let target = Name::known(super::BUSINESSUNIT);
            Column::plain(Name::known(OWNINGBUSINESSUNIT), ColumnType::Lookup, vec![target])
        };
        match definition.ownership {
            Ownership::UserOrTeam => table.columns.add_missing([owner(), unit()]),
            Ownership::Business => table.columns.add_missing([unit()]),
            Ownership::Organization | Ownership::None => {}
        }
        table.add_times();
        table
    }

    /// A table of its own kind, owned by nobody, with its key before the columns given.
    #[must_use]
    pub fn new(name: Name, kind: TableKind, primary_key: Name, columns: Vec<Column>) -> Self {
        let key = Column::plain(primary_key.clone(), ColumnType::Uniqueidentifier, Vec::new());
        let mut table = Self {
            display_name: name.to_string(),
            name,
            kind,
            ownership: Ownership::None,
            primary_key,
            primary_name: None,
            can_be_taken_offline: false,
            hierarchy_column: None,
            columns: Columns::default(),
        };
        table.columns.add_missing([key]);
        table.columns.add_missing(columns);
        table
    }

    /// Adds `createdon` and `modifiedon`, which every table of rows has.
    pub fn add_times(&mut self) {
        let time = |name| Column::plain(Name::known(name), ColumnType::Datetime, Vec::new());
        self.columns.add_missing([time(CREATEDON), time(MODIFIEDON)]);
    }

    /// The column with this name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.get(name)
    }

    /// All columns, by name.
    pub fn columns_by_name(&self) -> impl Iterator<Item = &Column> {
        self.columns.by_name()
    }

    /// All columns, in the order in which people see them.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        self.columns.as_slice()
    }
}
