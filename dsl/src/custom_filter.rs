//! What a query must not have to serve as a profile item's custom filter.

use haversack_core::{
    limits::{CUSTOM_FILTER_LEVELS_CLASSIC_MAX, CUSTOM_FILTER_OPERATORS_CLASSIC},
    settings::Compatibility,
};

use crate::{
    ast::{Columns, Condition, Fetch, Group, Linked, Part, Quantifier},
    diagnostic::{Diagnostic, code},
    source::Span,
};

/// Diagnostics of one query at the most: enough to mend it, and a bound on the work.
const DIAGNOSTICS_MAX: usize = 50;

/// Checks a query that is to be a custom filter: see [`crate::check_custom_filter`].
pub(crate) fn check(fetch: &Fetch, table: &str, compatibility: Compatibility) -> Vec<Diagnostic> {
    let mut check = Check { fetch, compatibility, path: Vec::new(), diagnostics: Vec::new() };
    check.head(table);
    if let Some(group) = &fetch.body.filter {
        check.group("filter".to_owned(), group);
    }
    check.diagnostics.truncate(DIAGNOSTICS_MAX);
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
        self.forbidden();
        if let (Columns::Listed(listed), false) = (&fetch.body.columns, fetch.is_aggregate()) {
            let first = listed.first().and_then(|selected| selected.term.column());
            self.ignored("columns", first.map(|column| column.span.clone()));
        }
        self.ignored("order", fetch.body.order.first().map(|order| order.column.span()));
    }

    /// What would make a row's place depend on other rows, or join tables.
    fn forbidden(&mut self) {
        let Fetch { body, paging, distinct, .. } = self.fetch;
        let function = body.columns.listed().iter().find_map(|s| s.term.function());
        let grouped = body.groups.first().map(|grouped| &grouped.column.span);
        let found = [
            ("top", paging.top.as_ref().map(|top| &top.span)),
            ("page", paging.page.as_ref().map(|page| &page.span)),
            ("a page's size", paging.size.as_ref().map(|size| &size.span)),
            ("a paging cookie", paging.cookie.as_ref().map(|cookie| &cookie.span)),
            ("a total", paging.total.as_ref().map(|total| &total.span)),
            ("distinct", distinct.as_ref().map(|distinct| &distinct.span)),
            ("an aggregate", grouped.or(function.map(|function| &function.span))),
        ];
        for (what, span) in found {
            let Some(span) = span else { continue };
            let quoted = if what.contains(' ') { what.to_owned() } else { format!("`{what}`") };
            let help = "leave it out: a filter says which rows, not how many";
            self.refuse(span.clone(), &quoted, help);
        }
        for link in &body.links {
            let help = "ask for joined rows by `any` or `not any` in the filter";
            self.refuse(link.kind.span.clone(), "a join", help);
        }
    }

    /// What classic refuses: an error there, and worth a word elsewhere, since the filter can't go
    /// back.
    fn classic(&mut self, code: &'static str, span: Span, found: String, expected: &str) {
        let source = &self.fetch.source;
        let diagnostic = match self.compatibility {
            Compatibility::Classic => source.error(code, span, found),
            Compatibility::Extended => {
                let message = format!("classic would refuse {found}");
                source.warning(code::CLASSIC_REFUSES, span, message)
            }
        };
        self.diagnostics.push(diagnostic.expected(expected));
    }

    fn refuse(&mut self, span: Span, what: &str, help: &str) {
        let message = format!("{what} in a custom filter");
        let error = self.fetch.source.error(code::NOT_IN_FILTER, span, message);
        self.diagnostics.push(error.help(help));
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
            for part in &group.parts {
                if self.is_full() {
                    break;
                }
                self.part(part);
            }
        }
        self.path.pop();
    }

    fn is_full(&self) -> bool {
        self.diagnostics.len() >= DIAGNOSTICS_MAX
    }

    fn is_too_deep(&self) -> bool {
        self.path.len() > CUSTOM_FILTER_LEVELS_CLASSIC_MAX
    }

    fn too_deep(&mut self, span: Span) {
        let found = format!("a group at level {}: {}", self.path.len(), self.path.join(" > "));
        let expected = format!("{CUSTOM_FILTER_LEVELS_CLASSIC_MAX} levels at the most in classic");
        self.classic(code::LIMIT, span, found, &expected);
    }

    fn part(&mut self, part: &Part) {
        match part {
            Part::Group(group) => self.group(group.connective.node.name().to_owned(), group),
            Part::Condition(condition) => self.condition(condition),
            Part::Linked(linked) => self.linked(linked),
        }
    }

    fn linked(&mut self, linked: &Linked) {
        let quantifier = linked.quantifier.node;
        let is_documented = matches!(quantifier, Quantifier::Any | Quantifier::NotAny);
        if !is_documented {
            let found = format!("`{}` in a custom filter", quantifier.name());
            let span = linked.quantifier.span.clone();
            self.classic(code::NOT_IN_FILTER, span, found, "`any` or `not any` in classic");
        }
        if let Some(group) = &linked.filter {
            self.group(format!("{} {}", linked.quantifier.node.name(), linked.table.node), group);
        }
    }

    fn condition(&mut self, condition: &Condition) {
        let info = condition.operator.node.info();
        if !info.in_classic_filter {
            let found = format!("operator `{}` in a custom filter", info.name);
            let span = condition.operator.span.clone();
            let expected =
                format!("one of the {CUSTOM_FILTER_OPERATORS_CLASSIC} operators of classic");
            self.classic(code::NOT_IN_FILTER, span, found, &expected);
        }
    }
}
