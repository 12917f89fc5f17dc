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
    like::like,
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
    let catalog = rows.catalog();
    match operator.info().group {
        Group::Values => compares(caller, operator, operand, value),
        Group::Caller => is_callers(catalog, caller, operator, value),
        Group::Hierarchy => {
            value_id(value).is_some_and(|id| hierarchy::stands(rows, caller, operator, operand, id))
        }
        Group::Calendar | Group::Rolling | Group::Fiscal => {
            let fiscal_year = &catalog.settings.fiscal_year;
            let moment = Moment { now: caller.now, zone: &caller.time_zone, fiscal_year };
            time::lies_in(&moment, operator, operand, value)
        }
    }
}

/// Whether an id is the caller's, or a number their language.
fn is_callers(catalog: &Catalog, caller: &Caller, operator: Operator, value: &Value) -> bool {
    let is = |id: Option<RowId>| id.is_some() && id == value_id(value);
    let among = |ids: BTreeSet<RowId>| value_id(value).is_some_and(|id| ids.contains(&id));
    match operator {
        Operator::EqUserid => is(caller.user),
        Operator::EqBusinessid => is(caller.business_unit(catalog)),
        Operator::EqUserteams => among(caller.teams(catalog)),
        Operator::EqUseroruserteams => is(caller.user) || among(caller.teams(catalog)),
        Operator::EqUseroruserhierarchy => among(caller.user_hierarchy(catalog)),
        Operator::EqUseroruserhierarchyandteams => among(hierarchy_and_teams(catalog, caller)),
        Operator::EqUserlanguage => match value {
            Value::Integer(language) => *language == i64::from(caller.language),
            Value::Choice(language) => *language == caller.language,
            _ => false,
        },
        _ => false,
    }
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
        (Operator::Like, Operand::One(literal)) => is_like(value, literal, "", ""),
        (Operator::BeginsWith, Operand::One(literal)) => is_like(value, literal, "", "%"),
        (Operator::EndsWith, Operand::One(literal)) => is_like(value, literal, "%", ""),
        _ => false,
    }
}

fn is_like(value: &Value, literal: &Literal, before: &str, after: &str) -> bool {
    match (value, literal) {
        (Value::Text(text), Literal::Value(Value::Text(pattern))) => {
            like(text, &format!("{before}{pattern}{after}"))
        }
        _ => false,
    }
}
