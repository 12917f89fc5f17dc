//! One reading of one text, in either syntax: what was wrong so far, and the checks that do not
//! depend on the syntax. Both parsers make conditions and names here and nowhere else.

use std::cell::{Cell, RefCell};

use haversack_core::{
    Name,
    limits::{
        CONDITIONS_CLASSIC_MAX, CONDITIONS_MAX, FILTER_DEPTH_MAX, LIKE_PATTERN_LENGTH_MAX,
        LINKS_CLASSIC_MAX, LINKS_MAX, LIST_VALUES_MAX,
    },
};

use crate::{
    Syntax,
    ast::{ColumnRef, Condition, Spanned, Value},
    diagnostic::{Diagnostic, code},
    findings::LISTED_MAX,
    operator::{Arity, Operator, nearest_operator},
    source::{Notes, Source, Span, named, quoted},
};

/// What a condition gives its operator.
#[derive(Debug)]
pub(crate) enum Given {
    Nothing,
    One(Spanned<Value>),
    List(Vec<Spanned<Value>>),
    Column(ColumnRef),
}

/// A text with mistakes: what they are, and what was read beside them, if anything was.
#[derive(Debug)]
pub(crate) struct Broken<T> {
    pub(crate) errors: Vec<Diagnostic>,
    pub(crate) read: Option<Box<T>>,
}

/// One reading of one text.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) syntax: Syntax,
    pub(crate) source: Source,
    errors: RefCell<Vec<Diagnostic>>,
    notes: RefCell<Vec<Diagnostic>>,
    /// Errors, if the query is for classic.
    in_classic: RefCell<Vec<Diagnostic>>,
    conditions: Cell<usize>,
    links: Cell<usize>,
    /// Whether a text without an end has taken a closing brace with it.
    pub(crate) swallowed_brace: Cell<bool>,
    /// Where parameters are used.
    pub(crate) used: RefCell<Vec<Spanned<Name>>>,
}

impl Reading {
    pub(crate) fn new(syntax: Syntax, text: &str) -> Self {
        Self {
            syntax,
            source: Source::new(text),
            errors: RefCell::default(),
            notes: RefCell::default(),
            in_classic: RefCell::default(),
            conditions: Cell::default(),
            links: Cell::default(),
            swallowed_brace: Cell::default(),
            used: RefCell::default(),
        }
    }

    /// Begins with the next query of the text: what is counted is counted of each.
    pub(crate) fn begin_query(&self) {
        self.conditions.set(0);
        self.links.set(0);
        self.in_classic.borrow_mut().clear();
    }

    /// Notes an error and reads on.
    pub(crate) fn report(&self, error: Diagnostic) {
        if !self.is_full() {
            self.errors.borrow_mut().push(error);
        }
    }

    /// Notes an error, unless there is one at its place already: what comes after a mistake and is
    /// found where it was found says nothing new.
    pub(crate) fn report_at_new_place(&self, error: Diagnostic) {
        let is_end = error.span.start >= self.source.text().trim_end().len();
        let is_old = self.errors.borrow().iter().any(|old| old.span.start == error.span.start);
        if is_old || is_end && self.swallowed_brace.get() {
            return;
        }
        self.report(error);
    }

    /// Notes that something was read and has no effect.
    pub(crate) fn ignore(&self, span: Span, what: &str) {
        self.warn(self.source.warning(code::IGNORED, span, format!("{what} has no effect")));
    }

    /// Notes a warning.
    pub(crate) fn warn(&self, warning: Diagnostic) {
        if self.notes.borrow().len() < LISTED_MAX {
            self.notes.borrow_mut().push(warning);
        }
    }

    /// Whether anything was wrong so far.
    pub(crate) fn has_errors(&self) -> bool {
        !self.errors.borrow().is_empty()
    }

    /// Whether enough errors are known to stop looking for more.
    pub(crate) fn is_full(&self) -> bool {
        self.errors.borrow().len() >= LISTED_MAX
    }

    /// The warnings of the query that was read last.
    pub(crate) fn take_notes(&self) -> Notes {
        Notes { warnings: self.notes.take(), in_classic: self.in_classic.take() }
    }

    /// What was read, unless anything was wrong.
    pub(crate) fn finish<T>(self, read: Option<T>) -> Result<T, Broken<T>> {
        let mut errors = self.errors.into_inner();
        errors.sort_by_key(|error| error.span.start);
        if errors.len() >= LISTED_MAX {
            // The parsers stop there, so how many more there are is not known.
            let span = errors.last().map(|error| error.span.clone()).unwrap_or_default();
            let message = format!("stopped reading after {LISTED_MAX} errors");
            errors.push(self.source.error(code::LIMIT, span, message));
        }
        match read {
            Some(read) if errors.is_empty() => Ok(read),
            read => Err(Broken { errors, read: read.map(Box::new) }),
        }
    }

    /// What was read, or nothing after its error is noted.
    pub(crate) fn noted<T>(&self, read: Result<T, Box<Diagnostic>>) -> Option<T> {
        read.map_err(|error| self.report(*error)).ok()
    }

    /// A name, or the error that says what it should name.
    pub(crate) fn name(
        &self,
        text: &str,
        span: Span,
        what: &str,
    ) -> Result<Spanned<Name>, Box<Diagnostic>> {
        text.parse().map(|name| Spanned::new(name, span.clone())).map_err(|_| {
            let error = self.source.error(code::SYNTAX, span, format!("found {}", quoted(text)));
            let form = "letters from a to z, digits and `_`, no digit first, 100 at the most";
            Box::new(error.expected(format!("{what}, made of {form}")))
        })
    }

    /// The operator of this name, or the error that says which was probably meant.
    pub(crate) fn operator(
        &self,
        text: &str,
        span: Span,
    ) -> Result<Spanned<Operator>, Box<Diagnostic>> {
        if let Some(operator) = Operator::find(text) {
            return Ok(Spanned::new(operator, span));
        }
        let message = format!("unknown operator {}", named(text));
        let error = self.source.error(code::UNKNOWN_OPERATOR, span, message);
        // To look for what was meant takes time, and nobody will see it.
        if self.is_full() {
            return Err(Box::new(error));
        }
        let lower = text.to_ascii_lowercase();
        Err(Box::new(match Operator::find(&lower) {
            Some(_) => error.help(format!("operators are lower case: `{lower}`")),
            None if lower == "not" => {
                error.help("negative operators are one word: `not-null`, `not-in`, `not-like`, …")
            }
            None => error.did_you_mean(nearest_operator(text)),
        }))
    }

    /// Something of the full language that is not there yet.
    pub(crate) fn unsupported(&self, span: Span, what: &str) -> Diagnostic {
        self.source.error(code::UNSUPPORTED, span, format!("{what} is not supported yet"))
    }

    /// The error that groups are nested too deep, if they are. The outermost is at depth 1.
    pub(crate) fn too_deep(&self, depth: usize, span: Span) -> Option<Diagnostic> {
        let message = format!("groups are nested deeper than {FILTER_DEPTH_MAX} levels");
        (depth > FILTER_DEPTH_MAX).then(|| self.source.error(code::LIMIT, span, message))
    }

    /// Counts a link to another table.
    pub(crate) fn count_link(&self, span: Span) {
        self.count(&self.links, [LINKS_CLASSIC_MAX, LINKS_MAX], "links", span);
    }

    /// Counts one more of what has a limit in classic, and one everywhere.
    fn count(&self, counter: &Cell<usize>, [classic, max]: [usize; 2], what: &str, span: Span) {
        counter.set(counter.get() + 1);
        // Once is enough: the first one too many is the place to look at.
        if counter.get() == classic + 1 {
            let message = format!("more than {classic} {what}");
            let error = self.source.error(code::LIMIT, span.clone(), message);
            let expected = format!("{classic} at the most in classic");
            self.in_classic.borrow_mut().push(error.expected(expected));
        }
        if counter.get() == max + 1 {
            self.report(self.source.error(code::LIMIT, span, format!("more than {max} {what}")));
        }
    }

    /// A condition whose operator has as many values as it takes.
    pub(crate) fn condition(
        &self,
        column: ColumnRef,
        operator: Spanned<Operator>,
        given: Given,
    ) -> Option<Condition> {
        let limits = [CONDITIONS_CLASSIC_MAX, CONDITIONS_MAX];
        self.count(&self.conditions, limits, "conditions", column.span());
        if let Given::Column(other) = given {
            return self.comparison(column, operator, other);
        }
        let values = match (operator.node.info().arity, given) {
            (Arity::None, Given::Nothing) => Vec::new(),
            (Arity::One, Given::One(value)) => vec![value],
            (Arity::Two, Given::List(values)) if values.len() == 2 => values,
            (Arity::Many, Given::List(values)) if !values.is_empty() => values,
            (_, given) => {
                self.report(self.wrong_arity(&operator, &given));
                return None;
            }
        };
        self.check_sizes(&operator, &values)?;
        Some(Condition { column, operator, values, valueof: None })
    }

    fn check_sizes(&self, operator: &Spanned<Operator>, values: &[Spanned<Value>]) -> Option<()> {
        if let Some(first_too_many) = values.get(LIST_VALUES_MAX) {
            let message = format!("more than {LIST_VALUES_MAX} values in one list");
            self.report(self.source.error(code::LIMIT, first_too_many.span.clone(), message));
            return None;
        }
        for value in values {
            let Value::Given(text) = &value.node else { continue };
            self.noted(check_pattern(&self.source, operator.node, text, &value.span))?;
        }
        Some(())
    }

    fn wrong_arity(&self, operator: &Spanned<Operator>, given: &Given) -> Diagnostic {
        let info = operator.node.info();
        let found = match given {
            Given::Nothing => "without a value".to_owned(),
            Given::One(_) => "with one value".to_owned(),
            Given::List(values) => match values.len() {
                0 => "with an empty list".to_owned(),
                1 => "with a list of one value".to_owned(),
                count => format!("with a list of {count} values"),
            },
            Given::Column(_) => "with a column".to_owned(),
        };
        let expected = match info.arity {
            Arity::None => "no value",
            Arity::One => "one value",
            Arity::Two => "two values",
            Arity::Many => "a list of at least one value",
        };
        let message = format!("operator `{}` {found}", info.name);
        let error = self.source.error(code::ARITY, operator.span.clone(), message);
        match self.arity_help(operator.node, given) {
            Some(help) => error.expected(expected).help(help),
            None => error.expected(expected),
        }
    }

    fn arity_help(&self, operator: Operator, given: &Given) -> Option<&'static str> {
        let (dsl, fetchxml) = match (operator.info().arity, given) {
            (Arity::None, _) => ("leave the value out", "leave the value out"),
            (Arity::One, Given::List(values)) if values.len() > 1 => match operator {
                Operator::Eq => ("use `in`", "use `in`"),
                Operator::Ne => ("use `not-in`", "use `not-in`"),
                _ => return None,
            },
            (Arity::One, _) => {
                ("write the value after the operator", "write it in the attribute `value`")
            }
            (Arity::Two, _) => {
                ("write `and` between the two: 1 and 2", "write each value in an element `value`")
            }
            (Arity::Many, _) => {
                ("write the list in parentheses: (1, 2)", "write each value in an element `value`")
            }
        };
        Some(match self.syntax {
            Syntax::Dsl => dsl,
            Syntax::FetchXml => fetchxml,
        })
    }
}

/// Refuses a pattern that is too long.
pub(crate) fn check_pattern(
    source: &Source,
    operator: Operator,
    text: &str,
    span: &Span,
) -> Result<(), Box<Diagnostic>> {
    if !operator.takes_pattern() || text.chars().nth(LIKE_PATTERN_LENGTH_MAX).is_none() {
        return Ok(());
    }
    let message = format!("a pattern of more than {LIKE_PATTERN_LENGTH_MAX} characters");
    Err(Box::new(source.error(code::LIMIT, span.clone(), message)))
}

/// Whether XML 1.0 can carry a character, and so both syntaxes can.
pub(crate) fn is_carried(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}
