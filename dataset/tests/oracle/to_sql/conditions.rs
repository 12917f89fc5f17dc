//! Filters: groups, two columns, and rows that are linked.

use haversack_core::schema::ColumnType as T;
use haversack_dsl::ast::{Condition, Connective, Group, Linked, Part, Quantifier};

use super::{Scope, Translator, joins::joining};

impl<'a> Translator<'a> {
    /// A group, as a condition that SQL may find unknown where a null is compared: unknown is not
    /// selected, and groups have no `not` that could make it so.
    pub(super) fn group(&self, scope: &Scope<'a>, group: &Group) -> String {
        if group.parts.is_empty() {
            return "1".to_owned();
        }
        let parts: Vec<String> = group.parts.iter().map(|part| self.part(scope, part)).collect();
        let word = match group.connective.node {
            Connective::And => " AND ",
            Connective::Or => " OR ",
        };
        format!("({})", parts.join(word))
    }

    fn part(&self, scope: &Scope<'a>, part: &Part) -> String {
        match part {
            Part::Group(group) => self.group(scope, group),
            Part::Linked(linked) => self.linked(scope, linked),
            Part::Condition(condition) if condition.valueof.is_some() => {
                self.two_columns(scope, condition)
            }
            Part::Condition(condition) => {
                self.condition(&self.cell(scope, &condition.column), condition)
            }
        }
    }

    /// Null compares with nothing, but `ne` holds if its left side is null.
    fn two_columns(&self, scope: &Scope<'a>, condition: &Condition) -> String {
        let one = self.cell(scope, &condition.column);
        let other = self.cell(scope, condition.valueof.as_ref().expect("another column"));
        let ordered = |cell: &super::Cell<'_>| match cell.column.column_type {
            T::String | T::Memo => cell.beside("key"),
            _ => cell.sql(),
        };
        let (equal, less) = ((joining(&one), joining(&other)), (ordered(&one), ordered(&other)));
        match condition.operator.node.name() {
            "eq" => format!("{} = {}", equal.0, equal.1),
            "ne" => format!("({0} <> {1} OR {0} IS NULL)", equal.0, equal.1),
            "gt" => format!("{} > {}", less.0, less.1),
            "ge" => format!("{} >= {}", less.0, less.1),
            "lt" => format!("{} < {}", less.0, less.1),
            "le" => format!("{} <= {}", less.0, less.1),
            other => panic!("{other} compares no columns"),
        }
    }

    fn linked(&self, scope: &Scope<'a>, linked: &Linked) -> String {
        // Linked rows in linked rows have names of their own.
        let child = Scope {
            table: self.table(&linked.table.node),
            sql_name: format!("{}x", scope.sql_name),
            link_names: scope.link_names.clone(),
        };
        let (from, to) = self.joined_by(scope, linked.join.as_ref(), &child);
        let rows = format!(
            "SELECT 1 FROM {} AS {} WHERE {} = {}",
            child.table.name,
            child.sql_name,
            joining(&from),
            joining(&to)
        );
        let selected = match &linked.filter {
            Some(filter) => format!("{rows} AND {}", self.group(&child, filter)),
            None => rows.clone(),
        };
        match linked.quantifier.node {
            Quantifier::Any | Quantifier::NotAll => format!("EXISTS ({selected})"),
            Quantifier::NotAny => format!("NOT EXISTS ({selected})"),
            Quantifier::All => format!("(EXISTS ({rows}) AND NOT EXISTS ({selected}))"),
        }
    }
}
