//! Device edits: registration, numbers, duplicates, and the answers that devices get.

use haversack_core::{
    MutationNumber, Offset, RowId, Values,
    event::{
        Actor, Device, DeviceEdit, EditRequest, Event, Operation, Record, Refusal, RowKey, Side,
        Verdict,
    },
    json::{read_row, row_object},
    limits::DEVICE_NAME_LENGTH_MAX,
    schema::TableKind,
    security::Privilege,
};
pub use haversack_sync::mutation::Mutation;
use haversack_sync::planted::{Bug, planted};
use serde_json::{Map, Value as Json};

use crate::{EngineError, commit::Registration, group::Group};

/// The answer to one edit.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Its number.
    pub number: MutationNumber,
    /// Whether it had been taken before.
    pub duplicate: bool,
    /// The verdict; of a duplicate, the one given the first time.
    pub verdict: Verdict,
    /// Where it is in the log.
    pub offset: Offset,
    /// Of a refusal: what was found and what was expected.
    pub message: Option<String>,
    /// Of a conflict: the row just before, if the user may read the row now.
    pub server: Option<Map<String, Json>>,
}

/// The answer to a push.
#[derive(Clone, Debug)]
pub struct Pushed {
    /// The answers, in the order of the edits.
    pub outcomes: Vec<Outcome>,
}

/// An edit as it was sent, made ready for the committer by whoever hands it over.
pub(crate) struct Sent {
    mutation: Mutation,
    /// Its fingerprint.
    content: [u8; 16],
}

impl Sent {
    /// These edits.
    pub fn all(mutations: Vec<Mutation>) -> Vec<Self> {
        let sent = |mutation| Self { content: fingerprint(&mutation), mutation };
        mutations.into_iter().map(sent).collect()
    }
}

/// Makes a device known, unless its user has one of this name.
///
/// Its id follows from user and name, so that a device that registers twice is the same one.
pub(crate) fn register(
    group: &mut Group<'_>,
    registration: &Registration,
) -> Result<Device, EngineError> {
    let Registration { user, name, platform, app } = registration;
    let user = *user;
    let found = name.chars().count();
    if !(1..=DEVICE_NAME_LENGTH_MAX).contains(&found) {
        return Err(EngineError::BadDeviceName { found });
    }
    if let Some(known) = group.ahead.device_named(user, name).cloned() {
        let device = known.device.as_ref().clone();
        if let Some(app) = app.as_ref().filter(|app| app.as_deref() != known.app.as_deref()) {
            ask_for(group, &device, app.clone())?;
        }
        return Ok(device);
    }
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"haversack device").update(user.as_bytes()).update(name.as_bytes());
    let mut bytes = [0; 16];
    hasher.finalize_xof().fill(&mut bytes);
    // A UUID of version 8, whose bits are the maker's own (RFC 9562, 5.8).
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let id = RowId::from_bytes(bytes);
    let device = Device { id, user, name: name.to_owned(), platform: platform.to_owned() };
    let event = Event::DeviceRegistered(device.clone());
    group.add(Record { actor: Actor::User(user), event })?;
    if let Some(Some(app)) = app {
        ask_for(group, &device, Some(app.clone()))?;
    }
    Ok(device)
}

/// A device asks in the name of an app from now on, or of none.
fn ask_for(group: &mut Group<'_>, device: &Device, app: Option<String>) -> Result<(), EngineError> {
    let event = Event::DeviceAppChanged { device: device.id, app };
    group.add(Record { actor: Actor::User(device.user), event })?;
    Ok(())
}

/// Takes a push: all of it, or nothing if its numbers don't fit.
pub(crate) fn run(
    group: &mut Group<'_>,
    device: RowId,
    edits: &[Sent],
) -> Result<Pushed, EngineError> {
    let next = group.ahead.devices.get(&device).ok_or(EngineError::Closed)?.next_mutation();
    let outcomes =
        edits.iter().map(|sent| one(group, device, sent, next)).collect::<Result<_, _>>();
    Ok(Pushed { outcomes: outcomes? })
}

/// Takes an edit of a push. If it's refused, `next` is the number to use next, as nothing of the push is taken.
fn one(
    group: &mut Group<'_>,
    device: RowId,
    sent: &Sent,
    next: MutationNumber,
) -> Result<Outcome, EngineError> {
    let Sent { mutation, content } = sent;
    let content = *content;
    let known = group.ahead.devices.get(&device).ok_or(EngineError::Closed)?;
    let (expected, found, user) = (known.next_mutation(), mutation.number, known.device.user);
    if found > expected && !planted(Bug::TakeGaps) {
        return Err(EngineError::MutationGap { expected, found });
    }
    if found < expected && !planted(Bug::JudgeAgain) {
        let at = usize::try_from(found.get() - 1).unwrap_or(usize::MAX);
        let offset = *known.edits.get(at).ok_or(EngineError::Closed)?;
        return duplicate(group, offset, content, next, found);
    }
    let (request, message) = request(group, mutation);
    let key = RowKey { table: mutation.table.clone(), id: mutation.id };
    let (number, base) = (found, mutation.base);
    // The verdict is found when the edit is added; until then it holds a place.
    let verdict = Verdict::Refused(Refusal::UnknownRow);
    let edit = DeviceEdit { device, user, number, key, base, request, content, verdict };
    let (offset, verdict) = group.add_edit(edit.clone())?;
    let message = match verdict {
        Verdict::Refused(refusal) => Some(message.unwrap_or_else(|| explain(refusal, &edit))),
        Verdict::Applied | Verdict::Conflict { .. } => None,
    };
    let server = server_row(group, user, offset);
    Ok(Outcome { number, duplicate: false, verdict, offset, message, server })
}

/// Whether the edit fits the schema as it is now; if not, it is kept as it was sent.
fn request(group: &Group<'_>, mutation: &Mutation) -> (EditRequest, Option<String>) {
    let operation = mutation.operation;
    let catalog = &group.ahead.catalog;
    let as_sent = |refusal| {
        let values = Json::Object(mutation.values.clone()).to_string();
        EditRequest::Misfits { operation, values, refusal }
    };
    let table = match catalog.table(&mutation.table) {
        None => return (as_sent(Refusal::UnknownTable), None),
        Some(table) if table.kind != TableKind::Data => return (as_sent(Refusal::ReadOnly), None),
        Some(table) => table,
    };
    if operation == Operation::Delete {
        return (EditRequest::Fits { operation, values: Values::default() }, None);
    }
    match read_row(catalog, table, mutation.id, &mutation.values) {
        // A row that is made holds no nulls; a patch says which columns it empties.
        Ok(values) if operation == Operation::Create => {
            (EditRequest::Fits { operation, values: values.without_nulls() }, None)
        }
        Ok(values) => (EditRequest::Fits { operation, values }, None),
        Err(misfit) => (as_sent(misfit.refusal), Some(misfit.message)),
    }
}

fn duplicate(
    group: &Group<'_>,
    offset: Offset,
    content: [u8; 16],
    next: MutationNumber,
    found: MutationNumber,
) -> Result<Outcome, EngineError> {
    let record = group.record(offset)?;
    match record.inner.event {
        Event::DeviceEdited(edit) if edit.content == content || planted(Bug::AnswerReused) => {
            Ok(Outcome {
                number: found,
                duplicate: true,
                verdict: edit.verdict,
                offset,
                message: None,
                server: None,
            })
        }
        _ => Err(EngineError::MutationReused { expected: next, found }),
    }
}

/// A fingerprint of what a device sent: JSON objects are kept in the order of their keys.
fn fingerprint(mutation: &Mutation) -> [u8; 16] {
    let Mutation { operation, table, id, base, values, .. } = mutation;
    let text = serde_json::to_vec(&(operation.name(), table, id, base, values));
    let mut fingerprint = [0; 16];
    blake3::Hasher::new()
        .update(&text.expect("JSON can be written"))
        .finalize_xof()
        .fill(&mut fingerprint);
    fingerprint
}

/// The server's side of a conflict, if the user may read the row as it is now.
fn server_row(group: &Group<'_>, user: RowId, offset: Offset) -> Option<Map<String, Json>> {
    let state = &group.ahead;
    let conflict = state.conflicts.get(&offset)?;
    let server = conflict.server.as_ref()?;
    let table = state.catalog.table(&conflict.key.table)?;
    let now = state.current(&conflict.key)?;
    let may_be_told = state.catalog.allows(user, Privilege::Read, table, &now.values);
    (may_be_told || planted(Bug::TellServerRow))
        .then(|| row_object(&state.catalog, table, conflict.key.id, &server.values))
}

fn explain(refusal: Refusal, edit: &DeviceEdit) -> String {
    let RowKey { table, id } = &edit.key;
    let operation = edit.request.operation().name();
    match refusal {
        Refusal::ReadOnly => format!("rows of `{table}` can't be written by devices"),
        Refusal::UnknownTable => format!("there is no table `{table}`"),
        Refusal::UnknownBase => {
            format!("base {} lies beyond the log's end", edit.base.offset().map_or(0, Offset::get))
        }
        Refusal::UnknownRow => format!("there is no row {id} in `{table}`"),
        Refusal::NoPrivilege => format!("no role lets the user {operation} this row of `{table}`"),
        Refusal::Required => "a column that needs a value has none".to_owned(),
        Refusal::UnknownColumn | Refusal::BadValue | Refusal::TooLong => {
            "a value does not fit its column".to_owned()
        }
    }
}

impl Outcome {
    /// The answer as JSON.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let mut json = Map::new();
        let mut set = |key: &str, value: Json| json.insert(key.to_owned(), value);
        set("n", Json::from(self.number.get()));
        set("offset", Json::from(self.offset.get()));
        if self.duplicate {
            set("outcome", Json::from("duplicate"));
            set("first", Json::from(self.verdict.outcome()));
        } else {
            set("outcome", Json::from(self.verdict.outcome()));
        }
        if let Some(winner) = self.verdict.winner() {
            let winner = if winner == Side::Client { "client" } else { "server" };
            set("winner", Json::from(winner));
        }
        if let (Verdict::Refused(refusal), false) = (self.verdict, self.duplicate) {
            set("code", Json::from(refusal.code()));
        }
        if let Some(message) = &self.message {
            set("message", Json::from(message.as_str()));
        }
        if let Some(server) = &self.server {
            set("server", Json::Object(server.clone()));
        }
        Json::Object(json)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Logs hold fingerprints, so they must stay what they were.
    #[test]
    fn fingerprints_are_of_the_text_of_an_array() {
        let sent = serde_json::json!({"n": 3, "op": "update", "table": "t", "base": 7,
            "id": "00000000-0000-0000-0000-000000000001",
            "values": {"b": "\u{e4}\n\"", "a": null, "c": 1.5, "d": {"table": "u", "id": "x"}}});
        for base in [Json::from(7), Json::Null] {
            let mut sent = sent.clone();
            sent["base"] = base.clone();
            let mutation = Mutation::read(sent.clone()).unwrap();
            assert_eq!(
                (mutation.number, mutation.operation),
                (MutationNumber::new(3).unwrap(), Operation::Update)
            );
            let text = serde_json::json!(["update", "t", sent["id"], base, sent["values"]]);
            let mut expected = [0; 16];
            let mut hasher = blake3::Hasher::new();
            hasher.update(text.to_string().as_bytes()).finalize_xof().fill(&mut expected);
            assert_eq!(fingerprint(&mutation), expected);
        }
    }
}
