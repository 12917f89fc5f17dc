//! The targets: a second each, or as long as `BOLERO_RANDOM_TEST_TIME_MS` says. CONTRIBUTING.md says
//! what to do with what they find.

use bolero::check;
use haversack_core::{catalog::Catalog, settings::Compatibility};
use haversack_dsl::Syntax;
use haversack_fuzz::{
    catalog::catalog,
    laws::{is_read_or_refused, is_resolved_or_refused, matches_as_it_plainly_says},
    texts::{Patterns, Queries},
};

fn catalogs() -> [Catalog; 2] {
    [Compatibility::Classic, Compatibility::Extended].map(catalog)
}

#[test]
fn dsl() {
    check!().with_generator(Queries::new(Some(Syntax::Dsl))).for_each(|text| {
        is_read_or_refused(text);
    });
}

#[test]
fn fetchxml() {
    check!().with_generator(Queries::new(Some(Syntax::FetchXml))).for_each(|text| {
        is_read_or_refused(text);
    });
}

#[test]
fn resolve() {
    let catalogs = catalogs();
    check!().with_generator(Queries::new(None)).for_each(|text| {
        if let Ok(fetch) = haversack_dsl::parse(text) {
            catalogs.iter().for_each(|catalog| is_resolved_or_refused(&fetch, catalog));
        }
    });
}

#[test]
fn like() {
    check!()
        .with_generator(Patterns::new())
        .for_each(|(pattern, text)| matches_as_it_plainly_says(pattern, text));
}
