//! Which names a part of a query can see: the columns of the table at hand, and those of links.

use haversack_core::{
    Name, nearest,
    schema::{Column, Table},
};

use super::{Resolver, one_of};
use crate::{
    ast::{self, Spanned},
    diagnostic::code,
    query::{ColumnRef, LinkRef},
};

/// A link of the query.
pub(super) struct Known<'a> {
    pub(super) name: Spanned<Name>,
    /// None: there is no such table, and that was reported.
    pub(super) table: Option<&'a Table>,
    /// The link around it.
    parent: Option<usize>,
    /// Whether it, or a link around it, only tests for rows.
    is_tested: bool,
}

/// From where names are looked up.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    /// The table at hand.
    pub(super) table: &'a Table,
    /// The link whose join is being decided; none: the join is done.
    pub(super) link: Option<usize>,
}

impl<'a> Resolver<'a> {
    /// Looks up all links by their numbers, before anything names one.
    pub(super) fn know_links(&self, links: &[ast::Link], parent: Option<usize>) {
        for link in links {
            let table = self.table(&link.table);
            let name = link.name().clone();
            let number = self.links.borrow().len();
            self.check_link_name(&name);
            let around = parent.is_some_and(|parent| self.links.borrow()[parent].is_tested);
            let is_tested = around || link.kind.node.is_test();
            self.links.borrow_mut().push(Known { name, table, parent, is_tested });
            self.know_links(&link.body.links, Some(number));
        }
    }

    fn check_link_name(&self, name: &Spanned<Name>) {
        if self.links.borrow().iter().any(|known| known.name == *name) {
            self.report(|source| {
                let message = format!("found two links called `{}`", name.node);
                let error = source.error(code::DUPLICATE, name.span.clone(), message);
                error.help("give one of them another alias")
            });
        }
    }

    /// A column of the table at hand, or of a link that can be seen.
    pub(super) fn column_ref(
        &self,
        scope: Scope<'a>,
        found: &ast::ColumnRef,
    ) -> Option<(&'a Table, &'a Column, ColumnRef)> {
        let (table, link) = match &found.link {
            None => (scope.table, None),
            Some(name) => {
                let number = self.visible(scope, name)?;
                let table = self.links.borrow()[number].table?;
                (table, Some(LinkRef { number, name: name.node.clone() }))
            }
        };
        let column = self.column(table, &found.column)?;
        Some((table, column, ColumnRef { link, column: column.name.clone() }))
    }

    fn visible(&self, scope: Scope<'a>, name: &Spanned<Name>) -> Option<usize> {
        let links = self.links.borrow();
        let Some(number) = links.iter().position(|known| known.name == *name) else {
            drop(links);
            self.unknown_link(scope, name);
            return None;
        };
        let problem = match scope.link {
            None if links[number].is_tested => Some((
                format!("link `{}` only tests for rows and gives no columns", name.node),
                "use an `inner` or `outer` link, or put the condition into the link",
            )),
            Some(from) if !self.lies_around(number, from) => Some((
                format!("link `{}` can't be seen from another link's filter", name.node),
                "put the condition into the filter of the query, which looks at rows after the join",
            )),
            _ => None,
        };
        drop(links);
        if let Some((message, help)) = problem {
            self.report(|source| {
                source.error(code::UNKNOWN_LINK, name.span.clone(), message).help(help)
            });
            return None;
        }
        Some(number)
    }

    /// Whether a link is another one, or lies around it.
    fn lies_around(&self, number: usize, from: usize) -> bool {
        let links = self.links.borrow();
        std::iter::successors(Some(from), |at| links[*at].parent).any(|at| at == number)
    }

    /// Whether a link, or one around it, only tests for rows.
    pub(super) fn is_tested(&self, number: usize) -> bool {
        self.links.borrow()[number].is_tested
    }

    fn unknown_link(&self, scope: Scope<'a>, name: &Spanned<Name>) {
        self.report(|source| {
            let links = self.links.borrow();
            let message = format!("no link is called `{}`", name.node);
            let error = source.error(code::UNKNOWN_LINK, name.span.clone(), message);
            let of_table =
                links.iter().find(|known| known.table.is_some_and(|table| table.name == name.node));
            match of_table {
                None if scope.table.name == name.node => {
                    error.help(format!("columns of `{}` stand here without its name", name.node))
                }
                Some(known) => {
                    error.help(format!("the link to that table is called `{}`", known.name.node))
                }
                None => {
                    let names = || links.iter().map(|known| known.name.node.as_str());
                    match nearest(&name.node, names()) {
                        Some(near) => error.did_you_mean(Some(near)),
                        None if names().next().is_some() => error.expected(one_of(names())),
                        None if self.catalog.table(&name.node).is_some() => {
                            error.help(format!("link to `{0}` first, or ask by `any`", name.node))
                        }
                        None => error.help("the query has no links"),
                    }
                }
            }
        });
    }
}
