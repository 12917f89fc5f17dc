//! Groups of rows, and what is known of each.

use std::collections::{BTreeMap, BTreeSet};

use haversack_core::{Decimal, Double, Value};
use haversack_dsl::query::{Aggregate, Applied, By, Function, Grouped};

use super::{
    date_part::date_part,
    key::Key,
    mean::{mean, sum_of_decimals},
    order::{Directed, Sorter},
    query::Line,
    row::Joined,
};

/// What the rows of a group have in common, as the first of them shows it, and the rows.
type Group<'r> = (Vec<Option<Value>>, Vec<Joined<'r>>);

/// One line for each group. Without anything to group by all rows are one group, also if there are
/// none.
pub(super) fn lines(
    sorter: Sorter<'_>,
    aggregate: &Aggregate,
    joined: Vec<Joined<'_>>,
) -> Vec<Line> {
    let mut groups: BTreeMap<Vec<Key>, Group<'_>> = BTreeMap::new();
    if aggregate.groups.is_empty() {
        groups.insert(Vec::new(), Default::default());
    }
    for joined in joined {
        let values = aggregate.groups.iter().map(|grouped| grouped_by(sorter, grouped, &joined));
        let values: Vec<Option<Value>> = values.collect();
        let key = values.iter().map(|value| Key::of(value.as_ref())).collect();
        // Texts that differ in case alone are one group.
        groups.entry(key).or_insert_with(|| (values, Vec::new())).1.push(joined);
    }
    let groups = groups.into_iter();
    groups.map(|(key, (values, rows))| line(sorter, aggregate, key, &values, &rows)).collect()
}

/// What a row is grouped by.
fn grouped_by(sorter: Sorter<'_>, grouped: &Grouped, joined: &Joined<'_>) -> Option<Value> {
    let value = joined.value(sorter.rows, &grouped.column)?;
    match grouped.part {
        Some(part) => {
            let fiscal_year = &sorter.rows.catalog().settings.fiscal_year;
            let zone = (!grouped.utc).then_some(&sorter.caller.time_zone);
            date_part(part, &value, zone, fiscal_year).map(Value::Integer)
        }
        None => Some(value),
    }
}

fn line(
    sorter: Sorter<'_>,
    aggregate: &Aggregate,
    key: Vec<Key>,
    groups: &[Option<Value>],
    rows: &[Joined<'_>],
) -> Line {
    let functions: Vec<Option<Value>> =
        aggregate.functions.iter().map(|applied| apply(sorter, applied, rows)).collect();
    let ordered = sorter.query.order.iter().map(|order| {
        let key = match order.by {
            By::Group(at) => group_key(sorter, &aggregate.groups[at], groups[at].clone()),
            By::Function(at) => Key::of(functions[at].as_ref()),
            By::Column(_) => Key::Null,
        };
        Directed { key, descending: order.descending }
    });
    let position = ordered.chain(key.into_iter().map(Directed::ascending)).collect();
    let values = groups.iter().chain(&functions).cloned();
    let values = aggregate.keys().map(str::to_owned).zip(values).collect();
    Line { position, id: None, values }
}

fn group_key(sorter: Sorter<'_>, grouped: &Grouped, value: Option<Value>) -> Key {
    match grouped.part {
        Some(_) => Key::of(value.as_ref()),
        None => sorter.sort_key(sorter.column(&grouped.column), value),
    }
}

/// What a function makes of a group.
fn apply(sorter: Sorter<'_>, applied: &Applied, rows: &[Joined<'_>]) -> Option<Value> {
    let Some(column) = &applied.column else { return Some(count(rows.len())) };
    let mut values: Vec<Value> =
        rows.iter().filter_map(|joined| joined.value(sorter.rows, column)).collect();
    if applied.distinct {
        let mut seen = BTreeSet::new();
        values.retain(|value| seen.insert(Key::of(Some(value))));
    }
    match applied.function {
        Function::Rows | Function::Count => Some(count(values.len())),
        Function::Min => values.into_iter().min_by_key(|value| Key::of(Some(value))),
        Function::Max => values.into_iter().max_by_key(|value| Key::of(Some(value))),
        Function::Sum => sum(&values),
        Function::Avg => mean(&values),
    }
}

fn count(number: usize) -> Value {
    Value::Integer(i64::try_from(number).unwrap_or(i64::MAX))
}

/// The sum, of the kind of the values. Whole numbers too large for their kind are given as decimals,
/// and a sum beyond 28 digits as a double; nothing has no sum.
pub(crate) fn sum(values: &[Value]) -> Option<Value> {
    if values.is_empty() {
        return None;
    }
    let doubles = || -> Option<Value> {
        let sum: f64 = values.iter().filter_map(double).sum();
        Double::new(sum).map(Value::Double)
    };
    if values.iter().any(|value| matches!(value, Value::Double(_))) {
        return doubles();
    }
    let Some(sum) = sum_of_decimals(values) else { return doubles() };
    let is_whole = values.iter().all(|value| matches!(value, Value::Integer(_)));
    match i64::try_from(sum) {
        Ok(whole) if is_whole => Some(Value::Integer(whole)),
        _ => Some(Value::Decimal(Decimal::new(sum))),
    }
}

/// A number as a double, near enough.
pub(super) fn double(value: &Value) -> Option<f64> {
    match value {
        Value::Double(number) => Some(number.get()),
        Value::Integer(number) => number.to_string().parse().ok(),
        Value::Decimal(number) => number.to_string().parse().ok(),
        _ => None,
    }
}
