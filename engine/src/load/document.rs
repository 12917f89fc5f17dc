//! `environment.json`: its shape, its checks, its events.

use std::{collections::BTreeSet, path::Path};

use haversack_core::{
    RowId,
    catalog::Catalog,
    event::Event,
    limits::DOCUMENT_BYTES_MAX,
    profile::{App, Member, ProfileDraft, ProfileItem},
    schema::{Relationship, TableDefinition},
    security::{BusinessUnit, Position, Role, Team, User},
    settings::Settings,
};
use haversack_replay::{
    admin::{self, Warning},
    fold_catalog,
};
use serde::Deserialize;

use super::{fault, locate::locate};
use crate::EngineError;

/// The format that this program reads.
const FORMAT: &str = "haversack.environment/1";

/// An environment document.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    format: String,
    pub(super) name: String,
    #[serde(default)]
    settings: Settings,
    #[serde(default)]
    business_units: Vec<BusinessUnit>,
    #[serde(default)]
    positions: Vec<Position>,
    #[serde(default)]
    roles: Vec<Role>,
    #[serde(default)]
    users: Vec<User>,
    #[serde(default)]
    teams: Vec<Team>,
    #[serde(default)]
    tables: Vec<TableDefinition>,
    #[serde(default)]
    relationships: Vec<Relationship>,
    #[serde(default)]
    profiles: Vec<DocumentProfile>,
    #[serde(default)]
    apps: Vec<App>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DocumentProfile {
    name: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    published: bool,
    items: Vec<ProfileItem>,
    #[serde(default)]
    users: Vec<RowId>,
    #[serde(default)]
    teams: Vec<RowId>,
}

/// Reads and checks a document's text.
pub(super) fn read(file: &Path, text: &str) -> Result<(Document, Vec<Warning>), EngineError> {
    if text.len() > DOCUMENT_BYTES_MAX {
        let message = format!("{} bytes, expected at most {DOCUMENT_BYTES_MAX}", text.len());
        return Err(fault(file, 1, 1, &message));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let document: Document = serde_json::from_str(text).map_err(|error| {
        let full = error.to_string();
        let place = format!(" at line {} column {}", error.line(), error.column());
        let message = full.strip_suffix(&place).unwrap_or(&full);
        fault(file, error.line(), error.column().max(1), message)
    })?;
    let located = |path: &[String], message: &str| {
        let (line, column) = locate(text, path);
        fault(file, line, column, message)
    };
    if document.format != FORMAT {
        let message = format!("found format {:?}, expected {FORMAT:?}", document.format);
        return Err(located(&["format".to_owned()], &message));
    }
    if let Some((path, message)) = document.duplicate() {
        return Err(located(&path, &message));
    }
    let mut catalog = Catalog::default();
    document.events().for_each(|event| fold_catalog(&mut catalog, &event));
    let (faults, warnings) = admin::environment(&catalog);
    if let Some(first) = faults.first() {
        return Err(match &first.fault.in_filter {
            Some(found) => {
                let (line, column) = locate(text, &first.path);
                let place = format!("{}:{line}:{column}", file.display());
                EngineError::BadFilter { place, found: found.clone() }
            }
            None => {
                let message = format!("{} [{}]", first.fault.message, first.fault.code);
                located(&first.path, &message)
            }
        });
    }
    if let Some((path, message)) = document.bad_member(&catalog) {
        return Err(located(&path, &message));
    }
    Ok((document, warnings))
}

impl Document {
    /// The events that the document makes, but for those of its rows.
    pub(super) fn into_events(self) -> Vec<Event> {
        self.events().collect()
    }

    fn events(&self) -> impl Iterator<Item = Event> {
        let settings = std::iter::once(Event::SettingsChanged(self.settings.clone()));
        settings
            .chain(self.business_units.iter().cloned().map(Event::BusinessUnitPut))
            .chain(self.positions.iter().cloned().map(Event::PositionPut))
            .chain(self.roles.iter().cloned().map(Event::RolePut))
            .chain(self.users.iter().cloned().map(Event::UserPut))
            .chain(self.teams.iter().cloned().map(Event::TeamPut))
            .chain(self.tables.iter().cloned().map(Event::TablePut))
            .chain(self.relationships.iter().cloned().map(Event::RelationshipPut))
            .chain(self.profiles.iter().flat_map(DocumentProfile::events))
            .chain(self.apps.iter().cloned().map(Event::AppPut))
    }

    /// A thing that is there twice: the second would replace the first without a word.
    fn duplicate(&self) -> Option<(Vec<String>, String)> {
        fn twice(section: &str, keys: Vec<String>) -> Option<(Vec<String>, String)> {
            let mut seen = BTreeSet::new();
            let again = keys.into_iter().find(|key| !seen.insert(key.clone()))?;
            let message = format!("{section:?} has {again:?} twice");
            Some((vec![section.to_owned(), again], message))
        }
        let ids = |ids: &mut dyn Iterator<Item = RowId>| ids.map(|id| id.to_string()).collect();
        twice("business_units", ids(&mut self.business_units.iter().map(|unit| unit.id)))
            .or_else(|| twice("positions", ids(&mut self.positions.iter().map(|p| p.id))))
            .or_else(|| twice("users", ids(&mut self.users.iter().map(|user| user.id))))
            .or_else(|| twice("teams", ids(&mut self.teams.iter().map(|team| team.id))))
            .or_else(|| twice("roles", self.roles.iter().map(|r| r.name.clone()).collect()))
            .or_else(|| twice("tables", self.tables.iter().map(|t| t.name.to_string()).collect()))
            .or_else(|| {
                let names = self.relationships.iter().map(|r| r.name.to_string());
                twice("relationships", names.collect())
            })
            .or_else(|| twice("profiles", self.profiles.iter().map(|p| p.name.clone()).collect()))
            .or_else(|| twice("apps", self.apps.iter().map(|app| app.name.clone()).collect()))
    }

    fn bad_member(&self, catalog: &Catalog) -> Option<(Vec<String>, String)> {
        self.profiles.iter().find_map(|profile| {
            let user = profile.users.iter().find(|id| !catalog.users.contains_key(*id));
            let team = profile.teams.iter().find(|id| catalog.team(**id).is_none());
            let message = match (user, team) {
                (Some(id), _) => format!("profile {:?}: there is no user {id}", profile.name),
                (None, Some(id)) => format!("profile {:?}: there is no team {id}", profile.name),
                (None, None) => return None,
            };
            Some((vec!["profiles".to_owned(), profile.name.clone()], message))
        })
    }
}

impl DocumentProfile {
    fn events(&self) -> impl Iterator<Item = Event> {
        let draft = ProfileDraft {
            name: self.name.clone(),
            description: self.description.clone(),
            items: self.items.clone(),
        };
        let published = Event::ProfilePublished { profile: self.name.clone() };
        let users = self.users.iter().map(|id| Member::User(*id));
        let members = users.chain(self.teams.iter().map(|id| Member::Team(*id)));
        let added = members.map(|member| Event::MemberAdded { profile: self.name.clone(), member });
        std::iter::once(Event::ProfileDrafted(draft))
            .chain(self.published.then_some(published))
            .chain(added)
    }
}
