//! What a device must know besides rows: the part of the catalog that its user's queries and edits
//! read.
//!
//! Not in it: profiles, apps, who is in which profile, other users' roles, who else is in a team, and
//! tables that no device of the user gets rows of.

use std::{collections::BTreeSet, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{
    Name, RowId,
    catalog::Catalog,
    schema::{BUSINESSUNIT, Relationship, RelationshipKind, SYSTEMUSER, TEAM, TableDefinition},
    security::{BusinessUnit, Position, Role, Team, User},
    settings::Settings,
};

/// What a device must know besides rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    /// Whose device it is.
    pub user: RowId,
    /// Settings.
    pub settings: Settings,
    /// All business units.
    pub business_units: Vec<BusinessUnit>,
    /// All positions.
    pub positions: Vec<Position>,
    /// The roles of the user and of their teams, each with its privileges on `tables`.
    pub roles: Vec<Role>,
    /// All users; only this one with roles.
    pub users: Vec<User>,
    /// All teams; of their members only this user, and roles only of the user's teams.
    pub teams: Vec<Team>,
    /// The tables that rows come of.
    pub tables: Vec<TableDefinition>,
    /// The relationships among these, and from these to users, teams and business units.
    pub relationships: Vec<Relationship>,
}

impl Catalog {
    /// What a user's device must know to answer queries on these tables and to check edits of them.
    #[must_use]
    pub fn metadata(&self, user: RowId, tables: &BTreeSet<Name>) -> Metadata {
        Metadata {
            settings: self.settings.clone(),
            business_units: owned(self.business_units.values()),
            positions: owned(self.positions.values()),
            users: self.users.values().map(|other| without_roles(other, user)).collect(),
            teams: self.teams().map(|team| without_members(team, user)).collect(),
            ..self.own_metadata(user, tables)
        }
    }

    /// The part of it that differs from user to user: of users and teams only this one and their own,
    /// and nothing that all devices know.
    #[must_use]
    pub fn own_metadata(&self, user: RowId, tables: &BTreeSet<Name>) -> Metadata {
        let roles: BTreeSet<&str> =
            self.roles_of(user).map(|(role, _)| role.name.as_str()).collect();
        let roles = self.roles.values().filter(|role| roles.contains(role.name.as_str()));
        let definitions = tables.iter().filter_map(|table| self.definition(table));
        let is_known = |table: &Name| self.definition(table).is_some() && tables.contains(table);
        let relationships = self.relationships().filter(|r| is_among(r, &is_known));
        let teams = self.teams_of(user).filter_map(|team| self.team(team));
        Metadata {
            user,
            settings: Settings::default(),
            business_units: Vec::new(),
            positions: Vec::new(),
            roles: roles.map(|role| on_tables(role, tables)).collect(),
            users: owned(self.users.get(&user).into_iter()),
            teams: teams.map(|team| without_members(team, user)).collect(),
            tables: owned(definitions),
            relationships: owned(relationships),
        }
    }
}

impl Metadata {
    /// The same as another user knows it who is in none of these teams.
    #[must_use]
    pub fn as_others_know_it(&self) -> Self {
        let nobody = RowId::default();
        let teams = self.teams.iter().map(|team| without_members(team, nobody)).collect();
        let users = self.users.iter().map(|user| without_roles(user, nobody)).collect();
        Self { teams, users, ..self.clone() }
    }

    /// The catalog that it tells of.
    #[must_use]
    pub fn into_catalog(self) -> Catalog {
        let mut catalog = Catalog::default();
        catalog.settings = self.settings;
        catalog.add_system_tables();
        for unit in self.business_units {
            catalog.business_units.insert(unit.id, Arc::new(unit));
        }
        for position in self.positions {
            catalog.positions.insert(position.id, Arc::new(position));
        }
        for role in self.roles {
            catalog.roles.insert(role.name.clone(), Arc::new(role));
        }
        for user in self.users {
            catalog.users.insert(user.id, Arc::new(user));
        }
        self.teams.into_iter().for_each(|team| catalog.put_team(team));
        self.tables.into_iter().for_each(|table| catalog.put_table(table));
        self.relationships.into_iter().for_each(|r| catalog.put_relationship(r));
        catalog
    }
}

fn owned<'a, T: Clone + 'a>(things: impl Iterator<Item = &'a Arc<T>>) -> Vec<T> {
    things.map(|thing| thing.as_ref().clone()).collect()
}

fn is_among(relationship: &Relationship, is_known: &dyn Fn(&Name) -> bool) -> bool {
    let is_system = [SYSTEMUSER, TEAM, BUSINESSUNIT].contains(&relationship.target.as_str());
    let is_target_known = match relationship.kind {
        RelationshipKind::ManyToOne => is_system || is_known(&relationship.target),
        RelationshipKind::ManyToMany => is_known(&relationship.target),
    };
    is_known(&relationship.table) && is_target_known
}

fn on_tables(role: &Role, tables: &BTreeSet<Name>) -> Role {
    let of_tables = role.privileges.iter().filter(|(table, _)| tables.contains(*table));
    let privileges = of_tables.map(|(table, privileges)| (table.clone(), *privileges)).collect();
    Role { name: role.name.clone(), privileges }
}

fn without_roles(other: &User, user: RowId) -> User {
    let mut known = other.clone();
    if other.id != user {
        known.roles.clear();
    }
    known
}

fn without_members(team: &Team, user: RowId) -> Team {
    let is_member = team.members.contains(&user);
    Team {
        id: team.id,
        name: team.name.clone(),
        business_unit: team.business_unit,
        team_type: team.team_type,
        members: if is_member { vec![user] } else { Vec::new() },
        roles: if is_member { team.roles.clone() } else { Vec::new() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        schema::{ColumnDefinition, ColumnType, Ownership},
        security::{Depth, Privilege, TablePrivileges, TeamType},
    };

    fn id(byte: u8) -> RowId {
        RowId::from_bytes([byte; 16])
    }

    fn table(name: &'static str, lookup_to: &'static str) -> TableDefinition {
        let lookup = ColumnDefinition {
            name: Name::known("points_at"),
            display_name: None,
            column_type: ColumnType::Lookup,
            max_length: None,
            required: false,
            options: Vec::new(),
            targets: vec![Name::known(lookup_to)],
        };
        TableDefinition {
            name: Name::known(name),
            display_name: None,
            ownership: Ownership::UserOrTeam,
            primary_key: format!("{name}id").parse().unwrap(),
            primary_name: None,
            can_be_taken_offline: true,
            hierarchy_column: None,
            columns: vec![lookup],
        }
    }

    fn role(name: &str, depth: Depth) -> Role {
        let privileges = TablePrivileges { read: depth, write: depth, ..Default::default() };
        let of = |table| (Name::known(table), privileges);
        Role { name: name.to_owned(), privileges: [of("account"), of("secret")].into() }
    }

    fn user(byte: u8, role: &str) -> User {
        let name = format!("user {byte}");
        let business_unit = id(1);
        let (manager, position, language, time_zone) = (Some(id(9)), Some(id(3)), None, None);
        let roles = vec![role.to_owned()];
        User { id: id(byte), name, business_unit, manager, position, language, time_zone, roles }
    }

    fn team(byte: u8, members: &[u8], role: &str) -> Team {
        let members = members.iter().copied().map(id).collect();
        let (name, roles) = (format!("team {byte}"), vec![role.to_owned()]);
        let team_type = TeamType::Owner;
        Team { id: id(byte), name, business_unit: id(2), team_type, members, roles }
    }

    fn relationship(name: &'static str, intersect: bool, target: &'static str) -> Relationship {
        let kind =
            if intersect { RelationshipKind::ManyToMany } else { RelationshipKind::ManyToOne };
        Relationship {
            name: Name::known(name),
            kind,
            table: Name::known("account"),
            column: Name::known("points_at"),
            target: Name::known(target),
            intersect: intersect.then(|| format!("{name}_pairs").parse().unwrap()),
            target_column: intersect.then(|| Name::known("target_id")),
        }
    }

    fn catalog() -> Catalog {
        let mut catalog = Catalog::default();
        for (byte, parent) in [(1, None), (2, Some(id(1)))] {
            let unit = BusinessUnit { id: id(byte), name: format!("unit {byte}"), parent };
            catalog.business_units.insert(unit.id, Arc::new(unit));
        }
        let position = Position { id: id(3), name: "rep".to_owned(), parent: None };
        catalog.positions.insert(position.id, Arc::new(position));
        for (name, depth) in
            [("own", Depth::User), ("wide", Depth::ParentChild), ("other", Depth::Organization)]
        {
            catalog.roles.insert(name.to_owned(), Arc::new(role(name, depth)));
        }
        for user in [user(7, "own"), user(8, "other")] {
            catalog.users.insert(user.id, Arc::new(user));
        }
        catalog.put_team(team(5, &[7, 8], "wide"));
        catalog.put_team(team(6, &[8], "other"));
        catalog.put_table(table("account", "contact"));
        catalog.put_table(table("contact", "secret"));
        catalog.put_table(table("secret", "account"));
        for (name, intersect, target) in [
            ("to_contact", false, "contact"),
            ("to_owner", false, SYSTEMUSER),
            ("to_secret", false, "secret"),
            ("with_contact", true, "contact"),
            ("with_secret", true, "secret"),
        ] {
            catalog.put_relationship(relationship(name, intersect, target));
        }
        catalog
    }

    fn metadata(catalog: &Catalog) -> Metadata {
        let tables = ["account", "contact", "unheard_of"].map(Name::known).into();
        catalog.metadata(id(7), &tables)
    }

    #[test]
    fn the_device_knows_its_users_part_and_no_more() {
        let found = metadata(&catalog());
        let names = |names: Vec<&str>| names.join(" ");
        let tables = found.tables.iter().map(|table| table.name.as_str()).collect();
        assert_eq!(names(tables), "account contact");
        let relationships = found.relationships.iter().map(|r| r.name.as_str()).collect();
        assert_eq!(names(relationships), "to_contact to_owner with_contact");
        assert_eq!(names(found.roles.iter().map(|role| role.name.as_str()).collect()), "own wide");
        assert!(found.roles.iter().all(|role| !role.privileges.contains_key("secret")));
        let json = serde_json::to_string(&found).unwrap();
        assert!(!json.contains("\"other\"") && !json.contains("with_secret"), "{json}");
        assert_eq!(found.users[1].roles, [] as [String; 0]);
        assert_eq!(found.teams[0].members, [id(7)]);
        assert!(found.teams[1].members.is_empty() && found.teams[1].roles.is_empty());
    }

    #[test]
    fn the_catalog_of_the_metadata_is_the_catalog_as_far_as_the_user_goes() {
        let whole = catalog();
        let found = metadata(&whole);
        let json = serde_json::to_string(&found).unwrap();
        let read: Metadata = serde_json::from_str(&json).unwrap();
        assert_eq!(read, found);
        let part = read.into_catalog();
        assert_eq!(metadata(&part), found);
        for privilege in [Privilege::Read, Privilege::Write, Privilege::Delete] {
            for table in ["account", "contact"] {
                let depth = |catalog: &Catalog| catalog.depth(id(7), table, privilege);
                assert_eq!(depth(&part), depth(&whole));
            }
        }
        assert_eq!(part.table("account"), whole.table("account"));
        assert_eq!(part.table("with_contact_pairs"), whole.table("with_contact_pairs"));
        assert!(part.table("secret").is_none() && part.table("with_secret_pairs").is_none());
        for system in [SYSTEMUSER, TEAM, BUSINESSUNIT] {
            assert_eq!(part.system_row_ids(system), whole.system_row_ids(system));
            assert_eq!(part.table(system), whole.table(system));
        }
    }

    /// A user without a profile has a device, too.
    #[test]
    fn without_tables_the_system_ones_are_there() {
        let metadata = catalog().metadata(id(7), &BTreeSet::new());
        assert!(metadata.tables.is_empty() && metadata.relationships.is_empty());
        assert!(metadata.into_catalog().table(SYSTEMUSER).is_some());
    }
}
