//! Parameters: the forms of their values, and whether one fits where it is used.

use haversack_core::{
    Name, Value,
    schema::{Column, ColumnType},
};

use super::{Resolver, literal::literal};
use crate::{
    ast::{ParameterType, Spanned},
    diagnostic::{Diagnostic, code},
    operator::{Operator, ValueKind},
    query::Literal,
    reading::is_carried,
    source::{Source, named},
};

/// Whether a text has the form that a parameter of a type asks for.
pub(crate) fn has_form(wanted: ParameterType, text: &str) -> bool {
    let column_type = match wanted {
        ParameterType::String => return text.chars().all(is_carried),
        ParameterType::Integer => ColumnType::Bigint,
        ParameterType::Decimal => ColumnType::Decimal,
        ParameterType::Boolean => ColumnType::Boolean,
        ParameterType::Date => ColumnType::Date,
        ParameterType::Datetime => ColumnType::Datetime,
        ParameterType::Guid => ColumnType::Uniqueidentifier,
    };
    let column = Column::plain(Name::known("parameter"), column_type, Vec::new());
    match literal(&column, text) {
        Ok(Literal::Value(read)) => match wanted {
            ParameterType::Integer => matches!(read, Value::Integer(_)),
            ParameterType::Date => matches!(read, Value::Date(_)),
            _ => true,
        },
        Ok(_) => wanted == ParameterType::Datetime,
        Err(_) => false,
    }
}

/// The types of parameters that can stand for a value of an operator on a column.
fn fitting(operator: Operator, column: &Column) -> &'static [ParameterType] {
    use ColumnType as T;
    match operator.info().values {
        ValueKind::Row => &[ParameterType::Guid],
        ValueKind::Count(_) | ValueKind::Year | ValueKind::Period | ValueKind::PeriodAndYear => {
            &[ParameterType::Integer]
        }
        ValueKind::Column => match column.column_type {
            T::String | T::Memo | T::File | T::Image => &[ParameterType::String],
            T::Integer | T::Bigint | T::Decimal | T::Money | T::Double => {
                &[ParameterType::Integer, ParameterType::Decimal]
            }
            T::Boolean => &[ParameterType::Boolean],
            T::Choice | T::Choices | T::State | T::Status => &[ParameterType::Integer],
            T::Datetime | T::Date => &[ParameterType::Datetime, ParameterType::Date],
            T::Uniqueidentifier | T::Lookup | T::Owner => &[ParameterType::Guid],
        },
    }
}

impl Resolver<'_> {
    /// Reports a parameter that does not fit where it is used. Without declarations there are only
    /// values, and a parameter is one that lacks its own.
    pub(super) fn check_parameter(
        &self,
        name: &Spanned<Name>,
        operator: Operator,
        column: &Column,
    ) {
        let what = format!("operator `{}` on column `{}`", operator.name(), column.name);
        self.check_use(name, fitting(operator, column), &what);
    }

    /// Reports a parameter that does not fit a number of rows or a page's.
    pub(super) fn check_number(&self, name: &Spanned<Name>, what: &str) {
        self.check_use(name, &[ParameterType::Integer], &format!("`{what}`"));
    }

    fn check_use(&self, name: &Spanned<Name>, fitting: &[ParameterType], what: &str) {
        let Some(declared) = self.declared else {
            return self.report(|source| missing(source, name));
        };
        let declared = declared.iter().find(|parameter| parameter.name == *name);
        let Some(found) = declared.map(|parameter| parameter.parameter_type.node) else {
            return self.report(|source| missing(source, name));
        };
        if fitting.contains(&found) {
            return;
        }
        self.report(|source| {
            let message =
                format!("parameter `${}`, of type {}, for {what}", name.node, found.name());
            let error = source.error(code::WRONG_TYPE, name.span.clone(), message);
            let names: Vec<_> = fitting.iter().map(|one| format!("`{}`", one.name())).collect();
            error.expected(format!("a parameter of type {}", names.join(" or ")))
        });
    }
}

fn missing(source: &Source, name: &Spanned<Name>) -> Diagnostic {
    let found = named(&format!("${}", name.node));
    let message = format!("found no value for parameter {found}");
    source.error(code::MISSING_VALUE, name.span.clone(), message)
}
