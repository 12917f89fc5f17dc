//! Laws that hold of every query: what is printed is read back, and nothing that is read panics.

mod common;
mod generate;

use generate::{fetch, file, values};
use haversack_dsl::{check, compile, parse, parse_file, print_dsl, print_fetchxml, print_file};
use proptest::{collection::vec, prelude::*, sample::select};

/// One edit of a text: at a place in thousandths of it, so much is cut out and this put in.
fn edits() -> impl Strategy<Value = Vec<(usize, usize, String)>> {
    let piece = prop_oneof![
        vec(any::<char>(), 0..3).prop_map(String::from_iter),
        select(vec![
            "{",
            "}",
            "(",
            ")",
            "\"",
            "`",
            "\\u{",
            "<",
            "/>",
            "<!--",
            "&",
            "&#0;",
            "<!DOCTYPE a>",
            "not",
            " or ",
            ".",
            " column ",
            "count(",
            "link in "
        ])
        .prop_map(str::to_owned),
    ];
    vec((0_usize..1000, 0_usize..6, piece), 1..4)
}

fn edited(text: &str, edits: &[(usize, usize, String)]) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    for (place, cut, piece) in edits {
        let start = characters.len() * place / 1000;
        let end = (start + cut).min(characters.len());
        characters.splice(start..end, piece.chars());
    }
    characters.into_iter().collect()
}

/// Reads, resolves and lints; what is found must lie in the text and say something.
fn judge(text: &str) -> Result<(), TestCaseError> {
    let is_read = parse(text).is_ok();
    let found = match parse(text) {
        Ok(fetch) => {
            prop_assert_eq!(parse(&print_dsl(&fetch)), Ok(fetch.clone()));
            prop_assert_eq!(parse(&print_fetchxml(&fetch)), Ok(fetch));
            check(text, &common::catalog())
        }
        Err(errors) => errors,
    };
    for one in &found {
        prop_assert!(text.get(one.span.clone()).is_some(), "{one:?} is not in {text:?}");
        let other = one.other.as_ref().map(|other| other.span.clone());
        prop_assert!(other.is_none_or(|span| text.get(span).is_some()), "{one:?}: {text:?}");
        prop_assert!(one.line >= 1 && one.column >= 1 && !one.message.is_empty());
    }
    prop_assert!(is_read || !found.is_empty(), "refused without a reason");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_dsl_is_read_back(fetch in fetch()) {
        let printed = print_dsl(&fetch);
        let read = parse(&printed);
        prop_assert_eq!(read.as_ref(), Ok(&fetch), "{}", printed);
        prop_assert_eq!(print_dsl(&read.expect("it was equal")), printed);
    }

    #[test]
    fn fetchxml_is_read_back(fetch in fetch()) {
        let printed = print_fetchxml(&fetch);
        let read = parse(&printed);
        prop_assert_eq!(read.as_ref(), Ok(&fetch), "{}", printed);
        prop_assert_eq!(print_fetchxml(&read.expect("it was equal")), printed);
    }

    #[test]
    fn files_are_read_back_and_values_take_their_places((file, bound) in file()) {
        let printed = print_file(&file);
        let read = parse_file(&printed);
        prop_assert_eq!(read.as_ref(), Ok(&file), "{}", printed);
        let read = read.expect("it was equal");
        prop_assert_eq!(print_file(&read), printed);
        for (definition, bound) in read.definitions.iter().zip(&bound) {
            let name = definition.name.as_ref().map(|name| name.node.as_str());
            let found = read.find(name).expect("it has a name");
            prop_assert_eq!(found.bind(&values(definition)), Ok(bound.clone()));
            let needed = values(definition).len();
            prop_assert_eq!(found.bind(&[]).map_err(|all| all.len()).err().unwrap_or(0), needed);
        }
    }

    #[test]
    fn edited_queries_are_judged(fetch in fetch(), edits in edits()) {
        judge(&edited(&print_dsl(&fetch), &edits))?;
        judge(&edited(&print_fetchxml(&fetch), &edits))?;
    }

    #[test]
    fn random_bytes_are_judged(bytes in vec(any::<u8>(), 0..200)) {
        judge(&String::from_utf8_lossy(&bytes))?;
    }
}

#[test]
fn nesting_is_refused_not_suffered() {
    for depth in [17, 1_000, 10_000] {
        for open in ["and {", "any a on b = c {", "or{"] {
            let text = format!("fetch a {{ filter {{ {}", open.repeat(depth));
            assert_eq!(parse(&text).expect_err("too deep")[0].code, "limit", "{open} {depth}");
        }
        let text = format!("<fetch><entity name='a'>{}", "<filter>".repeat(depth));
        let close = "</filter>".repeat(depth) + "</entity></fetch>";
        assert!(parse(&text).is_err());
        assert_eq!(parse(&(text + &close)).expect_err("too deep")[0].code, "limit", "{depth}");
    }
    assert_eq!(parse(&"{".repeat(100_000)).expect_err("too long")[0].code, "limit");
    assert_eq!(parse(&"<filter>".repeat(100_000)).expect_err("too long")[0].code, "limit");
}

#[test]
fn depth_16_is_taken() {
    let text =
        format!("fetch a {{ filter {{ {} b null {} }} }}", "or {".repeat(15), "}".repeat(15));
    let fetch = parse(&text).expect("16 levels");
    assert_eq!(parse(&print_fetchxml(&fetch)), Ok(fetch));
}

#[test]
fn sizes_have_bounds() {
    let code = |filter: &str| {
        let text = format!("fetch account {{ filter {{ {filter} }} }}");
        compile(&text, &common::catalog()).err().map(|errors| errors[0].code)
    };
    assert_eq!(code(&"name null ".repeat(500)), None);
    assert_eq!(code(&"name null ".repeat(501)), Some("limit"));
    let link = "any task on regardingobjectid = accountid ";
    assert_eq!(code(&link.repeat(15)), None);
    assert_eq!(code(&link.repeat(16)), Some("limit"));
    let list = |count: usize| format!("employees in (0{})", ", 1".repeat(count - 1));
    assert_eq!(code(&list(2000)), None);
    assert_eq!(code(&list(2001)), Some("limit"));
    let pattern = |length: usize| format!("name like \"{}\"", "é".repeat(length));
    assert_eq!(code(&pattern(4000)), None);
    assert_eq!(code(&pattern(4001)), Some("limit"));
    assert_eq!(code(&" ".repeat(64 << 10)), Some("limit"));
}

#[test]
fn files_have_bounds() {
    let code = |text: &str| parse_file(text).err().map(|errors| errors[0].code);
    let queries =
        |count: usize| (0..count).map(|at| format!("query q{at} = fetch a ")).collect::<String>();
    assert_eq!(code(&queries(100)), None);
    assert_eq!(code(&queries(101)), Some("limit"));
    let parameters = |count: usize| {
        let all: Vec<String> = (0..count).map(|at| format!("p{at}: integer")).collect();
        format!("query q({}) = fetch a", all.join(", "))
    };
    assert_eq!(code(&parameters(50)), None);
    assert_eq!(code(&parameters(51)), Some("limit"));
    // What is counted is counted of each query.
    let many = format!("fetch a {{ filter {{ {} }} }}", "b null ".repeat(400));
    assert_eq!(code(&format!("query q = {many} query r = {many}")), None);
}

#[test]
fn errors_are_bounded() {
    let columns = (0..5_000).map(|number| format!("c{number}")).collect::<Vec<_>>().join(", ");
    let text = format!("fetch account {{ columns {columns} }}");
    let errors = compile(&text, &common::catalog()).expect_err("no such columns");
    assert_eq!(errors.len(), 51);
    assert_eq!(errors[50].message, "and 4950 more errors");
    assert_eq!(&text[errors[50].span.clone()], "c50");
    let text = format!("<fetch>{}</fetch>", "<a/>".repeat(16_000));
    let errors = parse(&text).expect_err("no such elements");
    assert_eq!((errors.len(), &*errors[50].message), (51, "stopped reading after 50 errors"));
    let text = format!("fetch account {{ filter {{ {} }} }}", "name null ".repeat(500));
    let warnings = check(&text, &common::catalog());
    assert_eq!((warnings.len(), &*warnings[50].message), (51, "and 449 more warnings"));
}

#[test]
fn a_mistake_is_found_behind_any_number_of_warnings() {
    let text =
        format!("fetch account {{ filter {{ name in (\"\"{}) x null }} }}", ", \"\"".repeat(99));
    let errors = compile(&text, &common::catalog()).expect_err("no such column");
    assert_eq!((errors.len(), errors[0].code), (1, "unknown_column"));
}

#[test]
fn a_byte_order_mark_is_no_mistake() {
    for text in ["\u{feff}fetch nowhere", "\u{feff}<fetch><entity name='nowhere'/></fetch>"] {
        let errors = compile(text, &common::catalog()).expect_err("no such table");
        assert_eq!(&text[errors[0].span.clone()], "nowhere");
        let column = text.find("nowhere").expect("it is there") - 2;
        assert_eq!((errors[0].line, errors[0].column), (1, column));
    }
}
