//! Values in the places of parameters.

use std::collections::BTreeMap;

use haversack_core::{Name, nearest};

use crate::{
    ast::{Body, Condition, Definition, Fetch, Group, Parameter, Part, QueryFile, Spanned, Value},
    diagnostic::{Diagnostic, code},
    reading::check_pattern,
    resolve::has_form,
    shape::whole_number,
    source::{Source, quoted},
};

impl QueryFile {
    /// The query with a name; without one the only query there is.
    ///
    /// # Errors
    /// There is no such query, or it must be named; the message lists the names.
    pub fn find(&self, name: Option<&str>) -> Result<&Definition, Box<Diagnostic>> {
        let named = |definition: &&Definition| {
            definition.name.as_ref().map(|found| found.node.as_str()) == name
        };
        let found = match (name, self.definitions.as_slice()) {
            (None, [only]) => Some(only),
            (None, _) => None,
            (Some(_), all) => all.iter().find(named),
        };
        found.ok_or_else(|| Box::new(self.not_found(name)))
    }

    fn not_found(&self, name: Option<&str>) -> Diagnostic {
        let names: Vec<&str> = self.names().collect();
        let message = match (name, names.len()) {
            (Some(name), 0) => format!("found a query without a name, not `{name}`"),
            (Some(name), _) => format!("found no query {}", quoted(name)),
            (None, count) => format!("found {count} queries"),
        };
        let place = self.definitions.first().map_or(0..0, |d| d.fetch.comments.start.clone());
        let error = self.source.error(code::UNKNOWN_QUERY, place, message);
        let error = match names.as_slice() {
            [] => error,
            [only] => error.expected(format!("`{only}`")),
            all => error.expected(format!("the name of one: {}", all.join(", "))),
        };
        error.did_you_mean(name.and_then(|name| nearest(name, names)))
    }
}

impl Definition {
    /// The query with values, given by name and in the form that is asked of their parameters, in the
    /// places of parameters. Where none is given the default stands.
    ///
    /// # Errors
    /// Values that are missing, given twice or not of the form, and names that no parameter has; each
    /// at the parameter, else at the query's name.
    pub fn bind(&self, given: &[(String, String)]) -> Result<Fetch, Vec<Diagnostic>> {
        let source = &self.fetch.source;
        let strangers = given.iter().enumerate().filter_map(|(at, (name, _))| {
            let is_known = self.parameters.iter().any(|parameter| *parameter.name.node == **name);
            let is_again = given[..at].iter().any(|(earlier, _)| earlier == name);
            (!is_known || is_again).then(|| self.stranger(name, is_known))
        });
        let mut errors: Vec<Diagnostic> = strangers.collect();
        let mut values = BTreeMap::new();
        for parameter in &self.parameters {
            match value(source, parameter, given) {
                Ok(value) => drop(values.insert(parameter.name.node.clone(), value)),
                Err(error) => errors.push(*error),
            }
        }
        let binding = Binding { source, values };
        let mut fetch = self.fetch.clone();
        if errors.is_empty() {
            binding.fetch(&mut fetch, &mut errors);
        }
        if errors.is_empty() { Ok(fetch) } else { Err(errors) }
    }

    fn stranger(&self, name: &str, is_known: bool) -> Diagnostic {
        let place = self.name.as_ref().map_or(0..0, |name| name.span.clone());
        let message = match is_known {
            true => format!("found two values for parameter {}", quoted(name)),
            false => format!("found a value for {}, and no parameter of this name", quoted(name)),
        };
        let known: Vec<&str> = self.parameters.iter().map(|p| p.name.node.as_str()).collect();
        let error = self.fetch.source.error(code::UNKNOWN_PARAMETER, place, message);
        let error = match (is_known, known.is_empty()) {
            (true, _) => error.expected("one"),
            (false, true) => error.expected("none: the query has no parameters"),
            (false, false) => error.expected(format!("one of {}", known.join(", "))),
        };
        error.did_you_mean(nearest(name, known).filter(|_| !is_known))
    }
}

/// The value of a parameter: what is given, else its default.
fn value(
    source: &Source,
    parameter: &Parameter,
    given: &[(String, String)],
) -> Result<String, Box<Diagnostic>> {
    let (name, wanted) = (&parameter.name, parameter.parameter_type.node);
    let found = given.iter().find(|(given, _)| *given == *name.node);
    let Some((_, text)) = found else {
        return parameter.default.as_ref().map(|default| default.node.clone()).ok_or_else(|| {
            let message = format!("found no value for parameter `{}`", name.node);
            let error = source.error(code::MISSING_VALUE, name.span.clone(), message);
            let help = "give a value for it, or write a default after its type: `= …`";
            Box::new(error.expected(wanted.describe()).help(help))
        });
    };
    if !has_form(wanted, text) {
        let message = format!("found {} for parameter `{}`", quoted(text), name.node);
        let error = source.error(code::BAD_VALUE, name.span.clone(), message);
        return Err(Box::new(error.expected(wanted.describe())));
    }
    Ok(text.clone())
}

/// One binding of one query.
struct Binding<'a> {
    source: &'a Source,
    values: BTreeMap<Name, String>,
}

impl Binding<'_> {
    fn fetch(&self, fetch: &mut Fetch, errors: &mut Vec<Diagnostic>) {
        self.body(&mut fetch.body, errors);
        let paging = &mut fetch.paging;
        self.number("top", &mut paging.top, errors);
        self.number("page", &mut paging.page, errors);
        self.number("size", &mut paging.size, errors);
    }

    fn body(&self, body: &mut Body, errors: &mut Vec<Diagnostic>) {
        if let Some(group) = &mut body.filter {
            self.group(group, errors);
        }
        body.links.iter_mut().for_each(|link| self.body(&mut link.body, errors));
    }

    fn group(&self, group: &mut Group, errors: &mut Vec<Diagnostic>) {
        for part in &mut group.parts {
            match part {
                Part::Group(group) => self.group(group, errors),
                Part::Condition(condition) => self.condition(condition, errors),
                Part::Linked(linked) => {
                    linked.filter.iter_mut().for_each(|group| self.group(group, errors));
                }
            }
        }
    }

    fn condition(&self, condition: &mut Condition, errors: &mut Vec<Diagnostic>) {
        let operator = condition.operator.node;
        for value in &mut condition.values {
            let Some(text) = self.value(&value.node) else { continue };
            let checked = check_pattern(self.source, operator, text, &value.span);
            errors.extend(checked.err().map(|error| *error));
            value.node = Value::Given(text.to_owned());
        }
    }

    fn number(
        &self,
        what: &str,
        number: &mut Option<Spanned<Value<u32>>>,
        errors: &mut Vec<Diagnostic>,
    ) {
        let Some(number) = number else { return };
        let Some(text) = self.value(&number.node) else { return };
        match whole_number(self.source, what, text.trim(), number.span.clone()) {
            Ok(found) => number.node = Value::Given(found),
            Err(error) => errors.push(*error),
        }
    }

    /// The value for a parameter. One that is not declared keeps its place, and resolving refuses it.
    fn value<T>(&self, value: &Value<T>) -> Option<&str> {
        match value {
            Value::Given(_) => None,
            Value::Parameter(name) => self.values.get(name).map(String::as_str),
        }
    }
}
