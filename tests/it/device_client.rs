//! A device's own verbs against a server process, over HTTP.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::ChildStdout,
    time::Duration,
};

use serde_json::Value as Json;

use crate::{
    place::{Place, each, json_lines, only_message, text},
    served::{Running, serve},
};

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/northwind");
const ORDER: &str = "67317f06-a797-5045-99c3-0d96a3fe0a68";
const CITY: &str = "fetch salesorder { columns shipcity filter { salesorderid eq \
                    67317f06-a797-5045-99c3-0d96a3fe0a68 } }";

fn token(place: &Place, user: &str) -> String {
    let created = place.done(&["token", "create", "--user", user]);
    text(&created[0]["token"]).to_owned()
}

/// A place with Northwind loaded, and tokens of Nancy and of Andrew.
fn northwind() -> (Place, [String; 2]) {
    let place = Place::new();
    place.done(&["load", DOCUMENT]);
    let tokens = ["Nancy Davolio", "Andrew Fuller"].map(|user| token(&place, user));
    place.write("city.hsq", CITY);
    (place, tokens)
}

fn device(place: &Place, arguments: &[&str]) -> Vec<Json> {
    place.done(&[&["device"], arguments].concat())
}

fn city(place: &Place) -> Json {
    device(place, &["query", "city.hsq"])[0]["shipcity"].clone()
}

#[test]
fn a_device_is_set_up_synced_asked_edited_and_wiped() {
    let (place, [nancy, _]) = northwind();
    let belongs = place.done(&["dataset", "Nancy Davolio"]).len() as u64;
    let (server, address) = serve(&place);
    let init = ["device", "init", "--server", &address, "--token", "-", "--name", "phone"];
    let (made, _) = place.exits(0, &init, &nancy);
    assert_eq!(json_lines(&made)[0]["name"], "phone");
    assert!(only_message(&place.bad(&init, &nancy)).contains("there is a device already"));
    assert!(place.bad(&["device", "query", "city.hsq"], "").contains("sync first"));
    let synced = device(&place, &["sync"]);
    assert_eq!(synced[0]["put"], belongs);
    assert_eq!(device(&place, &["sync"])[0]["put"], 0);

    let rows: u64 =
        device(&place, &["status"])[1..].iter().map(|table| table["rows"].as_u64().unwrap()).sum();
    assert_eq!(rows, belongs);
    let update = |city: &str| format!("{{\"shipcity\": \"{city}\"}}");
    let edit = ["edit", "update", "salesorder", ORDER];
    assert_eq!(device(&place, &[&edit[..], &[update("Reims").as_str()]].concat())[0]["edit"], 1);
    assert_eq!(city(&place), "Reims");
    let bad = [&["device"][..], &edit, &["{\"shipcty\": \"x\"}"]].concat();
    assert!(place.bad(&bad, "").contains("did you mean `shipcity`?"));
    let (_, err) = place.exits(1, &["device", "sign-out"], "");
    assert!(only_message(&err).contains("1 edits are not sent"));

    // By itself, and what it does is told.
    let mut watch = Running(place.command(&["device", "watch"]).spawn().unwrap());
    let told = BufReader::new(watch.0.stdout.take().unwrap());
    let first = happening(told, "synced");
    assert_eq!((first["edits"].as_u64(), first["problems"].as_u64()), (Some(1), Some(0)));
    let _ = watch.0.kill();
    drop(watch);
    assert_eq!(city(&place), "Reims");
    assert!(device(&place, &["edit", "list"]).is_empty());

    device(&place, &["work-offline", "on"]);
    assert!(place.bad(&["device", "sync"], "").contains("works offline"));
    device(&place, &["work-offline", "off"]);
    let unknown = place.bad(&["device", "sync", "--tables", "prodct"], "");
    assert!(unknown.contains("no table `prodct`") && unknown.contains("\"product\""), "{unknown}");
    let (added, _) = place.exits(0, &["device", "sync", "--full", "--tables", "product"], "");
    assert_eq!(json_lines(&added)[0]["put"], belongs, "a full download is of all tables");
    drop(server);
    let (_, err) = place.exits(5, &["device", "sync"], "");
    assert!(only_message(&err).contains("can't be reached"));
    device(&place, &["sign-out"]);
    assert!(place.bad(&["device", "status"], "").contains("there is no device"));
    let history = place.done(&["history", "salesorder", ORDER]);
    assert_eq!(history.last().unwrap()["values"]["shipcity"], "Reims");
}

/// The first line of this kind.
fn happening(told: BufReader<ChildStdout>, kind: &str) -> Json {
    let lines = told.lines().map(|line| serde_json::from_str::<Json>(&line.unwrap()).unwrap());
    lines.into_iter().find(|line| line["happening"] == kind).expect("it happens")
}

#[test]
fn tokens_that_are_not_good_and_addresses_that_are_none_are_refused() {
    let (place, [_, andrew]) = northwind();
    let (_server, address) = serve(&place);
    let init = |server: &str, token: &str| {
        place.bad(&["device", "init", "--server", server, "--token", token], "")
    };
    assert!(init(&address, "nonsense").contains("401"));
    assert!(init("https://example.org", &andrew).contains("http://127.0.0.1:8080"));
    assert!(place.bad(&["device", "status"], "").contains("there is no device"), "nothing is left");
    // Andrew has no profile, and so nothing on his device.
    device(&place, &["init", "--server", &address, "--token", &andrew]);
    let (_, err) = place.exits(0, &["device", "sync"], "");
    assert!(err.contains("warning: the user has no published profile"));
    assert_eq!(device(&place, &["status"]).len(), 1);
}

#[test]
fn a_device_whose_token_was_revoked_takes_another_and_keeps_its_edits() {
    let (place, [another, andrew]) = northwind();
    let first = place.done(&["token", "create", "--user", "Nancy Davolio"]).remove(0);
    let admin = place.done(&["token", "create", "--admin"]).remove(0);
    let (_server, address) = serve(&place);
    device(&place, &["init", "--server", &address, "--token", text(&first["token"])]);
    device(&place, &["sync"]);
    device(&place, &["edit", "update", "salesorder", ORDER, "{\"shipcity\": \"Reims\"}"]);
    revoke(&address, text(&first["id"]), text(&admin["token"]));
    assert!(place.bad(&["device", "sync"], "").contains("bad_token"));
    for (bad, code) in [("nonsense", "bad_token"), (&andrew, "unknown_device")] {
        assert!(place.bad(&["device", "set-token", "--token", bad], "").contains(code));
        assert!(place.bad(&["device", "sync"], "").contains("bad_token"), "it has the one it had");
    }
    place.exits(0, &["device", "set-token", "--token", "-"], &another);
    assert_eq!(device(&place, &["sync"])[0]["edits"], 1);
}

fn revoke(address: &str, id: &str, admin: &str) {
    let mut stream = TcpStream::connect(address.trim_start_matches("http://")).unwrap();
    let head =
        format!("DELETE /v1/admin/tokens/{id} HTTP/1.0\r\nauthorization: Bearer {admin}\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.0 20"), "{answer}");
}

/// Edits that another device overwrote, and syncs that are killed at any moment.
#[test]
fn a_killed_sync_goes_on_and_every_edit_is_judged_once() {
    let (place, [nancy, _]) = northwind();
    let (server, address) = serve(&place);
    device(&place, &["init", "--server", &address, "--token", &nancy, "--name", "phone"]);
    for pause in [1, 5, 20, 50, 100, 200] {
        let mut sync = Running(place.command(&["device", "sync"]).spawn().unwrap());
        std::thread::sleep(Duration::from_millis(pause));
        let _ = sync.0.kill();
        drop(sync);
        if device(&place, &["status"])[0]["available"] == true {
            let values = format!("{{\"shipcity\": \"City {pause}\"}}");
            device(&place, &["edit", "update", "salesorder", ORDER, &values]);
        }
    }
    device(&place, &["sync"]);
    let made = format!("{{\"shipcity\": \"{}\"}}", "Ulm");
    device(&place, &["edit", "update", "salesorder", ORDER, &made]);
    device(&place, &["sync"]);
    assert!(device(&place, &["conflicts"]).is_empty());
    assert_eq!(city(&place), "Ulm");
    drop(server);
    let history = place.done(&["history", "salesorder", ORDER]);
    let edits: Vec<&Json> = each(&history, "values").into_iter().skip(1).collect();
    let cities: Vec<&Json> = edits.iter().map(|values| &values["shipcity"]).collect();
    let mut once = cities.clone();
    once.dedup();
    assert_eq!(once, cities, "each is there once");
    assert_eq!(cities.last().copied(), Some(&Json::from("Ulm")));
    let known = place.done(&["device", "list", "Nancy Davolio"]);
    assert_eq!((known.len(), known[0]["edits"].as_u64()), (1, Some(cities.len() as u64)));
}
