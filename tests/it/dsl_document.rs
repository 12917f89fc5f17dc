//! `docs/dsl.md` is true: its examples are read and fit the Northwind environment, each rule of its
//! grammar has one, and nothing of the parser is left out of it.

use std::{collections::BTreeSet, path::Path};

use haversack_core::catalog::Catalog;
use haversack_dsl::{
    Severity,
    ast::{DatePart, Function, LinkKind, ParameterType, QueryFile},
    operator::{Arity, OPERATORS},
};
use haversack_replay::fold_catalog;

const WORKSPACE: &str = env!("CARGO_MANIFEST_DIR");

fn document() -> String {
    std::fs::read_to_string(Path::new(WORKSPACE).join("docs/dsl.md"))
        .expect("the document is there")
}

/// The blocks of a language, each with the line that it begins on.
fn blocks(text: &str, language: &str) -> Vec<(usize, String)> {
    let (mut blocks, mut open) = (Vec::new(), None);
    for (number, line) in (1..).zip(text.lines()) {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(found)) => open = Some((found.to_owned(), number + 1, String::new())),
            (Some((_, _, block)), None) => block.extend([line, "\n"]),
            (Some(_), Some(_)) => {
                let (found, number, block) = open.take().expect("it is open");
                if found == language {
                    blocks.push((number, block));
                }
            }
            (None, None) => {}
        }
    }
    blocks
}

fn northwind() -> Catalog {
    let document = haversack_engine::load::read(&Path::new(WORKSPACE).join("examples/northwind"));
    let mut catalog = Catalog::default();
    document.expect("it loads").events.iter().for_each(|event| fold_catalog(&mut catalog, event));
    catalog
}

fn check(catalog: &Catalog, text: &str, place: &str) -> QueryFile {
    let file = haversack_dsl::parse_file(text).unwrap_or_else(|all| panic!("{place}: {all:#?}"));
    for definition in &file.definitions {
        let found = haversack_dsl::check_definition(definition, catalog);
        let errors: Vec<_> = found.iter().filter(|d| d.severity == Severity::Error).collect();
        assert!(errors.is_empty(), "{place}: {errors:#?}");
    }
    let printed = haversack_dsl::print_file(&file);
    assert_eq!(haversack_dsl::parse_file(&printed).as_ref(), Ok(&file), "{place}: {printed}");
    file
}

#[test]
fn every_example_is_right() {
    let (document, catalog) = (document(), northwind());
    let examples = blocks(&document, "hsq");
    for (line, text) in &examples {
        check(&catalog, text, &format!("docs/dsl.md:{line}"));
    }
    let tour = document.split("## Words").next().expect("a tour");
    assert_eq!(blocks(tour, "hsq").len(), 20, "filters in the tour");
}

#[test]
fn every_rule_has_an_example() {
    let document = document();
    let grammar = document.split("## The grammar").nth(1).expect("a grammar");
    let grammar = grammar.split("\n## ").next().expect("its chapter");
    let mut rules = BTreeSet::new();
    for section in grammar.split("\n### ").skip(1) {
        let name = section.lines().next().expect("a heading");
        let said: String = blocks(section, "ebnf").into_iter().map(|(_, text)| text).collect();
        let here = said.lines().filter_map(|line| line.split_once(" = ").map(|(rule, _)| rule));
        let here: Vec<&str> = here.filter(|rule| !rule.contains([' ', '"'])).collect();
        assert!(here.contains(&name), "{name}: {here:?}");
        assert!(!blocks(section, "hsq").is_empty(), "{name} has an example");
        rules.extend(here.iter().map(|rule| (*rule).to_owned()));
    }
    // What is written of letters and digits is described in words.
    rules.extend(["word", "text", "digits", "date", "time", "uuid", "operator"].map(str::to_owned));
    for (_, text) in blocks(grammar, "ebnf") {
        let quoted = text.split('"').step_by(2).collect::<Vec<_>>().join(" ");
        let words = quoted.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        for word in words.filter(|word| !word.is_empty()) {
            assert!(rules.contains(word), "rule {word} is described");
        }
    }
}

#[test]
fn nothing_of_the_parser_is_left_out() {
    let document = document();
    let grammar: String = blocks(&document, "ebnf").into_iter().map(|(_, text)| text).collect();
    let words = haversack_dsl::SECTIONS.iter().copied();
    let words = words
        .chain(LinkKind::ALL.map(LinkKind::name))
        .chain(DatePart::ALL.map(DatePart::name))
        .chain(Function::ALL.map(|(function, _)| function.name()))
        .chain(ParameterType::ALL.map(ParameterType::name));
    for word in words {
        assert!(grammar.contains(&format!("\"{word}\"")), "{word} is in the grammar");
    }
    for word in haversack_dsl::RESERVED {
        assert!(document.contains(&format!("`{word}`")), "{word} is said to be reserved");
    }
    // Operators of each chapter and with each number of values are shown.
    let shown: String = blocks(&document, "hsq").into_iter().map(|(_, text)| text).collect();
    let shows = |name: &str| shown.split_whitespace().any(|word| word == name);
    let mut missing: BTreeSet<String> = BTreeSet::new();
    for info in OPERATORS {
        missing.insert(format!("{:?}", info.group));
        missing.insert(format!("{:?}", info.arity));
    }
    for info in OPERATORS.iter().filter(|info| shows(info.name)) {
        missing.remove(&format!("{:?}", info.group));
        missing.remove(&format!("{:?}", info.arity));
    }
    assert!(missing.is_empty(), "{missing:?} are shown");
    assert!(OPERATORS.iter().any(|info| info.arity == Arity::Two && shows(info.name)));
}

#[test]
fn every_query_of_the_example_is_right() {
    let catalog = northwind();
    let folder = Path::new(WORKSPACE).join("examples/northwind/queries");
    let mut names = 0;
    for entry in std::fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("an entry").path();
        let text = std::fs::read_to_string(&path).expect("a text");
        let file = check(&catalog, &text, &path.display().to_string());
        names += file.names().count();
    }
    assert_eq!(names, 3, "queries of orders.hsq");
}
