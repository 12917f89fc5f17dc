//! The format of `environment.json`, in the order in which it is written.

use std::collections::BTreeMap;

use serde::Serialize;

#[derive(Serialize)]
pub struct Environment {
    pub format: &'static str,
    pub name: &'static str,
    pub settings: Settings,
    pub business_units: Vec<BusinessUnit>,
    pub positions: Vec<Position>,
    pub roles: Vec<Role>,
    pub users: Vec<User>,
    pub teams: Vec<Team>,
    pub tables: Vec<Table>,
    pub relationships: Vec<Relationship>,
    pub profiles: Vec<Profile>,
    pub apps: Vec<App>,
}

#[derive(Serialize)]
pub struct Settings {
    pub compatibility: &'static str,
    pub conflict_detection: bool,
    pub conflict_granularity: &'static str,
    pub time_zone: &'static str,
    pub language: u32,
    pub hierarchy: Hierarchy,
    pub fiscal_year: FiscalYear,
}

#[derive(Serialize)]
pub struct Hierarchy {
    pub model: &'static str,
    pub depth: u32,
}

#[derive(Serialize)]
pub struct FiscalYear {
    pub start: &'static str,
    pub period: &'static str,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            compatibility: "classic",
            conflict_detection: false,
            conflict_granularity: "row",
            time_zone: "UTC",
            language: 1033,
            hierarchy: Hierarchy { model: "manager", depth: 3 },
            fiscal_year: FiscalYear { start: "01-01", period: "quarterly" },
        }
    }
}

#[derive(Serialize)]
pub struct BusinessUnit {
    pub id: String,
    pub name: String,
    pub parent: Option<String>,
}

#[derive(Serialize)]
pub struct Position {
    pub id: String,
    pub name: &'static str,
    pub parent: Option<String>,
}

#[derive(Serialize)]
pub struct Role {
    pub name: &'static str,
    pub privileges: BTreeMap<&'static str, Privileges>,
}

#[derive(Clone, Copy, Serialize)]
pub struct Privileges {
    pub read: Depth,
    pub write: Depth,
    pub create: Depth,
    pub delete: Depth,
}

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Depth {
    None,
    User,
    BusinessUnit,
    ParentChild,
    Organization,
}

#[derive(Serialize)]
pub struct User {
    pub id: String,
    pub name: String,
    pub business_unit: String,
    pub manager: Option<String>,
    pub position: Option<String>,
    pub language: u32,
    pub time_zone: &'static str,
    pub roles: Vec<&'static str>,
}

#[derive(Serialize)]
pub struct Team {
    pub id: String,
    pub name: &'static str,
    pub business_unit: String,
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub members: Vec<String>,
    pub roles: Vec<&'static str>,
}

#[derive(Serialize)]
pub struct Table {
    pub name: &'static str,
    pub display_name: &'static str,
    pub ownership: Ownership,
    pub primary_key: String,
    pub primary_name: &'static str,
    pub can_be_taken_offline: bool,
    pub columns: Vec<Column>,
}

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ownership {
    UserOrTeam,
    Organization,
    Business,
    None,
}

#[derive(Serialize)]
pub struct Column {
    pub name: &'static str,
    #[serde(rename = "type")]
    pub kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u32>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<ChoiceOption>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<&'static str>,
}

#[derive(Serialize)]
pub struct ChoiceOption {
    pub value: u32,
    pub label: &'static str,
}

#[derive(Serialize)]
pub struct Relationship {
    pub name: &'static str,
    pub kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intersect: Option<&'static str>,
    pub table: &'static str,
    pub column: &'static str,
    pub target: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_column: Option<&'static str>,
}

#[derive(Serialize)]
pub struct Profile {
    pub name: &'static str,
    pub description: &'static str,
    pub published: bool,
    pub items: Vec<ProfileItem>,
    pub users: Vec<String>,
    pub teams: Vec<String>,
}

/// A filter: its text, or a query of a file.
#[derive(Serialize)]
#[serde(untagged)]
pub enum Filter {
    Text(&'static str),
    File {
        file: &'static str,
        query: &'static str,
        parameters: BTreeMap<&'static str, &'static str>,
    },
}

#[derive(Serialize)]
pub struct ProfileItem {
    pub table: &'static str,
    pub criterion: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filter: Option<Filter>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub other: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub related_to: Vec<RelatedTo>,
    pub sync_interval_minutes: u32,
}

#[derive(Serialize)]
pub struct RelatedTo {
    pub relationship: &'static str,
    pub table: &'static str,
}

#[derive(Serialize)]
pub struct App {
    pub name: &'static str,
    pub mobile_offline: bool,
    pub profiles: Vec<&'static str>,
    pub published: bool,
}

/// A user or a team, in a row.
#[derive(Serialize)]
pub struct Owner {
    pub table: &'static str,
    pub id: String,
}
