//! What a condition claims of the value of its column, as far as that can be compared.

use std::{cmp::Ordering, collections::BTreeSet};

use haversack_core::{Date, Decimal, Timestamp, Value};

use crate::{
    operator::{Operator, ValueKind},
    query::{Condition, Literal, Operand},
    resolve::literal_key,
};

/// What a condition claims.
pub(super) enum Claim {
    /// There is no value.
    Null,
    /// There is one.
    NotNull,
    /// It is one of these.
    OneOf(Values),
    /// It is none of these, or there is no value.
    NoneOf(Values),
    /// It lies in a range.
    Range(Range),
    /// Something that is not compared. There is a value, unless the operator is a negative one.
    Other,
}

/// Values of one kind.
pub(super) struct Values {
    keys: BTreeSet<String>,
    points: Vec<Option<Point>>,
    kind: Kind,
}

/// Kinds of literals: those of two kinds may be equal and look different.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Local,
    Absolute,
    Mixed,
}

/// From where to where; whether the end is included.
pub(super) struct Range {
    low: Option<(Point, bool)>,
    high: Option<(Point, bool)>,
}

/// Something that has an order.
#[derive(Clone, Copy)]
enum Point {
    Number(Decimal),
    Double(f64),
    Instant(Timestamp),
    Date(Date),
    Local(jiff::civil::DateTime),
}

/// What a condition claims.
pub(super) fn claim(condition: &Condition) -> Claim {
    let operator = condition.operator;
    if operator.info().values != ValueKind::Column {
        return Claim::Other;
    }
    let is_set = |value: &Literal| matches!(value, Literal::Value(Value::Choices(_)));
    let values = literals(&condition.operand);
    match operator {
        Operator::Null => Claim::Null,
        Operator::NotNull => Claim::NotNull,
        _ if values.iter().any(is_set) => Claim::Other,
        Operator::Eq | Operator::In => Claim::OneOf(Values::new(values)),
        Operator::Ne | Operator::NotIn => Claim::NoneOf(Values::new(values)),
        Operator::Gt => range(values.first(), false, None, false),
        Operator::Ge => range(values.first(), true, None, false),
        Operator::Lt => range(None, false, values.first(), false),
        Operator::Le => range(None, false, values.first(), true),
        Operator::Between => range(values.first(), true, values.get(1), true),
        _ => Claim::Other,
    }
}

fn range(low: Option<&Literal>, with_low: bool, high: Option<&Literal>, with_high: bool) -> Claim {
    let end = |literal: Option<&Literal>, with| Some((literal.and_then(point)?, with));
    Claim::Range(Range { low: end(low, with_low), high: end(high, with_high) })
}

/// The values of a condition.
pub(super) fn literals(operand: &Operand) -> &[Literal] {
    match operand {
        Operand::None => &[],
        Operand::One(literal) => std::slice::from_ref(literal),
        Operand::Many(literals) => literals,
    }
}

/// Whether the first of two values lies after the second.
pub(super) fn are_reversed(values: &[Literal]) -> bool {
    let [low, high] = values else { return false };
    let ends = point(low).zip(point(high));
    ends.is_some_and(|(low, high)| low.compare(high) == Some(Ordering::Greater))
}

fn point(literal: &Literal) -> Option<Point> {
    Some(match literal {
        Literal::Local(local) => Point::Local(*local),
        Literal::Value(Value::Integer(number)) => {
            Point::Number(Decimal::parse(&number.to_string())?)
        }
        Literal::Value(Value::Decimal(number)) => Point::Number(*number),
        Literal::Value(Value::Double(number)) => Point::Double(number.get()),
        Literal::Value(Value::Timestamp(instant)) => Point::Instant(*instant),
        Literal::Value(Value::Date(date)) => Point::Date(*date),
        Literal::Value(_) => return None,
    })
}

impl Point {
    /// None if they are of two kinds: which comes first depends on the caller's zone.
    fn compare(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Number(one), Self::Number(other)) => Some(one.cmp(&other)),
            (Self::Double(one), Self::Double(other)) => one.partial_cmp(&other),
            (Self::Instant(one), Self::Instant(other)) => Some(one.cmp(&other)),
            (Self::Date(one), Self::Date(other)) => Some(one.cmp(&other)),
            (Self::Local(one), Self::Local(other)) => Some(one.cmp(&other)),
            _ => None,
        }
    }
}

impl Values {
    fn new(literals: &[Literal]) -> Self {
        let kind = |literal: &Literal| match literal {
            Literal::Local(_) => Kind::Local,
            Literal::Value(_) => Kind::Absolute,
        };
        let mut kinds = literals.iter().map(kind);
        let first = kinds.next().unwrap_or(Kind::Absolute);
        Self {
            keys: literals.iter().map(literal_key).collect(),
            points: literals.iter().map(point).collect(),
            kind: if kinds.all(|kind| kind == first) { first } else { Kind::Mixed },
        }
    }

    fn is_comparable(&self, other: &Self) -> bool {
        self.kind == other.kind && self.kind != Kind::Mixed
    }

    /// Whether both are the same.
    pub(super) fn are(&self, others: &Self) -> bool {
        self.keys == others.keys
    }

    /// Whether no value is in both, as far as can be told.
    pub(super) fn is_apart_from(&self, other: &Self) -> bool {
        self.is_comparable(other) && self.keys.is_disjoint(&other.keys)
    }

    /// Whether the others have each of them.
    pub(super) fn is_within(&self, others: &Self) -> bool {
        self.keys.is_subset(&others.keys)
    }

    /// Whether each lies outside of a range, as far as can be told.
    pub(super) fn are_outside(&self, range: &Range) -> bool {
        self.points.iter().all(|point| point.is_some_and(|point| range.excludes(point)))
    }
}

impl Range {
    fn excludes(&self, point: Point) -> bool {
        let before = self.low.is_some_and(|(low, with_low)| match point.compare(low) {
            Some(Ordering::Less) => true,
            Some(Ordering::Equal) => !with_low,
            _ => false,
        });
        let after = self.high.is_some_and(|(high, with_high)| match point.compare(high) {
            Some(Ordering::Greater) => true,
            Some(Ordering::Equal) => !with_high,
            _ => false,
        });
        before || after
    }

    /// Whether no value lies in both, as far as can be told.
    pub(super) fn is_apart_from(&self, other: &Self) -> bool {
        self.ends_before(other) || other.ends_before(self)
    }

    fn ends_before(&self, other: &Self) -> bool {
        let Some(((high, with_high), (low, with_low))) = self.high.zip(other.low) else {
            return false;
        };
        match high.compare(low) {
            Some(Ordering::Less) => true,
            Some(Ordering::Equal) => !(with_high && with_low),
            _ => false,
        }
    }
}
