//! Every operator on every type of column: which fit, said once more in
//! `tests/data/operator_types.txt`, and that each pair that fits is asked by a case with rows on
//! both sides of its value and a row without one.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
};

use haversack_core::{RowId, Value, text::text_key};
use haversack_dataset::{Answer, Caller, Evaluator, Obvious};
use haversack_dsl::{
    compile,
    operator::{Arity, OPERATORS, OperatorInfo, ValueKind},
    query::{Condition, Filter, Query},
};
use haversack_engine::Environment;
use haversack_replay::State;

use crate::{
    fixtures::with_ids,
    operators::{Asks, walk, with_columns},
};

/// One column of table `o` for each kind that `operator_types.txt` names, with a value of it.
const KINDS: [(&str, &str, &str); 21] = [
    ("string", "text", "\"x\""),
    ("memo", "memo", "\"x\""),
    ("integer", "int", "1"),
    ("bigint", "big", "1"),
    ("decimal", "dec", "1.5"),
    ("double", "double", "1.5"),
    ("money", "money", "1.5"),
    ("boolean", "bool", "true"),
    ("choice", "choice", "1"),
    ("choices", "many", "1"),
    ("state", "state", "1"),
    ("status", "status", "1"),
    ("datetime", "time", "\"2026-03-01\""),
    ("date", "date", "\"2026-03-01\""),
    ("uniqueidentifier", "guid", "\"id:x\""),
    ("lookup", "look", "\"id:x\""),
    ("userlookup", "who", "\"id:x\""),
    ("owner", "ownerid", "\"id:x\""),
    ("file", "file", "\"x\""),
    ("image", "image", "\"x\""),
    ("key", "oid", "\"id:x\""),
];

/// The pairs of kind of column and operator that fit, as the data says.
fn fitting() -> BTreeSet<(&'static str, &'static str)> {
    let lines = include_str!("../data/operator_types.txt").lines();
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    let pairs = lines.flat_map(|line| {
        let (kinds, operators) = line.split_once(':').expect("kinds and operators");
        kinds.split_whitespace().flat_map(move |kind| {
            operators.split_whitespace().map(move |operator| (kind, operator))
        })
    });
    let all: Vec<_> = pairs.collect();
    let unique: BTreeSet<_> = all.iter().copied().collect();
    assert_eq!(unique.len(), all.len(), "a pair is there twice");
    unique
}

/// The values of a condition as the operator takes them, where one value of the column is `value`.
fn given(info: &OperatorInfo, value: &str) -> String {
    let one = match info.values {
        ValueKind::Column => value,
        ValueKind::Row => "\"id:x\"",
        ValueKind::Count(_) | ValueKind::Period => "1",
        ValueKind::Year => "2026",
        ValueKind::PeriodAndYear => return "(1, 2026)".to_owned(),
    };
    match info.arity {
        Arity::None => String::new(),
        Arity::One => one.to_owned(),
        Arity::Two => format!("({one}, {one})"),
        Arity::Many => format!("({one})"),
    }
}

#[test]
fn operators_fit_the_types_that_are_said() {
    let fitting = fitting();
    let kinds: BTreeSet<&str> = KINDS.iter().map(|(kind, ..)| *kind).collect();
    let said: BTreeSet<&str> = fitting.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds, said);
    let catalog = &with_columns().state().catalog;
    let mut asked = 0;
    for (kind, column, value) in KINDS {
        for info in OPERATORS {
            for name in [info.name].iter().chain(info.aliases) {
                let values = with_ids(&given(info, value));
                let text = format!("fetch o {{ filter {{ {column} {name} {values} }} }}");
                let codes: Vec<&str> = match compile(&text, catalog) {
                    Ok(_) => Vec::new(),
                    Err(errors) => errors.iter().map(|error| error.code).collect(),
                };
                let fits = fitting.contains(&(kind, *name));
                let expected: &[&str] = if fits { &[] } else { &["wrong_type"] };
                assert_eq!(codes, expected, "{text}");
                asked += 1;
            }
        }
    }
    assert_eq!(asked, KINDS.len() * 83);
    let names: BTreeSet<&str> =
        OPERATORS.iter().flat_map(|info| info.aliases.iter().copied().chain([info.name])).collect();
    assert!(fitting.iter().all(|(_, name)| names.contains(name)));
}

/// Each pair that fits is asked by a case that could tell a wrong meaning from the right one.
#[test]
fn every_pair_has_a_case_that_tells() {
    let mut missing: BTreeMap<(&str, &str), BTreeSet<&str>> = fitting()
        .into_iter()
        .filter(|(_, name)| *name != "neq")
        .map(|pair| (pair, BTreeSet::from(["no case"])))
        .collect();
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/operators");
    for file in std::fs::read_dir(directory).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        for case in text.split("\n====\n") {
            let script = case.split_once("\n----\n").expect("an input and an answer").0;
            walk(script, |environment, asks, condition| {
                let Some((kind, name, lacks)) = judged(environment, asks, condition) else {
                    return;
                };
                match lacks.is_empty() {
                    true => drop(missing.remove(&(kind, name))),
                    false => {
                        missing.entry((kind, name)).and_modify(|found| *found = lacks);
                    }
                }
            });
        }
    }
    let lines: Vec<String> = missing.iter().map(|pair| format!("{pair:?}")).collect();
    assert!(lines.is_empty(), "{} pairs:\n{}", lines.len(), lines.join("\n"));
}

/// The pair that a condition asks of, and what its case lacks. None: it is not one condition, or an
/// error.
fn judged(
    environment: &Environment,
    asks: &Asks,
    condition: &str,
) -> Option<(&'static str, &'static str, BTreeSet<&'static str>)> {
    let state = environment.state();
    let rows = Rows { state: &state, caller: asks.caller(&state) };
    let query = rows.query("oid", condition)?;
    let Some(Filter::And(parts)) = &query.filter else { return None };
    let [Filter::Condition(Condition { column, operator, .. })] = parts.as_slice() else {
        return None;
    };
    let (kind, column, _) = KINDS.iter().find(|(_, name, _)| *name == column.column.as_str())?;
    let info = operator.info();
    Some((kind, info.name, lacks(&rows, info, kind, column, condition)))
}

/// What a case needs to tell: a row without a value, rows for which the operator holds and others,
/// and, where values have an order, rows on each side that the operator bounds.
fn lacks(
    rows: &Rows<'_>,
    info: &OperatorInfo,
    kind: &str,
    column: &str,
    condition: &str,
) -> BTreeSet<&'static str> {
    let all = rows.values(column, "");
    let found: BTreeSet<RowId> =
        rows.values(column, condition).into_iter().map(|(id, _)| id).collect();
    let is_null = |(_, value): &&(RowId, Option<Value>)| value.is_none();
    let mut lacks = BTreeSet::new();
    if kind != "key" && !all.iter().any(|row| is_null(&row)) {
        lacks.insert("a row without a value");
    }
    let valued: Vec<(RowId, &Value)> =
        all.iter().filter_map(|(id, value)| Some((*id, value.as_ref()?))).collect();
    // For a negative operator the rows that it leaves out are those that its positive one has.
    let (inside, outside): (Vec<_>, Vec<_>) =
        valued.iter().partition(|(id, _)| found.contains(id) != info.negative);
    let has_opposite = !matches!(info.name, "null" | "not-null");
    // Nobody is owned by a business unit.
    let never_holds = kind == "owner" && info.name.ends_with("-businessid");
    if has_opposite && !never_holds && (inside.is_empty() || outside.is_empty())
        || valued.is_empty()
    {
        lacks.insert("a row for which it holds, and one for which it does not");
        return lacks;
    }
    let (below, above) = bounds(info, kind);
    if !below && !above {
        return lacks;
    }
    let values = || inside.iter().map(|(_, value)| *value);
    let (first, last) = (values().min_by(|a, b| order(a, b)), values().max_by(|a, b| order(a, b)));
    let is_beyond = |value: &Value, of: Option<&Value>, side: Ordering| {
        of.is_some_and(|of| order(value, of) == side)
    };
    if below && !outside.iter().any(|(_, value)| is_beyond(value, first, Ordering::Less)) {
        lacks.insert("a row below");
    }
    if above && !outside.iter().any(|(_, value)| is_beyond(value, last, Ordering::Greater)) {
        lacks.insert("a row above");
    }
    if matches!(info.name, "gt" | "ge" | "lt" | "le") {
        let at = condition.replacen(&format!(" {} ", info.name), " eq ", 1);
        if rows.values(column, &at).is_empty() {
            lacks.insert("a row at the value");
        }
    }
    lacks
}

/// On which sides an operator bounds the values of a column: below, above.
fn bounds(info: &OperatorInfo, kind: &str) -> (bool, bool) {
    let has_order = matches!(
        kind,
        "string"
            | "memo"
            | "integer"
            | "bigint"
            | "decimal"
            | "double"
            | "money"
            | "datetime"
            | "date"
    );
    match info.name {
        _ if !has_order => (false, false),
        // A pattern and a period of any year are no stretch.
        "null" | "not-null" | "in-fiscal-period" => (false, false),
        _ if info.operator.takes_pattern() => (false, false),
        "gt" | "ge" | "on-or-after" | "in-or-after-fiscal-period-and-year" => (true, false),
        "lt" | "le" | "on-or-before" | "in-or-before-fiscal-period-and-year" => (false, true),
        name if name.starts_with("olderthan") => (false, true),
        _ => (true, true),
    }
}

fn order(one: &Value, other: &Value) -> Ordering {
    match (one, other) {
        (Value::Text(one), Value::Text(other)) => text_key(one).cmp(&text_key(other)),
        (Value::Integer(one), Value::Integer(other)) => one.cmp(other),
        (Value::Decimal(one), Value::Decimal(other)) => one.get().cmp(&other.get()),
        (Value::Double(one), Value::Double(other)) => one.cmp(other),
        (Value::Timestamp(one), Value::Timestamp(other)) => one.cmp(other),
        (Value::Date(one), Value::Date(other)) => one.cmp(other),
        other => panic!("no order of {other:?}"),
    }
}

/// The rows of a case, as whoever asks sees them.
struct Rows<'a> {
    state: &'a State,
    caller: Caller,
}

impl Rows<'_> {
    fn query(&self, columns: &str, condition: &str) -> Option<Query> {
        let text = format!("fetch o {{ columns {columns} filter {{ {} }} }}", with_ids(condition));
        compile(&text, &self.state.catalog).ok().map(|resolved| resolved.query)
    }

    /// The rows for which a condition holds, with their values in a column.
    fn values(&self, column: &str, condition: &str) -> Vec<(RowId, Option<Value>)> {
        let query = self.query(column, condition).expect("a query that was resolved before");
        let rows = Obvious::new(self.state).query(&self.caller, &query);
        let value = |row: Answer| Some((row.id?, row.values.into_iter().next().map(|(_, v)| v)));
        rows.into_iter().filter_map(value).collect()
    }
}
