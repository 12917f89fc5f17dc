//! Who is there, and what they may read and take offline.

use std::sync::Arc;

use haversack_core::{
    RowId,
    catalog::Catalog,
    profile::{Assignment, Member, Profile, ProfileDraft, PublishedProfile},
    schema::{Relationship, TableDefinition},
    security::{BusinessUnit, Role, Team, User},
    settings::Compatibility,
};
use serde_json::{Value as Json, from_value, json};

use crate::{Security, TEAMS, UNITS, Workload, hash::Kind};

/// What the profile takes of accounts.
const OPEN: &str = "fetch account { filter { ownerid eq-useroruserteams  statecode eq 0 } }";
const SECURED: &str = "fetch account { filter {
    ownerid eq-useroruserteams  statecode eq 0
    or { any contact on accountid = accountid { statecode eq 0 }
         any account on accountid = parentid { statecode eq 0 } }
    not any task on regarding = accountid { ownerid eq-userid  statecode eq 1 }
} }";

impl Workload {
    /// The catalog, with the profile published for all users.
    #[must_use]
    pub fn catalog(&self, security: Security) -> Catalog {
        let mut catalog = Catalog::default();
        catalog.settings.compatibility = Compatibility::Extended;
        for definition in tables() {
            catalog.put_table(read::<TableDefinition>(definition));
        }
        for relationship in relationships() {
            catalog.put_relationship(read::<Relationship>(relationship));
        }
        self.put_people(&mut catalog);
        let depth = if security == Security::Open { "organization" } else { "business_unit" };
        let read_all = json!({"read": depth, "write": depth, "create": depth, "delete": depth});
        let role: Role = read(json!({"name": "everyone",
            "privileges": {"account": read_all, "contact": read_all, "task": read_all}}));
        catalog.roles.insert(role.name.clone(), Arc::new(role));
        self.put_profile(&mut catalog, security);
        catalog
    }

    fn put_people(&self, catalog: &mut Catalog) {
        let unit = |number| self.hash.id(Kind::Unit, number % UNITS);
        for number in 0..UNITS {
            let unit =
                BusinessUnit { id: unit(number), name: format!("b{number:02}"), parent: None };
            catalog.business_units.insert(unit.id, Arc::new(unit));
        }
        for number in 0..self.users {
            let user: User = read(json!({"id": self.user(number), "name": format!("u{number:04}"),
                "business_unit": unit(number), "roles": ["everyone"]}));
            catalog.users.insert(user.id, Arc::new(user));
        }
        let mut members: Vec<Vec<RowId>> = vec![Vec::new(); crate::rows::index(TEAMS)];
        for user in 0..self.users {
            let teams = self.teams_of(user);
            teams.iter().for_each(|team| members[crate::rows::index(*team)].push(self.user(user)));
        }
        for (number, members) in (0..).zip(members) {
            let team: Team = read(json!({"id": self.hash.id(Kind::Team, number),
                "name": format!("t{number:04}"), "business_unit": unit(number), "members": members}));
            catalog.put_team(team);
        }
    }

    /// The teams of a user, by number, ascending.
    #[must_use]
    pub fn teams_of(&self, user: u64) -> Vec<u64> {
        let one = user % UNITS + UNITS * (self.hash.of(Kind::User, 1, user) % 4);
        let mut teams = vec![one, self.hash.of(Kind::User, 2, user) % TEAMS];
        teams.sort_unstable();
        teams.dedup();
        teams
    }

    fn put_profile(&self, catalog: &mut Catalog, security: Security) {
        let filter = if security == Security::Open { OPEN } else { SECURED };
        let draft: ProfileDraft = read(json!({"name": "Field", "items": [
            {"table": "account", "criterion": "custom", "filter": filter},
            {"table": "contact", "criterion": "related_only",
             "related_to": [{"relationship": "contact_account", "table": "account"}]},
            {"table": "task", "criterion": "other", "other": ["user"]},
        ]}));
        let published = Some(PublishedProfile { version: 1, draft: draft.clone() });
        let profile = Profile { draft, published, versions: 1 };
        catalog.profiles.insert("Field".to_owned(), Arc::new(profile));
        let assignment = |number| Assignment {
            profile: "Field".to_owned(),
            member: Member::User(self.user(number)),
            members_when_added: Vec::new(),
        };
        catalog.assignments = Arc::new((0..self.users).map(assignment).collect());
    }
}

fn tables() -> Vec<Json> {
    let states = json!([{"value": 0, "label": "Active"}, {"value": 1, "label": "Inactive"}]);
    let table = |name: &str, more: Json| {
        json!({"name": name, "ownership": "user_or_team", "primary_key": format!("{name}id"),
            "primary_name": "name", "can_be_taken_offline": true, "columns": [
                {"name": "name", "type": "string"},
                {"name": "city", "type": "string"},
                {"name": "statecode", "type": "state", "options": states},
                {"name": "revenue", "type": "money"},
                {"name": "modified", "type": "datetime"},
                more]})
    };
    let lookup =
        |name: &str, targets: &[&str]| json!({"name": name, "type": "lookup", "targets": targets});
    vec![
        table("account", lookup("parentid", &["account"])),
        table("contact", lookup("accountid", &["account"])),
        table("task", lookup("regarding", &["account", "contact"])),
    ]
}

fn relationships() -> Vec<Json> {
    let one = |name: &str, table: &str, column: &str, target: &str| json!({"name": name, "kind": "many_to_one", "table": table, "column": column, "target": target});
    vec![
        one("account_parent", "account", "parentid", "account"),
        one("contact_account", "contact", "accountid", "account"),
        one("task_account", "task", "regarding", "account"),
        one("task_contact", "task", "regarding", "contact"),
    ]
}

fn read<T: serde::de::DeserializeOwned>(json: Json) -> T {
    from_value(json).expect("what is written here is right")
}
