//! Relationships between tables.

use bincode::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::Name;

/// Kind of a relationship.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(rename_all = "snake_case")]
pub enum RelationshipKind {
    /// `table.column` is a lookup to `target`.
    ManyToOne,
    /// Rows of `intersect` pair a row of `table` with a row of `target`.
    ManyToMany,
}

/// A relationship, as an admin defines it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(deny_unknown_fields)]
pub struct Relationship {
    /// Name, unique in the environment.
    pub name: Name,
    /// Kind.
    pub kind: RelationshipKind,
    /// The table that holds the lookup; of a many-to-many, the first side.
    pub table: Name,
    /// The lookup column; of a many-to-many, the intersect's column that points at `table`.
    pub column: Name,
    /// The table pointed at; of a many-to-many, the second side.
    pub target: Name,
    /// Of a many-to-many: the table of pairs. Its key is `<intersect>id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intersect: Option<Name>,
    /// Of a many-to-many: the intersect's column that points at `target`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_column: Option<Name>,
}
