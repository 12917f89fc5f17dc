//! Groups and conditions: operators against the types of their columns.

use std::collections::BTreeSet;

use haversack_core::{
    Value,
    schema::{Column, ColumnType, SYSTEMUSER, Table},
    text::equality_key,
};

use super::{Resolver, operand, scope::Scope};
use crate::{
    ast::{self, Connective, Spanned},
    diagnostic::{Diagnostic, code},
    operator::{Arity, Operator, TypeClass, ValueKind},
    query::{Condition, Filter, Literal, Operand},
    source::{Source, quoted},
};

impl<'a> Resolver<'a> {
    pub(super) fn group(&self, scope: Scope<'a>, group: &ast::Group) -> Option<Filter> {
        let parts: Vec<_> = group.parts.iter().map(|part| self.part(scope, part)).collect();
        let parts: Vec<_> = parts.into_iter().collect::<Option<_>>()?;
        Some(match group.connective.node {
            // A group that says nothing refuses nothing, of either kind.
            Connective::Or if !parts.is_empty() => Filter::Or(parts),
            Connective::Or | Connective::And => Filter::And(parts),
        })
    }

    fn part(&self, scope: Scope<'a>, part: &ast::Part) -> Option<Filter> {
        match part {
            ast::Part::Group(group) => self.group(scope, group),
            ast::Part::Condition(condition) => match &condition.valueof {
                Some(other) => self.comparison(scope, condition, other).map(Filter::Comparison),
                None => self.condition(scope, condition).map(Filter::Condition),
            },
            ast::Part::Linked(linked) => self.linked(scope, linked).map(Filter::Linked),
        }
    }

    fn condition(&self, scope: Scope<'a>, condition: &ast::Condition) -> Option<Condition> {
        let (table, column, named) = self.column_ref(scope, &condition.column)?;
        let operator = condition.operator.node;
        if !fits(operator, table, column) {
            self.report(|source| misfit(source, &condition.operator, column));
            return None;
        }
        let given = condition.values.iter().enumerate();
        let literals: Vec<_> =
            given.map(|(at, value)| self.literal(operator, at, table, column, value)).collect();
        let literals: Vec<Literal> = literals.into_iter().collect::<Option<_>>()?;
        self.look_twice(condition, &literals);
        let operand = fitting(operator.info().arity, literals);
        if operand.is_none() {
            self.report(|source| wrong_arity(source, &condition.operator));
        }
        Some(Condition { column: named, operator, operand: operand? })
    }

    /// The value at a place among those of an operator.
    fn literal(
        &self,
        operator: Operator,
        at: usize,
        table: &Table,
        column: &Column,
        value: &Spanned<String>,
    ) -> Option<Literal> {
        match operand::literal(operator, at, table, column, &value.node) {
            Ok(literal) => {
                self.check_option(column, value, &literal);
                Some(literal)
            }
            Err(misread) => {
                self.report(|source| {
                    let found = quoted(&value.node);
                    let message = match operator.info().values {
                        ValueKind::Column => format!("found {found} for column `{}`", column.name),
                        _ => format!("found {found} for operator `{}`", operator.name()),
                    };
                    let error = source.error(code::BAD_VALUE, value.span.clone(), message);
                    let error = error.expected(misread.expected);
                    match misread.help {
                        Some(help) => error.help(help),
                        None => error,
                    }
                });
                None
            }
        }
    }

    /// Warns of an option that the column does not have: no row can hold it.
    fn check_option(&self, column: &Column, value: &Spanned<String>, literal: &Literal) {
        let Literal::Value(Value::Choice(option)) = literal else { return };
        if column.options.is_empty() || column.label(*option).is_some() {
            return;
        }
        self.warn(|source| {
            let message = format!("column `{}` has no option {option}", column.name);
            let options = super::literal::options(column);
            source.warning(code::UNKNOWN_OPTION, value.span.clone(), message).expected(options)
        });
    }

    /// Warns of what is right and hardly meant.
    fn look_twice(&self, condition: &ast::Condition, literals: &[Literal]) {
        let operator = condition.operator.node;
        let begins_anywhere = matches!(
            operator,
            Operator::BeginsWith | Operator::NotBeginWith | Operator::Like | Operator::NotLike
        );
        let mut seen = BTreeSet::new();
        for (value, literal) in condition.values.iter().zip(literals) {
            if begins_anywhere && value.node.starts_with('%') {
                self.warn(|source| {
                    let message = "a pattern that begins with a wildcard looks at every row";
                    source.warning(code::LEADING_WILDCARD, value.span.clone(), message)
                });
            }
            // Where two values are a list of both, to say one twice is right.
            if operator.info().arity == Arity::Many && !seen.insert(key(literal)) {
                self.warn(|source| {
                    let message = format!("found {} twice in the list", quoted(&value.node));
                    source.warning(code::DUPLICATE_VALUE, value.span.clone(), message)
                });
            }
        }
    }
}

/// What is equal for literals that every row compares alike with.
fn key(literal: &Literal) -> String {
    match literal {
        Literal::Value(Value::Text(text)) => equality_key(text),
        other => other.to_string(),
    }
}

/// As many literals as the operator takes. The parsers give no others; trees made by programs may.
fn fitting(arity: Arity, literals: Vec<Literal>) -> Option<Operand> {
    match (arity, literals.len()) {
        (Arity::None, 0) => Some(Operand::None),
        (Arity::One, 1) => literals.into_iter().next().map(Operand::One),
        (Arity::Two, 2) | (Arity::Many, 1..) => Some(Operand::Many(literals)),
        _ => None,
    }
}

fn wrong_arity(source: &Source, operator: &Spanned<Operator>) -> Diagnostic {
    let message = format!("operator `{}` with too few or too many values", operator.node.name());
    source.error(code::ARITY, operator.span.clone(), message)
}

/// Whether a column is of a type that the operator is for.
pub(super) fn fits(operator: Operator, table: &Table, column: &Column) -> bool {
    let of_user = match operator {
        Operator::EqUseroruserhierarchy | Operator::EqUseroruserhierarchyandteams => {
            column.targets.iter().any(|target| target == SYSTEMUSER)
                || table.name == SYSTEMUSER && column.name == table.primary_key
        }
        _ => true,
    };
    let in_tree = operator.info().types != TypeClass::Tree
        || table.hierarchy_column.is_some() && column.name == table.primary_key;
    of_user && in_tree && operator.info().types.contains(column.column_type)
}

pub(super) fn misfit(source: &Source, operator: &Spanned<Operator>, column: &Column) -> Diagnostic {
    let info = operator.node.info();
    let found = match column.column_type {
        ColumnType::Lookup => {
            let targets: Vec<&str> = column.targets.iter().map(|name| name.as_str()).collect();
            format!("a lookup to {}", targets.join(", "))
        }
        other => format!("of type {}", other.name()),
    };
    let message = format!("operator `{}` on column `{}`, {found}", info.name, column.name);
    let error = source.error(code::WRONG_TYPE, operator.span.clone(), message);
    if info.types.contains(column.column_type) && info.types != TypeClass::Tree {
        error.expected("an owner, or a lookup to `systemuser`")
    } else {
        error.expected(info.types.describe())
    }
}
