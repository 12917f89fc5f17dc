//! Prints a resolved query for people: what it is understood to mean, one part a line.

use std::fmt;

use haversack_core::Value;

use crate::query::{
    Aggregate, By, Columns, Comparison, Condition, Filter, Function, Link, LinkKind, Linked,
    Literal, Operand, Order, Quantifier, Query,
};

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "rows of {}", self.table)?;
        if let Columns::Listed(listed) = &self.columns {
            let keys = listed.iter().map(|selected| match selected.column.to_string() {
                column if column == selected.key => column,
                column => format!("{column} as {}", selected.key),
            });
            let keys: Vec<String> = keys.collect();
            if !keys.is_empty() {
                writeln!(f, "  columns {}", keys.join(", "))?;
            }
        }
        if let Some(aggregate) = &self.aggregate {
            aggregate.explain(f)?;
        }
        self.links.iter().try_for_each(|link| link.explain(f, 1))?;
        if let Some(filter) = &self.filter {
            writeln!(f, "  where")?;
            filter.explain(f, 2)?;
        }
        self.order.iter().try_for_each(|order| self.explain_order(f, order))?;
        self.explain_paging(f)
    }
}

impl Query {
    fn explain_order(&self, f: &mut fmt::Formatter<'_>, order: &Order) -> fmt::Result {
        let direction = if order.descending { "descending" } else { "ascending" };
        let key = |at: usize, of: &Option<Aggregate>| {
            of.as_ref().and_then(|of| of.keys().nth(at)).unwrap_or_default().to_owned()
        };
        let by = match &order.by {
            By::Column(column) => column.to_string(),
            By::Group(at) => key(*at, &self.aggregate),
            By::Function(at) => {
                let groups = self.aggregate.as_ref().map_or(0, |of| of.groups.len());
                key(groups + at, &self.aggregate)
            }
        };
        writeln!(f, "  by {by} {direction}")
    }

    fn explain_paging(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.raw_order {
            writeln!(f, "  choices by number")?;
        }
        if self.distinct {
            writeln!(f, "  each once")?;
        }
        if let Some(top) = self.top {
            writeln!(f, "  at most {top}")?;
        }
        if let Some(page) = &self.page {
            let after = if page.after.is_some() { ", after a cookie" } else { "" };
            writeln!(f, "  page {} of {} rows each{after}", page.number, page.size)?;
        }
        if self.counts_all { writeln!(f, "  counted in all") } else { Ok(()) }
    }
}

impl Aggregate {
    fn explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for grouped in &self.groups {
            let zone = if grouped.utc { " in UTC" } else { "" };
            let part = grouped.part.map(|part| format!("{} of ", part.name())).unwrap_or_default();
            writeln!(f, "  a group for each {part}{}{zone} as {}", grouped.column, grouped.key)?;
        }
        for applied in &self.functions {
            let distinct = if applied.distinct { "different " } else { "" };
            let what = match (&applied.column, applied.function) {
                (None, _) => "count of rows".to_owned(),
                (Some(column), Function::Count) => format!("count of {distinct}values of {column}"),
                (Some(column), function) => format!("{} of {distinct}{column}", function.name()),
            };
            writeln!(f, "  {what} as {}", applied.key)?;
        }
        Ok(())
    }
}

impl Link {
    fn explain(&self, f: &mut fmt::Formatter<'_>, depth: usize) -> fmt::Result {
        let indent = "  ".repeat(depth);
        let kind = match self.kind {
            LinkKind::Inner => "each",
            LinkKind::Outer => "each, or no,",
            LinkKind::Exists | LinkKind::In => "if there is a",
            LinkKind::First => "the first",
        };
        writeln!(
            f,
            "{indent}with {kind} row of {} as {} whose {} is its {}",
            self.table, self.name, self.from, self.to
        )?;
        if let Some(filter) = &self.filter {
            filter.explain(f, depth + 1)?;
        }
        self.links.iter().try_for_each(|link| link.explain(f, depth + 1))
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
            Self::Comparison(comparison) => writeln!(f, "{indent}{comparison}"),
            Self::Linked(linked) => linked.explain(f, depth),
        }
    }
}

impl Linked {
    fn explain(&self, f: &mut fmt::Formatter<'_>, depth: usize) -> fmt::Result {
        let quantifier = match self.quantifier {
            Quantifier::Any | Quantifier::NotAll => "a row",
            Quantifier::NotAny => "no row",
            Quantifier::All => "rows, but none selected,",
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
        let literals = match &self.operand {
            Operand::None => &[],
            Operand::One(literal) => std::slice::from_ref(literal),
            Operand::Many(literals) => literals.as_slice(),
        };
        let literals: Vec<String> = literals.iter().map(ToString::to_string).collect();
        write!(f, "{} {}", self.column, meant(self.operator.info().meaning, &literals))
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} column {}", self.column, self.operator.info().meaning, self.other)
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

/// A meaning with values in the places of X and Y, else behind it.
fn meant(meaning: &str, values: &[String]) -> String {
    let mut rest = values.iter();
    let words = meaning.split(' ').map(|word| match word.strip_suffix(',').unwrap_or(word) {
        name @ ("X" | "Y") => match rest.next() {
            Some(value) => word.replacen(name, value, 1),
            None => word.to_owned(),
        },
        _ => word.to_owned(),
    });
    let said = words.collect::<Vec<_>>().join(" ");
    let rest: Vec<&str> = rest.map(String::as_str).collect();
    if rest.is_empty() { said } else { format!("{said} {}", rest.join(", ")) }
}
