//! The environment that a world begins with, and what its administrators put in its place.

use haversack_core::{RowId, Timestamp};
use serde_json::{Value as Json, json};

use crate::{
    dice::{Dice, mixed},
    mix::Mix,
};

/// When a world begins: 2026-01-05, in the middle of a day.
pub const BEGIN: Timestamp = Timestamp(1_767_614_400_000_000);
/// Tables whose rows devices may get.
pub const TABLES: [&str; 5] = ["account", "contact", "task", "tag", "place"];
/// The table whose rows nobody with a device may read.
pub const VAULT: &str = "vault";
/// Roles of those who have devices.
pub const ROLES: [&str; 3] = ["Rep", "Lead", "Clerk"];
/// The app that offers profiles.
pub const APP: &str = "Hub";
/// Users without a device, who read everything.
pub const KEEPER: &str = "keeper";
/// Users at the start.
pub const USERS: usize = 5;
/// Teams.
pub const TEAMS: usize = 3;
/// Units.
pub const UNITS: usize = 4;

/// The id of the nth thing of a kind.
#[must_use]
pub fn id(kind: &str, number: usize) -> RowId {
    let kind = kind.bytes().fold(7_u64, |sum, byte| mixed(sum ^ u64::from(byte)));
    let number = number as u64;
    let halves = [mixed(kind ^ number), mixed(kind.wrapping_add(number) ^ 0xffff)];
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&halves[0].to_be_bytes());
    bytes[8..].copy_from_slice(&halves[1].to_be_bytes());
    RowId::from_bytes(bytes)
}

/// The name of a profile.
#[must_use]
pub fn profile(number: usize) -> String {
    format!("Profile {number}")
}

fn table(name: &str, ownership: &str, columns: Json) -> Json {
    let mut table = json!({
        "put": "table", "name": name, "ownership": ownership, "primary_key": format!("{name}id"),
        "primary_name": "name", "can_be_taken_offline": true, "columns": columns,
    });
    if name == "account" {
        table["hierarchy_column"] = json!("parent");
    }
    table
}

fn tables() -> Vec<Json> {
    let name = json!({"name": "name", "type": "string", "max_length": 60});
    let size = json!({"name": "size", "type": "integer"});
    let kind = json!({"name": "kind", "type": "choice", "options": [
        {"value": 1, "label": "One"}, {"value": 2, "label": "Two"}, {"value": 3, "label": "Three"}]});
    let due = json!({"name": "due", "type": "datetime"});
    let open = json!({"name": "open", "type": "boolean"});
    let price = json!({"name": "price", "type": "money"});
    let required = json!({"name": "name", "type": "string", "max_length": 60, "required": true});
    let to = |column: &str, targets: &[&str]| json!({"name": column, "type": "lookup", "targets": targets});
    vec![
        table("vault", "none", json!([name, size, kind])),
        table("place", "business", json!([name, size, open])),
        table("tag", "organization", json!([name, size, kind])),
        // A lookup to itself needs the table, which is made first without it.
        table_without_parent(&required),
        table(
            "account",
            "user_or_team",
            json!([required, size, kind, due, open, price, to("parent", &["account"])]),
        ),
        table("vault", "none", json!([name, size, kind, to("account", &["account"])])),
        table(
            "contact",
            "user_or_team",
            json!([
                name,
                size,
                kind,
                due,
                open,
                to("customer", &["account"]),
                to("place", &["place"])
            ]),
        ),
        table(
            "task",
            "user_or_team",
            json!([name, size, kind, due, to("regarding", &["account", "contact"])]),
        ),
    ]
}

fn table_without_parent(name: &Json) -> Json {
    let mut table = table("account", "user_or_team", json!([name]));
    table.as_object_mut().expect("an object").remove("hierarchy_column");
    table
}

fn relationships() -> Vec<Json> {
    let one = |name: &str, table: &str, column: &str, target: &str| {
        json!({"put": "relationship", "name": name, "kind": "many_to_one", "table": table,
               "column": column, "target": target})
    };
    vec![
        one("account_parent", "account", "parent", "account"),
        one("contact_customer", "contact", "customer", "account"),
        one("contact_place", "contact", "place", "place"),
        one("task_account", "task", "regarding", "account"),
        one("task_contact", "task", "regarding", "contact"),
        one("vault_account", "vault", "account", "account"),
        json!({"put": "relationship", "name": "account_tags", "kind": "many_to_many",
               "intersect": "account_tag", "table": "account", "column": "accountid",
               "target": "tag", "target_column": "tagid"}),
    ]
}

/// A role for those who have devices: it never names the vault.
#[must_use]
pub fn role(dice: &mut Dice, name: &str) -> Json {
    let owned = ["none", "user", "business_unit", "parent_child", "organization", "organization"];
    let whole = ["none", "organization", "organization"];
    let has_places = dice.chance(900);
    let named = TABLES.iter().filter(|table| **table != "place" || has_places);
    let privileges: serde_json::Map<String, Json> = named
        .map(|table| {
            let depths: &[&str] = if *table == "tag" { &whole } else { &owned };
            let write = |dice: &mut Dice| dice.pick(&depths[depths.len() / 3..]).to_owned();
            let read = if dice.chance(550) { depths[depths.len() - 1] } else { dice.pick(depths) };
            let (write, create, delete) = (write(dice), write(dice), write(dice));
            let all = json!({"read": read, "write": write, "create": create, "delete": delete});
            ((*table).to_owned(), all)
        })
        .collect();
    json!({"put": "role", "name": name, "privileges": privileges})
}

/// A user who has devices, or one who has none and reads everything.
#[must_use]
pub fn user(dice: &mut Dice, number: usize) -> Json {
    let zones = ["UTC", "Asia/Kolkata", "America/New_York"];
    let is_keeper = number + 1 == USERS;
    let role = if is_keeper { "Keeper" } else { *dice.pick(&ROLES) };
    let manager = (number > 0 && dice.chance(600)).then(|| id("user", number - 1));
    json!({
        "put": "user", "id": id("user", number),
        "name": if is_keeper { KEEPER.to_owned() } else { format!("user {number}") },
        "business_unit": id("unit", dice.below(UNITS)), "manager": manager,
        "time_zone": zones[number % zones.len()],
        "roles": if dice.chance(900) || is_keeper { vec![role] } else { vec![] },
    })
}

/// A team.
#[must_use]
pub fn team(dice: &mut Dice, number: usize) -> Json {
    let members: Vec<RowId> =
        (0..USERS - 1).filter(|_| dice.chance(450)).map(|user| id("user", user)).collect();
    let roles: Vec<&str> = ROLES.iter().filter(|_| dice.chance(150)).copied().collect();
    json!({
        "put": "team", "id": id("team", number), "name": format!("team {number}"),
        "business_unit": id("unit", dice.below(UNITS)), "members": members, "roles": roles,
        "type": if number == 2 { "aad_security" } else { "owner" },
    })
}

/// The settings.
#[must_use]
pub fn settings(dice: &mut Dice) -> Json {
    json!({
        "put": "settings", "conflict_detection": dice.chance(500),
        "conflict_granularity": if dice.chance(500) { "row" } else { "column" },
        "hierarchy": {"model": if dice.chance(600) { "manager" } else { "none" }, "depth": 1 + dice.below(3)},
        "time_zone": dice.pick(&["UTC", "Europe/Berlin"]),
    })
}

/// The app that offers profiles, as it mostly is.
#[must_use]
pub fn app(dice: &mut Dice, profiles: usize) -> Json {
    let offered: Vec<String> = (0..profiles).filter(|_| dice.chance(850)).map(profile).collect();
    json!({"put": "app", "name": APP, "mobile_offline": dice.chance(900), "profiles": offered,
           "published": dice.chance(900)})
}

/// All lines before rows and profiles.
#[must_use]
pub fn lines(dice: &mut Dice, mix: &Mix) -> Vec<Json> {
    let compatibility = if mix.is_classic { "classic" } else { "extended" };
    let mut lines =
        vec![json!({"put": "settings", "compatibility": compatibility}), settings(dice)];
    for number in 0..UNITS {
        let parent = (number > 0).then(|| id("unit", (number - 1) / 2));
        lines.push(json!({"put": "business_unit", "id": id("unit", number),
            "name": format!("unit {number}"), "parent": parent}));
    }
    lines.extend(tables());
    lines.extend(relationships());
    lines.extend(ROLES.iter().map(|name| role(dice, name)).collect::<Vec<_>>());
    let all: serde_json::Map<String, Json> = TABLES
        .iter()
        .chain([&VAULT])
        .map(|table| {
            let depth = "organization";
            (
                (*table).to_owned(),
                json!({"read": depth, "write": depth, "create": depth, "delete": depth}),
            )
        })
        .collect();
    lines.push(json!({"put": "role", "name": "Keeper", "privileges": all}));
    lines.extend((0..USERS).map(|number| user(dice, number)).collect::<Vec<_>>());
    lines.extend((0..TEAMS).map(|number| team(dice, number)).collect::<Vec<_>>());
    lines
}
