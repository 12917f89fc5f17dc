//! Logs written as one stream and made again from it.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::Stdio,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use haversack_engine::Environment;
use haversack_store::DiskLog;
use serde_json::{Value as Json, json};

use crate::place::{DOCUMENT, Place, differing, each, files, id, only_message};

/// A damaged stream is damaged at each so many bytes.
const STRIDE: usize = 97;
const KILLS: u32 = 8;
const EXPORTS: usize = 12;

/// A log with a load, a step of several events, and a push with a conflict.
fn written() -> Place {
    let place = Place::in_memory();
    place.done(&["load", DOCUMENT]);
    let create = |number: u32| json!({"row": {"table": "t", "op": "create", "id": id(number), "values": {"a": "x"}}});
    let step =
        [json!({"begin": true}), create(21), create(22), create(23), json!({"commit": true})];
    let lines: Vec<String> = step.iter().map(Json::to_string).collect();
    place.exits(0, &["apply", "-"], &lines.join("\n"));
    let edit =
        json!({"n": 1, "op": "update", "table": "t", "id": id(3), "base": 1, "values": {"b": 9}});
    place.exits(0, &["push", "-", "--as", "Ann", "--device", "phone"], &edit.to_string());
    place
}

/// Runs a verb on another data directory of the place.
fn on<'a>(data: &'a str, arguments: &[&'a str]) -> Vec<&'a str> {
    [&["--data", data], arguments].concat()
}

/// What must be equal in two copies of a log.
fn fingerprint(place: &Place, data: &str) -> [Json; 3] {
    let one = |arguments: &[&str]| place.done(&on(data, arguments)).remove(0);
    let verified = one(&["audit", "verify"]);
    assert_eq!(verified["findings"], json!([]));
    [one(&["replay"]), one(&["audit", "checkpoint"]), verified]
}

#[test]
fn an_imported_log_is_the_exported_one() {
    let place = written();
    let original = fingerprint(&place, "haversack-data");
    let exported = place.done(&["log", "export", "b"]).remove(0);
    assert_eq!(exported["root"], original[1]["root"]);
    assert_eq!(exported["events"], original[1]["size"]);
    let stream = place.run(&["log", "export", "-"], "");
    assert_eq!((stream.status.code(), stream.stderr), (Some(0), Vec::new()));
    let file = fs::read(place.path().join("b")).unwrap();
    assert_eq!(stream.stdout, file);

    let imported = place.done(&on("new", &["log", "import", "b"])).remove(0);
    assert_eq!(imported, exported);
    assert_eq!(fingerprint(&place, "new"), original);
    // Through a pipe, into a directory that is there and empty.
    fs::create_dir(place.path().join("empty")).unwrap();
    let mut import = place.command(&on("empty", &["log", "import", "-"]));
    let status = import.stdin(fs::File::open(place.path().join("b")).unwrap()).status().unwrap();
    assert!(status.success());
    assert_eq!(fingerprint(&place, "empty"), original);
    let again = place.run(&on("empty", &["log", "export", "-"]), "").stdout;
    assert_eq!(again, file);
    // Both go on alike.
    for data in ["haversack-data", "empty"] {
        let edit = json!({"n": 2, "op": "delete", "table": "t", "id": id(1)});
        let push = on(data, &["push", "-", "--as", "Ann", "--device", "phone"]);
        place.exits(0, &push, &edit.to_string());
        place.done(&on(data, &["audit", "verify"]));
    }
}

#[test]
fn an_export_can_be_read_by_its_owner_alone() {
    let place = written();
    // What was there before was not.
    place.write("b", "old");
    place.write("b.unfinished", "older");
    place.done(&["log", "export", "b"]);
    let mode = fs::metadata(place.path().join("b")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(!place.path().join("b.unfinished").exists());
}

#[test]
fn a_log_imported_up_to_an_event_is_the_log_of_that_time() {
    let place = written();
    place.done(&["log", "export", "b"]);
    let end = place.done(&["audit", "checkpoint"])[0]["size"].as_u64().unwrap();
    // The last events are those of the step, of which this is not the end, a device and its edit.
    for until in [1, end - 3, end - 2, end] {
        let (data, offset) = (format!("until-{until}"), until.to_string());
        let imported = place.done(&on(&data, &["log", "import", "b", "--until", &offset]));
        assert_eq!(imported[0]["events"], until);
        let then = place.done(&["replay", "--at", &offset]);
        assert_eq!(fingerprint(&place, &data)[0], then[0]);
        // The same, cut off on the way out.
        let file = format!("b-{until}");
        assert_eq!(place.done(&["log", "export", &file, "--until", &offset]), imported);
        let exported = format!("exported-{until}");
        place.done(&on(&exported, &["log", "import", &file]));
        assert_eq!(fingerprint(&place, &exported), fingerprint(&place, &data));
    }
    let beyond = (end + 1).to_string();
    for arguments in [["export", "c"], ["import", "b"]] {
        let arguments = [&["log"], &arguments[..], &["--until", &beyond]].concat();
        let message = place.bad(
            &on(if arguments[1] == "export" { "haversack-data" } else { "c" }, &arguments),
            "",
        );
        assert!(only_message(&message).contains(&beyond), "{message}");
    }
    place.bad(&["log", "export", "c", "--until", "0"], "");
    place.done(&on("c", &["log", "import", "b"]));
}

#[test]
fn nothing_is_imported_over_a_log_and_nothing_exported_from_none() {
    let place = written();
    place.done(&["log", "export", "b"]);
    let before = files(&place.data());
    let message = place.bad(&["log", "import", "b"], "");
    assert!(only_message(&message).contains("an empty or a new directory"), "{message}");
    assert!(differing(&before, &files(&place.data())).is_empty());
    place.write("foreign/notes.txt", "mine");
    let output = place.run(&on("foreign", &["log", "import", "b"]), "");
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert_eq!(fs::read_dir(place.path().join("foreign")).unwrap().count(), 1);
    let message = place.bad(&on("nosuch", &["log", "export", "c"]), "");
    assert!(only_message(&message).contains("there is no log"), "{message}");
    let message = place.bad(&on("new", &["log", "import", "nosuch"]), "");
    assert!(only_message(&message).starts_with("nosuch: "), "{message}");
    for name in ["nosuch", "new", "c", "c.unfinished"] {
        assert!(!place.path().join(name).exists(), "{name}");
    }
}

#[test]
fn a_damaged_export_is_refused_and_leaves_room_for_a_sound_one() {
    let place = written();
    place.done(&["log", "export", "b"]);
    let original = fingerprint(&place, "haversack-data");
    let sound = fs::read(place.path().join("b")).unwrap();
    let flipped = (0..sound.len()).step_by(STRIDE).map(|at| {
        let mut bytes = sound.clone();
        bytes[at] ^= 1 << (at % 8);
        bytes
    });
    let cut = (0..sound.len()).step_by(3 * STRIDE + 1).chain([sound.len() - 1]);
    let mut refused = 0;
    for bytes in flipped.chain(cut.map(|length| sound[..length].to_vec())) {
        fs::write(place.path().join("damaged"), bytes).unwrap();
        let message = place.bad(&on("new", &["log", "import", "damaged"]), "");
        assert!(only_message(&message).starts_with("damaged: the export is damaged"), "{message}");
        refused += 1;
    }
    println!("{refused} damaged exports were refused");
    place.done(&on("new", &["log", "import", "b"]));
    assert_eq!(fingerprint(&place, "new"), original);
}

#[test]
fn a_killed_import_can_be_run_again() {
    let place = written();
    let lines = (100..2_100).map(|number| {
        json!({"row": {"table": "t", "op": "create", "id": id(number), "values": {"a": "x"}}})
    });
    place.write("rows", &lines.map(|line| line.to_string() + "\n").collect::<String>());
    place.exits(0, &["apply", "rows"], "");
    place.done(&["log", "export", "b"]);
    let import = |data: &str| {
        let mut command = place.command(&on(data, &["log", "import", "b"]));
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("starts")
    };
    let begun = Instant::now();
    assert!(import("whole").wait().unwrap().success());
    let whole = begun.elapsed();
    let expected = fingerprint(&place, "haversack-data");
    assert_eq!(fingerprint(&place, "whole"), expected);
    let mut cut_off = 0;
    for kill in 0..KILLS {
        let data = format!("killed-{kill}");
        let mut child = import(&data);
        std::thread::sleep(whole * (kill + 1) / KILLS);
        let _ = child.kill();
        if !child.wait().unwrap().success() {
            cut_off += 1;
            // Nothing of it counts: there is no environment yet.
            if place.path().join(&data).join("format.new").exists() {
                place.bad(&on(&data, &["rows", "t"]), "");
            }
            if !place.path().join(&data).join("format").exists() {
                place.done(&on(&data, &["log", "import", "b"]));
            }
        }
        assert_eq!(fingerprint(&place, &data), expected);
    }
    println!("{cut_off} of {KILLS} imports were cut off");
    assert!(cut_off > 0);
}

#[test]
fn a_directory_that_is_imported_into_is_in_use_until_it_holds_a_log() {
    let place = written();
    place.done(&["log", "export", "b"]);
    // As an import leaves it that is under way, and then killed.
    place.write("new/format.new", "haversack.data/2\n");
    let held = DiskLog::hold(&place.path().join("new")).unwrap();
    for verb in [&["rows", "t"][..], &["log", "repair"], &["log", "import", "b"]] {
        let (_, err) = place.exits(5, &on("new", verb), "");
        assert!(only_message(&err).contains("in use"), "{err}");
    }
    drop(held);
    for verb in [&["rows", "t"][..], &["log", "repair"], &["log", "export", "c"]] {
        only_message(&place.bad(&on("new", verb), ""));
    }
    place.done(&on("new", &["log", "import", "b"]));
    assert_eq!(fingerprint(&place, "new"), fingerprint(&place, "haversack-data"));
}

#[test]
fn a_log_that_is_written_to_can_be_exported_and_each_export_is_a_prefix() {
    let place = Place::loaded();
    let environment = Environment::open(&place.data()).unwrap();
    let done = AtomicBool::new(false);
    let append = || {
        for number in (1_000..).take_while(|_| !done.load(Ordering::Relaxed)) {
            let create = json!({"row": {"table": "t", "op": "create", "id": id(number), "values": {"a": "x"}}});
            environment.apply(vec![(1, create)]).unwrap();
            std::thread::sleep(Duration::from_micros(300));
        }
    };
    let mut exports = Vec::new();
    std::thread::scope(|scope| {
        scope.spawn(append);
        for number in 0..EXPORTS {
            exports.push(place.done(&["log", "export", &format!("b{number}")]).remove(0));
        }
        done.store(true, Ordering::Relaxed);
    });
    drop(environment);
    let counts: Vec<u64> = each(&exports, "events").iter().map(|n| n.as_u64().unwrap()).collect();
    assert!(counts.is_sorted() && counts[0] < counts[EXPORTS - 1], "{counts:?}");
    for (number, (exported, events)) in exports.iter().zip(&counts).enumerate() {
        let (data, file) = (format!("new{number}"), format!("b{number}"));
        assert_eq!(&place.done(&on(&data, &["log", "import", &file]))[0], exported);
        let [replayed, checkpoint, _] = fingerprint(&place, &data);
        assert_eq!(replayed, place.done(&["replay", "--at", &events.to_string()])[0]);
        // The whole log proves that it begins with what was exported.
        place.write("then.note", checkpoint["note"].as_str().unwrap());
        place.exits(0, &["audit", "prove", "--since", "then.note"], "");
    }
    assert!(Path::new(&place.data()).exists());
}
