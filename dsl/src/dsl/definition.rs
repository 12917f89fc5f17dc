//! Reads a text in the DSL: one query, or queries with names and parameters.

use haversack_core::{
    limits::{PARAMETERS_MAX, QUERIES_PER_FILE_MAX},
    nearest,
};
use nom::{Err, Parser, combinator::opt, multi::separated_list1, sequence::preceded};

use super::{
    comments::comments,
    lexis::{
        Fault, Input, Parsed, blank, keyword, literal, mistake, name, plain_word, required_sign,
        sign, span, stop, sure, unexpected, word,
    },
    parse::{Sections, fetch, sections},
    recover,
};
use crate::{
    Syntax,
    ast::{Comments, Definition, Parameter, ParameterType, QueryFile, Spanned},
    diagnostic::code,
    reading::{Broken, Reading},
    resolve::has_form,
    shape::forget_keys,
    source::{named, quoted},
};

/// Reads a text in the DSL. Its size has been checked.
pub(crate) fn parse(text: &str) -> Result<QueryFile, Broken<QueryFile>> {
    let reading = Reading::new(Syntax::Dsl, text);
    let input = Input::new(text, &reading);
    let mut definitions = match definitions(input) {
        Ok((_, definitions)) => definitions,
        Err(fault) => {
            if let Err::Error(Fault::Mistake(error)) | Err::Failure(Fault::Mistake(error)) = fault {
                reading.report(*error);
            }
            return reading.finish(None);
        }
    };
    check_names(&reading, &definitions);
    let starts: Vec<_> = definitions.iter().map(|d| d.fetch.comments.start.clone()).collect();
    if let Some(comments) = reading.noted(comments(&reading.source, &starts)) {
        for (definition, comments) in definitions.iter_mut().zip(comments) {
            definition.fetch.comments = comments;
        }
    }
    let source = reading.source.clone();
    reading.finish(Some(QueryFile { source, definitions }))
}

fn definitions(input: Input<'_>) -> Parsed<'_, Vec<Definition>> {
    let (input, _) = opt(nom::character::complete::char('\u{feff}')).parse(input)?;
    let (mut input, ()) = blank(input)?;
    let mut definitions = Vec::new();
    loop {
        input = match definition(input) {
            Ok((rest, definition)) => {
                definitions.push(definition);
                surplus(rest)?
            }
            Err(fault) => recover::next_query(input, fault)?,
        };
        if input.is_empty() {
            return Ok((input, definitions));
        }
        if definitions.len() == QUERIES_PER_FILE_MAX {
            let message = format!("more than {QUERIES_PER_FILE_MAX} queries in one text");
            let place = input.start..input.start;
            return stop(input.extra.source.error(code::LIMIT, place, message));
        }
    }
}

/// Goes on after a query: at the end of the text or at the next one.
fn surplus(mut input: Input<'_>) -> Result<Input<'_>, Err<Fault>> {
    while !input.is_empty() && !recover::begins_query(input) {
        let mut error = unexpected(input, "the end of the text, or `query` and a name");
        let before = input.extra.source.text()[..input.start].trim_end();
        if !before.ends_with('}') && word(input).is_ok_and(|(_, found)| found.text != "fetch") {
            // No brace was opened, so that none ends is no second mistake.
            input.extra.swallowed_brace.set(true);
            error = error.help("sections stand in braces: `fetch TABLE { … }`");
        }
        let fault = mistake(error);
        // A brace too many ends the query too early.
        input = if recover::begins_section(input) {
            recover::note(input, fault)?;
            match sections(input, Sections::of_query()) {
                Ok((rest, _)) => rest,
                Err(fault) => recover::next_query(input, fault)?,
            }
        } else if let Ok((rest, _)) = sign('}').parse(input) {
            recover::note(input, fault)?;
            rest
        } else {
            recover::next_query(input, fault)?
        };
    }
    Ok(input)
}

fn definition(input: Input<'_>) -> Parsed<'_, Definition> {
    input.extra.begin_query();
    input.extra.used.borrow_mut().clear();
    let (rest, query) = opt(keyword("query")).parse(input)?;
    let (rest, name, parameters) = match &query {
        Some(_) => {
            let (rest, name) = name(rest, "the query's name")?;
            let (rest, parameters) = opt(preceded(sign('('), parameters)).parse(rest)?;
            let (rest, _) = required_sign(rest, '=')?;
            (rest, Some(name), parameters.unwrap_or_default())
        }
        None => (rest, None, Vec::new()),
    };
    let (rest, mut fetch) = fetch(rest)?;
    let reading = rest.extra;
    check_parameters(reading, &parameters);
    check_uses(reading, &parameters, name.is_some());
    forget_keys(&fetch.table.node, &mut fetch.body);
    if !reading.has_errors() {
        reading.check_shape(&fetch);
    }
    fetch.notes = reading.take_notes();
    if let Some(start) = query {
        fetch.comments = Comments { start, ..fetch.comments };
    }
    Ok((rest, Definition { name, parameters, fetch }))
}

/// Parameters, or none, and the `)` after them.
fn parameters(input: Input<'_>) -> Parsed<'_, Vec<Parameter>> {
    let (rest, end) = opt(sign(')')).parse(input)?;
    if end.is_some() {
        return Ok((rest, Vec::new()));
    }
    let (rest, parameters) = separated_list1(sign(','), parameter).parse(input)?;
    let (rest, _) = required_sign(rest, ')')?;
    Ok((rest, parameters))
}

/// `name: type`, and `= value` if it has a default.
fn parameter(input: Input<'_>) -> Parsed<'_, Parameter> {
    let what = "a parameter's name";
    let (rest, found) = opt(plain_word).parse(input)?;
    let Some(found) = found else { return stop(unexpected(input, what)) };
    let (rest, name) = sure(rest, rest.extra.name(&found, span(&found), what))?;
    let (rest, _) = required_sign(rest, ':')?;
    let (rest, parameter_type) = parameter_type(rest)?;
    let value = |input| {
        let (rest, found) = opt(literal).parse(input)?;
        match found {
            Some(found) => Ok((rest, found)),
            None => stop(unexpected(input, "the parameter's default")),
        }
    };
    let (rest, default) = opt(preceded(sign('='), value)).parse(rest)?;
    Ok((rest, Parameter { name, parameter_type, default }))
}

fn parameter_type(input: Input<'_>) -> Parsed<'_, Spanned<ParameterType>> {
    let (rest, found) = opt(word).parse(input)?;
    let known = found.and_then(|found| {
        let known = ParameterType::find(&found)?;
        Some(Spanned::new(known, span(&found)))
    });
    if let Some(known) = known {
        return Ok((rest, known));
    }
    let names = ParameterType::ALL.map(|known| format!("`{}`", known.name()));
    let error = unexpected(input, &format!("a type: {}", names.join(", ")));
    let Some(found) = found else { return stop(error) };
    // Types of columns that are given by values of another's form.
    let meant = match found.text {
        "memo" | "text" | "file" | "image" => Some("string"),
        "bigint" | "int" | "choice" | "choices" | "state" | "status" => Some("integer"),
        "money" | "double" | "number" => Some("decimal"),
        "bool" => Some("boolean"),
        "time" | "timestamp" => Some("datetime"),
        "lookup" | "owner" | "id" | "uuid" => Some("guid"),
        other => nearest(other, ParameterType::ALL.map(ParameterType::name)),
    };
    stop(error.did_you_mean(meant))
}

fn check_names(reading: &Reading, definitions: &[Definition]) {
    let source = &reading.source;
    for (at, definition) in definitions.iter().enumerate() {
        let Some(name) = &definition.name else {
            if definitions.len() > 1 {
                let place = definition.fetch.comments.start.clone();
                let message = "found a query without a name among several";
                let error = source.error(code::SYNTAX, place, message);
                reading.report(error.expected("`query NAME = fetch …`"));
            }
            continue;
        };
        if definitions[..at].iter().any(|earlier| earlier.name.as_ref() == Some(name)) {
            let message = format!("found a second query `{}`", name.node);
            let error = source.error(code::DUPLICATE, name.span.clone(), message);
            reading.report(error.expected("each query under a name of its own"));
        }
    }
}

fn check_parameters(reading: &Reading, parameters: &[Parameter]) {
    let source = &reading.source;
    if let Some(first) = parameters.get(PARAMETERS_MAX) {
        let message = format!("more than {PARAMETERS_MAX} parameters");
        reading.report(source.error(code::LIMIT, first.name.span.clone(), message));
    }
    for (at, parameter) in parameters.iter().enumerate().take(PARAMETERS_MAX) {
        let Parameter { name, parameter_type, default } = parameter;
        if parameters[..at].iter().any(|earlier| earlier.name == *name) {
            let message = format!("found a second parameter `{}`", name.node);
            reading.report(source.error(code::DUPLICATE, name.span.clone(), message));
        }
        if let Some(default) = default.as_ref().filter(|d| !has_form(parameter_type.node, &d.node))
        {
            let found = quoted(&default.node);
            let message = format!("found default {found} of parameter `{}`", name.node);
            let error = source.error(code::BAD_VALUE, default.span.clone(), message);
            reading.report(error.expected(parameter_type.node.describe()));
        }
    }
}

/// Compares the parameters of a query with those that are used in it.
fn check_uses(reading: &Reading, parameters: &[Parameter], has_name: bool) {
    let used = reading.used.borrow();
    for name in used.iter().filter(|name| parameters.iter().all(|p| p.name != **name)) {
        let message = format!("unknown parameter {}", named(&format!("${}", name.node)));
        let error = reading.source.error(code::UNKNOWN_PARAMETER, name.span.clone(), message);
        let known = parameters.iter().map(|parameter| parameter.name.node.as_str());
        reading.report(match has_name {
            true => error.did_you_mean(nearest(&name.node, known)),
            false => error.help("write `query NAME(PARAMETER: TYPE) = ` before `fetch`"),
        });
    }
    for parameter in parameters.iter().filter(|parameter| !used.contains(&parameter.name)) {
        let name = &parameter.name;
        let message = format!("parameter `{}` is not used", name.node);
        reading.warn(reading.source.warning(code::UNUSED_PARAMETER, name.span.clone(), message));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_refused_not_suffered() {
        for open in
            ["filter { ".to_owned() + &"and { ".repeat(100_000), "link b { ".repeat(100_000)]
        {
            let broken = parse(&format!("fetch a {{ {open}")).unwrap_err();
            assert_eq!(broken.errors[0].code, code::LIMIT);
        }
    }
}
