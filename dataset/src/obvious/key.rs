//! By what values are compared that stand in rows: for order, for groups, for what is distinct, and
//! for joins.

use haversack_core::{
    Date, Double, RowId, Timestamp, Value,
    text::{equality_key, text_key},
};

/// By what a value is compared. Null comes first; kinds never mix within a column.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    Null,
    Boolean(bool),
    Number(rust_decimal::Decimal),
    Double(Double),
    Text(String),
    Instant(Timestamp),
    Date(Date),
    Choices(Vec<i32>),
    Id(RowId),
}

impl Key {
    /// What is one for groups and `distinct`: text by its text key, pointers by the id.
    pub(crate) fn of(value: Option<&Value>) -> Self {
        let Some(value) = value else { return Self::Null };
        match value {
            Value::Boolean(flag) => Self::Boolean(*flag),
            Value::Integer(number) => Self::Number((*number).into()),
            Value::Decimal(number) => Self::Number(number.get()),
            Value::Double(number) => Self::Double(*number),
            Value::Text(text) => Self::Text(text_key(text)),
            Value::Timestamp(instant) => Self::Instant(*instant),
            Value::Date(date) => Self::Date(*date),
            Value::Choice(option) => Self::Number((*option).into()),
            Value::Choices(options) => Self::Choices(options.clone()),
            Value::Id(id) => Self::Id(*id),
            Value::Reference(to) => Self::Id(to.id),
        }
    }

    /// What joins: text as `eq` reads it. Null joins nothing.
    pub(crate) fn joining(value: Option<&Value>) -> Option<Self> {
        match value? {
            Value::Text(text) => Some(Self::Text(equality_key(text))),
            value => Some(Self::of(Some(value))),
        }
    }

    /// The key as a value, for cookies: [`Key::read`] gives the key again.
    pub(crate) fn written(&self) -> Option<Value> {
        Some(match self {
            Self::Null => return None,
            Self::Boolean(flag) => Value::Boolean(*flag),
            Self::Number(number) => Value::Decimal(haversack_core::Decimal::new(*number)),
            Self::Double(number) => Value::Double(*number),
            Self::Text(text) => Value::Text(text.clone()),
            Self::Instant(instant) => Value::Timestamp(*instant),
            Self::Date(date) => Value::Date(*date),
            Self::Choices(options) => Value::Choices(options.clone()),
            Self::Id(id) => Value::Id(*id),
        })
    }

    /// The key that was written so. Its text is a key already.
    pub(crate) fn read(value: Option<&Value>) -> Self {
        match value {
            Some(Value::Text(text)) => Self::Text(text.clone()),
            value => Self::of(value),
        }
    }
}
