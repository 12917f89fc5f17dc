//! Profiles that administrators think of.

use serde_json::{Value as Json, json};

use crate::{dice::Dice, setup};

/// Filters by table: what a row has, whose it is, what hangs on it, and what the clock says.
const FILTERS: &[(&str, &str)] = &[
    ("account", "fetch account { filter { ownerid eq-useroruserteams } }"),
    (
        "account",
        "fetch account { filter { or { ownerid eq-userid owningbusinessunit eq-businessid } } }",
    ),
    ("account", "fetch account { filter { size gt 3 } }"),
    ("account", "fetch account { filter { kind eq 1 open ne true } }"),
    ("account", "fetch account { filter { due last-x-hours 30 } }"),
    ("account", "fetch account { filter { or { due next-x-hours 40 due last-x-days 2 } } }"),
    ("account", "fetch account { filter { due olderthan-x-minutes 600 } }"),
    ("account", "fetch account { filter { name like \"%a%\" } }"),
    ("account", "fetch account { filter { price ge 5 } }"),
    ("account", "fetch account { filter { any contact on customer = accountid { kind eq 1 } } }"),
    (
        "account",
        "fetch account { filter { not any contact on customer = accountid { open eq true } } }",
    ),
    ("account", "fetch account { filter { any account on parent = accountid { size ge 2 } } }"),
    (
        "account",
        "fetch account { filter { any vault on account = accountid { name like \"%a%\" } } }",
    ),
    (
        "account",
        "fetch account { filter { or { size lt 4 not any vault on account = accountid { kind eq 1 } } } }",
    ),
    (
        "account",
        "fetch account { filter { any account_tag on accountid = accountid { any tag on tagid = tagid { kind eq 1 } } } }",
    ),
    ("contact", "fetch contact { filter { any account on accountid = customer { kind ne 2 } } }"),
    ("contact", "fetch contact { filter { open eq true } }"),
    (
        "contact",
        "fetch contact { filter { any account on accountid = customer { due last-x-days 3 } } }",
    ),
    ("contact", "fetch contact { filter { owningbusinessunit eq-businessid } }"),
    ("contact", "fetch contact { filter { any vault on name = name { size gt 2 } } }"),
    ("task", "fetch task { filter { due next-x-days 2 } }"),
    ("task", "fetch task { filter { ownerid eq-userid } }"),
    ("task", "fetch task { filter { or { ownerid eq-useroruserhierarchy kind eq 2 } } }"),
    ("tag", "fetch tag { filter { size in (1, 2, 3, 4) } }"),
    ("place", "fetch place { filter { owningbusinessunit eq-businessid } }"),
];

/// Relationships by the table of the item: name, and the table at the other end.
const RELATED: &[(&str, &str, &str)] = &[
    ("account", "account_parent", "account"),
    ("account", "contact_customer", "contact"),
    ("account", "vault_account", "vault"),
    ("account", "account_tags", "tag"),
    ("contact", "contact_customer", "account"),
    ("contact", "contact_place", "place"),
    ("task", "task_account", "account"),
    ("task", "task_contact", "contact"),
    ("tag", "account_tags", "account"),
    ("place", "contact_place", "contact"),
];

fn item(dice: &mut Dice, table: &str, tables: &[&str], is_plain: bool) -> Json {
    let mut item = json!({"table": table, "sync_interval_minutes": dice.pick(&[5, 10, 60, 240])});
    let own = ["user", "team", "business_unit"];
    let own: Vec<&str> = own.into_iter().filter(|_| dice.chance(600)).collect();
    let filters: Vec<&str> =
        FILTERS.iter().filter(|(of, _)| *of == table).map(|(_, text)| *text).collect();
    let is_owned = !["tag", setup::VAULT].contains(&table);
    match dice.below(if is_plain { 4 } else { 8 }) {
        0 | 1 if is_owned => {
            item["criterion"] = json!("other");
            item["other"] = if own.is_empty() { json!(["user"]) } else { json!(own) };
        }
        2 => item["criterion"] = json!("related_only"),
        4.. if !filters.is_empty() => {
            item["criterion"] = json!("custom");
            item["filter"] = json!(dice.pick(&filters));
        }
        _ => item["criterion"] = json!("all"),
    }
    let is_there = |other: &str| tables.contains(&other);
    let chance = if is_plain { 200 } else { 550 };
    let related: Vec<Json> = RELATED
        .iter()
        .filter(|(of, _, other)| *of == table && is_there(other))
        .filter(|_| dice.chance(chance))
        .map(|(_, name, other)| json!({"relationship": name, "table": other}))
        .collect();
    item["related_to"] = json!(related);
    item
}

/// A draft.
#[must_use]
pub fn draft(dice: &mut Dice, number: usize, is_plain: bool) -> Json {
    let mut tables: Vec<&str> =
        setup::TABLES.iter().filter(|_| dice.chance(700)).copied().collect();
    if tables.is_empty() || dice.chance(500) {
        tables = setup::TABLES.to_vec();
    }
    if dice.chance(350) {
        tables.push(setup::VAULT);
    }
    let items: Vec<Json> =
        tables.iter().map(|table| item(dice, table, &tables, is_plain)).collect();
    json!({"put": "profile", "name": setup::profile(number), "items": items})
}
