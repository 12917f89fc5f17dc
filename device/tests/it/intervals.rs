//! How often tables are synced: what the server tells, which the device keeps to.

use haversack_device::Device;
use serde_json::{Value as Json, json};

use crate::server::{Link, Place, Server, sync};

/// A device of bob's, whose profile has these items once [`seconds`] has published them. Visits hang on tasks.
fn device() -> (Server, Link, Device) {
    let server = Server::new();
    server.apply(vec![
        json!({"put": "table", "name": "visit", "ownership": "user_or_team", "primary_name": "name",
               "primary_key": "visitid", "can_be_taken_offline": true, "columns": [
                   {"name": "name", "type": "string"},
                   {"name": "taskid", "type": "lookup", "targets": ["task"]}]}),
        json!({"put": "relationship", "name": "visit_task", "kind": "many_to_one",
               "table": "visit", "column": "taskid", "target": "task"}),
    ]);
    let link = server.link("bob");
    let device = Place::default().device("phone", &link);
    (server, link, device)
}

/// After how many seconds each table of a profile with these items is due again, by their names.
fn seconds((server, link, device): &(Server, Link, Device), items: Json) -> Vec<(String, u64)> {
    server.apply(vec![
        json!({"put": "profile", "name": "field", "items": items}),
        json!({"publish": "field"}),
    ]);
    sync(device, link).unwrap();
    let tables = device.status().tables.into_iter();
    tables.filter_map(|t| Some((t.table.to_string(), t.next_sync_seconds?))).collect()
}

fn item(table: &str, minutes: u32, more: Json) -> Json {
    let mut item = json!({"table": table, "criterion": "all", "sync_interval_minutes": minutes});
    item.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    item
}

fn each(expected: &[(&str, u64)]) -> Vec<(String, u64)> {
    expected.iter().map(|(table, seconds)| ((*table).to_owned(), *seconds)).collect()
}

#[test]
fn in_classic_a_table_is_due_every_hour_at_least() {
    let world = device();
    let items = json!([item("task", 240, json!({})), item("product", 10, json!({}))]);
    assert_eq!(seconds(&world, items.clone()), each(&[("product", 600), ("task", 3_600)]));
    world.0.apply(vec![json!({"put": "settings", "compatibility": "extended"})]);
    assert_eq!(seconds(&world, items), each(&[("product", 600), ("task", 14_400)]));
}

/// Whatever joins them, and over others between; but not over a table that is not in the profile.
#[test]
fn tables_that_hang_on_each_other_share_the_shortest_interval() {
    let world = device();
    let related = |relationship: &str, table: &str| {
        json!({"criterion": "related_only",
               "related_to": [{"relationship": relationship, "table": table}]})
    };
    let linked = json!({"criterion": "custom", "filter":
        "fetch visit { filter { any task on taskid = taskid { name not-null } } }"});
    let alone = item("secret", 30, json!({}));
    for visit in [related("visit_task", "task"), linked] {
        for minutes in [[5, 60, 60], [60, 5, 60], [60, 60, 5]] {
            let items = json!([
                item("product", minutes[0], related("task_product", "task")),
                item("task", minutes[1], json!({})),
                item("visit", minutes[2], visit.clone()),
                alone.clone(),
            ]);
            let all = [("product", 300), ("secret", 1_800), ("task", 300), ("visit", 300)];
            assert_eq!(seconds(&world, items), each(&all), "{minutes:?} {visit}");
        }
        let items = json!([
            item("product", 5, json!({})),
            item("secret", 30, json!({})),
            item("visit", 60, json!({})),
        ]);
        let apart = [("product", 300), ("secret", 1_800), ("visit", 3_600)];
        assert_eq!(seconds(&world, items), each(&apart));
    }
}
