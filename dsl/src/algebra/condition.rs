//! Single conditions in canonical form, and conditions that exclude each other.

use std::{cmp::Ordering, collections::BTreeMap};

use haversack_core::{Value, text::equality_key};

use super::Predicate;
use crate::{
    operator::Operator,
    query::{Condition, Literal, Operand},
};

/// The canonical form of a condition.
pub(super) fn fold(condition: &Condition) -> Predicate {
    use Operator as O;
    let Condition { column, operator, operand } = condition;
    let with = |operator, operand| {
        Predicate::Condition(Condition { column: column.clone(), operator, operand })
    };
    match (operator, operand) {
        (O::In | O::NotIn | O::ContainValues | O::NotContainValues, Operand::Many(values)) => {
            let values = sorted(values);
            match (operator, values.as_slice()) {
                (O::In, [only]) => with(O::Eq, Operand::One(only.clone())),
                (O::NotIn, [only]) => with(O::Ne, Operand::One(only.clone())),
                _ => with(*operator, Operand::Many(values)),
            }
        }
        (O::Between | O::NotBetween, Operand::Many(bounds)) => match bounds.as_slice() {
            [low, high] if low == high && *operator == O::Between => {
                with(O::Eq, Operand::One(low.clone()))
            }
            [low, high] if low == high => with(O::Ne, Operand::One(low.clone())),
            // Null lies between nothing, and so is not between anything.
            [low, high] if is_above(low, high) => Predicate::Constant(*operator == O::NotBetween),
            _ => with(*operator, operand.clone()),
        },
        (O::Like | O::NotLike, Operand::One(pattern)) if is_pattern(pattern, |p| p == "%") => {
            with(presence(*operator == O::Like), Operand::None)
        }
        (O::BeginsWith | O::NotBeginWith | O::EndsWith | O::NotEndWith, Operand::One(pattern))
            if is_pattern(pattern, |p| p.bytes().all(|byte| byte == b'%')) =>
        {
            let positive = matches!(operator, O::BeginsWith | O::EndsWith);
            with(presence(positive), Operand::None)
        }
        _ => Predicate::Condition(condition.clone()),
    }
}

fn presence(there: bool) -> Operator {
    if there { Operator::NotNull } else { Operator::Null }
}

fn is_pattern(literal: &Literal, test: impl Fn(&str) -> bool) -> bool {
    matches!(literal, Literal::Value(Value::Text(pattern)) if test(pattern))
}

/// Each value once, in an order that depends on nothing else.
fn sorted(values: &[Literal]) -> Vec<Literal> {
    let mut values = values.to_vec();
    values.sort_by_cached_key(|value| format!("{value:?}"));
    values.dedup();
    values
}

/// Whether no value lies from the one to the other.
fn is_above(low: &Literal, high: &Literal) -> bool {
    let order = match (low, high) {
        (Literal::Value(Value::Integer(a)), Literal::Value(Value::Integer(b))) => a.cmp(b),
        (Literal::Value(Value::Decimal(a)), Literal::Value(Value::Decimal(b))) => a.cmp(b),
        (Literal::Value(Value::Double(a)), Literal::Value(Value::Double(b))) => a.cmp(b),
        (Literal::Value(Value::Timestamp(a)), Literal::Value(Value::Timestamp(b))) => a.cmp(b),
        (Literal::Value(Value::Date(a)), Literal::Value(Value::Date(b))) => a.cmp(b),
        // Later wall clock times are never earlier instants.
        (Literal::Local(a), Literal::Local(b)) => a.cmp(b),
        _ => return false,
    };
    order == Ordering::Greater
}

/// Whether two of the parts, which must all hold, can't both hold.
pub(super) fn contradict(parts: &[Predicate]) -> bool {
    let mut equal: BTreeMap<String, &Literal> = BTreeMap::new();
    let mut null: Vec<String> = Vec::new();
    let mut present: Vec<String> = Vec::new();
    for part in parts {
        let (column, holds_for_null) = match part {
            Predicate::Condition(condition) => {
                let column = format!("{:?}", condition.column);
                if let (Operator::Eq, Operand::One(value)) =
                    (condition.operator, &condition.operand)
                    && equal.insert(column.clone(), value).is_some_and(|other| differ(value, other))
                {
                    return true;
                }
                if condition.operator == Operator::Null {
                    null.push(column);
                    continue;
                }
                (column, condition.operator.info().negative)
            }
            _ => continue,
        };
        if !holds_for_null {
            present.push(column);
        }
    }
    present.iter().any(|column| null.contains(column))
}

/// Whether no value equals both. Where that hangs on types or zones, it's left open.
fn differ(one: &Literal, other: &Literal) -> bool {
    let (Literal::Value(one), Literal::Value(other)) = (one, other) else { return false };
    match (one, other) {
        (Value::Text(a), Value::Text(b)) => equality_key(a) != equality_key(b),
        _ => std::mem::discriminant(one) == std::mem::discriminant(other) && one != other,
    }
}
