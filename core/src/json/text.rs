//! Rows written as text, without a tree of values in between: what streams of many rows are made of.

use std::io::Write;

use serde::Serialize;

use super::write::bare_json;
use crate::{
    Lent, Name, RowId, Value,
    catalog::Catalog,
    schema::{Column, OWNERID, OWNINGBUSINESSUNIT, Ownership, Table},
};

/// Writes the object that [`row_object`](super::row_object) makes of the values, which come in the order
/// of their columns' names; so do the keys.
///
/// # Panics
/// Never: memory takes all.
pub fn write_row<'v>(
    out: &mut Vec<u8>,
    catalog: &Catalog,
    table: &Table,
    id: RowId,
    values: impl Iterator<Item = (&'v Name, Lent<'v>)>,
) {
    out.push(b'{');
    let begin = out.len();
    let mut rest = values.peekable();
    let follows_owner = table.ownership == Ownership::UserOrTeam;
    // `ownerid` comes before `owningbusinessunit`, which is read off it if the row does not give it.
    let mut owner = None;
    for column in table.columns_by_name() {
        let name = &column.name;
        // Mostly the next value is of the next column; what comes before it was dropped from the table.
        let mut value = rest.next_if(|(known, _)| *known == name);
        while value.is_none() && rest.next_if(|(known, _)| *known < name).is_some() {
            value = rest.next_if(|(known, _)| *known == name);
        }
        let value = value.map(|(_, value)| value);
        if *name == table.primary_key {
            key(out, begin, name.as_str());
            write_id(out, id);
        } else if follows_owner && name.as_str() == OWNINGBUSINESSUNIT {
            let unit = match value {
                Some(Lent::Reference(_, unit)) => Some(unit),
                _ => owner.and_then(|owner| catalog.business_unit_of(owner)),
            };
            if let Some(unit) = unit {
                key(out, begin, OWNINGBUSINESSUNIT);
                write_id(out, unit);
            }
        } else if let Some(value) = value {
            if let (Lent::Reference(_, to), OWNERID) = (&value, name.as_str()) {
                owner = Some(*to);
            }
            key(out, begin, name.as_str());
            write_value(out, column, value);
        }
    }
    out.push(b'}');
}

fn key(out: &mut Vec<u8>, begin: usize, name: &str) {
    if out.len() > begin {
        out.push(b',');
    }
    // Names have nothing that JSON would escape.
    out.push(b'"');
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
}

fn write_value(out: &mut Vec<u8>, column: &Column, value: Lent<'_>) {
    let value = match value {
        Lent::Reference(table, id) if column.is_polymorphic() => {
            out.extend_from_slice(b"{\"id\":");
            write_id(out, id);
            out.extend_from_slice(b",\"table\":\"");
            out.extend_from_slice(table.as_str().as_bytes());
            return out.extend_from_slice(b"\"}");
        }
        Lent::Reference(_, id) => return write_id(out, id),
        Lent::Text(text) => return json(out, text),
        Lent::Other(value) => value,
    };
    match value.as_ref() {
        Value::Id(id) => write_id(out, *id),
        Value::Integer(number) => json(out, number),
        Value::Choice(option) => json(out, option),
        Value::Decimal(number) => write!(out, "{number}").expect("memory takes all"),
        Value::Timestamp(instant) => {
            out.push(b'"');
            instant.write_to(out);
            out.push(b'"');
        }
        other => json(out, &bare_json(other)),
    }
}

fn json(out: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    serde_json::to_writer(out, value).expect("memory takes all");
}

fn write_id(out: &mut Vec<u8>, id: RowId) {
    out.push(b'"');
    id.write_to(out);
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use serde_json::Value as Json;

    use super::*;
    use crate::{
        Date, Decimal, Double, Reference, Timestamp, Values,
        json::row_object,
        schema::{ColumnDefinition, ColumnType, TableDefinition},
        security::User,
    };

    fn id(byte: u8) -> RowId {
        RowId::from_bytes([byte; 16])
    }

    fn catalog() -> Catalog {
        let column = |(name, column_type, targets): (&'static str, ColumnType, &[&'static str])| {
            ColumnDefinition {
                name: Name::known(name),
                display_name: None,
                column_type,
                max_length: None,
                required: false,
                options: Vec::new(),
                targets: targets.iter().copied().map(Name::known).collect(),
            }
        };
        let columns = [
            ("name", ColumnType::String, &[][..]),
            ("count", ColumnType::Integer, &[]),
            ("price", ColumnType::Money, &[]),
            ("share", ColumnType::Double, &[]),
            ("on", ColumnType::Boolean, &[]),
            ("kinds", ColumnType::Choices, &[]),
            ("day", ColumnType::Date, &[]),
            ("parent", ColumnType::Lookup, &["thing"]),
            ("about", ColumnType::Lookup, &["thing", "other"]),
            ("zebra", ColumnType::Uniqueidentifier, &[]),
        ];
        let mut catalog = Catalog::default();
        catalog.put_table(TableDefinition {
            name: Name::known("thing"),
            display_name: None,
            ownership: Ownership::UserOrTeam,
            primary_key: Name::known("thingid"),
            primary_name: None,
            can_be_taken_offline: true,
            hierarchy_column: None,
            columns: columns.into_iter().map(column).collect(),
        });
        let user = User {
            id: id(1),
            name: "U".to_owned(),
            business_unit: id(2),
            manager: None,
            position: None,
            language: None,
            time_zone: None,
            roles: Vec::new(),
        };
        catalog.users.insert(user.id, std::sync::Arc::new(user));
        catalog
    }

    fn values() -> Vec<(&'static str, Value)> {
        let to = |table: &'static str, byte| {
            Value::Reference(Reference { table: Name::known(table), id: id(byte) })
        };
        vec![
            ("name", Value::Text("\"\\\n\u{1}\u{2028}\u{e4}\u{1f600}</script>".to_owned())),
            ("count", Value::Integer(i64::MIN)),
            ("price", Value::Decimal(Decimal::parse("-12345678901234567890.12345678").unwrap())),
            ("share", Value::Double(Double::new(-1.5e300).unwrap())),
            ("on", Value::Boolean(false)),
            ("kinds", Value::Choices(vec![3, 5])),
            ("day", Value::Date(Date(-3))),
            ("createdon", Value::Timestamp(Timestamp(1_772_357_400_000_001))),
            ("modifiedon", Value::Timestamp(Timestamp(-1))),
            ("parent", to("thing", 3)),
            ("about", to("other", 4)),
            ("ownerid", to("systemuser", 1)),
            ("dropped", Value::Integer(1)),
            ("zebra", Value::Id(id(5))),
        ]
    }

    #[test]
    fn text_is_that_of_the_object() {
        let catalog = catalog();
        let table = catalog.table("thing").unwrap();
        let all = values();
        let whole: Values =
            all.iter().map(|(name, value)| (Name::known(name), Some(value.clone()))).collect();
        let own_unit =
            Value::Reference(Reference { table: Name::known("businessunit"), id: id(9) });
        let given: Values =
            [(Name::known(OWNINGBUSINESSUNIT), Some(own_unit))].into_iter().collect();
        let parts = (0..all.len()).map(|left_out| {
            let mut part = whole.clone();
            part.remove(all[left_out].0);
            part
        });
        for values in [whole.clone(), Values::default(), given].into_iter().chain(parts) {
            let mut text = Vec::new();
            write_row(&mut text, &catalog, table, id(7), values.lent());
            let object = Json::Object(row_object(&catalog, table, id(7), &values));
            assert_eq!(String::from_utf8(text).unwrap(), object.to_string());
        }
    }
}
