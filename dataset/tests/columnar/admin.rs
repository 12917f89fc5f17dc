//! What administrators change in the midst of a history: settings, units, positions, tables, who has
//! which profile and what is in force.

use std::sync::Arc;

use haversack_core::{
    catalog::Catalog,
    profile::{Assignment, Member, Profile},
    schema::{Relationship, TableDefinition},
    security::{BusinessUnit, Position, TeamType, User},
    settings::{Compatibility, Settings},
};
use serde_json::{Value as Json, from_value, json};

use crate::{
    dice::Dice,
    world::{TEAMS, UNITS, USERS, World, id, tables},
};

/// Positions.
const POSITIONS: u8 = 3;
/// Two of them in one zone, one without a full hour, one where clocks jump.
const ZONES: [&str; 5] = ["UTC", "Asia/Kolkata", "America/New_York", "Australia/Lord_Howe", "UTC"];

/// Something that an administrator does; says what.
pub fn change(world: &mut World, dice: &mut Dice) -> &'static str {
    match dice.roll(9) {
        0 => settings(world, dice),
        1 => unit_moved(world, dice),
        2 => position(world, dice),
        3 => user(world, dice),
        4 => table(world, dice),
        5 => unpublished(world, dice),
        6 => directory_group(world, dice),
        7 => relationship(world, dice),
        _ => teams_assigned(world, dice),
    }
}

fn settings(world: &mut World, dice: &mut Dice) -> &'static str {
    let settings: Settings = from_value(json!({
        "compatibility": "extended",
        "time_zone": dice.one_of(&ZONES),
        "language": dice.one_of(&[1, 2]),
        "hierarchy": {"model": dice.one_of(&["none", "manager", "position"]), "depth": dice.one_of(&[1, 2, 5])},
        "fiscal_year": {"start": dice.one_of(&["01-01", "01-02", "04-06"]),
            "period": dice.one_of(&["annual", "quarterly", "monthly", "four_weekly"])},
    }))
    .expect("settings");
    world.change(|catalog| {
        catalog.settings = settings;
        catalog.settings.compatibility = Compatibility::Extended;
    });
    "settings changed"
}

/// Its parent is one before it: units form a tree.
fn unit_moved(world: &mut World, dice: &mut Dice) -> &'static str {
    let number = dice.small(UNITS - 1) + 1;
    let parent = Some(id("unit", dice.small(number)));
    let name = dice.one_of(&["1", "2", "x"]).to_owned();
    let unit = BusinessUnit { id: id("unit", number), name, parent };
    world.change(|catalog| {
        catalog.business_units.insert(unit.id, Arc::new(unit));
    });
    "a unit moved"
}

fn position(world: &mut World, dice: &mut Dice) -> &'static str {
    let number = dice.small(POSITIONS);
    let parent = (number > 0).then(|| id("position", dice.small(number)));
    let position = Position { id: id("position", number), name: number.to_string(), parent };
    world.change(|catalog| {
        catalog.positions.insert(position.id, Arc::new(position));
    });
    "a position moved"
}

/// Where and what they are, roles and manager stay.
fn user(world: &mut World, dice: &mut Dice) -> &'static str {
    let Some(user) = world.catalog.users.get(&id("user", dice.small(USERS))) else {
        return "there is no such user";
    };
    let mut user = User::clone(user);
    match dice.roll(4) {
        0 => user.time_zone = Some(dice.one_of(&ZONES).to_owned()).filter(|_| dice.chance(8)),
        1 => user.language = Some(dice.one_of(&[1, 2])).filter(|_| dice.chance(8)),
        2 => user.position = Some(id("position", dice.small(POSITIONS))),
        _ => user.business_unit = id("unit", dice.small(UNITS)),
    }
    world.change(|catalog| {
        catalog.users.insert(user.id, Arc::new(user));
    });
    "a user moved"
}

/// A table goes offline or not, has a tree or not, a column more or less.
fn table(world: &mut World, dice: &mut Dice) -> &'static str {
    let mut definition = dice.one_of(&tables());
    definition["can_be_taken_offline"] = json!(dice.chance(7));
    let is_tree = definition["name"] == "account" && dice.chance(7);
    definition["hierarchy_column"] = if is_tree { json!("parent") } else { Json::Null };
    if let Some(columns) = definition["columns"].as_array_mut().filter(|_| dice.chance(3)) {
        let dropped = dice.one_of(&["kind", "due", "price", "name"]);
        columns.retain(|column| column["name"] != dropped);
    }
    let definition: TableDefinition = from_value(definition).expect("a table");
    world.change(|catalog| catalog.put_table(definition));
    "a table changed"
}

fn relationship(world: &mut World, dice: &mut Dice) -> &'static str {
    let (name, intersect, table, column) = dice.one_of(&[
        ("account_tags", "account_tag", "account", "accountid"),
        ("contact_tags", "contact_tag", "contact", "contactid"),
    ]);
    let relationship: Relationship = from_value(json!({
        "name": name, "kind": "many_to_many", "intersect": intersect, "table": table,
        "column": column, "target": "tag", "target_column": "tagid"}))
    .expect("a relationship");
    world.change(|catalog| catalog.put_relationship(relationship));
    "a relationship was put"
}

fn unpublished(world: &mut World, dice: &mut Dice) -> &'static str {
    let name = dice.one_of(&["p", "q"]);
    world.change(|catalog: &mut Catalog| {
        if let Some(profile) = catalog.profiles.get(name).cloned() {
            let profile = Profile { published: None, ..Profile::clone(&profile) };
            catalog.profiles.insert(name.to_owned(), Arc::new(profile));
        }
    });
    "unpublished"
}

/// Classic takes the members that such a team had when it was added.
fn directory_group(world: &mut World, dice: &mut Dice) -> &'static str {
    let Some(team) = world.catalog.team(id("team", dice.small(TEAMS))) else {
        return "there is no such team";
    };
    let mut team = (**team).clone();
    team.team_type = dice.one_of(&[TeamType::Owner, TeamType::AadSecurity]);
    let compatibility = dice.one_of(&[Compatibility::Classic, Compatibility::Extended]);
    world.change(|catalog| {
        catalog.put_team(team);
        catalog.settings.compatibility = compatibility;
    });
    "a team changed its type"
}

fn teams_assigned(world: &mut World, dice: &mut Dice) -> &'static str {
    let assignments: Vec<Assignment> = (0..5)
        .map(|_| Assignment {
            profile: dice.one_of(&["p", "q", "r"]).to_owned(),
            member: match dice.chance(6) {
                true => Member::Team(id("team", dice.small(TEAMS))),
                false => Member::User(id("user", dice.small(USERS))),
            },
            members_when_added: (0..USERS)
                .filter(|_| dice.chance(4))
                .map(|number| id("user", number))
                .collect(),
        })
        .collect();
    world.change(|catalog| catalog.assignments = Arc::new(assignments));
    "teams moved"
}
