//! Laws of comments: printing loses none and makes none, whichever syntax it is in.

mod generate;

use generate::fetch;
use haversack_dsl::{ast::Fetch, parse, print_dsl, print_fetchxml};
use proptest::{collection::vec, prelude::*, sample::select};

/// What a comment says, and where it goes: in thousandths of the places that there are.
fn comments() -> impl Strategy<Value = Vec<(usize, String)>> {
    let piece = prop_oneof![
        select(vec!["-", "--", "\\", "-\\-", "#", " ", "{", "}", "\"", "<", "-->", "é", "&lt;"])
            .prop_map(str::to_owned),
        "[a-z ]{1,6}",
    ];
    let text = vec(piece, 0..5).prop_map(|pieces| pieces.concat().trim_end().to_owned());
    vec((0_usize..1000, text), 1..6)
}

/// Puts comments into a text, at places where they may stand.
fn with_comments(
    text: &str,
    places: &[usize],
    comments: &[(usize, String)],
    write: impl Fn(&str) -> String,
) -> String {
    let mut put: Vec<(usize, String)> = comments
        .iter()
        .map(|(place, comment)| (places[places.len() * place / 1000], write(comment)))
        .collect();
    put.sort_by_key(|(place, _)| std::cmp::Reverse(*place));
    let mut text = text.to_owned();
    put.iter().for_each(|(place, comment)| text.insert_str(*place, comment));
    text
}

/// The blanks outside of quotes, and both ends.
fn places_in_dsl(text: &str) -> Vec<usize> {
    let (mut places, mut is_quoted, mut is_escaped) = (vec![0], false, false);
    for (at, found) in text.char_indices() {
        if found == '"' && !is_escaped {
            is_quoted = !is_quoted;
        }
        is_escaped = is_quoted && found == '\\' && !is_escaped;
        if !is_quoted && matches!(found, ' ' | '\n') {
            places.push(at);
        }
    }
    places.push(text.len());
    places
}

/// The ends of tags but those that a text follows, and the ends of lines.
fn places_in_fetchxml(text: &str) -> Vec<usize> {
    let is_place = |(at, found): &(usize, char)| {
        let before = &text[..*at];
        *found == '\n' || before.ends_with('>') && !before.ends_with("<value>")
    };
    text.char_indices().filter(is_place).map(|(at, _)| at).collect()
}

fn sorted(fetch: &Fetch) -> Vec<String> {
    let mut texts: Vec<String> = fetch.comments.texts().map(str::to_owned).collect();
    texts.sort();
    texts
}

/// A text with so many comments is printed in both syntaxes, from there in both, and again.
fn keeps_comments(text: &str, fetch: &Fetch, count: usize) -> Result<(), TestCaseError> {
    let read = parse(text);
    prop_assert_eq!(read.as_ref(), Ok(fetch), "{}", text);
    let read = read.expect("it was equal");
    let all = sorted(&read);
    prop_assert_eq!(all.len(), count, "{}", text);
    for print in [print_dsl, print_fetchxml] {
        let printed = print(&read);
        let again = parse(&printed);
        prop_assert_eq!(again.as_ref(), Ok(fetch), "{}", printed);
        let again = again.expect("it was equal");
        prop_assert_eq!(&sorted(&again), &all, "{}\n{}", text, printed);
        prop_assert_eq!(print(&again), printed);
        for back in [print_dsl, print_fetchxml] {
            let back = back(&again);
            prop_assert_eq!(
                sorted(&parse(&back).expect("it is read back")),
                all.clone(),
                "{}",
                back
            );
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn comments_of_the_dsl_stay(fetch in fetch(), comments in comments()) {
        let printed = print_dsl(&fetch);
        let places = places_in_dsl(&printed);
        let text = with_comments(&printed, &places, &comments, |text| format!(" #{text}\n"));
        keeps_comments(&text, &fetch, comments.len())?;
    }

    #[test]
    fn comments_of_fetchxml_stay(fetch in fetch(), comments in comments(), lines in any::<bool>()) {
        let printed = print_fetchxml(&fetch);
        let places = places_in_fetchxml(&printed);
        let write = |text: &str| {
            let text = text.replace("--", "- -").replace("--", "- -");
            let middle = if lines { "\n  x\n" } else { " " };
            format!("<!--{middle}a{text} -->")
        };
        let text = with_comments(&printed, &places, &comments, write);
        keeps_comments(&text, &fetch, comments.len() * if lines { 2 } else { 1 })?;
    }
}

#[test]
fn comments_stand_where_they_stood() {
    let text = "\
# of the whole
query a(
  # the region
  region: guid, # by its id
  since: date
) = fetch t { # what
  # which
  columns a, # first
    b # second
  filter { # all of
    # one
    c eq 1 # of one
    # of the list
    d in (1, # in
      2) # after
    or { # either
      e null
      # no more
    } # or not
    # last
  } # done
  link u # joined
  link v {
    # nothing
  }
  link w {
    # everything
    columns * # of w
    order x
  }
  # at the end
} # of it
# the next
query b = fetch t
# of the file
";
    let file = haversack_dsl::parse_file(text).expect("it is right");
    let printed = haversack_dsl::print_file(&file);
    let expected = "\
# of the whole
# the region
# by its id
query a(region: guid, since: date) = fetch t { # what
  # which
  # first
  columns a, b # second
  filter { # all of
    # one
    c eq 1 # of one
    # of the list
    # in
    d in (1, 2) # after
    or { # either
      e null
      # no more
    } # or not
    # last
  } # done
  link u # joined
  link v {
    # nothing
  }
  link w {
    # everything
    columns * # of w
    order x
  }
  # at the end
} # of it

# the next
query b = fetch t { }
# of the file
";
    let unused = file.definitions[0].fetch.notes.warnings().len();
    assert_eq!(printed, expected);
    assert_eq!(unused, 2);
}

#[test]
fn what_xml_can_not_carry_is_no_comment() {
    let errors = parse("fetch t # a\u{1}b").expect_err("XML has no such character");
    assert_eq!((errors[0].line, errors[0].column), (1, 12));
}
