//! What a device could have held, against a look at every row of it before and after every event of random
//! histories.

use std::collections::BTreeMap;

use haversack_core::{Cursor, Offset, RowVersion, Timestamp, event::Event};
use haversack_dataset::Dataset;
use haversack_replay::Held;
use serde_json::{Value as Json, json};

use crate::{
    fixtures::{id, records},
    place::{Place, each, id as row_id, text},
    timeline::{History, Looks},
};

/// From and until, by table, row and version.
type Found = BTreeMap<(String, RowVersion), (u64, Option<u64>)>;

#[test]
fn what_was_held_is_what_belonged_there_at_some_moment() {
    let (mut gone, mut back, mut own) = (0, 0, 0);
    for seed in 100..140 {
        let mut history = History::begin(seed);
        (0..50).for_each(|_| history.step());
        let (environment, log) = (&history.environment, records(&history.environment));
        let phone = environment.state().device_named(id("bob"), "phone").unwrap().device.id;
        let registered = environment.registered(&[phone]).unwrap().expect("it is known");
        let is_it = |event: &Event| matches!(event, Event::DeviceRegistered(d) if d.id == phone);
        assert!(is_it(&log[registered.get() as usize - 1].inner.event));

        let head = environment.state().cursor;
        let now = Timestamp(log.last().unwrap().at.0 + 3_600_000_000);
        let looks = Looks::at(&log, head, now);
        let wrote = |offset: Offset| match &log[offset.get() as usize - 1].inner.event {
            Event::DeviceEdited(edit) => {
                let row = environment.row_at(&edit.key, offset).unwrap();
                row.filter(|row| row.version.0 == offset).map(|row| (edit.key.clone(), row.version))
            }
            _ => None,
        };
        let (mut expected, mut before) = (Found::new(), Dataset::new());
        let mut cursor = 0;
        for (offset, _, datasets) in &looks.all {
            cursor = offset.map_or(cursor, Offset::get);
            if cursor < registered.get() {
                continue;
            }
            let dataset = &datasets[&id("bob")];
            for (key, version) in before.iter().filter(|(k, v)| dataset.get(*k) != Some(*v)) {
                expected.get_mut(&(format!("{key:?}"), *version)).expect("it came").1 =
                    Some(cursor);
                gone += 1;
            }
            for (key, version) in dataset.iter().filter(|(k, v)| before.get(*k) != Some(*v)) {
                let held = expected.entry((format!("{key:?}"), *version)).or_insert((cursor, None));
                back += usize::from(held.1.take().is_some());
            }
            if let Some((key, version)) =
                offset.and_then(wrote).filter(|(key, _)| !dataset.contains_key(key))
            {
                expected.insert((format!("{key:?}"), version), (cursor, Some(cursor)));
                own += 1;
            }
            before.clone_from(dataset);
        }
        let who = (id("bob"), vec![phone]);
        let since = Cursor::after(registered.get());
        let held = environment.held(who, since, (head, now), false).unwrap().0;
        let found: Found = held
            .iter()
            .map(|Held { key, version, from, until, .. }| {
                ((format!("{key:?}"), *version), (from.count(), until.map(Cursor::count)))
            })
            .collect();
        assert_eq!(found, expected, "seed {seed}");
    }
    assert!(gone > 100 && back > 20 && own > 10, "{gone} went, {back} came back, {own} own ones");
}

#[test]
fn a_lost_device_is_asked_what_it_could_have_held() {
    let place = Place::loaded();
    let message = place.bad(&["device", "rows", "Ann"], "");
    assert!(message.contains("Ann has no device"), "{message}");
    let edit = |n: u32, b: u32| {
        let id = row_id(1);
        json!({"n": n, "op": "update", "table": "t", "id": id, "base": null, "values": {"b": b}})
            .to_string()
    };
    place.write("push.ndjson", &edit(1, 5));
    let pushed = place.done(&["push", "push.ndjson", "--as", "Ann", "--device", "phone"]);
    let first = pushed[0]["offset"].as_u64().expect("it was applied");
    // The profile takes no row with less than 1.
    let leave = json!({"row": {"table": "t", "op": "update", "id": row_id(1), "values": {"b": 0}}});
    place.write("leave.ndjson", &leave.to_string());
    let left = place.done(&["apply", "leave.ndjson"])[0]["offset"].clone();
    assert!(place.done(&["dataset", "Ann"]).iter().all(|row| row["table"] != "t"));

    let held = place.done(&["device", "rows", "Ann", "--device", "phone", "--columns"]);
    let of_row: Vec<&Json> = held.iter().filter(|row| row["table"] == "t").collect();
    assert_eq!(
        of_row.len(),
        2,
        "as it was when the phone was made known, and as it wrote it: {held:?}"
    );
    assert_eq!((&of_row[0]["until"], &of_row[1]["version"]), (&json!(first), &json!(first)));
    assert_eq!(of_row[1]["until"], left);
    let columns = of_row[1]["columns"].as_array().expect("columns");
    assert!(columns.contains(&json!("a")) && columns.contains(&json!("ownerid")), "{columns:?}");

    let then = place.done(&["device", "rows", "Ann", "--since", &left.to_string()]);
    assert!(each(&then, "table").iter().all(|table| **table != "t"), "{then:?}");
    assert!(
        place.done(&["device", "rows", "Ann", "--at", "1"]).is_empty(),
        "it was not known then"
    );
    let message = place.bad(&["device", "rows", "Ann", "--device", "phon"], "");
    assert!(
        message.contains("Ann has no device \"phon\"") && message.contains("phone"),
        "{message}"
    );

    let devices = place.done(&["device", "list"]);
    assert_eq!(devices.len(), 1);
    assert_eq!((text(&devices[0]["user"]), text(&devices[0]["device"])), ("Ann", "phone"));
    assert_eq!((&devices[0]["edits"], &devices[0]["last_edit"]), (&json!(1), &json!(first)));
    assert!(place.done(&["device", "list", "Bob"]).is_empty());
}
