//! Events.

use haversack_core::{
    Offset, Timestamp,
    event::{Actor, DeviceEdit, Event, Operation, RowWrite, Verdict},
    profile::Member,
    schema::Table,
};
use haversack_replay::State;
use haversack_store::LogRecord;
use serde::Serialize;
use serde_json::{Value as Json, json};

use super::{
    Line,
    conflict::winner,
    device::{token, user_name},
    line,
    row::{requested, written},
};

/// Who made an event.
#[must_use]
pub fn actor(state: &State, actor: &Actor) -> Json {
    match actor {
        Actor::Administrator => Json::from("administrator"),
        Actor::Load => Json::from("load"),
        Actor::User(id) => Json::from(user_name(state, *id)),
        Actor::Device(id) => match state.devices.get(id) {
            Some(known) => {
                let user = user_name(state, known.device.user);
                Json::from(format!("{user} ({})", known.device.name))
            }
            None => json!(id),
        },
    }
}

/// An event on a row, as the row's history tells it.
#[must_use]
pub fn on_row(state: &State, record: &LogRecord) -> Line {
    let mut event = entered(state, record.offset, record.at, &record.inner.actor);
    event.extend(match &record.inner.event {
        Event::RowWritten(write) => row_write(state, write),
        Event::DeviceEdited(edit) => device_edit(state, edit),
        _ => Line::new(),
    });
    event
}

/// Any event: when, by whom, of which kind, and what it says. No token's hash.
#[must_use]
pub fn event(state: &State, record: &LogRecord) -> Line {
    let mut event = entered(state, record.offset, record.at, &record.inner.actor);
    let kind = record.inner.event.kind();
    event.insert("kind".to_owned(), Json::from(kind));
    event.extend(said(state, &record.inner.event));
    event
}

fn entered(state: &State, offset: Offset, at: Timestamp, by: &Actor) -> Line {
    line([
        ("offset", Some(Json::from(offset.get()))),
        ("at", Some(Json::from(at.to_string()))),
        ("actor", Some(actor(state, by))),
    ])
}

fn said(state: &State, event: &Event) -> Line {
    match event {
        Event::EnvironmentCreated { name, rules } => one("name", name, ("rules", rules)),
        Event::LoadStarted { digest, events } => {
            let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            one("digest", &digest, ("events", events))
        }
        Event::SettingsChanged(settings) => object("settings", settings),
        Event::BusinessUnitPut(unit) => object("business_unit", unit),
        Event::PositionPut(position) => object("position", position),
        Event::RolePut(role) => object("role", role),
        Event::UserPut(user) => object("user", user),
        Event::TeamPut(team) => object("team", team),
        Event::TablePut(table) => object("table", table),
        Event::RelationshipPut(relationship) => object("relationship", relationship),
        Event::AppPut(app) => object("app", app),
        Event::ProfileDrafted(draft) => object("profile", draft),
        Event::ProfilePublished { profile } | Event::ProfileUnpublished { profile } => {
            object("profile", profile)
        }
        Event::MemberAdded { profile, member } | Event::MemberRemoved { profile, member } => {
            membership(profile, *member)
        }
        Event::RowWritten(write) => on(&write.key.table, write.key.id, row_write(state, write)),
        Event::DeviceEdited(edit) => on(&edit.key.table, edit.key.id, device_edit(state, edit)),
        Event::DeviceRegistered(device) => line([
            ("device", Some(json!(device.id))),
            ("user", Some(json!(device.user))),
            ("name", Some(json!(device.name))),
            ("platform", Some(json!(device.platform))),
        ]),
        Event::DeviceAppChanged { device, app } => one("device", device, ("app", app)),
        Event::TokenIssued(issued) => object("token", &token(state, issued)),
        Event::TokenRevoked { id } => object("token", &line([("id", Some(json!(id)))])),
    }
}

fn object(key: &str, value: &impl Serialize) -> Line {
    line([(key, Some(json!(value)))])
}

fn one(key: &str, value: &impl Serialize, other: (&str, &impl Serialize)) -> Line {
    line([(key, Some(json!(value))), (other.0, Some(json!(other.1)))])
}

fn membership(profile: &str, member: Member) -> Line {
    let (kind, id) = match member {
        Member::User(id) => ("user", id),
        Member::Team(id) => ("team", id),
    };
    one("profile", &profile, (kind, &id))
}

/// What was done with a row; in a list of all events `kind` is the event's, so this is `op` there.
fn on(table: &haversack_core::Name, id: haversack_core::RowId, mut done: Line) -> Line {
    let operation = done.remove("kind");
    let mut line =
        line([("table", Some(json!(table))), ("id", Some(json!(id))), ("op", operation)]);
    line.extend(done);
    line
}

fn table<'s>(state: &'s State, name: &str) -> Option<&'s Table> {
    state.catalog.table(name).map(AsRef::as_ref)
}

fn row_write(state: &State, write: &RowWrite) -> Line {
    let table = table(state, &write.key.table);
    let values = match write.operation {
        Operation::Delete => Json::Null,
        Operation::Create | Operation::Update => Json::Object(written(table, &write.values)),
    };
    line([
        ("kind", Some(json!(write.operation.name()))),
        ("outcome", Some(json!("applied"))),
        ("values", Some(values)),
    ])
}

fn device_edit(state: &State, edit: &DeviceEdit) -> Line {
    let table = table(state, &edit.key.table);
    let code = match edit.verdict {
        Verdict::Refused(refusal) => Some(json!(refusal.code())),
        Verdict::Applied | Verdict::Conflict { .. } => None,
    };
    line([
        ("kind", Some(json!(edit.request.operation().name()))),
        ("outcome", Some(json!(edit.verdict.outcome()))),
        ("winner", winner(edit.verdict)),
        ("code", code),
        ("base", Some(json!(edit.base))),
        ("mutation", Some(json!(edit.number))),
        ("values", Some(requested(table, &edit.request))),
    ])
}
