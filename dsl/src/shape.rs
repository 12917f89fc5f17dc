//! What a query must not say, whichever syntax it is in and whatever schema it is for.

use crate::{
    ast::{Body, ColumnRef, Columns, Condition, Fetch, Function, Selected, Spanned, Term},
    diagnostic::{Diagnostic, code},
    operator::Operator,
    reading::Reading,
    source::{Source, Span, named},
};

/// The operators that compare two columns.
pub(crate) const OF_TWO_COLUMNS: [Operator; 6] =
    [Operator::Eq, Operator::Ne, Operator::Gt, Operator::Ge, Operator::Lt, Operator::Le];

/// What counts rows needs no column. One is kept if it says more than the name that a table's key has
/// by custom, so that both syntaxes say it in their own way.
pub(crate) fn forget_keys(table: &str, body: &mut Body) {
    if let Columns::Listed(listed) = &mut body.columns {
        let key = format!("{table}id");
        for selected in listed {
            if let Term::Function { function, column, .. } = &mut selected.term {
                column.take_if(|column| function.node == Function::Rows && *column.node == key);
            }
        }
    }
    body.links.iter_mut().for_each(|link| forget_keys(&link.table.node, &mut link.body));
}

/// A whole number from 1. How large it may be depends on the environment.
pub(crate) fn whole_number(
    source: &Source,
    what: &str,
    text: &str,
    span: Span,
) -> Result<u32, Box<Diagnostic>> {
    let is_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse::<u32>() {
        Ok(number) if is_digits && number > 0 => Ok(number),
        _ => {
            let code = if is_digits { code::LIMIT } else { code::BAD_VALUE };
            let message = format!("found {what} {}", named(text));
            Err(Box::new(source.error(code, span, message).expected("a whole number from 1")))
        }
    }
}

impl Reading {
    /// `column`, or `link.column`; the error says what it should name.
    pub(crate) fn column_ref(
        &self,
        text: &str,
        span: Span,
        what: &str,
    ) -> Result<ColumnRef, Box<Diagnostic>> {
        let Some((link, column)) = text.split_once('.') else {
            return self.name(text, span, what).map(ColumnRef::own);
        };
        let dot = span.start + link.len();
        let link = self.name(link, span.start..dot, "a link's name")?;
        let column = self.name(column, dot + 1..span.end.max(dot + 1), what)?;
        Ok(ColumnRef { link: Some(link), column })
    }

    /// A condition that compares two columns.
    pub(crate) fn comparison(
        &self,
        column: ColumnRef,
        operator: Spanned<Operator>,
        other: ColumnRef,
    ) -> Option<Condition> {
        if OF_TWO_COLUMNS.contains(&operator.node) {
            let valueof = Some(other);
            return Some(Condition { column, operator, values: Vec::new(), valueof });
        }
        let message = format!("operator `{}` with a column", operator.node.name());
        let error = self.source.error(code::ARITY, operator.span.clone(), message);
        let names = OF_TWO_COLUMNS.map(|operator| format!("`{}`", operator.name()));
        self.report(error.expected(format!("one of {}", names.join(", "))));
        None
    }

    /// Reports what contradicts itself.
    pub(crate) fn check_shape(&self, fetch: &Fetch) {
        let paging = &fetch.paging;
        if let (Some(top), true) = (&paging.top, paging.is_paged()) {
            let error = self.contradiction(top.span.clone(), "found `top` beside pages");
            self.report(error.expected("`top`, or pages").help(match self.syntax {
                crate::Syntax::Dsl => "leave out `page`, `size`, `cookie` and `total`",
                crate::Syntax::FetchXml => {
                    "leave out `count`, `page`, `paging-cookie` and `returntotalrecordcount`"
                }
            }));
        }
        if fetch.is_aggregate() {
            self.check_aggregate(&fetch.body, &fetch.table.span);
            fetch.body.all_links().for_each(|link| {
                self.check_aggregate(&link.body, &link.table.span);
            });
        }
    }

    fn contradiction(&self, span: Span, message: &str) -> Diagnostic {
        self.source.error(code::CONTRADICTION, span, message)
    }

    fn check_aggregate(&self, body: &Body, table: &Span) {
        if body.columns == Columns::ALL {
            let error = self.contradiction(table.clone(), "found all columns beside groups");
            self.report(error.expected("functions, and columns to group by"));
        }
        body.columns.listed().iter().for_each(|selected| self.check_selected(selected));
    }

    fn check_selected(&self, selected: &Selected) {
        let Some(column) = selected.term.column() else { return self.check_alias(selected) };
        if selected.term.function().is_some() {
            return self.check_alias(selected);
        }
        let message = format!("found column `{}` beside groups", column.node);
        let error = self.contradiction(column.span.clone(), &message);
        self.report(error.expected("a function of it, or grouping by it").help(
            match self.syntax {
                crate::Syntax::Dsl => format!("write `group {}`", column.node),
                crate::Syntax::FetchXml => "write `groupby=\"true\"`".to_owned(),
            },
        ));
    }

    fn check_alias(&self, selected: &Selected) {
        let (Some(function), None) = (selected.term.function(), &selected.alias) else { return };
        let message = format!("found `{}` without an alias", function.node.name());
        let error = self.source.error(code::SYNTAX, function.span.clone(), message);
        self.report(error.expected("a name for it in the result").help(match self.syntax {
            crate::Syntax::Dsl => "write `as NAME` after it",
            crate::Syntax::FetchXml => "write `alias=\"NAME\"`",
        }));
    }
}
