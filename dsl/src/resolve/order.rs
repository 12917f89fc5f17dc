//! In which order: what is said of the query's table first, then what is said of links.

use std::collections::BTreeMap;

use super::{Resolver, scope::Scope};
use crate::{
    ast,
    diagnostic::code,
    query::{Aggregate, By, ColumnRef, LinkRef, Order},
};

/// What a query of groups gives, by its names in the result.
type Keys<'a> = BTreeMap<&'a str, By>;

fn keys(aggregate: &Aggregate) -> Keys<'_> {
    let groups = aggregate.groups.iter().enumerate();
    let functions = aggregate.functions.iter().enumerate();
    let functions = functions.map(|(at, applied)| (applied.key.as_str(), By::Function(at)));
    functions.chain(groups.map(|(at, grouped)| (grouped.key.as_str(), By::Group(at)))).collect()
}

impl<'a> Resolver<'a> {
    pub(super) fn orders(
        &self,
        scope: Scope<'a>,
        fetch: &ast::Fetch,
        aggregate: Option<&Aggregate>,
    ) -> Option<Vec<Order>> {
        let keys = aggregate.map(keys);
        let mut all: Vec<Option<Order>> = Vec::new();
        let own = fetch.body.order.iter();
        all.extend(own.map(|order| self.order(scope, None, order, keys.as_ref())));
        for (number, link) in fetch.body.all_links().enumerate() {
            let table = self.links.borrow()[number].table;
            let Some(table) = table.filter(|_| !self.is_tested(number)) else { continue };
            let name = link.name().node.clone();
            let of_link = LinkRef { number, name };
            let scope = Scope { table, ..scope };
            let orders = link.body.order.iter();
            all.extend(
                orders.map(|order| self.order(scope, Some(of_link.clone()), order, keys.as_ref())),
            );
        }
        all.into_iter().collect()
    }

    fn order(
        &self,
        scope: Scope<'a>,
        of_link: Option<LinkRef>,
        order: &ast::Order,
        keys: Option<&Keys<'_>>,
    ) -> Option<Order> {
        let by = match keys {
            Some(keys) => self.by_key(keys, &order.column)?,
            None => {
                let (_, _, ColumnRef { link, column }) = self.column_ref(scope, &order.column)?;
                By::Column(ColumnRef { link: link.or(of_link), column })
            }
        };
        Some(Order { by, descending: order.descending })
    }

    fn by_key(&self, keys: &Keys<'_>, found: &ast::ColumnRef) -> Option<By> {
        let key = found.to_string();
        let by = keys.get(key.as_str()).cloned();
        if by.is_none() {
            self.report(|source| {
                let message = format!("the query gives nothing called `{key}`");
                let error = source.error(code::UNKNOWN_COLUMN, found.span(), message);
                let near = haversack_core::nearest(&key, keys.keys().copied());
                let error = error.did_you_mean(near);
                match near {
                    Some(_) => error,
                    None => error.help("groups are ordered by the names of what they give"),
                }
            });
        }
        by
    }

    /// By what the partner is chosen that a `first` link gives: its own rows at hand.
    pub(super) fn first_by(&self, scope: Scope<'a>, orders: &[ast::Order]) -> Option<Vec<Order>> {
        let own = orders.iter().filter(|order| order.column.link.is_none());
        own.map(|order| {
            // What is unknown is reported where the order of the whole is looked up.
            let column = scope.table.column(&order.column.column.node)?;
            let by = By::Column(ColumnRef { link: None, column: column.name.clone() });
            Some(Order { by, descending: order.descending })
        })
        .collect()
    }
}
