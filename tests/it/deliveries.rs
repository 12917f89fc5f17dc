//! What devices acknowledge is on record, once, and stays there; and what reading the record says.

use std::{fs, path::PathBuf, time::Duration};

use haversack_core::{Offset, RowVersion};
use haversack_sync::digest::TableDigest;
use serde_json::{Value as Json, json};

use crate::{
    place::{Place, each, id, only_message, text},
    served::{Running, begin, serve},
};

/// Entries are written after the answers; nobody waits so long.
const LOOKS: u32 = 6_000;
const LOOKS_EVERY: Duration = Duration::from_millis(10);

/// A served place with a device of Ann's, which has synced once.
struct Served {
    place: Place,
    server: Option<Running>,
}

impl Served {
    fn new() -> Self {
        let place = Place::loaded();
        let token = place.done(&["token", "create", "--user", "Ann"]);
        let (server, address) = serve(&place);
        let token = text(&token[0]["token"]);
        place.done(&["device", "init", "--server", &address, "--token", token, "--name", "phone"]);
        let served = Self { place, server: Some(server) };
        served.sync();
        served
    }

    /// With two entries, the second after an event in between.
    fn with_two_entries() -> (Self, u64, Vec<Json>) {
        let mut served = Self::new();
        served.sync();
        served.stop();
        let changed = served.change(1);
        served.restart();
        served.sync();
        served.sync();
        let entries = served.wait_for(2);
        (served, changed, entries)
    }

    fn sync(&self) {
        self.place.done(&["device", "sync"]);
    }

    fn stop(&mut self) {
        self.server = None;
    }

    /// Serves again, elsewhere; the device is told where.
    fn restart(&mut self) {
        let (server, address) = serve(&self.place);
        self.server = Some(server);
        let path = self.place.path().join("haversack-device/device.json");
        let mut setup: Json = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        setup["setup"]["server"] = json!(address);
        fs::write(path, setup.to_string()).unwrap();
    }

    /// Ann's first row is another one: its version.
    fn change(&self, number: u32) -> u64 {
        let values = json!({"a": format!("number {number}")});
        let line = json!({"row": {"table": "t", "op": "update", "id": id(1), "values": values}});
        let (out, _) = self.place.exits(0, &["apply", "-"], &line.to_string());
        crate::place::json_lines(&out)[0]["offset"].as_u64().unwrap()
    }

    fn entries(&self, arguments: &[&str]) -> Vec<Json> {
        self.place.done(&[&["audit", "deliveries"], arguments].concat())
    }

    /// All entries, when there are so many.
    fn wait_for(&self, count: usize) -> Vec<Json> {
        for _ in 0..LOOKS {
            let entries = self.entries(&[]);
            if entries.len() >= count {
                assert_eq!(entries.len(), count);
                return entries;
            }
            std::thread::sleep(LOOKS_EVERY);
        }
        panic!("{count} entries never came");
    }

    fn offset(&self) -> Json {
        self.place.done(&["device", "status"])[0]["offset"].clone()
    }

    fn segment(&self) -> PathBuf {
        self.place.data().join("deliveries/0000000001.segment")
    }
}

#[test]
fn a_device_that_syncs_twice_has_acknowledged_the_first_moment_once() {
    let mut served = Served::new();
    assert!(served.entries(&[]).is_empty(), "a pull from nothing acknowledges nothing");
    let first = served.offset();
    for _ in 0..3 {
        served.sync();
    }
    let entry = served.wait_for(1).remove(0);
    assert_eq!((&entry["offset"], &entry["profile"]), (&first, &json!("Field")));
    assert_eq!(entry["profile_version"], 1);
    assert_eq!(entry["user"], id(0).replace("000000000000", "0000000000a1"));
    assert!(text(&entry["clock"]) <= text(&entry["at"]), "{entry}");

    // Written beside a server that runs; what it says is what belongs there.
    served.stop();
    let dataset = served.place.done(&["dataset", "Ann"]);
    for table in entry["tables"].as_array().unwrap() {
        let mut digest = TableDigest::default();
        let rows = dataset.iter().filter(|row| row["table"] == table["table"]);
        for row in rows.clone() {
            let version = Offset::new(row["version"].as_u64().unwrap()).unwrap();
            digest.add(text(&row["table"]), text(&row["id"]).parse().unwrap(), RowVersion(version));
        }
        assert_eq!((&table["rows"], &table["offset"]), (&json!(rows.count()), &first));
        assert_eq!(text(&table["digest"]), digest.to_string());
    }
    assert_eq!(each(entry["tables"].as_array().unwrap(), "table"), ["p", "t"]);

    // A restart, and the same moment again: nothing is written. Then another moment.
    served.restart();
    served.sync();
    let changed = served.place.done(&["device", "edit", "update", "t", &id(1), "{\"b\": 7}"]);
    assert_eq!(changed[0]["edit"], 1);
    served.sync();
    let second = served.offset();
    served.sync();
    let entries = served.wait_for(2);
    assert_eq!((&entries[0], &entries[1]["offset"]), (&entry, &second));
}

#[test]
fn a_server_that_was_started_anew_says_what_it_knows() {
    let mut served = Served::new();
    let first = served.offset();
    served.stop();
    served.change(1);
    served.restart();
    served.sync();
    let entry = served.wait_for(1).remove(0);
    assert_eq!((&entry["offset"], &entry["profile"]), (&first, &json!("Field")));
    let tables = entry["tables"].as_array().unwrap();
    assert_eq!(each(tables, "table"), ["p", "t"]);
    assert!(tables.iter().all(|table| table.get("rows").is_none()), "{entry}");
}

#[test]
fn a_table_that_was_synced_alone_is_of_its_own_moment() {
    let mut served = Served::new();
    let first = served.offset();
    served.stop();
    let changed = served.change(1);
    served.restart();
    for _ in 0..2 {
        served.place.done(&["device", "sync", "--tables", "t"]);
    }
    let entries = served.wait_for(2);
    assert_eq!(each(&entries, "offset"), [&first, &json!(changed)]);
    let tables = entries[1]["tables"].as_array().unwrap();
    assert_eq!(each(tables, "table"), ["p", "t"]);
    assert_eq!(each(tables, "offset"), [&first, &json!(changed)]);
}

#[test]
fn entries_are_asked_by_device_offset_and_time() {
    let (served, changed, entries) = Served::with_two_entries();
    assert_eq!(entries[1]["offset"], changed);
    let device = text(&entries[0]["device"]);
    assert_eq!(served.entries(&["--device", device]), entries);
    assert!(served.entries(&["--device", &id(7)]).is_empty());
    for since in [changed.to_string().as_str(), text(&entries[1]["at"])] {
        assert_eq!(served.entries(&["--since", since]), entries[1..], "{since}");
    }
    assert_eq!(served.entries(&["--since", "2020-01-01T00:00:00Z"]), entries);
    for (option, value) in [("--device", "phone"), ("--since", "noon")] {
        let message = served.place.bad(&["audit", "deliveries", option, value], "");
        assert!(only_message(&message).starts_with(option), "{message}");
    }
    let nowhere = served.place.bad(&["--data", "nowhere", "audit", "deliveries"], "");
    assert!(only_message(&nowhere).contains("there is no log"));
}

#[test]
fn a_backup_takes_the_record_along_up_to_its_last_event() {
    let (served, changed, entries) = Served::with_two_entries();
    let place = &served.place;
    place.done(&["log", "export", "b"]);
    let on = |data: &'static str, more: &[&str]| {
        let arguments = [&["--data", data], more].concat();
        place.done(&arguments.iter().map(|argument| &**argument).collect::<Vec<_>>())
    };
    on("new", &["log", "import", "b"]);
    assert_eq!(on("new", &["audit", "deliveries"]), entries);
    assert_eq!(on("new", &["audit", "verify"])[0]["findings"], json!([]));
    let until = (changed - 1).to_string();
    on("older", &["log", "import", "b", "--until", &until]);
    assert_eq!(on("older", &["audit", "deliveries"]), entries[..1]);
    place.done(&["log", "export", "c", "--until", &until]);
    on("cut", &["log", "import", "c"]);
    assert_eq!(on("cut", &["audit", "deliveries"]), entries[..1]);
}

#[test]
fn what_a_power_cut_tore_is_left_out_told_and_written_again() {
    let mut served = Served::new();
    served.sync();
    let entries = served.wait_for(1);
    served.stop();
    let bytes = fs::read(served.segment()).unwrap();
    fs::write(served.segment(), &bytes[..bytes.len() - 3]).unwrap();
    let (out, err) = served.place.exits(0, &["audit", "deliveries"], "");
    assert_eq!(out, "");
    assert!(err.starts_with("warning: the last ") && err.contains("0000000001.segment"), "{err}");
    served.restart();
    served.sync();
    let (again, err) = (served.wait_for(1), served.place.exits(0, &["audit", "deliveries"], "").1);
    assert_eq!((again[0]["offset"].clone(), err.as_str()), (entries[0]["offset"].clone(), ""));
}

#[test]
fn a_record_of_a_newer_format_is_refused_untouched() {
    let mut served = Served::new();
    served.sync();
    served.wait_for(1);
    served.stop();
    let newer = b"haversack.deliveries/2\nwhatever that may be";
    fs::write(served.segment(), newer).unwrap();
    let (out, err) = served.place.exits(5, &["audit", "deliveries"], "");
    assert_eq!(out, "");
    assert!(only_message(&err).contains("deliveries has format 2"), "{err}");
    let mut refused = begin(&served.place);
    assert_eq!(refused.0.wait().unwrap().code(), Some(5));
    assert_eq!(fs::read(served.segment()).unwrap(), newer);
}
