//! Settings of an environment.

use bincode::{Decode, Encode};
use serde::{Deserialize, Serialize};

/// Which limits hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(rename_all = "snake_case")]
pub enum Compatibility {
    /// Those documented of classic mobile offline.
    #[default]
    Classic,
    /// Only those that are promises.
    Extended,
}

/// Who wins a conflict.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, Serialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Policy {
    /// The device's edit is applied.
    #[default]
    ClientWins,
    /// The device's edit is recorded and not applied.
    ServerWins,
}

impl Policy {
    /// The policy's name on the command line and in output.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ClientWins => "client-wins",
            Self::ServerWins => "server-wins",
        }
    }

    /// The other one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::ClientWins => Self::ServerWins,
            Self::ServerWins => Self::ClientWins,
        }
    }
}

/// What conflicts: the row, or the columns that both sides changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Granularity {
    #[default]
    Row,
    Column,
}

/// Which hierarchy the hierarchy operators walk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum HierarchyModel {
    #[default]
    None,
    Manager,
    Position,
}

/// The hierarchy setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(deny_unknown_fields)]
pub struct Hierarchy {
    /// Which hierarchy.
    #[serde(default)]
    pub model: HierarchyModel,
    /// How many levels below a user are theirs.
    #[serde(default = "hierarchy_depth_default")]
    pub depth: u32,
}

/// Length of a fiscal period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum FiscalPeriod {
    Annual,
    Semiannual,
    #[default]
    Quarterly,
    Monthly,
    FourWeekly,
}

impl FiscalPeriod {
    /// How many of them a year has.
    #[must_use]
    pub fn count(self) -> i64 {
        match self {
            Self::Annual => 1,
            Self::Semiannual => 2,
            Self::Quarterly => 4,
            Self::Monthly => 12,
            Self::FourWeekly => 13,
        }
    }
}

/// The fiscal calendar.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(deny_unknown_fields)]
pub struct FiscalYear {
    /// First day, `MM-DD`.
    #[serde(default = "fiscal_start_default")]
    pub start: String,
    /// Length of a period.
    #[serde(default)]
    pub period: FiscalPeriod,
}

/// Settings of an environment, all of them with a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Which limits hold.
    pub compatibility: Compatibility,
    /// Whether conflicts are for the server to win; see [`Settings::policy`].
    pub conflict_detection: bool,
    /// What conflicts.
    pub conflict_granularity: Granularity,
    /// IANA time zone of callers who have none.
    pub time_zone: String,
    /// Language (LCID) of callers who have none.
    pub language: i32,
    /// Which hierarchy the hierarchy operators walk.
    pub hierarchy: Hierarchy,
    /// The fiscal calendar.
    pub fiscal_year: FiscalYear,
}

fn hierarchy_depth_default() -> u32 {
    3
}

fn fiscal_start_default() -> String {
    "01-01".to_owned()
}

impl Default for Hierarchy {
    fn default() -> Self {
        Self { model: HierarchyModel::default(), depth: hierarchy_depth_default() }
    }
}

impl Default for FiscalYear {
    fn default() -> Self {
        Self { start: fiscal_start_default(), period: FiscalPeriod::default() }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            compatibility: Compatibility::default(),
            conflict_detection: false,
            conflict_granularity: Granularity::default(),
            time_zone: "UTC".to_owned(),
            language: 1033,
            hierarchy: Hierarchy::default(),
            fiscal_year: FiscalYear::default(),
        }
    }
}

impl Settings {
    /// The policy that the conflict-detection switch means: on, the server wins.
    #[must_use]
    pub fn policy(&self) -> Policy {
        if self.conflict_detection { Policy::ServerWins } else { Policy::ClientWins }
    }
}
