//! Prints plans for people, one step a line.

use std::fmt;

use super::{Join, Needs, Plan, Step};
use crate::algebra::Predicate;

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "rows of {} that the caller may read", self.table)?;
        self.rows.indented(f, 1)?;
        self.joins.iter().try_for_each(|join| join.indented(f, 1))?;
        after(f, &self.after, 1)
    }
}

impl Join {
    fn indented(&self, f: &mut fmt::Formatter<'_>, depth: usize) -> fmt::Result {
        let indent = "  ".repeat(depth);
        let Self { name, table, from, to, .. } = self;
        let kind = self.kind.name();
        writeln!(f, "{indent}{kind} join {name}: rows of {table} whose {from} is its {to}")?;
        self.rows.indented(f, depth + 1)?;
        self.joins.iter().try_for_each(|join| join.indented(f, depth + 1))?;
        after(f, &self.after, depth + 1)
    }
}

fn after(f: &mut fmt::Formatter<'_>, step: &Step, depth: usize) -> fmt::Result {
    if step.is_always() {
        return Ok(());
    }
    writeln!(f, "{}after the join", "  ".repeat(depth))?;
    step.indented(f, depth + 1)
}

impl Step {
    fn indented(&self, f: &mut fmt::Formatter<'_>, depth: usize) -> fmt::Result {
        let indent = "  ".repeat(depth);
        match self {
            Self::Shared(_) if self.is_always() => Ok(()),
            Self::Shared(shared) => {
                writeln!(f, "{indent}shared{}", by(shared.needs))?;
                shared.predicate.indented(f, depth + 1)
            }
            Self::Own(Predicate::Condition(condition), needs) => {
                writeln!(f, "{indent}{condition}{}", by(*needs))
            }
            Self::Own(predicate, _) => predicate.indented(f, depth),
            Self::And(steps) | Self::Or(steps) => {
                let head = if matches!(self, Self::And(_)) { "all of" } else { "one of" };
                writeln!(f, "{indent}{head}")?;
                steps.iter().try_for_each(|step| step.indented(f, depth + 1))
            }
            Self::Any { any, filter } => {
                writeln!(f, "{indent}{any}, of those that the caller may read")?;
                filter.indented(f, depth + 1)
            }
        }
    }
}

fn by(needs: Needs) -> String {
    if needs == Needs::default() { String::new() } else { format!(" (depends on {needs})") }
}
