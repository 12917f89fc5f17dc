//! Comparison of a row's value with a literal. Null never gets here: it compares with nothing.

use std::cmp::Ordering;

use haversack_core::{
    Value,
    text::{equality_key, text_key},
};
use haversack_dsl::query::Literal;
use jiff::tz::TimeZone;

use super::time::{date_as_wall, instant};

/// Whether value and literal are the same: text without regard to case, accents, trailing spaces.
pub(super) fn equal(value: &Value, literal: &Literal, zone: &TimeZone) -> bool {
    match (value, literal) {
        (Value::Text(value), Literal::Value(Value::Text(literal))) => {
            equality_key(value) == equality_key(literal)
        }
        (Value::Reference(value), Literal::Value(Value::Id(id))) => value.id == *id,
        (Value::Choices(_), Literal::Value(Value::Choice(_))) => {
            same_set(value, std::slice::from_ref(literal))
        }
        _ => order(value, literal, zone) == Some(Ordering::Equal),
    }
}

/// Whether a multi-select value holds just these options.
pub(super) fn same_set(value: &Value, literals: &[Literal]) -> bool {
    let Value::Choices(held) = value else { return false };
    let mut listed: Vec<i32> = literals
        .iter()
        .filter_map(|literal| match literal {
            Literal::Value(Value::Choice(option)) => Some(*option),
            _ => None,
        })
        .collect();
    listed.sort_unstable();
    listed.dedup();
    *held == listed
}

/// Whether a multi-select value holds one of these options.
pub(super) fn has_one(value: &Value, literals: &[Literal]) -> bool {
    let Value::Choices(held) = value else { return false };
    literals.iter().any(|literal| match literal {
        Literal::Value(Value::Choice(option)) => held.contains(option),
        _ => false,
    })
}

/// Whether a value lies from one literal to another, both included.
pub(super) fn between(value: &Value, low: &Literal, high: &Literal, zone: &TimeZone) -> bool {
    order(value, low, zone).is_some_and(Ordering::is_ge)
        && order(value, high, zone).is_some_and(Ordering::is_le)
}

/// How a value stands to a literal of its kind; none where the two can't be compared.
pub(super) fn order(value: &Value, literal: &Literal, zone: &TimeZone) -> Option<Ordering> {
    match (value, literal) {
        (Value::Timestamp(value), Literal::Local(local)) => Some(value.cmp(&instant(*local, zone))),
        (Value::Date(value), Literal::Local(local)) => Some(date_as_wall(*value).cmp(local)),
        (Value::Date(value), Literal::Value(Value::Timestamp(instant))) => {
            Some(date_as_wall(*value).cmp(&zone.to_datetime(instant.to_jiff())))
        }
        (_, Literal::Value(literal)) => order_values(value, literal),
        _ => None,
    }
}

fn order_values(value: &Value, literal: &Value) -> Option<Ordering> {
    match (value, literal) {
        (Value::Text(a), Value::Text(b)) => Some(text_key(a).cmp(&text_key(b))),
        (Value::Integer(a), Value::Integer(b)) => Some(a.cmp(b)),
        (Value::Integer(a), Value::Decimal(b)) => Some(decimal(*a).cmp(&b.get())),
        (Value::Decimal(a), Value::Decimal(b)) => Some(a.cmp(b)),
        (Value::Decimal(a), Value::Integer(b)) => Some(a.get().cmp(&decimal(*b))),
        (Value::Double(a), Value::Double(b)) => Some(a.cmp(b)),
        (Value::Boolean(a), Value::Boolean(b)) => Some(a.cmp(b)),
        (Value::Choice(a), Value::Choice(b)) => Some(a.cmp(b)),
        (Value::Timestamp(a), Value::Timestamp(b)) => Some(a.cmp(b)),
        (Value::Date(a), Value::Date(b)) => Some(a.cmp(b)),
        (Value::Id(a), Value::Id(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

fn decimal(integer: i64) -> rust_decimal::Decimal {
    rust_decimal::Decimal::from(integer)
}
