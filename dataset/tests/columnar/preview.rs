//! A preview against what belongs on devices before and after, row by row.

use std::collections::{BTreeMap, BTreeSet};

use haversack_core::{Name, RowId, event::RowKey, schema::TableDefinition};
use haversack_dataset::{Caller, Dataset, Evaluator, Obvious, Rows, Side, When, preview};
use serde_json::{from_value, json};

use crate::{
    history::History,
    world::{USERS, World, id},
};

/// What each row takes.
const BYTES: u64 = 7;

/// Added, removed and kept, by user and table.
type Counts = BTreeMap<(RowId, Name), [u64; 3]>;

#[test]
fn a_preview_is_what_comes_of_it() {
    let (mut added, mut removed) = (0, 0);
    for seed in 0..300 {
        let mut history = History::begin(seed);
        (0..10).for_each(|_| drop(history.step()));
        let before = history.world.clone();
        for _ in 0..=seed % 4 {
            history.step();
        }
        // Of another schema, where numbers of tables and rows mean others.
        if seed % 5 == 0 {
            let table = json!({"name": "aaa", "ownership": "organization", "primary_key": "aaaid",
                "can_be_taken_offline": true, "columns": []});
            let table: TableDefinition = from_value(table).expect("a table");
            history.world.change(|catalog| catalog.put_table(table));
        }
        let expected = counts(&before, &history);
        let mut asked = BTreeSet::new();
        let mut size_of = |key: &RowKey, when| {
            assert!(asked.insert((key.clone(), when)), "asked once");
            let side = if when == When::Before { &before } else { &history.world };
            assert!(side.row(&key.table, key.id).is_some(), "it is there on that side");
            BYTES
        };
        let shifts = preview(
            (side(&before), side(&history.world)),
            &keys(&before, &history.world),
            history.now,
            seed,
            &mut size_of,
        );
        for shift in &shifts {
            assert_eq!(shift.bytes, BYTES * shift.added, "{shift:?}");
            assert_eq!(shift.removed_bytes, BYTES * shift.removed, "{shift:?}");
            added += shift.added;
            removed += shift.removed;
        }
        let found: Counts =
            shifts.into_iter().map(|s| ((s.user, s.table), [s.added, s.removed, s.kept])).collect();
        assert_eq!(found, expected, "seed {seed}");
    }
    assert!(added > 100 && removed > 100, "{added} added, {removed} removed");
}

fn side(world: &World) -> Side<'_> {
    Side { rows: world, catalog: &world.catalog }
}

/// All rows of both: to say of a row that it was written when it was not must change nothing.
fn keys(before: &World, after: &World) -> Vec<RowKey> {
    let of = |world: &World| -> Vec<RowKey> {
        let tables = world.rows.iter();
        let keys = tables.flat_map(|(table, rows)| rows.keys().map(|id| (table.clone(), *id)));
        keys.map(|(table, id)| RowKey { table, id }).collect()
    };
    [of(before), of(after)].concat()
}

fn counts(before: &World, history: &History) -> Counts {
    let mut counts = Counts::new();
    for number in 0..USERS {
        let user = id("user", number);
        let of = |world: &World| -> Dataset {
            Obvious::new(world).dataset(&Caller::user(&world.catalog, user, history.now))
        };
        let (had, has) = (of(before), of(&history.world));
        for key in had.keys().chain(has.keys()).collect::<BTreeSet<_>>() {
            let at = match (had.contains_key(key), has.contains_key(key)) {
                (false, _) => 0,
                (true, false) => 1,
                (true, true) => 2,
            };
            counts.entry((user, key.table.clone())).or_default()[at] += 1;
        }
    }
    counts
}
