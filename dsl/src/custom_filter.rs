//! What a query must not have to serve as a profile item's custom filter.

use haversack_core::{limits::CUSTOM_FILTER_LEVELS_CLASSIC_MAX, settings::Compatibility};

use crate::{
    ast::{Columns, Condition, Fetch, Group, Linked, Part},
    diagnostic::{Diagnostic, code},
    source::Span,
};

/// Checks a query that is to be a custom filter: see [`crate::check_custom_filter`].
pub(crate) fn check(fetch: &Fetch, table: &str, compatibility: Compatibility) -> Vec<Diagnostic> {
    let mut check = Check { fetch, compatibility, path: Vec::new(), diagnostics: Vec::new() };
    check.head(table);
    if let Some(group) = &fetch.filter {
        check.group("filter".to_owned(), group);
    }
    check.diagnostics.sort_by_key(|diagnostic| diagnostic.span.start);
    check.diagnostics
}

struct Check<'a> {
    fetch: &'a Fetch,
    compatibility: Compatibility,
    /// The groups around the one that is looked at, by what opens them.
    path: Vec<String>,
    diagnostics: Vec<Diagnostic>,
}

impl Check<'_> {
    fn head(&mut self, table: &str) {
        let (fetch, source) = (self.fetch, &self.fetch.source);
        if fetch.table.node != *table {
            let message = format!("a filter of table `{}`", fetch.table.node);
            let error = source.error(code::WRONG_TABLE, fetch.table.span.clone(), message);
            self.diagnostics.push(error.expected(format!("`{table}`, the item's table")));
        }
        if let Some(top) = &fetch.top {
            let message = "`top` in a custom filter";
            let error = source.error(code::NOT_IN_FILTER, top.span.clone(), message);
            self.diagnostics
                .push(error.help("leave it out: a filter says which rows, not how many"));
        }
        if let Columns::Listed(listed) = &fetch.columns {
            self.ignored("columns", listed.first().map(|selected| selected.column.span.clone()));
        }
        self.ignored("order", fetch.order.first().map(|order| order.column.span.clone()));
    }

    fn ignored(&mut self, what: &str, span: Option<Span>) {
        if let Some(span) = span {
            let message = format!("`{what}` in a custom filter has no effect");
            self.diagnostics.push(self.fetch.source.warning(code::IGNORED, span, message));
        }
    }

    fn group(&mut self, name: String, group: &Group) {
        self.path.push(name);
        // Whatever lies deeper has the same cause, so the first group too deep says it all.
        if self.is_too_deep() {
            self.too_deep(group.connective.span.clone());
        } else {
            group.parts.iter().for_each(|part| self.part(part));
        }
        self.path.pop();
    }

    fn is_too_deep(&self) -> bool {
        self.compatibility == Compatibility::Classic
            && self.path.len() > CUSTOM_FILTER_LEVELS_CLASSIC_MAX
    }

    fn too_deep(&mut self, span: Span) {
        let levels = self.path.len();
        let message = format!("a group at level {levels}: {}", self.path.join(" > "));
        let error = self.fetch.source.error(code::LIMIT, span, message);
        let expected = format!("{CUSTOM_FILTER_LEVELS_CLASSIC_MAX} levels at the most in classic");
        self.diagnostics.push(error.expected(expected));
    }

    fn part(&mut self, part: &Part) {
        match part {
            Part::Group(group) => self.group(group.connective.node.name().to_owned(), group),
            Part::Condition(condition) => self.condition(condition),
            Part::Linked(linked) => self.linked(linked),
        }
    }

    fn linked(&mut self, linked: &Linked) {
        if let Some(group) = &linked.filter {
            self.group(format!("{} {}", linked.quantifier.node.name(), linked.table.node), group);
        }
    }

    fn condition(&mut self, condition: &Condition) {
        let info = condition.operator.node.info();
        if self.compatibility == Compatibility::Classic && !info.in_classic_filter {
            let message = format!("operator `{}` in a custom filter", info.name);
            let span = condition.operator.span.clone();
            let error = self.fetch.source.error(code::NOT_IN_FILTER, span, message);
            self.diagnostics.push(error.expected("one of the 25 operators of classic"));
        }
    }
}
