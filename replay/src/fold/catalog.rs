//! Admin changes in the fold. What they ask for was checked before they were logged.

use std::sync::Arc;

use haversack_core::{
    RowId,
    catalog::Catalog,
    event::Event,
    profile::{Assignment, Member, Profile, ProfileDraft, PublishedProfile},
};

/// Applies an admin change; events that are none change nothing.
pub fn apply(catalog: &mut Catalog, event: &Event) {
    match event {
        Event::EnvironmentCreated { name, rules } => {
            catalog.name.clone_from(name);
            catalog.rules = *rules;
        }
        Event::SettingsChanged(settings) => catalog.settings = settings.clone(),
        Event::BusinessUnitPut(unit) => {
            catalog.business_units.insert(unit.id, Arc::new(unit.clone()));
        }
        Event::PositionPut(position) => {
            catalog.positions.insert(position.id, Arc::new(position.clone()));
        }
        Event::RolePut(role) => {
            catalog.roles.insert(role.name.clone(), Arc::new(role.clone()));
        }
        Event::UserPut(user) => {
            catalog.users.insert(user.id, Arc::new(user.clone()));
        }
        Event::TeamPut(team) => catalog.put_team(team.clone()),
        Event::TablePut(table) => catalog.put_table(table.clone()),
        Event::RelationshipPut(relationship) => catalog.put_relationship(relationship.clone()),
        Event::AppPut(app) => {
            catalog.apps.insert(app.name.clone(), Arc::new(app.clone()));
        }
        Event::ProfileDrafted(draft) => drafted(catalog, draft),
        Event::ProfilePublished { profile } => published(catalog, profile),
        Event::ProfileUnpublished { profile } => {
            if let Some(profile) = catalog.profiles.get_mut(profile) {
                Arc::make_mut(profile).published = None;
            }
        }
        Event::MemberAdded { profile, member } => member_added(catalog, profile, *member),
        Event::MemberRemoved { profile, member } => {
            Arc::make_mut(&mut catalog.assignments)
                .retain(|a| a.profile != *profile || a.member != *member);
        }
        Event::TokenIssued(token) => {
            catalog.tokens.insert(token.hash, Arc::new(token.clone()));
        }
        Event::TokenRevoked { id } => {
            let found = catalog.tokens.values().find(|token| token.id == *id).cloned();
            found.map(|token| catalog.tokens.remove(&token.hash));
        }
        Event::LoadStarted { .. }
        | Event::RowWritten(_)
        | Event::DeviceRegistered(_)
        | Event::DeviceEdited(_)
        | Event::DeviceAppChanged { .. } => {}
    }
}

fn drafted(catalog: &mut Catalog, draft: &ProfileDraft) {
    match catalog.profiles.get_mut(&draft.name) {
        Some(profile) => Arc::make_mut(profile).draft = draft.clone(),
        None => {
            let profile = Profile { draft: draft.clone(), published: None, versions: 0 };
            catalog.profiles.insert(draft.name.clone(), Arc::new(profile));
        }
    }
}

fn published(catalog: &mut Catalog, name: &str) {
    if let Some(profile) = catalog.profiles.get_mut(name) {
        let profile = Arc::make_mut(profile);
        profile.versions += 1;
        let draft = profile.draft.clone();
        profile.published = Some(PublishedProfile { version: profile.versions, draft });
    }
}

/// Adding takes direct memberships elsewhere, and a team's own, away.
fn member_added(catalog: &mut Catalog, profile: &str, member: Member) {
    let members: Vec<RowId> = match member {
        Member::User(_) => Vec::new(),
        Member::Team(team) => {
            catalog.team(team).map(|team| team.members.clone()).unwrap_or_default()
        }
    };
    let assignments = Arc::make_mut(&mut catalog.assignments);
    assignments.retain(|assignment| {
        let of_member = matches!(assignment.member, Member::User(user)
            if members.contains(&user) && assignment.profile != profile);
        assignment.member != member && !of_member
    });
    let profile = profile.to_owned();
    assignments.push(Assignment { profile, member, members_when_added: members });
}
