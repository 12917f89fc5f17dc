//! Prints a resolved query for people: what it is understood to mean, one part a line.

use std::fmt;

use haversack_core::Value;

use crate::query::{Columns, Condition, Filter, Linked, Literal, Operand, Quantifier, Query};

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "rows of {}", self.table)?;
        if let Columns::Listed(listed) = &self.columns {
            let keys = listed.iter().map(|selected| match selected.column == *selected.key {
                true => selected.key.clone(),
                false => format!("{} as {}", selected.column, selected.key),
            });
            writeln!(f, "  columns {}", keys.collect::<Vec<_>>().join(", "))?;
        }
        if let Some(filter) = &self.filter {
            writeln!(f, "  where")?;
            filter.explain(f, 2)?;
        }
        for order in &self.order {
            let direction = if order.descending { "descending" } else { "ascending" };
            writeln!(f, "  by {} {direction}", order.column)?;
        }
        match self.top {
            Some(top) => writeln!(f, "  at most {top}"),
            None => Ok(()),
        }
    }
}

impl Filter {
    fn explain(&self, f: &mut fmt::Formatter<'_>, depth: usize) -> fmt::Result {
        let indent = "  ".repeat(depth);
        match self {
            Self::And(parts) | Self::Or(parts) => {
                let is_or = matches!(self, Self::Or(_));
                let head = match (is_or, parts.is_empty()) {
                    (_, true) => "always",
                    (true, false) => "one of",
                    (false, false) => "all of",
                };
                writeln!(f, "{indent}{head}")?;
                parts.iter().try_for_each(|part| part.explain(f, depth + 1))
            }
            Self::Condition(condition) => writeln!(f, "{indent}{condition}"),
            Self::Linked(linked) => linked.explain(f, depth),
        }
    }
}

impl Linked {
    fn explain(&self, f: &mut fmt::Formatter<'_>, depth: usize) -> fmt::Result {
        let quantifier = match self.quantifier {
            Quantifier::Any => "a row",
            Quantifier::NotAny => "no row",
        };
        let indent = "  ".repeat(depth);
        writeln!(
            f,
            "{indent}{quantifier} of {} whose {} is its {}",
            self.table, self.from, self.to
        )?;
        match &self.filter {
            Some(filter) => filter.explain(f, depth + 1),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.column, self.operator.info().meaning)?;
        match &self.operand {
            Operand::None => Ok(()),
            Operand::One(literal) => write!(f, " {literal}"),
            Operand::Many(literals) => {
                let literals: Vec<String> = literals.iter().map(ToString::to_string).collect();
                write!(f, " {}", literals.join(", "))
            }
        }
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local(local) => write!(f, "local {local}"),
            Self::Value(Value::Text(text)) => write!(f, "{text:?}"),
            Self::Value(Value::Integer(number)) => write!(f, "{number}"),
            Self::Value(Value::Decimal(number)) => write!(f, "decimal {number}"),
            Self::Value(Value::Double(number)) => write!(f, "double {}", number.get()),
            Self::Value(Value::Boolean(flag)) => write!(f, "{flag}"),
            Self::Value(Value::Choice(option)) => write!(f, "option {option}"),
            Self::Value(Value::Choices(options)) => write!(f, "options {options:?}"),
            Self::Value(Value::Timestamp(instant)) => write!(f, "{instant}"),
            Self::Value(Value::Date(date)) => write!(f, "{date}"),
            Self::Value(Value::Id(id)) => write!(f, "{id}"),
            Self::Value(Value::Reference(found)) => write!(f, "{} {}", found.table, found.id),
        }
    }
}
