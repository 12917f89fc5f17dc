//! The limits of classic: each is refused in so many words when a profile is drafted, and the same
//! profile is accepted in extended.

use std::sync::Arc;

use haversack_core::{
    limits::{
        IMAGE_COLUMNS_PER_PROFILE_CLASSIC_MAX, RELATIONSHIPS_PER_ITEM_CLASSIC_MAX,
        ROWS_PER_DEVICE_CLASSIC_MAX,
    },
    profile::ProfileDraft,
};
use haversack_engine::{Environment, FixedClock, LineOutcome};
use haversack_replay::admin::too_many_rows;
use serde_json::{Value as Json, json};

use crate::fixtures::{self, NOW};

fn lookup(table: &str, column: &str, target: &str) -> Json {
    json!({"put": "relationship", "name": format!("{table}_{column}"), "kind": "many_to_one",
           "table": table, "column": column, "target": target})
}

fn pairs(table: &str, target: &str) -> Json {
    json!({"put": "relationship", "name": format!("{table}_{target}_pairs"), "kind": "many_to_many",
           "intersect": format!("{table}_{target}_pair"), "table": table,
           "column": format!("{table}id"), "target": target, "target_column": format!("{target}id")})
}

/// Accounts and contacts that point at each other, accounts with tags and notes, and twenty tables of
/// which each has three lookups to the one before.
fn environment(compatibility: &str) -> Environment {
    let environment = Environment::in_memory(Arc::new(FixedClock(NOW)));
    let to =
        |name: &str, target: &str| json!({"name": name, "type": "lookup", "targets": [target]});
    let image = |n: usize| json!({"name": format!("image{n}"), "type": "image"});
    let images = |n: usize| (0..n).map(image).collect::<Vec<_>>();
    let name = || json!({"name": "name", "type": "string"});
    let table = |name_: &str, columns: Vec<Json>| {
        fixtures::table(name_, "user_or_team", "name", [vec![name()], columns].concat().into())
    };
    let mut changes = vec![
        json!({"put": "settings", "compatibility": compatibility}),
        table("account", vec![]),
        table("contact", vec![to("company", "account")]),
        table("account", vec![to("primary", "contact"), to("parent", "account")]),
        table("tag", vec![]),
        table("note", vec![to("about", "account")]),
        table("gallery", images(IMAGE_COLUMNS_PER_PROFILE_CLASSIC_MAX)),
        table("portrait", images(1)),
        lookup("account", "primary", "contact"),
        lookup("account", "parent", "account"),
        lookup("contact", "company", "account"),
        lookup("note", "about", "account"),
        pairs("account", "tag"),
        pairs("contact", "tag"),
    ];
    for n in 0..20 {
        let (this, before) = (format!("step{n}"), format!("step{}", n.max(1) - 1));
        changes.push(table(&this, ["x", "y", "z"].map(|column| to(column, &before)).to_vec()));
        changes.extend(["x", "y", "z"].map(|column| lookup(&this, column, &before)));
    }
    fixtures::apply(&environment, changes);
    environment
}

fn item(table: &str, related: &[(&str, &str)]) -> Json {
    let related = related.iter().map(|(name, to)| json!({"relationship": name, "table": to}));
    json!({"table": table, "criterion": "other", "other": ["user"],
           "related_to": related.collect::<Vec<_>>()})
}

fn filtered(table: &str, filter: &str) -> Json {
    json!({"table": table, "criterion": "custom", "filter": filter})
}

/// Items `step0` to `step<n>`, each related to the one before by the first of its three lookups.
fn chain(n: usize) -> Vec<Json> {
    let one = |n: usize| match n {
        0 => item("step0", &[]),
        n => item(&format!("step{n}"), &[(&format!("step{n}_x"), &format!("step{}", n - 1))]),
    };
    (0..=n).map(one).collect()
}

fn draft(items: &[Json]) -> Json {
    json!({"put": "profile", "name": "Field sales", "items": items})
}

/// Asserts that classic refuses the profile in these words, and that extended takes it.
fn refused(items: &[Json], code: &str, message: &str) {
    let classic = environment("classic");
    let answers = fixtures::send(&classic, vec![draft(items)]);
    let fault = answers[0].fault.as_ref().unwrap_or_else(|| panic!("taken: {answers:?}"));
    assert_eq!((fault.code, fault.message.as_str()), (code, message));
    taken("extended", items);
}

/// Asserts that the profile is taken and published; its warnings.
fn taken(compatibility: &str, items: &[Json]) -> Vec<&'static str> {
    let environment = environment(compatibility);
    let answers =
        fixtures::send(&environment, vec![draft(items), json!({"publish": "Field sales"})]);
    for answer in &answers {
        assert_eq!(answer.outcome, LineOutcome::Applied, "{answer:?}");
    }
    answers[1].warnings.iter().map(|warning| warning.code).collect()
}

#[test]
fn cycles_are_refused_with_their_path() {
    let items = [
        // Not in the cycle, and waits for it.
        item("note", &[("note_about", "account")]),
        item("account", &[("account_primary", "contact")]),
        item("contact", &[("contact_company", "account")]),
    ];
    let message = "profile \"Field sales\": item `account` is related in a cycle: account -> contact \
                   -> account (by `account_primary`, `contact_company`), which classic does not allow; \
                   leave one of these relationships out, or set the environment's \"compatibility\" to \
                   \"extended\"";
    refused(&items, "cycle", message);
}

#[test]
fn self_references_are_refused() {
    let message = "profile \"Field sales\": item `account` is related to itself: account -> account \
                   (by `account_parent`), which classic does not allow; leave one of these \
                   relationships out, or set the environment's \"compatibility\" to \"extended\"";
    refused(&[item("account", &[("account_parent", "account")])], "cycle", message);
}

#[test]
fn fifteen_relationships_counted_transitively() {
    let most = RELATIONSHIPS_PER_ITEM_CLASSIC_MAX;
    taken("classic", &chain(most));
    let message = "profile \"Field sales\": item `step16` has 16 relationships, counted transitively \
                   (1 of its own, 15 of `step15` by `step16_x`), expected 15 at the most in classic; \
                   leave some out, or set the environment's \"compatibility\" to \"extended\"";
    refused(&chain(most + 1), "too_many_relationships", message);

    // By each of three ways the item beyond counts again: 3, then 3 + 3 * 3, then 3 + 3 * 12.
    let thrice = |n: usize| {
        let (names, to) =
            (["x", "y", "z"].map(|c| format!("step{n}_{c}")), format!("step{}", n - 1));
        item(&format!("step{n}"), &names.each_ref().map(|name| (name.as_str(), to.as_str())))
    };
    let items = [item("step0", &[]), thrice(1), thrice(2), thrice(3)];
    taken("classic", &items[..3]);
    let message = "profile \"Field sales\": item `step3` has 39 relationships, counted transitively (3 \
                   of its own, 12 of `step2` by `step3_x`, 12 of `step2` by `step3_y`, 12 of `step2` by \
                   `step3_z`), expected 15 at the most in classic; leave some out, or set the \
                   environment's \"compatibility\" to \"extended\"";
    refused(&items, "too_many_relationships", message);
}

#[test]
fn one_relationship_that_multiplies_rows() {
    let tag = item("tag", &[]);
    let one = [tag.clone(), item("account", &[("account_tag_pairs", "tag")])];
    taken("classic", &one);
    // From an account's side its notes are one-to-many.
    let two = [
        tag.clone(),
        item("note", &[]),
        item("account", &[("account_tag_pairs", "tag"), ("note_about", "note")]),
    ];
    let message = "profile \"Field sales\": item `account` has more than one many-to-many or \
                   one-to-many relationship, counted transitively: `account_tag_pairs` of item \
                   `account` and `note_about` of item `account`; expected 1 at the most in classic; \
                   leave one out, or set the environment's \"compatibility\" to \"extended\"";
    refused(&two, "too_many_relationships", message);

    let further = [
        tag,
        item("account", &[("account_tag_pairs", "tag")]),
        item("contact", &[("contact_company", "account"), ("contact_tag_pairs", "tag")]),
    ];
    let message = "profile \"Field sales\": item `contact` has more than one many-to-many or \
                   one-to-many relationship, counted transitively: `account_tag_pairs` of item \
                   `account` and `contact_tag_pairs` of item `contact`; expected 1 at the most in \
                   classic; leave one out, or set the environment's \"compatibility\" to \"extended\"";
    refused(&further, "too_many_relationships", message);
}

#[test]
fn fourteen_image_columns() {
    taken("classic", &[item("gallery", &[])]);
    let message = "profile \"Field sales\": its tables have 15 image columns (14 of `gallery`, 1 of \
                   `portrait`), expected 14 at the most in classic; leave a table out, or set the \
                   environment's \"compatibility\" to \"extended\"";
    refused(&[item("gallery", &[]), item("portrait", &[])], "too_many_images", message);
}

#[test]
fn custom_filters_have_three_levels_15_related_tables_and_25_operators() {
    taken(
        "classic",
        &[filtered("account", "fetch account { filter { or { and { name null } } } }")],
    );
    let deep = "fetch account { filter { or { and { or { name null } } } } }";
    let message = "profile \"Field sales\": filter of item `account`: 1:37: a group at level 4: filter \
                   > or > and > or; expected 3 levels at the most in classic";
    refused(&[filtered("account", deep)], "bad_filter", message);

    let related = |n: usize| {
        let any = "any note on about = accountid { } ".repeat(n);
        [filtered("account", &format!("fetch account {{ filter {{ {any}}} }}"))]
    };
    taken("classic", &related(15));
    let message = "profile \"Field sales\": filter of item `account`: 1:536: more than 15 links; expected \
                   15 at the most in classic";
    refused(&related(16), "bad_filter", message);

    let today = "fetch account { filter { createdon today } }";
    let message = "profile \"Field sales\": filter of item `account`: 1:36: operator `today` in a \
                   custom filter; expected one of the 25 operators of classic";
    refused(&[filtered("account", today)], "bad_filter", message);
}

#[test]
fn intervals_beyond_an_hour_are_warned_of() {
    let every = |minutes: u32| {
        let mut item = item("account", &[]);
        item["sync_interval_minutes"] = json!(minutes);
        [item]
    };
    assert_eq!(taken("classic", &every(60)), Vec::<&str>::new());
    assert_eq!(taken("classic", &every(61)), ["interval_shortened"]);
    assert_eq!(taken("extended", &every(1_440)), Vec::<&str>::new());
}

#[test]
fn rows_beyond_three_million_are_warned_of() {
    let items = [item("tag", &[]), item("account", &[("account_tag_pairs", "tag")])];
    let draft: ProfileDraft =
        serde_json::from_value(json!({"name": "Field sales", "items": items})).unwrap();
    let said = |compatibility: &str, pairs: usize| {
        let state = environment(compatibility).state();
        let rows = |table: &str| match table {
            "account" => ROWS_PER_DEVICE_CLASSIC_MAX - 10,
            "account_tag_pair" => pairs,
            "tag" => 5,
            _ => usize::MAX,
        };
        too_many_rows(&state.catalog, &draft, rows).map(|warning| warning.message)
    };
    assert_eq!(said("classic", 5), None);
    assert_eq!(said("extended", 6), None);
    let message = "profile \"Field sales\": its tables have 3000001 rows, 2999990 of them in `account`; \
                   classic takes 3000000 at the most on one device; `haversack dataset USER` lists what \
                   one user gets";
    assert_eq!(said("classic", 6).as_deref(), Some(message));
}

#[test]
fn a_long_chain_of_items_is_refused_and_not_walked_forever() {
    // Back to front, so that each item waits for the next.
    let mut items = chain(19);
    items.reverse();
    let extended = environment("extended");
    fixtures::apply(&extended, vec![draft(&items), json!({"publish": "Field sales"})]);
    let answers =
        fixtures::send(&extended, vec![json!({"put": "settings", "compatibility": "classic"})]);
    let fault = answers[0].fault.as_ref().unwrap();
    assert_eq!(fault.code, "in_use");
    assert!(
        fault.message.starts_with("profile \"Field sales\" would break: item `step16`"),
        "{fault}"
    );
}
