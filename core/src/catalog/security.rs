//! Who may do what: depths from roles, and whether a depth reaches a row.

use super::Catalog;
use crate::{
    RowId, Value, Values,
    limits::BUSINESS_UNIT_DEPTH_MAX,
    schema::{OWNERID, Ownership, Table, TableKind},
    security::{Depth, Privilege, Role},
};

impl Catalog {
    /// Roles of a user, also through teams, with the team they come through.
    pub fn roles_of(&self, user: RowId) -> impl Iterator<Item = (&Role, Option<RowId>)> {
        let own = self.users.get(&user).into_iter().flat_map(|user| &user.roles);
        let through_teams = self
            .teams_of(user)
            .filter_map(|id| self.team(id))
            .flat_map(|team| team.roles.iter().map(|role| (role, Some(team.id))));
        own.map(|role| (role, None))
            .chain(through_teams)
            .filter_map(|(role, team)| Some((self.roles.get(role)?.as_ref(), team)))
    }

    /// How far a user's privilege on a table reaches: the widest of their roles.
    #[must_use]
    pub fn depth(&self, user: RowId, table: &str, privilege: Privilege) -> Depth {
        self.roles_of(user)
            .filter_map(|(role, _)| role.privileges.get(table))
            .map(|privileges| privileges.depth(privilege))
            .max()
            .unwrap_or_default()
    }

    /// Whether a privilege of this depth lets the user at a row of a table with an owner or unit.
    ///
    /// Depths count from the user's own business unit, also when the role comes through a team, and
    /// include the narrower ones.
    #[must_use]
    pub fn reaches(&self, user: RowId, depth: Depth, table: &Table, values: &Values) -> bool {
        match depth {
            Depth::None => false,
            Depth::Organization => true,
            _ if matches!(table.ownership, Ownership::Organization | Ownership::None) => false,
            Depth::User => self.owns(user, values),
            Depth::BusinessUnit => {
                self.owns(user, values)
                    || self
                        .unit(table, values)
                        .is_some_and(|unit| Some(unit) == self.own_unit(user))
            }
            Depth::ParentChild => {
                self.owns(user, values) || self.is_own_unit_or_below(user, table, values)
            }
        }
    }

    /// Whether the user may do this with a row of business data that has these values.
    ///
    /// Users, teams and business units may be read by all. Pairs have no privileges of their own:
    /// whoever may do it with both ends may do it with the pair, which is for the caller to see.
    #[must_use]
    pub fn allows(
        &self,
        user: RowId,
        privilege: Privilege,
        table: &Table,
        values: &Values,
    ) -> bool {
        match table.kind {
            TableKind::System => privilege == Privilege::Read,
            TableKind::Intersect => false,
            TableKind::Data => {
                let depth = self.depth(user, &table.name, privilege);
                self.reaches(user, depth, table, values)
            }
        }
    }

    /// Whether the user or one of their teams owns a row.
    #[must_use]
    pub fn owns(&self, user: RowId, values: &Values) -> bool {
        match values.get(OWNERID) {
            Some(Value::Reference(owner)) => {
                owner.id == user || self.teams_of(user).any(|team| team == owner.id)
            }
            _ => false,
        }
    }

    fn own_unit(&self, user: RowId) -> Option<RowId> {
        self.users.get(&user).map(|user| user.business_unit)
    }

    fn unit(&self, table: &Table, values: &Values) -> Option<RowId> {
        self.owning_business_unit(table, values)
    }

    fn is_own_unit_or_below(&self, user: RowId, table: &Table, values: &Values) -> bool {
        let Some(own) = self.own_unit(user) else { return false };
        let parent = |unit: &RowId| self.business_units.get(unit).and_then(|unit| unit.parent);
        std::iter::successors(self.unit(table, values), parent)
            .take(BUSINESS_UNIT_DEPTH_MAX + 1)
            .any(|unit| unit == own)
    }
}
