//! A device's edit as it travels.

use haversack_core::{
    BaseVersion, MutationNumber, Name, Offset, RowId, event::Operation, name::NameError,
};
use serde_json::{Map, Value as Json};

/// An edit as a device sends it.
#[derive(Clone, Debug, PartialEq)]
pub struct Mutation {
    /// Its number on the device.
    pub number: MutationNumber,
    /// What is asked for.
    pub operation: Operation,
    /// The table. It need not exist: then the edit is refused, and recorded.
    pub table: Name,
    /// The row.
    pub id: RowId,
    /// What the device had seen of the row.
    pub base: BaseVersion,
    /// The row of a create, the columns written of an update.
    pub values: Map<String, Json>,
}

impl Mutation {
    /// Reads a mutation.
    ///
    /// # Errors
    /// What was found, and what was expected.
    pub fn read(json: Json) -> Result<Self, String> {
        let Json::Object(mut object) = json else {
            return Err(format!("found {json}, expected an object"));
        };
        let number = object.remove("n").and_then(|n| n.as_u64()).and_then(MutationNumber::new);
        let number = number.ok_or("\"n\" must be a whole number from 1")?;
        let operation = match text(&mut object, "op")?.as_str() {
            "create" => Operation::Create,
            "update" => Operation::Update,
            "delete" => Operation::Delete,
            other => {
                return Err(format!("found \"op\": {other:?}, expected create, update or delete"));
            }
        };
        let table = text(&mut object, "table")?;
        let table = table.parse().map_err(|error: NameError| error.to_string())?;
        let id = text(&mut object, "id")?;
        let id = id.parse().map_err(|error: haversack_core::RowIdError| error.to_string())?;
        let base = base(object.remove("base"))?;
        let values = match object.remove("values") {
            None | Some(Json::Null) => Map::new(),
            Some(Json::Object(values)) => values,
            Some(other) => return Err(format!("found \"values\": {other}, expected an object")),
        };
        match object.keys().next() {
            Some(key) => {
                Err(format!("unexpected key {key:?}, expected n, op, table, id, base and values"))
            }
            None => Ok(Self { number, operation, table, id, base, values }),
        }
    }

    /// The mutation as JSON.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let Self { number, operation, table, id, base, values } = self;
        serde_json::json!({
            "n": number, "op": operation.name(), "table": table, "id": id, "base": base, "values": values
        })
    }
}

fn text(object: &mut Map<String, Json>, key: &str) -> Result<String, String> {
    match object.remove(key) {
        Some(Json::String(text)) => Ok(text),
        Some(other) => Err(format!("found {key:?}: {other}, expected text")),
        None => Err(format!("{key:?} is missing")),
    }
}

fn base(json: Option<Json>) -> Result<BaseVersion, String> {
    match json {
        None | Some(Json::Null) => Ok(BaseVersion::NONE),
        Some(json) => match json.as_u64() {
            Some(base) => Ok(Offset::new(base).map_or(BaseVersion::NONE, BaseVersion::seen)),
            None => Err(format!("found \"base\": {json}, expected an offset or null")),
        },
    }
}
