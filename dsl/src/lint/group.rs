//! Groups: what their parts say by themselves, of one another, and of what lies in them.

use haversack_core::schema::Table;

use super::{Lint, pair};
use crate::{
    ast::{self, Connective},
    diagnostic::code,
    query::{self, ColumnRef, Filter},
};

/// A part of a group, as both trees have it.
#[derive(Clone, Copy)]
pub(super) enum Member<'t> {
    Condition(&'t ast::Condition, &'t query::Condition),
    Comparison(&'t ast::Condition, &'t query::Comparison),
    Linked(&'t ast::Linked, &'t query::Linked),
    Group(&'t ast::Group, &'t Filter),
}

/// The parts of a group, those of groups in it that are joined alike included.
pub(super) fn members<'t>(group: &'t ast::Group, filter: &'t Filter) -> Vec<Member<'t>> {
    let mut all = Vec::new();
    push(group, filter, group.connective.node, &mut all);
    all
}

fn push<'t>(
    group: &'t ast::Group,
    filter: &'t Filter,
    connective: Connective,
    all: &mut Vec<Member<'t>>,
) {
    let (Filter::And(filters) | Filter::Or(filters)) = filter else { return };
    for (part, filter) in group.parts.iter().zip(filters) {
        match (part, filter) {
            (ast::Part::Group(inner), _) => {
                let is_alike = inner.connective.node == connective && !inner.parts.is_empty();
                match is_alike || inner.parts.len() == 1 {
                    true => push(inner, filter, connective, all),
                    false => all.push(Member::Group(inner, filter)),
                }
            }
            (ast::Part::Condition(ast), Filter::Condition(condition)) => {
                all.push(Member::Condition(ast, condition));
            }
            (ast::Part::Condition(ast), Filter::Comparison(comparison)) => {
                all.push(Member::Comparison(ast, comparison));
            }
            (ast::Part::Linked(ast), Filter::Linked(linked)) => {
                all.push(Member::Linked(ast, linked));
            }
            // The resolved tree has the shape of the other.
            _ => {}
        }
    }
}

impl<'a> Lint<'a> {
    /// A group around which it is known that these columns have values.
    pub(super) fn group(
        &mut self,
        table: &'a Table,
        group: &ast::Group,
        filter: &Filter,
        have_values: &[&ColumnRef],
    ) {
        let members = members(group, filter);
        let connective = group.connective.node;
        let mut have_values = have_values.to_vec();
        if connective == Connective::And {
            have_values.extend(members.iter().flat_map(pair::given_values));
        }
        pair::check(self, connective, &members);
        for member in &members {
            match member {
                Member::Condition(ast, condition) => {
                    self.condition(table, ast, condition);
                    self.null_passes(table, member, &members, connective, &have_values);
                }
                Member::Comparison(ast, comparison) => {
                    self.comparison(ast, comparison);
                    self.null_passes(table, member, &members, connective, &have_values);
                }
                Member::Linked(ast, linked) => self.linked(ast, linked),
                Member::Group(inner, filter) => {
                    self.empty(connective, inner);
                    self.group(table, inner, filter, &have_values);
                }
            }
        }
    }

    /// An empty group holds always, and so does an or-group that has one.
    fn empty(&mut self, around: Connective, group: &ast::Group) {
        if around == Connective::Or && group.parts.is_empty() {
            self.warn(code::ALWAYS_TRUE, group.connective.span.clone(), || {
                let message = "an empty group holds for every row, and so does the `or` around it";
                (message.to_owned(), Some("leave it out, or fill it".to_owned()))
            });
        }
    }
}
