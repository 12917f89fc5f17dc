//! Business units, positions, users, teams and roles.

use std::collections::BTreeMap;

use bincode::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::{Name, RowId};

/// A business unit. A root has no parent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(deny_unknown_fields)]
pub struct BusinessUnit {
    /// Id.
    pub id: RowId,
    /// Name.
    pub name: String,
    /// The unit above.
    #[serde(default)]
    pub parent: Option<RowId>,
}

/// A position in the organisation's other hierarchy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// Id.
    pub id: RowId,
    /// Name.
    pub name: String,
    /// The position above.
    #[serde(default)]
    pub parent: Option<RowId>,
}

/// A user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// Id; never that of a team.
    pub id: RowId,
    /// Full name.
    pub name: String,
    /// The unit the user belongs to.
    pub business_unit: RowId,
    /// The user above.
    #[serde(default)]
    pub manager: Option<RowId>,
    /// The user's position.
    #[serde(default)]
    pub position: Option<RowId>,
    /// Language as an LCID, such as 1033; none: the environment's.
    #[serde(default)]
    pub language: Option<i32>,
    /// IANA time zone; none: the environment's.
    #[serde(default)]
    pub time_zone: Option<String>,
    /// Names of roles.
    #[serde(default)]
    pub roles: Vec<String>,
}

/// Type of a team.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(rename_all = "snake_case")]
pub enum TeamType {
    /// Owns rows, has roles.
    #[default]
    Owner,
    /// Shares access.
    Access,
    /// Mirrors a security group of a directory.
    AadSecurity,
    /// Mirrors an office group of a directory.
    AadOffice,
}

impl TeamType {
    /// Whether its members mirror a group of a directory.
    #[must_use]
    pub fn is_directory_group(self) -> bool {
        matches!(self, Self::AadSecurity | Self::AadOffice)
    }
}

/// A team.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(deny_unknown_fields)]
pub struct Team {
    /// Id; never that of a user.
    pub id: RowId,
    /// Name.
    pub name: String,
    /// The unit the team belongs to.
    pub business_unit: RowId,
    /// Type.
    #[serde(default, rename = "type")]
    pub team_type: TeamType,
    /// Ids of users.
    #[serde(default)]
    pub members: Vec<RowId>,
    /// Names of roles.
    #[serde(default)]
    pub roles: Vec<String>,
}

/// How far a privilege reaches. Each depth includes those before it.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    Encode,
    Decode,
)]
#[serde(rename_all = "snake_case")]
pub enum Depth {
    /// Nothing.
    #[default]
    None,
    /// Rows that the user or one of their teams owns.
    User,
    /// Rows of the user's business unit.
    BusinessUnit,
    /// Rows of the user's business unit and those below.
    ParentChild,
    /// All rows.
    Organization,
}

impl Depth {
    /// The name of the depth, as in the environment document.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::User => "user",
            Self::BusinessUnit => "business_unit",
            Self::ParentChild => "parent_child",
            Self::Organization => "organization",
        }
    }
}

/// What one may do with rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Privilege {
    Read,
    Write,
    Create,
    Delete,
}

/// A role's privileges on one table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the names say it")]
pub struct TablePrivileges {
    #[serde(default)]
    pub read: Depth,
    #[serde(default)]
    pub write: Depth,
    #[serde(default)]
    pub create: Depth,
    #[serde(default)]
    pub delete: Depth,
}

impl TablePrivileges {
    /// How far the privilege reaches.
    #[must_use]
    pub fn depth(&self, privilege: Privilege) -> Depth {
        match privilege {
            Privilege::Read => self.read,
            Privilege::Write => self.write,
            Privilege::Create => self.create,
            Privilege::Delete => self.delete,
        }
    }
}

/// A security role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// Name, unique in the environment.
    pub name: String,
    /// Privileges by table; on tables not named, none.
    #[serde(default)]
    pub privileges: BTreeMap<Name, TablePrivileges>,
}
