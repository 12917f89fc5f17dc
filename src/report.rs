//! Diagnostics for people: the line with the place underlined, what was expected there, and how to
//! mend it.

use std::io::IsTerminal;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use haversack_dsl::{Diagnostic, Severity};
use haversack_replay::admin::InFilter;

/// For standard error.
pub fn for_messages(name: &str, text: &str, found: &[Diagnostic]) -> String {
    render(name, text, found, wants_colours(std::io::stderr().is_terminal()))
}

/// For standard output, where the diagnostics are the result.
pub fn for_results(name: &str, text: &str, found: &[Diagnostic]) -> String {
    render(name, text, found, wants_colours(std::io::stdout().is_terminal()))
}

/// What was found in a profile's filter, for standard error.
pub fn in_filter(found: &InFilter) -> String {
    let name = format!("filter of {} in {:?}", found.table, found.profile);
    for_messages(&name, &found.text, &found.diagnostics)
}

/// Whether colours are wanted: on a terminal, unless `NO_COLOR` says anything.
fn wants_colours(is_terminal: bool) -> bool {
    is_terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// One paragraph for each diagnostic of a text that is called by this name.
fn render(name: &str, text: &str, found: &[Diagnostic], colours: bool) -> String {
    let renderer = if colours { Renderer::styled() } else { Renderer::plain() };
    // Columns do not count a byte order mark.
    let shown = text.strip_prefix('\u{feff}').unwrap_or(text);
    let cut = text.len() - shown.len();
    // The end of a text may be a line of its own, and would not be shown if nothing were on it.
    let shown = if shown.ends_with('\n') { format!("{shown} ") } else { shown.to_owned() };
    let mut out = String::new();
    for diagnostic in found {
        out += &renderer.render(&[group(name, &shown, cut, diagnostic)]);
        out += "\n\n";
    }
    out
}

fn group<'a>(name: &'a str, text: &'a str, cut: usize, diagnostic: &'a Diagnostic) -> Group<'a> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let place = |span: &std::ops::Range<usize>| {
        let end = |at: usize| at.saturating_sub(cut).min(text.len());
        end(span.start)..end(span.end)
    };
    let expected = diagnostic.expected.as_ref().map(|expected| format!("expected {expected}"));
    let primary = AnnotationKind::Primary.span(place(&diagnostic.span)).label(expected);
    let mut snippet = Snippet::source(text).path(name).annotation(primary);
    if let Some(other) = &diagnostic.other {
        let context = AnnotationKind::Context.span(place(&other.span)).label(other.label);
        snippet = snippet.annotation(context);
    }
    let title = level.primary_title(diagnostic.message.as_str()).id(diagnostic.code);
    let group = title.element(snippet);
    match &diagnostic.help {
        Some(help) => group.element(Level::HELP.message(help.as_str())),
        None => group,
    }
}

#[cfg(test)]
mod tests {
    use haversack_dsl::parse;

    use super::*;

    fn plain(text: &str) -> String {
        render("q", text, &parse(text).unwrap_err(), false)
    }

    /// The place in the picture is the place in the diagnostic, whatever stands before it.
    #[test]
    fn places_are_those_of_the_diagnostics() {
        for text in [
            "",
            "fetch",
            "fetch a {\n\n",
            "\u{feff}fetch a { ? }",
            "\u{feff}\n\tfetch a { ? }",
            "fetch a {\r\n  # über 漢字 \r\n  filter { 漢 eq 1 }\r\n}",
            "<fetch>\n\t<entity nme='é'/>\n</fetch>",
            &format!("fetch a {{ filter {{ {} ? }} }}", "b null ".repeat(100)),
        ] {
            let [first, ..] = &parse(text).unwrap_err()[..] else { panic!("no error") };
            let out = plain(text);
            let place = format!("q:{}:{}", first.line, first.column);
            assert!(out.lines().any(|line| line.trim().ends_with(&place)), "{place}\n{out}");
            assert!(out.lines().all(|line| line.chars().count() <= 160), "{out}");
        }
    }

    #[test]
    fn what_a_terminal_would_obey_is_not_passed_on() {
        let out = plain("fetch a {\n filter { \u{1b}[31m eq \"\u{7}\" }\n}");
        assert!(!out.contains(['\u{1b}', '\u{7}']), "{out:?}");
    }

    #[test]
    fn colours_are_codes_of_terminals() {
        let errors = parse("fetch").unwrap_err();
        assert!(render("q", "fetch", &errors, true).contains('\u{1b}'));
        assert!(!wants_colours(false));
    }
}
