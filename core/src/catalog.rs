//! The catalog: everything that admins decide, as it stands at one offset.
//!
//! Cheap to clone: readers keep the one they began with while the next is being made.

mod security;
mod stored;
mod system_rows;

use std::sync::Arc;

use imbl::{OrdMap, OrdSet};

pub use stored::{Disorder, Item, Items};

use crate::{
    Name, Reference, RowId, Value, Values,
    name::nearest_help,
    profile::{App, Assignment, Member, Profile, PublishedProfile},
    schema::{
        BUSINESSUNIT, ColumnType, OWNERID, OWNINGBUSINESSUNIT, Ownership, Relationship, SYSTEMUSER,
        TEAM, Table, TableDefinition,
    },
    security::{BusinessUnit, Position, Role, Team, User},
    settings::Settings,
    token::{Token, TokenHash},
};

/// Everything that admins decide.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Catalog {
    /// Name of the environment.
    pub name: String,
    /// Which rules the fold judges by; 0 before the first event.
    pub rules: u32,
    /// Settings.
    pub settings: Settings,
    /// Business units, by id.
    pub business_units: OrdMap<RowId, Arc<BusinessUnit>>,
    /// Positions, by id.
    pub positions: OrdMap<RowId, Arc<Position>>,
    /// Roles, by name.
    pub roles: OrdMap<String, Arc<Role>>,
    /// Users, by id.
    pub users: OrdMap<RowId, Arc<User>>,
    /// Apps, by name.
    pub apps: OrdMap<String, Arc<App>>,
    /// Profiles, by name.
    pub profiles: OrdMap<String, Arc<Profile>>,
    /// Tokens that are good, by hash.
    pub tokens: OrdMap<TokenHash, Arc<Token>>,
    /// Who is in which profile, oldest first.
    pub assignments: Arc<Vec<Assignment>>,
    teams: OrdMap<RowId, Arc<Team>>,
    teams_of: OrdMap<RowId, OrdSet<RowId>>,
    definitions: OrdMap<Name, Arc<TableDefinition>>,
    relationships: OrdMap<Name, Arc<Relationship>>,
    tables: OrdMap<Name, Arc<Table>>,
    /// Of every column that ever was: rows go on holding values of one that was dropped.
    column_types: OrdMap<(Name, Name), ColumnType>,
}

impl Catalog {
    /// Puts in a team, in place of one with its id.
    pub fn put_team(&mut self, team: Team) {
        if let Some(before) = self.teams.get(&team.id).cloned() {
            for user in &before.members {
                if let Some(teams) = self.teams_of.get_mut(user) {
                    teams.remove(&team.id);
                    // So that this look-up follows from the teams alone.
                    if teams.is_empty() {
                        self.teams_of.remove(user);
                    }
                }
            }
        }
        for user in &team.members {
            self.teams_of.entry(*user).or_default().insert(team.id);
        }
        self.teams.insert(team.id, Arc::new(team));
    }

    /// Puts in a table, in place of one with its name.
    pub fn put_table(&mut self, definition: TableDefinition) {
        self.add_system_tables();
        for column in &definition.columns {
            let key = (definition.name.clone(), column.name.clone());
            self.column_types.insert(key, column.column_type);
        }
        self.tables.insert(definition.name.clone(), Arc::new(Table::defined(&definition)));
        self.definitions.insert(definition.name.clone(), Arc::new(definition));
    }

    /// Puts in a relationship, in place of one with its name.
    pub fn put_relationship(&mut self, relationship: Relationship) {
        self.add_system_tables();
        if let Some(table) = Table::intersect(&relationship) {
            self.tables.insert(table.name.clone(), Arc::new(table));
        }
        self.relationships.insert(relationship.name.clone(), Arc::new(relationship));
    }

    /// Puts in the tables that every environment has.
    pub(crate) fn add_system_tables(&mut self) {
        for table in Table::system() {
            self.tables.entry(table.name.clone()).or_insert_with(|| Arc::new(table));
        }
    }

    /// The table with this name: defined, of pairs, or of the system.
    #[must_use]
    pub fn table(&self, name: &str) -> Option<&Arc<Table>> {
        self.tables.get(name)
    }

    /// All tables, by name.
    pub fn tables(&self) -> impl Iterator<Item = &Arc<Table>> {
        self.tables.values()
    }

    /// Tables as admins defined them, by name.
    pub fn definitions(&self) -> impl Iterator<Item = &Arc<TableDefinition>> {
        self.definitions.values()
    }

    /// The table with this name as an admin defined it.
    #[must_use]
    pub fn definition(&self, name: &str) -> Option<&Arc<TableDefinition>> {
        self.definitions.get(name)
    }

    /// The type that a column has, or had before it was dropped.
    #[must_use]
    pub fn column_type(&self, table: &Name, column: &Name) -> Option<ColumnType> {
        self.column_types.get(&(table.clone(), column.clone())).copied()
    }

    /// The relationship with this name.
    #[must_use]
    pub fn relationship(&self, name: &str) -> Option<&Arc<Relationship>> {
        self.relationships.get(name)
    }

    /// All relationships, by name.
    pub fn relationships(&self) -> impl Iterator<Item = &Arc<Relationship>> {
        self.relationships.values()
    }

    /// The many-to-many relationship whose pairs this table holds.
    #[must_use]
    pub fn relationship_of_intersect(&self, intersect: &str) -> Option<&Arc<Relationship>> {
        let holds = |r: &&Arc<Relationship>| r.intersect.as_deref() == Some(intersect);
        self.relationships().find(holds)
    }

    /// The team with this id.
    #[must_use]
    pub fn team(&self, id: RowId) -> Option<&Arc<Team>> {
        self.teams.get(&id)
    }

    /// All teams, by id.
    pub fn teams(&self) -> impl Iterator<Item = &Arc<Team>> {
        self.teams.values()
    }

    /// Ids of the teams that a user belongs to, ascending.
    pub fn teams_of(&self, user: RowId) -> impl Iterator<Item = RowId> {
        self.teams_of.get(&user).into_iter().flatten().copied()
    }

    /// The user with this id or, failing that, the only one with this name.
    #[must_use]
    pub fn find_user(&self, id_or_name: &str) -> Option<&Arc<User>> {
        let by_id = id_or_name.parse().ok().and_then(|id: RowId| self.users.get(&id));
        by_id.or_else(|| {
            let mut named = self.users.values().filter(|user| user.name == id_or_name);
            named.next().filter(|_| named.next().is_none())
        })
    }

    /// Why [`Catalog::find_user`] finds none: nobody has the name, or several do.
    #[must_use]
    pub fn no_user(&self, id_or_name: &str) -> String {
        let named = self.users.values().filter(|user| user.name == id_or_name);
        let ids: Vec<String> = named.map(|user| user.id.to_string()).collect();
        if ids.is_empty() {
            let known = self.users.values().map(|user| user.name.as_str());
            format!("there is no user {id_or_name:?}{}", nearest_help(id_or_name, known))
        } else {
            format!("several users are named {id_or_name:?}; give an id: {}", ids.join(", "))
        }
    }

    /// The profile that a user has, published or not: of the assignments that cover them the last.
    #[must_use]
    pub fn profile_of(&self, user: RowId) -> Option<&Arc<Profile>> {
        let assignment = self.assignments.iter().rev().find(|a| self.covers(a, user))?;
        self.profiles.get(&assignment.profile)
    }

    /// What of that profile is in force. An unpublished profile gives nothing: there is no falling
    /// back to another.
    #[must_use]
    pub fn published_profile_of(&self, user: RowId) -> Option<&PublishedProfile> {
        self.profile_of(user)?.published.as_ref()
    }

    /// Whether the profile of a device's user may go on it: of one that asks in the name of an app, if
    /// that app has mobile offline enabled, is published and offers the profile.
    #[must_use]
    pub fn offers(&self, app: Option<&str>, profile: &str) -> bool {
        let Some(app) = app else { return true };
        self.apps.get(app).is_some_and(|app| {
            app.mobile_offline && app.published && app.profiles.iter().any(|name| name == profile)
        })
    }

    /// Whether an assignment puts this user in its profile.
    #[must_use]
    pub fn covers(&self, assignment: &Assignment, user: RowId) -> bool {
        match assignment.member {
            Member::User(id) => id == user,
            Member::Team(id) => {
                let directory_group =
                    self.teams.get(&id).is_some_and(|team| team.team_type.is_directory_group());
                if assignment.is_frozen(self.settings.compatibility, directory_group) {
                    assignment.members_when_added.contains(&user)
                } else {
                    self.teams_of.get(&user).is_some_and(|teams| teams.contains(&id))
                }
            }
        }
    }

    /// The table of a user or team: the two never share an id.
    #[must_use]
    pub fn owner_reference(&self, id: RowId) -> Option<Reference> {
        let table = if self.users.contains_key(&id) {
            SYSTEMUSER
        } else if self.teams.contains_key(&id) {
            TEAM
        } else {
            return None;
        };
        Some(Reference { table: Name::known(table), id })
    }

    /// The business unit that a user or team belongs to.
    #[must_use]
    pub fn business_unit_of(&self, owner: RowId) -> Option<RowId> {
        let of_user = self.users.get(&owner).map(|user| user.business_unit);
        of_user.or_else(|| self.teams.get(&owner).map(|team| team.business_unit))
    }

    /// The owning business unit of a row: as it gives it, else its owner's, live.
    #[must_use]
    pub fn owning_business_unit(&self, table: &Table, values: &Values) -> Option<RowId> {
        if let Some(Value::Reference(unit)) = values.get(OWNINGBUSINESSUNIT) {
            return Some(unit.id);
        }
        match (table.ownership, values.get(OWNERID)) {
            (Ownership::UserOrTeam, Some(Value::Reference(owner))) => {
                self.business_unit_of(owner.id)
            }
            _ => None,
        }
    }

    /// What a row has in a column, derived columns included: its key, its owning business unit.
    #[must_use]
    pub fn column_value(
        &self,
        table: &Table,
        id: RowId,
        values: &Values,
        column: &str,
    ) -> Option<Value> {
        if column == table.primary_key.as_str() {
            return Some(Value::Id(id));
        }
        if column == OWNINGBUSINESSUNIT && table.ownership == Ownership::UserOrTeam {
            let unit = self.owning_business_unit(table, values)?;
            let table = Name::known(BUSINESSUNIT);
            return Some(Value::Reference(Reference { table, id: unit }));
        }
        values.get(column).cloned()
    }
}
