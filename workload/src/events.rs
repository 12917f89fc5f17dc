//! The environment as the events that make it.

use haversack_core::event::{Event, Operation, RowWrite};

use crate::{Security, Workload};

impl Workload {
    /// The events of the catalog: who is there, the tables, the profile, published for all users.
    #[must_use]
    pub fn catalog_events(&self, security: Security) -> Vec<Event> {
        let catalog = self.catalog(security);
        let mut events = vec![Event::SettingsChanged(catalog.settings.clone())];
        let units = catalog.business_units.values();
        events.extend(units.map(|unit| Event::BusinessUnitPut(unit.as_ref().clone())));
        events.extend(catalog.roles.values().map(|role| Event::RolePut(role.as_ref().clone())));
        events.extend(catalog.users.values().map(|user| Event::UserPut(user.as_ref().clone())));
        events.extend(catalog.teams().map(|team| Event::TeamPut(team.as_ref().clone())));
        let definitions = catalog.definitions();
        events.extend(definitions.map(|table| Event::TablePut(table.as_ref().clone())));
        let relationships = catalog.relationships();
        events.extend(relationships.map(|one| Event::RelationshipPut(one.as_ref().clone())));
        for profile in catalog.profiles.values() {
            let name = profile.draft.name.clone();
            events.push(Event::ProfileDrafted(profile.draft.clone()));
            events.push(Event::ProfilePublished { profile: name });
        }
        events.extend(catalog.assignments.iter().map(|assignment| Event::MemberAdded {
            profile: assignment.profile.clone(),
            member: assignment.member,
        }));
        events
    }

    /// The events of the rows: each is created once.
    pub fn row_events(&self) -> impl Iterator<Item = Event> + '_ {
        let operation = Operation::Create;
        self.rows().map(move |(key, values)| Event::RowWritten(RowWrite { key, operation, values }))
    }
}
