//! `docs/errors.md` explains every code of the query language, by examples that give it.

use std::collections::BTreeSet;

use haversack_core::{
    Name,
    catalog::Catalog,
    schema::{ChoiceOption, ColumnDefinition, ColumnType, TableDefinition},
    settings::Compatibility,
};
use haversack_dsl::{Diagnostic, check, check_custom_filter, compile, diagnostic::code, parse};
use haversack_replay::fold_catalog;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

struct Section<'t> {
    code: &'t str,
    is_error: bool,
    /// What stands after the fence of its example.
    about: &'t str,
    example: &'t str,
}

fn sections(text: &str) -> Vec<Section<'_>> {
    let after = text.split("\n### `").skip(1);
    let section = |text| -> Option<Section<'_>> {
        let (code, rest) = str::split_once(text, "`\n\n")?;
        let (about, rest) = rest.split_once("\n```")?.1.split_once('\n')?;
        let example = rest.split_once("\n```")?.0;
        let is_error = text[code.len() + 3..].starts_with("Error. ");
        assert!(is_error || text[code.len() + 3..].starts_with("Warning. "), "{code}");
        Some(Section { code, is_error, about, example })
    };
    after.map(|text| section(text).unwrap_or_else(|| panic!("no example in {text}"))).collect()
}

/// Northwind with what the document says is changed.
fn catalog() -> Catalog {
    let directory = format!("{ROOT}/examples/northwind");
    let document = haversack_engine::load::read(directory.as_ref()).unwrap();
    let mut catalog = Catalog::default();
    document.events.iter().for_each(|event| fold_catalog(&mut catalog, event));
    let table = |name: &str| -> TableDefinition {
        catalog.definitions().find(|table| table.name == name).unwrap().as_ref().clone()
    };
    let mut customer = table("customer");
    let segment = customer.columns.iter_mut().find(|column| column.name == "segment").unwrap();
    segment.options.push(ChoiceOption { value: 9, label: "Key account".into() });
    let mut category = table("category");
    category.hierarchy_column = Some(Name::known("parentid"));
    category.columns.push(ColumnDefinition {
        name: Name::known("parentid"),
        display_name: None,
        column_type: ColumnType::Lookup,
        max_length: None,
        required: false,
        options: Vec::new(),
        targets: vec![Name::known("category")],
    });
    [customer, category].into_iter().for_each(|table| catalog.put_table(table));
    catalog
}

fn found(catalog: &mut Catalog, section: &Section<'_>) -> Vec<Diagnostic> {
    let is_extended = section.about.ends_with(" in extended");
    let mode = if is_extended { Compatibility::Extended } else { Compatibility::Classic };
    catalog.settings.compatibility = mode;
    match section.about.strip_prefix("filter of ") {
        None if section.about == "run" => compile(section.example, catalog).unwrap_err(),
        None => check(section.example, catalog),
        Some(rest) => {
            let table = rest.split(' ').next().unwrap();
            check_custom_filter(&parse(section.example).unwrap(), table, mode)
        }
    }
}

#[test]
fn every_code_is_explained_by_an_example_that_gives_it() {
    let text = std::fs::read_to_string(format!("{ROOT}/docs/errors.md")).unwrap();
    let sections = sections(&text);
    let explained: BTreeSet<&str> = sections.iter().map(|section| section.code).collect();
    assert_eq!(explained.len(), sections.len(), "a code has two sections");
    assert_eq!(explained, code::ALL.iter().copied().collect());
    let mut catalog = catalog();
    for section in &sections {
        let found = found(&mut catalog, section);
        assert!(!found.is_empty(), "the example of {} gives nothing", section.code);
        for one in found {
            let is_it = one.code == section.code && one.is_error() == section.is_error;
            assert!(is_it, "the example of {} gives [{}] {one}", section.code, one.code);
        }
    }
}

/// The queries of the example give no other warnings than these.
#[test]
fn the_queries_of_the_example_are_clean_or_rightly_warned_of() {
    let directory = format!("{ROOT}/examples/northwind/queries");
    let expected = [
        ("customers-with-open-business", code::NULL_PASSES),
        ("names-and-places", code::NULL_PASSES),
        ("open-or-heavy-orders", code::NULL_PASSES),
        ("products-nobody-orders-in-bulk", code::ALL_MEANS_NONE),
        ("shipped-elsewhere", code::NULL_PASSES),
    ];
    let catalog = catalog();
    let mut files = 0;
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let found = check(&std::fs::read_to_string(&path).unwrap(), &catalog);
        let codes: Vec<&str> = found.iter().map(|one| one.code).collect();
        let right = expected.iter().filter(|(of, _)| *of == name).map(|(_, code)| *code);
        assert_eq!(codes, right.collect::<Vec<_>>(), "{}", path.display());
        files += 1;
    }
    assert!(files > 40, "{files}");
}
