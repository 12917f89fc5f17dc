//! A small environment whose rows are in maps.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use haversack_core::{
    Name, Offset, Reference, Row, RowId, RowVersion, Value, Values,
    catalog::Catalog,
    event::RowKey,
    profile::{Assignment, Member, Profile, ProfileDraft, PublishedProfile},
    schema::{Relationship, TableDefinition},
    security::{BusinessUnit, Role, Team, User},
    settings::Compatibility,
};
use haversack_dataset::Rows;
use serde_json::{Value as Json, from_value, json};

pub const USERS: u8 = 4;
pub const TEAMS: u8 = 3;
pub const UNITS: u8 = 4;
/// Contacts that have the id of an account.
const SHARED_IDS: u8 = 3;
pub const TABLES: [&str; 4] = ["account", "contact", "task", "tag"];

/// Rows and catalog.
#[derive(Clone)]
pub struct World {
    pub catalog: Arc<Catalog>,
    pub rows: BTreeMap<Name, BTreeMap<RowId, Row>>,
    pub version: u64,
}

impl Rows for World {
    fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    fn row(&self, table: &str, id: RowId) -> Option<Cow<'_, Row>> {
        self.rows.get(table)?.get(&id).map(Cow::Borrowed)
    }

    fn rows(&self, table: &str) -> Box<dyn Iterator<Item = (RowId, Cow<'_, Row>)> + '_> {
        Box::new(
            self.rows.get(table).into_iter().flatten().map(|(id, row)| (*id, Cow::Borrowed(row))),
        )
    }
}

/// The id of the nth thing of a kind. Some contacts have the ids of accounts: tables share no ids but
/// by chance.
pub fn id(kind: &str, number: u8) -> RowId {
    let kind = if kind == "contact" && number < SHARED_IDS { "account" } else { kind };
    let mut bytes = [0; 16];
    for (byte, letter) in bytes.iter_mut().zip(kind.bytes()) {
        *byte = letter;
    }
    bytes[15] = number;
    RowId::from_bytes(bytes)
}

pub fn name(text: &str) -> Name {
    text.parse().expect("a name")
}

pub fn reference(table: &str, id: RowId) -> Value {
    Value::Reference(Reference { table: name(table), id })
}

impl World {
    pub fn new() -> Self {
        let mut catalog = Catalog::default();
        catalog.settings.compatibility = Compatibility::Extended;
        for definition in tables() {
            let definition: TableDefinition = from_value(definition).expect("a table");
            catalog.put_table(definition);
        }
        for relationship in relationships() {
            let relationship: Relationship = from_value(relationship).expect("a relationship");
            catalog.put_relationship(relationship);
        }
        for number in 0..UNITS {
            let parent = (number > 0).then(|| id("unit", (number - 1) / 2));
            let unit = BusinessUnit { id: id("unit", number), name: number.to_string(), parent };
            catalog.business_units.insert(unit.id, Arc::new(unit));
        }
        Self { catalog: Arc::new(catalog), rows: BTreeMap::new(), version: 0 }
    }

    pub fn change(&mut self, change: impl FnOnce(&mut Catalog)) {
        let mut catalog = (*self.catalog).clone();
        change(&mut catalog);
        self.catalog = Arc::new(catalog);
    }

    pub fn put_role(&mut self, role: &str, depths: &[(&str, &str)]) {
        let privileges: BTreeMap<&str, Json> =
            depths.iter().map(|(table, depth)| (*table, json!({"read": depth}))).collect();
        let role: Role =
            from_value(json!({"name": role, "privileges": privileges})).expect("a role");
        self.change(|catalog| {
            catalog.roles.insert(role.name.clone(), Arc::new(role));
        });
    }

    pub fn put_user(&mut self, number: u8, unit: u8, manager: Option<u8>, roles: &[&str]) {
        let zones = ["UTC", "Asia/Kolkata", "America/New_York", "Australia/Lord_Howe"];
        let user: User = from_value(json!({
            "id": id("user", number), "name": format!("u{number}"),
            "time_zone": zones[usize::from(number) % zones.len()],
            "business_unit": id("unit", unit), "roles": roles,
            "manager": manager.map(|manager| id("user", manager)),
        }))
        .expect("a user");
        self.change(|catalog| {
            catalog.users.insert(user.id, Arc::new(user));
        });
    }

    pub fn put_team(&mut self, number: u8, unit: u8, members: &[u8], roles: &[&str]) {
        let members: Vec<RowId> = members.iter().map(|member| id("user", *member)).collect();
        let team: Team = from_value(json!({
            "id": id("team", number), "name": format!("t{number}"),
            "business_unit": id("unit", unit), "members": members, "roles": roles,
        }))
        .expect("a team");
        self.change(|catalog| catalog.put_team(team));
    }

    /// Publishes a profile of these items.
    pub fn publish(&mut self, name: &str, items: &[Json]) {
        let draft: ProfileDraft =
            from_value(json!({"name": name, "items": items})).expect("a profile");
        self.change(|catalog| {
            let versions = catalog.profiles.get(name).map_or(1, |profile| profile.versions + 1);
            let published = Some(PublishedProfile { version: versions, draft: draft.clone() });
            let profile = Profile { draft, published, versions };
            catalog.profiles.insert(name.to_owned(), Arc::new(profile));
        });
    }

    /// Puts these members in profiles, the last that counts last.
    pub fn assign(&mut self, members: &[(&str, Member)]) {
        let assignment = |(profile, member): &(&str, Member)| Assignment {
            profile: (*profile).to_owned(),
            member: *member,
            members_when_added: Vec::new(),
        };
        self.change(|catalog| {
            catalog.assignments = Arc::new(members.iter().map(assignment).collect());
        });
    }

    /// Writes a row, or takes it out.
    pub fn write(&mut self, table: &str, id: RowId, values: Option<Values>) -> RowKey {
        self.version += 1;
        let rows = self.rows.entry(name(table)).or_default();
        match values {
            Some(values) => {
                let version = RowVersion(Offset::new(self.version).expect("from 1"));
                rows.insert(id, Row { version, values });
            }
            None => {
                rows.remove(&id);
            }
        }
        RowKey { table: name(table), id }
    }
}

/// The tables, as an administrator defines them.
pub fn tables() -> Vec<Json> {
    let columns = |more: Json| {
        let Json::Array(more) = more else { panic!("a list") };
        let mut columns = vec![
            json!({"name": "name", "type": "string"}),
            json!({"name": "size", "type": "integer"}),
            json!({"name": "price", "type": "money"}),
            json!({"name": "due", "type": "datetime"}),
            json!({"name": "day", "type": "date"}),
            json!({"name": "open", "type": "boolean"}),
            json!({"name": "ratio", "type": "double"}),
            json!({"name": "kind", "type": "choice", "options": [{"value": 1, "label": "Z"}, {"value": 2, "label": "B"}]}),
            json!({"name": "kinds", "type": "choices", "options": [{"value": 1, "label": "A"}, {"value": 2, "label": "B"}]}),
            json!({"name": "code", "type": "uniqueidentifier"}),
            json!({"name": "language", "type": "integer"}),
        ];
        columns.extend(more);
        Json::Array(columns)
    };
    let table = |name: &str, ownership: &str, more: Json| {
        json!({
            "name": name, "ownership": ownership, "primary_key": format!("{name}id"),
            "primary_name": "name", "can_be_taken_offline": true, "columns": columns(more),
        })
    };
    let mut account = table(
        "account",
        "user_or_team",
        json!([{"name": "parent", "type": "lookup", "targets": ["account"]}]),
    );
    account["hierarchy_column"] = json!("parent");
    vec![
        account,
        table(
            "contact",
            "user_or_team",
            json!([{"name": "customer", "type": "lookup", "targets": ["account", "contact"]}]),
        ),
        table(
            "task",
            "user_or_team",
            json!([{"name": "regarding", "type": "lookup", "targets": ["account"]},
                   {"name": "who", "type": "lookup", "targets": ["contact"]}]),
        ),
        table("tag", "organization", json!([])),
    ]
}

fn relationships() -> Vec<Json> {
    let one = |table: &str, column: &str, target: &str| {
        json!({"name": format!("{table}_{column}_{target}"), "kind": "many_to_one",
               "table": table, "column": column, "target": target})
    };
    vec![
        one("account", "parent", "account"),
        one("contact", "customer", "account"),
        one("contact", "customer", "contact"),
        one("task", "regarding", "account"),
        one("task", "who", "contact"),
        json!({"name": "account_tags", "kind": "many_to_many", "intersect": "account_tag",
               "table": "account", "column": "accountid", "target": "tag", "target_column": "tagid"}),
        json!({"name": "contact_tags", "kind": "many_to_many", "intersect": "contact_tag",
               "table": "contact", "column": "contactid", "target": "tag", "target_column": "tagid"}),
        json!({"name": "account_accounts", "kind": "many_to_many", "intersect": "account_account",
               "table": "account", "column": "one", "target": "account", "target_column": "other"}),
    ]
}
