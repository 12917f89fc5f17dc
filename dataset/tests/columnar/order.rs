//! The first rows of an order, by every column and direction, against the look at every row.

use haversack_dataset::{Caller, Columnar, Evaluator, Obvious};

use crate::history::History;

const COLUMNS: [&str; 12] = [
    "name", "size", "price", "due", "day", "open", "ratio", "kind", "kinds", "code", "ownerid",
    "parent",
];

#[test]
fn the_first_rows_are_the_first_of_all() {
    let mut cut = 0;
    for seed in 0..6 {
        let mut history = History::begin(seed);
        (0..40).for_each(|_| drop(history.step()));
        let columnar = Columnar::build(&history.world, &history.world.catalog, seed);
        let caller = Caller::administrator(&history.world.catalog, history.now);
        for (one, other) in COLUMNS.iter().flat_map(|one| COLUMNS.map(|other| (*one, other))) {
            if one == other {
                continue;
            }
            for (direction, top) in [("", 2), (" desc", 1), (" desc", 4)] {
                let text = format!("fetch account {{ order {one}{direction}, {other} top {top} }}");
                let query = haversack_dsl::compile(&text, &history.world.catalog);
                // A table may have lost a column.
                let Ok(resolved) = query else { continue };
                let query = resolved.query;
                let expected = Obvious::new(&history.world).answers(&caller, &query);
                let found = columnar.answers(&caller, &query);
                assert_eq!(found, expected, "seed {seed}: {text}");
                cut += usize::from(expected.total > expected.rows.len());
            }
        }
    }
    assert!(cut > 500, "{cut}");
}
