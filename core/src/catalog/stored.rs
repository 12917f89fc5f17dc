//! A catalog as it is stored: thing by thing, in order.
//!
//! What a table was made of is not always in the catalog any more, such as a relationship that was
//! replaced, so tables and the types of columns are stored as they are. Look-ups that follow from
//! other things are not stored.

use std::sync::Arc;

use bincode::{Decode, Encode};

use super::Catalog;
use crate::{
    Name, RowId,
    profile::{App, Assignment, Profile},
    schema::{ColumnType, Relationship, Table, TableDefinition},
    security::{BusinessUnit, Position, Role, Team, User},
    settings::Settings,
    token::{Token, TokenHash},
};

/// One thing of a catalog. A disk format: new variants go to the end.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Item {
    /// A business unit.
    BusinessUnit(Arc<BusinessUnit>),
    /// A position.
    Position(Arc<Position>),
    /// A role.
    Role(Arc<Role>),
    /// A user.
    User(Arc<User>),
    /// A team.
    Team(Arc<Team>),
    /// A table as an admin defined it.
    Definition(Arc<TableDefinition>),
    /// A relationship.
    Relationship(Arc<Relationship>),
    /// A table as the rest of the system sees it.
    Table(Arc<Table>),
    /// The type of a column that is or was.
    ColumnType {
        /// The table.
        table: Name,
        /// The column.
        column: Name,
        /// Its type.
        column_type: ColumnType,
    },
    /// An app.
    App(Arc<App>),
    /// A profile.
    Profile(Arc<Profile>),
    /// Who is in a profile.
    Assignment {
        /// Its place among the assignments, from 0.
        place: u64,
        /// The assignment.
        assignment: Assignment,
    },
    /// A token.
    Token(Arc<Token>),
}

/// Things of a stored catalog are not in order, or one of them comes twice.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("found {found} after {after}: a stored catalog is in order, each thing once")]
pub struct Disorder {
    /// What was found.
    pub found: String,
    /// What came before it.
    pub after: String,
}

/// By what things are ordered: kind by kind, each by its own key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    BusinessUnit(RowId),
    Position(RowId),
    Role(String),
    User(RowId),
    Team(RowId),
    Definition(Name),
    Relationship(Name),
    Table(Name),
    ColumnType(Name, Name),
    App(String),
    Profile(String),
    Assignment(u64),
    Token(TokenHash),
}

impl Item {
    fn key(&self) -> Key {
        match self {
            Self::BusinessUnit(unit) => Key::BusinessUnit(unit.id),
            Self::Position(position) => Key::Position(position.id),
            Self::Role(role) => Key::Role(role.name.clone()),
            Self::User(user) => Key::User(user.id),
            Self::Team(team) => Key::Team(team.id),
            Self::Definition(table) => Key::Definition(table.name.clone()),
            Self::Relationship(relationship) => Key::Relationship(relationship.name.clone()),
            Self::Table(table) => Key::Table(table.name.clone()),
            Self::ColumnType { table, column, .. } => {
                Key::ColumnType(table.clone(), column.clone())
            }
            Self::App(app) => Key::App(app.name.clone()),
            Self::Profile(profile) => Key::Profile(profile.draft.name.clone()),
            Self::Assignment { place, .. } => Key::Assignment(*place),
            Self::Token(token) => Key::Token(token.hash),
        }
    }
}

impl Catalog {
    /// All things, in order. The catalog's name, rules and settings are none.
    pub fn items(&self) -> impl Iterator<Item = Item> {
        let types = self.column_types.iter().map(|((table, column), column_type)| {
            let (table, column) = (table.clone(), column.clone());
            Item::ColumnType { table, column, column_type: *column_type }
        });
        let assignments = (0..)
            .zip(self.assignments.iter())
            .map(|(place, assignment)| Item::Assignment { place, assignment: assignment.clone() });
        (self.business_units.values().cloned().map(Item::BusinessUnit))
            .chain(self.positions.values().cloned().map(Item::Position))
            .chain(self.roles.values().cloned().map(Item::Role))
            .chain(self.users.values().cloned().map(Item::User))
            .chain(self.teams.values().cloned().map(Item::Team))
            .chain(self.definitions.values().cloned().map(Item::Definition))
            .chain(self.relationships.values().cloned().map(Item::Relationship))
            .chain(self.tables.values().cloned().map(Item::Table))
            .chain(types)
            .chain(self.apps.values().cloned().map(Item::App))
            .chain(self.profiles.values().cloned().map(Item::Profile))
            .chain(assignments)
            .chain(self.tokens.values().cloned().map(Item::Token))
    }
}

/// Puts a catalog together from its things.
#[derive(Clone, Debug, Default)]
pub struct Items {
    catalog: Catalog,
    last: Option<Key>,
    count: u64,
}

impl Items {
    /// Begins a catalog with what it has once.
    #[must_use]
    pub fn new(name: String, rules: u32, settings: Settings) -> Self {
        let catalog = Catalog { name, rules, settings, ..Catalog::default() };
        Self { catalog, ..Self::default() }
    }

    /// Takes in the next thing.
    ///
    /// # Errors
    /// If it does not come after the one before.
    pub fn push(&mut self, item: Item) -> Result<(), Disorder> {
        let key = item.key();
        let place_is_free = match key {
            Key::Assignment(place) => place == self.catalog.assignments.len() as u64,
            _ => true,
        };
        if !place_is_free || self.last.as_ref().is_some_and(|last| *last >= key) {
            let after = self.last.as_ref().map_or("nothing".to_owned(), |last| format!("{last:?}"));
            return Err(Disorder { found: format!("{key:?}"), after });
        }
        self.last = Some(key);
        self.count += 1;
        self.put(item);
        Ok(())
    }

    fn put(&mut self, item: Item) {
        let catalog = &mut self.catalog;
        match item {
            Item::BusinessUnit(unit) => drop(catalog.business_units.insert(unit.id, unit)),
            Item::Position(position) => drop(catalog.positions.insert(position.id, position)),
            Item::Role(role) => drop(catalog.roles.insert(role.name.clone(), role)),
            Item::User(user) => drop(catalog.users.insert(user.id, user)),
            Item::Team(team) => catalog.put_team(Arc::unwrap_or_clone(team)),
            Item::Definition(table) => drop(catalog.definitions.insert(table.name.clone(), table)),
            Item::Relationship(relationship) => {
                catalog.relationships.insert(relationship.name.clone(), relationship);
            }
            Item::Table(table) => drop(catalog.tables.insert(table.name.clone(), table)),
            Item::ColumnType { table, column, column_type } => {
                catalog.column_types.insert((table, column), column_type);
            }
            Item::App(app) => drop(catalog.apps.insert(app.name.clone(), app)),
            Item::Profile(profile) => {
                catalog.profiles.insert(profile.draft.name.clone(), profile);
            }
            Item::Assignment { assignment, .. } => {
                Arc::make_mut(&mut catalog.assignments).push(assignment);
            }
            Item::Token(token) => drop(catalog.tokens.insert(token.hash, token)),
        }
    }

    /// How many things were taken in.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The catalog with these things.
    #[must_use]
    pub fn into_catalog(self) -> Catalog {
        self.catalog
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{profile::Member, security::TeamType};

    fn team(id: u8, members: &[u8]) -> Team {
        let id_of = |byte| RowId::from_bytes([byte; 16]);
        let (name, team_type) = (format!("team {id}"), TeamType::Owner);
        let members = members.iter().copied().map(id_of).collect();
        let (id, business_unit, roles) = (id_of(id), id_of(0), Vec::new());
        Team { id, name, business_unit, team_type, members, roles }
    }

    #[test]
    fn a_user_who_left_a_team_leaves_nothing_behind() {
        let mut catalog = Catalog::default();
        catalog.put_team(team(1, &[7, 8, 8]));
        catalog.put_team(team(1, &[8]));
        let mut items = Items::default();
        catalog.items().for_each(|item| items.push(item).unwrap());
        assert_eq!(items.count(), 1);
        assert_eq!(items.into_catalog(), catalog);
    }

    #[test]
    fn things_come_in_order_and_once() {
        let item = |id| Item::Team(Arc::new(team(id, &[])));
        let mut items = Items::default();
        items.push(item(2)).unwrap();
        items.clone().push(item(3)).unwrap();
        for id in [1, 2] {
            assert!(items.clone().push(item(id)).is_err());
        }
        let (profile, member) = ("p".to_owned(), Member::User(RowId::default()));
        let assignment = Assignment { profile, member, members_when_added: Vec::new() };
        let refused = items.push(Item::Assignment { place: 1, assignment }).unwrap_err();
        assert_eq!(refused.found, "Assignment(1)");
    }
}
