//! Tables, columns and relationships: as an admin defines them, and as the rest of the system sees
//! them, with the columns that every table of a kind has.

mod columns;
mod relationship;
mod required;
mod system;
mod table;

pub use relationship::{Relationship, RelationshipKind};
pub use table::{Column, Table, TableKind};

use bincode::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::Name;

/// The table of users, readable by queries.
pub const SYSTEMUSER: &str = "systemuser";
/// The table of teams, readable by queries.
pub const TEAM: &str = "team";
/// The table of business units, readable by queries.
pub const BUSINESSUNIT: &str = "businessunit";
/// Column of every table: when the row was made.
pub const CREATEDON: &str = "createdon";
/// Column of every table: when the row was last written.
pub const MODIFIEDON: &str = "modifiedon";
/// Column of tables of ownership `user_or_team`.
pub const OWNERID: &str = "ownerid";
/// Column of tables of ownership `user_or_team` and `business`.
pub const OWNINGBUSINESSUNIT: &str = "owningbusinessunit";

/// Who owns the rows of a table. Fixed when the table is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(rename_all = "snake_case")]
pub enum Ownership {
    /// Each row has an owner, a user or a team, and by it an owning business unit.
    UserOrTeam,
    /// The organisation owns all rows.
    Organization,
    /// Each row has an owning business unit.
    Business,
    /// Nobody.
    None,
}

/// Type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are the contract's")]
pub enum ColumnType {
    String,
    Memo,
    Integer,
    Bigint,
    Decimal,
    Double,
    Money,
    Boolean,
    Choice,
    Choices,
    State,
    Status,
    Datetime,
    Date,
    Uniqueidentifier,
    Lookup,
    Owner,
    File,
    Image,
}

impl ColumnType {
    /// The name of the type, as in the environment document.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Memo => "memo",
            Self::Integer => "integer",
            Self::Bigint => "bigint",
            Self::Decimal => "decimal",
            Self::Double => "double",
            Self::Money => "money",
            Self::Boolean => "boolean",
            Self::Choice => "choice",
            Self::Choices => "choices",
            Self::State => "state",
            Self::Status => "status",
            Self::Datetime => "datetime",
            Self::Date => "date",
            Self::Uniqueidentifier => "uniqueidentifier",
            Self::Lookup => "lookup",
            Self::Owner => "owner",
            Self::File => "file",
            Self::Image => "image",
        }
    }
}

/// One option of a choice, state or status column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(deny_unknown_fields)]
pub struct ChoiceOption {
    /// The number that rows hold.
    pub value: i32,
    /// What people read.
    pub label: String,
}

/// A column, as an admin defines it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(deny_unknown_fields)]
pub struct ColumnDefinition {
    /// Name, unique in the table.
    pub name: Name,
    /// What people read, if it differs from the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Type of the values.
    #[serde(rename = "type")]
    pub column_type: ColumnType,
    /// Longest text, in characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u32>,
    /// Whether a row must have a value.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
    /// Options of a choice. None given: any number.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<ChoiceOption>,
    /// Tables that a lookup may point at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<Name>,
}

/// A table, as an admin defines it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(deny_unknown_fields)]
pub struct TableDefinition {
    /// Name, unique in the environment.
    pub name: Name,
    /// What people read, if it differs from the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Who owns its rows.
    pub ownership: Ownership,
    /// Column that holds a row's id.
    pub primary_key: Name,
    /// Column by which people call a row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primary_name: Option<Name>,
    /// Whether its rows may go on devices at all.
    #[serde(default)]
    pub can_be_taken_offline: bool,
    /// Lookup to the same table by which its rows form a tree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hierarchy_column: Option<Name>,
    /// Columns besides those that every table has.
    pub columns: Vec<ColumnDefinition>,
}
