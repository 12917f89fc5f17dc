//! Rows and the events on them as the digest's text has them, written without a tree between.

use haversack_core::{
    Row, Value, Values,
    event::{Refusal, Verdict},
    json::value_json,
    schema::{Column, Table},
};
use serde::{Serialize, Serializer};

use crate::{Touch, Touches};

/// A row: its version and its columns.
pub(super) struct RowText<'a> {
    pub table: Option<&'a Table>,
    pub row: &'a Row,
}

impl Serialize for RowText<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let entries = Entries { table: self.table, values: &self.row.values };
        (self.row.version, entries).serialize(serializer)
    }
}

/// Columns with their values. Those that the schema no longer has are written as they are kept.
pub(super) struct Entries<'a> {
    pub table: Option<&'a Table>,
    pub values: &'a Values,
}

impl Serialize for Entries<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.values.iter().map(|(name, value)| {
            let column = self.table.and_then(|table| table.column(name));
            (name, value.map(|value| ValueText { column, value }))
        }))
    }
}

struct ValueText<'a> {
    column: Option<&'a Column>,
    value: &'a Value,
}

impl Serialize for ValueText<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Some(column) = self.column else {
            return serializer.serialize_str(&format!("{:?}", self.value));
        };
        // The frequent ones; each as `value_json` has it.
        match self.value {
            Value::Text(text) => serializer.serialize_str(text),
            Value::Integer(number) => serializer.serialize_i64(*number),
            Value::Boolean(flag) => serializer.serialize_bool(*flag),
            Value::Choice(option) => serializer.serialize_i32(*option),
            Value::Timestamp(instant) => instant.serialize(serializer),
            Value::Id(id) => id.serialize(serializer),
            Value::Reference(reference) if !column.is_polymorphic() => {
                reference.id.serialize(serializer)
            }
            value => value_json(column, value).serialize(serializer),
        }
    }
}

/// The events on a row, newest first.
pub(super) struct Touched<'a>(pub &'a Touches);

impl Serialize for Touched<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.newest_first().map(TouchText))
    }
}

struct TouchText<'a>(&'a Touch);

impl Serialize for TouchText<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Touch { offset, device, verdict, is_version, spared } = self.0;
        let verdict = verdict.map(|verdict| {
            let refusal = match verdict {
                Verdict::Refused(refusal) => Some(Refusal::code(refusal)),
                Verdict::Applied | Verdict::Conflict { .. } => None,
            };
            (verdict.outcome(), verdict.winner(), refusal)
        });
        (offset, device, verdict, is_version, spared.as_deref()).serialize(serializer)
    }
}
