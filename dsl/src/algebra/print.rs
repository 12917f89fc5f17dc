//! Prints predicates for people, one part a line.

use std::fmt;

use super::{Any, Predicate};

impl fmt::Display for Predicate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.indented(f, 0)
    }
}

impl Predicate {
    /// Prints it so far from the left, in steps of two.
    pub(crate) fn indented(&self, f: &mut fmt::Formatter<'_>, depth: usize) -> fmt::Result {
        let indent = "  ".repeat(depth);
        let group = |f: &mut fmt::Formatter<'_>, head: &str, parts: &[Self]| {
            writeln!(f, "{indent}{head}")?;
            parts.iter().try_for_each(|part| part.indented(f, depth + 1))
        };
        match self {
            Self::Constant(true) => writeln!(f, "{indent}always"),
            Self::Constant(false) => writeln!(f, "{indent}never"),
            Self::And(parts) => group(f, "all of", parts),
            Self::Or(parts) => group(f, "one of", parts),
            Self::Condition(condition) => writeln!(f, "{indent}{condition}"),
            Self::Comparison(comparison) => writeln!(f, "{indent}{comparison}"),
            Self::Any(any) => {
                writeln!(f, "{indent}{any}")?;
                match any.filter.as_ref() {
                    Self::Constant(true) => Ok(()),
                    filter => filter.indented(f, depth + 1),
                }
            }
        }
    }
}

impl fmt::Display for Any {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quantity = if self.negated { "no row" } else { "a row" };
        write!(f, "{quantity} of {} whose {} is its {}", self.table, self.from, self.to)
    }
}
