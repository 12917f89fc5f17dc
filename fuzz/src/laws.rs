//! What must hold of every text.

use haversack_core::{
    catalog::Catalog, limits::QUERY_BYTES_MAX, settings::Compatibility, text::text_key,
};
use haversack_dataset::Like;
use haversack_dsl::{
    Diagnostic, ast::Fetch, check_custom_filter, parse, print_dsl, print_fetchxml, resolve,
};

/// Diagnostics of one stage at the most.
const DIAGNOSTICS_MAX: usize = 51;

/// A text is read, or refused with reasons. What is read is printed in both syntaxes, and read back
/// as the same tree; what is printed is printed again as it is. Gives the tree.
///
/// # Panics
/// If that does not hold.
pub fn is_read_or_refused(text: &str) -> Option<Fetch> {
    let fetch = match parse(text) {
        Ok(fetch) => fetch,
        Err(errors) => {
            assert!(!errors.is_empty(), "refused without a reason");
            assert!(errors.iter().all(Diagnostic::is_error));
            have_places(&errors, text);
            return None;
        }
    };
    for print in [print_dsl, print_fetchxml] {
        let printed = print(&fetch);
        // One syntax may need more words than the other, and more than there may be.
        if printed.len() <= QUERY_BYTES_MAX {
            let read = parse(&printed);
            assert_eq!(read.as_ref(), Ok(&fetch), "read back from {printed}");
            assert_eq!(print(&fetch), read.map(|fetch| print(&fetch)).unwrap_or_default());
        }
    }
    Some(fetch)
}

/// A tree resolves, or is refused with reasons; the same whichever syntax it was printed in.
///
/// # Panics
/// If that does not hold.
pub fn is_resolved_or_refused(fetch: &Fetch, catalog: &Catalog) {
    let text = fetch.source.text();
    let resolved = resolve(fetch, catalog);
    match &resolved {
        Ok(resolved) => {
            assert!(!resolved.warnings.iter().any(Diagnostic::is_error));
            have_places(&resolved.warnings, text);
            assert!(!resolved.query.to_string().is_empty());
        }
        Err(errors) => {
            assert!(!errors.is_empty() && errors.iter().all(Diagnostic::is_error));
            have_places(errors, text);
        }
    }
    for compatibility in [Compatibility::Classic, Compatibility::Extended] {
        have_places(&check_custom_filter(fetch, "account", compatibility), text);
    }
    for printed in [print_dsl(fetch), print_fetchxml(fetch)] {
        if printed.len() > QUERY_BYTES_MAX {
            continue;
        }
        let again = parse(&printed).expect("what is printed is read");
        match (&resolved, resolve(&again, catalog)) {
            (Ok(one), Ok(other)) => assert_eq!(one.query, other.query, "{printed}"),
            (Err(one), Err(other)) => assert_eq!(one.len(), other.len(), "{printed}"),
            (one, other) => panic!("{one:?}, and printed {other:?}"),
        }
    }
}

/// Every diagnostic lies in the text, on the borders of characters, and says something; there are
/// not too many.
fn have_places(diagnostics: &[Diagnostic], text: &str) {
    assert!(diagnostics.len() <= DIAGNOSTICS_MAX, "{} diagnostics", diagnostics.len());
    // The last may say how many more there are, and stands where the first of those is.
    let listed = &diagnostics[..diagnostics.len().min(DIAGNOSTICS_MAX - 1)];
    assert!(listed.is_sorted_by_key(|found| found.span.start));
    for found in diagnostics {
        assert!(text.get(found.span.clone()).is_some(), "{found:?} is not in the text");
        assert!(!found.message.is_empty() && !found.message.contains('\n'), "{found:?}");
        let before = &text[..found.span.start];
        assert_eq!(found.line, before.matches('\n').count() + 1, "{found:?}");
        let own = before.rsplit('\n').next().unwrap_or_default();
        let first = if found.line == 1 { own.strip_prefix('\u{feff}') } else { None };
        assert_eq!(found.column, first.unwrap_or(own).chars().count() + 1, "{found:?}");
    }
}

/// A pattern matches a text if the plainest reading of it says so.
///
/// # Panics
/// If that does not hold.
pub fn matches_as_it_plainly_says(pattern: &str, text: &str) {
    let characters = |text: &str| text_key(text).chars().collect::<Vec<char>>();
    let expected = plainly(&characters(pattern), &characters(text));
    assert_eq!(Like::new(pattern).matches(text), expected);
}

/// Whether a pattern matches a text: for each piece of the pattern, which beginnings of the text it
/// may end at.
fn plainly(pattern: &[char], text: &[char]) -> bool {
    let mut ends = vec![false; text.len() + 1];
    ends[0] = true;
    let mut rest = pattern;
    while let [first, after @ ..] = rest {
        rest = after;
        if *first == '%' {
            let begins = ends.iter().position(|end| *end).unwrap_or(ends.len());
            ends[begins..].fill(true);
            continue;
        }
        let set = match first {
            '[' => match after.iter().position(|c| *c == ']') {
                Some(end) => {
                    rest = &after[end + 1..];
                    Some(&after[..end])
                }
                None => return false,
            },
            _ => None,
        };
        let accepts = |c: char| match set {
            Some(set) => is_in(c, set),
            None => *first == '_' || *first == c,
        };
        for at in (0..text.len()).rev() {
            ends[at + 1] = ends[at] && accepts(text[at]);
        }
        ends[0] = false;
    }
    ends[text.len()]
}

fn is_in(c: char, set: &[char]) -> bool {
    match set {
        ['^', set @ ..] => !is_one_of(c, set),
        set => is_one_of(c, set),
    }
}

fn is_one_of(c: char, set: &[char]) -> bool {
    match set {
        [] => false,
        [low, '-', high, rest @ ..] => *low <= c && c <= *high || is_one_of(c, rest),
        [one, rest @ ..] => *one == c || is_one_of(c, rest),
    }
}
