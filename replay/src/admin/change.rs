//! A change as an admin writes it, one JSON object a line.

use haversack_core::{
    Offset, RowId,
    catalog::Catalog,
    event::Operation,
    profile::{App, Member, ProfileDraft},
    schema::{Relationship, TableDefinition},
    security::{BusinessUnit, Position, Role, Team, User},
    settings::Settings,
};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

use super::Fault;

/// A change to the environment, or an online edit of a row.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names are the contract's")]
pub enum Change {
    BusinessUnit(BusinessUnit),
    Position(Position),
    Role(Role),
    User(User),
    Team(Team),
    Table(TableDefinition),
    Relationship(Relationship),
    App(App),
    Settings(Settings),
    Profile(ProfileDraft),
    Publish(String),
    Unpublish(String),
    Member {
        profile: String,
        member: Member,
        add: bool,
        /// Whether whoever has another profile is moved.
        moves: bool,
    },
    Row(RowChange),
    /// A change of a known kind whose content does not fit it.
    Misfit(Fault),
}

/// An online edit.
#[derive(Clone, Debug)]
pub struct RowChange {
    /// The table.
    pub table: String,
    /// What is done.
    pub operation: Operation,
    /// The row.
    pub id: RowId,
    /// Its values, or those to write.
    pub values: Map<String, Json>,
    /// The user who does it, by id or name; none: the administrator, who may do all.
    pub user: Option<String>,
    /// The version that the row must still have; none: whichever.
    pub if_version: Option<Offset>,
}

/// A line that is no change at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotAChange(pub String);

const KINDS: &str = "an object with \"put\", \"publish\", \"unpublish\", \"member\" or \"row\"";

impl Change {
    /// Reads a change. What the admin leaves out is taken from the catalog: an object's id by its
    /// name, settings as they are.
    ///
    /// # Errors
    /// If the line is of no known kind.
    pub fn read(line: Json, catalog: &Catalog) -> Result<Self, NotAChange> {
        let Json::Object(mut object) = line else {
            return Err(NotAChange(format!("found {line}, expected {KINDS}")));
        };
        if let Some(kind) = object.remove("put") {
            return put(&kind, object, catalog);
        }
        let read = if let Some(row) = object.remove("row") {
            none_left(object).and_then(|()| row_change(row))
        } else if let Some(member) = object.remove("member") {
            none_left(object).and_then(|()| member_change(member, catalog))
        } else if let Some(profile) = object.remove("publish") {
            none_left(object).and_then(|()| text(profile)).map(Self::Publish)
        } else if let Some(profile) = object.remove("unpublish") {
            none_left(object).and_then(|()| text(profile)).map(Self::Unpublish)
        } else {
            let found = object.keys().next().map_or("{}", String::as_str);
            return Err(NotAChange(format!("found {found:?}, expected {KINDS}")));
        };
        Ok(read.unwrap_or_else(Self::Misfit))
    }
}

fn put(
    kind: &Json,
    mut object: Map<String, Json>,
    catalog: &Catalog,
) -> Result<Change, NotAChange> {
    let name = object.get("name").and_then(Json::as_str).unwrap_or_default().to_owned();
    let known_id = match kind.as_str() {
        Some("business_unit") => {
            catalog.business_units.values().find(|unit| unit.name == name).map(|unit| unit.id)
        }
        Some("position") => catalog.positions.values().find(|p| p.name == name).map(|p| p.id),
        Some("user") => catalog.users.values().find(|user| user.name == name).map(|user| user.id),
        Some("team") => catalog.teams().find(|team| team.name == name).map(|team| team.id),
        _ => None,
    };
    if let (Some(id), false) = (known_id, object.contains_key("id")) {
        object.insert("id".into(), Json::from(id.to_string()));
    }
    let json = Json::Object(object);
    let change = match kind.as_str() {
        Some("business_unit") => typed(json).map(Change::BusinessUnit),
        Some("position") => typed(json).map(Change::Position),
        Some("role") => typed(json).map(Change::Role),
        Some("user") => typed(json).map(Change::User),
        Some("team") => typed(json).map(Change::Team),
        Some("table") => typed(json).map(Change::Table),
        Some("relationship") => typed(json).map(Change::Relationship),
        Some("app") => typed(json).map(Change::App),
        Some("profile") => typed(json).map(Change::Profile),
        Some("settings") => settings(json, &catalog.settings).map(Change::Settings),
        _ => {
            return Err(NotAChange(format!(
                "found \"put\": {kind}, expected business_unit, position, role, user, team, table, \
                 relationship, app, profile or settings"
            )));
        }
    };
    Ok(change.unwrap_or_else(Change::Misfit))
}

/// The settings as they are, with those given in their place; groups of settings key by key.
fn settings(given: Json, now: &Settings) -> Result<Settings, Fault> {
    let mut all = serde_json::to_value(now).expect("settings have only text keys");
    merge(&mut all, given);
    typed(all)
}

fn merge(into: &mut Json, given: Json) {
    match (into, given) {
        (Json::Object(into), Json::Object(given)) => {
            for (key, value) in given {
                merge(into.entry(key).or_insert(Json::Null), value);
            }
        }
        (into, given) => *into = given,
    }
}

fn typed<T: DeserializeOwned>(json: Json) -> Result<T, Fault> {
    serde_json::from_value(json).map_err(|error| Fault::new("bad_value", error.to_string()))
}

fn none_left(object: Map<String, Json>) -> Result<(), Fault> {
    match object.keys().next() {
        Some(key) => Err(Fault::new("bad_value", format!("unexpected key {key:?}"))),
        None => Ok(()),
    }
}

fn text(json: Json) -> Result<String, Fault> {
    match json {
        Json::String(text) => Ok(text),
        other => Err(Fault::new("bad_value", format!("found {other}, expected a profile's name"))),
    }
}

fn take_text(object: &mut Map<String, Json>, key: &str) -> Result<Option<String>, Fault> {
    match object.remove(key) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(text)) => Ok(Some(text)),
        Some(other) => {
            Err(Fault::new("bad_value", format!("found {key:?}: {other}, expected text")))
        }
    }
}

fn required(object: &mut Map<String, Json>, key: &str) -> Result<String, Fault> {
    take_text(object, key)?.ok_or_else(|| Fault::new("required", format!("{key:?} is missing")))
}

fn object_of(json: Json) -> Result<Map<String, Json>, Fault> {
    match json {
        Json::Object(object) => Ok(object),
        other => Err(Fault::new("bad_value", format!("found {other}, expected an object"))),
    }
}

fn row_change(json: Json) -> Result<Change, Fault> {
    let mut row = object_of(json)?;
    let table = required(&mut row, "table")?;
    let operation = operation(&required(&mut row, "op")?)?;
    let id = id(&required(&mut row, "id")?)?;
    let user = take_text(&mut row, "as")?;
    let values = match row.remove("values") {
        None | Some(Json::Null) => Map::new(),
        Some(values) => object_of(values)?,
    };
    let if_version = version(row.remove("if_version"))?;
    none_left(row)?;
    Ok(Change::Row(RowChange { table, operation, id, values, user, if_version }))
}

fn version(json: Option<Json>) -> Result<Option<Offset>, Fault> {
    match json {
        None | Some(Json::Null) => Ok(None),
        Some(json) => match json.as_u64().and_then(Offset::new) {
            Some(version) => Ok(Some(version)),
            None => {
                let message = format!("found \"if_version\": {json}, expected a row's version");
                Err(Fault::new("bad_value", message))
            }
        },
    }
}

fn operation(text: &str) -> Result<Operation, Fault> {
    [Operation::Create, Operation::Update, Operation::Delete]
        .into_iter()
        .find(|operation| operation.name() == text)
        .ok_or_else(|| {
            Fault::new("bad_value", format!("found {text:?}, expected create, update or delete"))
        })
}

fn id(text: &str) -> Result<RowId, Fault> {
    text.parse()
        .map_err(|error: haversack_core::RowIdError| Fault::new("bad_value", error.to_string()))
}

fn member_change(json: Json, catalog: &Catalog) -> Result<Change, Fault> {
    let mut object = object_of(json)?;
    let profile = required(&mut object, "profile")?;
    let user = take_text(&mut object, "user")?;
    let team = take_text(&mut object, "team")?;
    let member = match (user, team) {
        (Some(user), None) => match catalog.find_user(&user) {
            Some(user) => Member::User(user.id),
            None => Member::User(id(&user)?),
        },
        (None, Some(team)) => Member::Team(id(&team)?),
        _ => return Err(Fault::new("required", "expected either \"user\" or \"team\"")),
    };
    let add = match required(&mut object, "op")?.as_str() {
        "add" => true,
        "remove" => false,
        other => {
            let message = format!("found {other:?}, expected add or remove");
            return Err(Fault::new("bad_value", message));
        }
    };
    let moves = match object.remove("move") {
        None | Some(Json::Null) => false,
        Some(Json::Bool(moves)) => moves,
        Some(other) => {
            let message = format!("found \"move\": {other}, expected true or false");
            return Err(Fault::new("bad_value", message));
        }
    };
    none_left(object)?;
    Ok(Change::Member { profile, member, add, moves })
}
