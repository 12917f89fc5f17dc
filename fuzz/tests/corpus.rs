//! The corpus obeys the laws, and the texts that are made from it and by the grammar get far enough
//! to try them.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use bolero::check;
use haversack_core::settings::Compatibility;
use haversack_dsl::{Syntax, compile, parse};
use haversack_fuzz::{
    catalog::catalog,
    corpus,
    laws::{is_read_or_refused, is_resolved_or_refused, matches_as_it_plainly_says},
    texts::Queries,
};

#[test]
fn queries_obey_the_laws() {
    let catalogs = [Compatibility::Classic, Compatibility::Extended].map(catalog);
    for text in corpus::queries() {
        if let Some(fetch) = is_read_or_refused(&text) {
            catalogs.iter().for_each(|catalog| is_resolved_or_refused(&fetch, catalog));
        }
    }
}

#[test]
fn patterns_obey_the_law() {
    for (pattern, text) in corpus::patterns() {
        matches_as_it_plainly_says(&pattern, &text);
    }
}

#[test]
fn texts_get_deep() {
    for syntax in [Syntax::Dsl, Syntax::FetchXml] {
        let catalog = catalog(Compatibility::Extended);
        let [all, read, resolved] = [const { AtomicUsize::new(0) }; 3];
        let add = |to: &AtomicUsize, is: bool| to.fetch_add(usize::from(is), Relaxed);
        check!().with_iterations(2_000).with_generator(Queries::new(Some(syntax))).for_each(
            |text| {
                add(&all, true);
                add(&read, parse(text).is_ok());
                add(&resolved, compile(text, &catalog).is_ok());
            },
        );
        let (all, read, resolved) = (all.into_inner(), read.into_inner(), resolved.into_inner());
        println!("{syntax:?}: {all} texts, {read} read, {resolved} resolved");
        assert!(read * 6 > all && all > read && resolved * 25 > all, "{all} {read} {resolved}");
    }
}
