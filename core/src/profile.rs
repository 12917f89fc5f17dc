//! Offline profiles: which rows of which tables go on the devices of which users. And apps.

use bincode::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::{
    Name, RowId,
    limits::{SYNC_INTERVAL_MINUTES_CLASSIC_MAX, SYNC_INTERVAL_MINUTES_DEFAULT},
    settings::Compatibility,
};

/// Which rows of a table an item includes by themselves, before relationships.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(rename_all = "snake_case")]
pub enum Criterion {
    /// None.
    RelatedOnly,
    /// All.
    All,
    /// Those of the user, of their teams, of their business unit: see [`ProfileItem::other`].
    Other,
    /// Those that a filter selects.
    Custom,
}

/// Whose rows the criterion `other` includes. Several are a union.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Encode, Decode,
)]
#[serde(rename_all = "snake_case")]
pub enum OwnRows {
    /// Owned by the user.
    User,
    /// Owned by a team of the user.
    Team,
    /// Whose owning business unit is the user's.
    BusinessUnit,
}

/// Also include rows that a relationship joins to included rows of `table`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(deny_unknown_fields)]
pub struct RelatedTo {
    /// Name of the relationship.
    pub relationship: Name,
    /// The table at its other end, itself in the profile.
    pub table: Name,
}

/// One table of a profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(deny_unknown_fields)]
pub struct ProfileItem {
    /// The table.
    pub table: Name,
    /// Which rows by themselves.
    pub criterion: Criterion,
    /// Of the criterion `custom`: a query as text, in either syntax.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    /// Of the criterion `other`: whose rows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other: Vec<OwnRows>,
    /// Which rows by relationship. OR-ed with the criterion and among each other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub related_to: Vec<RelatedTo>,
    /// How often the table is synced, in minutes.
    #[serde(default = "sync_interval_default")]
    pub sync_interval_minutes: u32,
}

impl ProfileItem {
    /// How often the table is synced by itself, in minutes: in classic at least every hour.
    #[must_use]
    pub fn effective_interval_minutes(&self, compatibility: Compatibility) -> u32 {
        match compatibility {
            Compatibility::Classic => {
                self.sync_interval_minutes.min(SYNC_INTERVAL_MINUTES_CLASSIC_MAX)
            }
            Compatibility::Extended => self.sync_interval_minutes,
        }
    }
}

fn sync_interval_default() -> u32 {
    SYNC_INTERVAL_MINUTES_DEFAULT
}

/// What an admin edits of a profile until it is published. Members are no part of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(deny_unknown_fields)]
pub struct ProfileDraft {
    /// Name, unique in the environment.
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// Its tables, each at most once.
    pub items: Vec<ProfileItem>,
}

/// A profile version that devices get.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Encode, Decode)]
pub struct PublishedProfile {
    /// 1 for the first time it was published, and so on.
    pub version: u32,
    /// What was published.
    pub draft: ProfileDraft,
}

/// A profile: its draft, and what of it is in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Encode, Decode)]
pub struct Profile {
    /// What publishing would publish.
    pub draft: ProfileDraft,
    /// What is in force; none before the first publish and after an unpublish.
    pub published: Option<PublishedProfile>,
    /// How often it has been published.
    pub versions: u32,
}

/// Who is in a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Encode, Decode)]
#[serde(rename_all = "snake_case")]
pub enum Member {
    /// A user.
    User(RowId),
    /// A team: each of its members.
    Team(RowId),
}

/// A user or team in a profile. Of several that cover a user, the last in the list counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Encode, Decode)]
pub struct Assignment {
    /// Name of the profile.
    pub profile: String,
    /// Who.
    pub member: Member,
    /// Members of the team when it was added. In classic these count for teams that mirror a
    /// directory's group, until the team is removed and added again.
    pub members_when_added: Vec<RowId>,
}

/// An app, which offers profiles.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(deny_unknown_fields)]
pub struct App {
    /// Name, unique in the environment.
    pub name: String,
    /// Whether mobile offline is enabled.
    #[serde(default)]
    pub mobile_offline: bool,
    /// Names of profiles.
    #[serde(default)]
    pub profiles: Vec<String>,
    /// Whether it is published.
    #[serde(default)]
    pub published: bool,
}

impl Assignment {
    /// Whether members of the team, as they were when it was added, count instead of the live ones.
    #[must_use]
    pub fn is_frozen(&self, compatibility: Compatibility, is_directory_group: bool) -> bool {
        compatibility == Compatibility::Classic && is_directory_group
    }
}
