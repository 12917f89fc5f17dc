//! One condition on one row.
//!
//! A positive operator is false on null; every negative operator is the opposite of its positive
//! one, and so true on null.

use std::{cmp::Ordering, collections::BTreeSet};

use haversack_core::{RowId, Value, catalog::Catalog};
use haversack_dsl::{
    operator::{Group, Operator},
    query::{Condition, Literal, Operand},
};

use super::{
    compare, hierarchy,
    like::Like,
    time::{self, Moment},
};
use crate::{Caller, Rows};

/// Whether the condition holds for a row that has this value in its column.
pub(super) fn holds(
    rows: &dyn Rows,
    caller: &Caller,
    condition: &Condition,
    value: Option<&Value>,
) -> bool {
    match negated(condition.operator) {
        Some(positive) => !positive_holds(rows, caller, positive, &condition.operand, value),
        None => positive_holds(rows, caller, condition.operator, &condition.operand, value),
    }
}

/// The positive operator that a negative one is the opposite of.
fn negated(operator: Operator) -> Option<Operator> {
    let holds_for_null = operator.info().negative || operator == Operator::Null;
    operator.opposite().filter(|_| holds_for_null)
}

fn positive_holds(
    rows: &dyn Rows,
    caller: &Caller,
    operator: Operator,
    operand: &Operand,
    value: Option<&Value>,
) -> bool {
    let Some(value) = value else { return false };
    match operator.info().group {
        Group::Hierarchy => {
            value_id(value).is_some_and(|id| hierarchy::stands(rows, caller, operator, operand, id))
        }
        _ => holds_for(rows.catalog(), caller, operator, operand, value),
    }
}

/// Whether a positive operator that walks no hierarchy holds for a value.
pub(crate) fn holds_for(
    catalog: &Catalog,
    caller: &Caller,
    operator: Operator,
    operand: &Operand,
    value: &Value,
) -> bool {
    match operator.info().group {
        Group::Values => compares(caller, operator, operand, value),
        Group::Caller => is_callers(catalog, caller, operator, value),
        Group::Hierarchy => false,
        Group::Calendar | Group::Rolling | Group::Fiscal => {
            time::lies_in(&Moment::of(catalog, caller), operator, operand, value)
        }
    }
}

/// Whether an id is the caller's, or a number their language.
fn is_callers(catalog: &Catalog, caller: &Caller, operator: Operator, value: &Value) -> bool {
    match operator {
        Operator::EqUserlanguage => match value {
            Value::Integer(language) => *language == i64::from(caller.language),
            Value::Choice(language) => *language == caller.language,
            _ => false,
        },
        _ => value_id(value).is_some_and(|id| callers_ids(catalog, caller, operator).contains(&id)),
    }
}

/// The ids that an operator takes for the caller's.
pub(crate) fn callers_ids(
    catalog: &Catalog,
    caller: &Caller,
    operator: Operator,
) -> BTreeSet<RowId> {
    let mut ids = BTreeSet::new();
    match operator {
        Operator::EqUserid => ids.extend(caller.user),
        Operator::EqBusinessid => ids.extend(caller.business_unit(catalog)),
        Operator::EqUserteams => ids = caller.teams(catalog),
        Operator::EqUseroruserteams => {
            ids = caller.teams(catalog);
            ids.extend(caller.user);
        }
        Operator::EqUseroruserhierarchy => ids = caller.user_hierarchy(catalog),
        Operator::EqUseroruserhierarchyandteams => ids = hierarchy_and_teams(catalog, caller),
        _ => {}
    }
    ids
}

/// The users of the hierarchy, the caller's teams, and the teams of each of those users.
fn hierarchy_and_teams(catalog: &Catalog, caller: &Caller) -> BTreeSet<RowId> {
    let users = caller.user_hierarchy(catalog);
    let teams: Vec<RowId> = users.iter().flat_map(|user| catalog.teams_of(*user)).collect();
    users.into_iter().chain(teams).collect()
}

fn value_id(value: &Value) -> Option<RowId> {
    match value {
        Value::Id(id) => Some(*id),
        Value::Reference(reference) => Some(reference.id),
        _ => None,
    }
}

fn compares(caller: &Caller, operator: Operator, operand: &Operand, value: &Value) -> bool {
    let zone = &caller.time_zone;
    let ordered = |test: fn(Ordering) -> bool| match operand {
        Operand::One(literal) => compare::order(value, literal, zone).is_some_and(test),
        Operand::None | Operand::Many(_) => false,
    };
    match (operator, operand) {
        (Operator::NotNull, _) => true,
        (Operator::Eq, Operand::One(literal)) => compare::equal(value, literal, zone),
        (Operator::In, Operand::Many(literals)) => match value {
            Value::Choices(_) => compare::same_set(value, literals),
            _ => literals.iter().any(|literal| compare::equal(value, literal, zone)),
        },
        (Operator::ContainValues, Operand::Many(literals)) => compare::has_one(value, literals),
        (Operator::Between, Operand::Many(literals)) => match literals.as_slice() {
            [low, high] => compare::between(value, low, high, zone),
            _ => false,
        },
        (Operator::Gt, _) => ordered(Ordering::is_gt),
        (Operator::Ge, _) => ordered(Ordering::is_ge),
        (Operator::Lt, _) => ordered(Ordering::is_lt),
        (Operator::Le, _) => ordered(Ordering::is_le),
        _ => match (value, pattern(operator, operand)) {
            (Value::Text(text), Some(pattern)) => Like::new(&pattern).matches(text),
            _ => false,
        },
    }
}

/// The pattern that an operator holds texts against.
pub(crate) fn pattern(operator: Operator, operand: &Operand) -> Option<String> {
    let Operand::One(Literal::Value(Value::Text(text))) = operand else { return None };
    match operator {
        Operator::Like => Some(text.clone()),
        Operator::BeginsWith => Some(format!("{text}%")),
        Operator::EndsWith => Some(format!("%{text}")),
        _ => None,
    }
}
