//! Data directories that earlier programs wrote answer as they did then, for ever.
//!
//! `v1` is of format 1, made before there was a journal. `v2` is the same log after the upgrade,
//! with a snapshot; `v2.export` is a backup of it, `v2.event-138.json` a proof.
//! [`golden_v2_is_written`] made these. `expected` is what the program that made `v1`
//! printed. None of these is ever written again.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use haversack_core::Offset;
use haversack_engine::{Environment, SystemClock};
use haversack_proof::SigningKey;
use haversack_store::{DiskLog, Log};

use crate::place::{Place, copy_files, differing, files, only_message};

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/golden");
const NOW: &str = "2026-11-25T00:00:00Z";
const ACCOUNT: &str = "10000000-0000-4000-8000-000000000003";
/// What must be printed is in a file of this name.
const VERBS: [(&str, &[&str]); 11] = [
    ("replay", &["replay"]),
    ("replay-client-wins", &["replay", "--policy", "client-wins"]),
    ("replay-server-wins", &["replay", "--policy", "server-wins", "--at", "130"]),
    ("diff", &["replay", "--policy", "server-wins", "--diff"]),
    ("conflicts", &["conflicts"]),
    ("rows-account", &["rows", "account"]),
    ("rows-task", &["rows", "task", "--at", "120"]),
    ("dataset-ann", &["dataset", "Ann", "--now", NOW]),
    ("dataset-bob", &["dataset", "Bob", "--now", NOW]),
    ("history", &["history", "account", ACCOUNT]),
    ("profile", &["profile", "show", "Field"]),
];

fn golden(name: &str) -> PathBuf {
    Path::new(GOLDEN).join(name)
}

/// A copy of a golden directory: its files, as git has them, and nothing else.
fn copy_of(name: &str) -> Place {
    let place = Place::in_memory();
    copy_files(&golden(name), &place.data());
    place
}

/// Whether the verbs answer as they did, without a word on standard error.
fn assert_answers(place: &Place, verbs: &[(&str, &[&str])]) {
    for (name, arguments) in verbs {
        let expected = fs::read_to_string(golden("expected").join(format!("{name}.ndjson")));
        let (out, err) = place.exits(0, arguments, "");
        assert_eq!(out, expected.unwrap(), "{name}");
        assert_eq!(err, "", "{name}");
    }
}

fn format_of(data: &Path) -> String {
    fs::read_to_string(data.join("format")).unwrap()
}

/// Whether a directory is of format 2 and has nothing left of format 1.
fn assert_upgraded(place: &Place) {
    let data = place.data();
    assert_eq!(format_of(&data), "haversack.data/2\n");
    let left: Vec<_> = ["log.1", "begun", "format.new"]
        .into_iter()
        .filter(|name| data.join(name).exists())
        .collect();
    assert_eq!(left, [""; 0]);
    let verified = place.done(&["audit", "verify"]);
    assert_eq!(verified[0]["findings"], serde_json::json!([]));
}

#[test]
fn a_log_of_format_1_answers_as_it_did() {
    let place = copy_of("v1");
    assert_answers(&place, &VERBS);
    assert_upgraded(&place);
}

#[test]
fn an_upgrade_is_done_once() {
    let place = copy_of("v1");
    let first = place.done(&["audit", "checkpoint"]);
    let journal = files(&place.data().join("journal"));
    assert_eq!(place.done(&["audit", "checkpoint"]), first);
    let after = files(&place.data().join("journal"));
    assert!(differing(&journal, &after).is_empty());
    assert_upgraded(&place);
}

/// Makes of `v1` what a kill leaves, before the format file says 2: the new names that there are,
/// and whether the last of them is cut in half.
fn interrupted(upgraded: &Path, names: &[&str], cut: bool) -> Place {
    let place = copy_of("v1");
    let data = place.data();
    fs::rename(data.join("log"), data.join("log.1")).unwrap();
    for name in names {
        let from = upgraded.join(name);
        if from.is_dir() {
            copy_files(&from, &data.join(name));
        } else {
            fs::copy(from, data.join(name)).unwrap();
        }
    }
    let last = if cut { names.last() } else { None };
    let cut = |file: &PathBuf| last.is_some_and(|name| file.starts_with(name));
    for (file, bytes) in files(&data).iter().filter(|(file, _)| cut(file)) {
        fs::write(data.join(file), &bytes[..bytes.len() / 2]).unwrap();
    }
    place
}

#[test]
fn an_upgrade_that_was_cut_off_is_begun_again() {
    let upgraded = copy_of("v1");
    upgraded.done(&["replay"]);
    let steps = ["journal", "keys", "log", "head", "audit"];
    for count in 0..=steps.len() {
        for cut in [false, true] {
            let place = interrupted(&upgraded.data(), &steps[..count], cut);
            assert_answers(&place, &VERBS[..1]);
            assert_upgraded(&place);
        }
    }
    let place = interrupted(&upgraded.data(), &steps, false);
    fs::write(place.data().join("format.new"), "haversack.data/2\n").unwrap();
    assert_answers(&place, &VERBS);
    assert_upgraded(&place);
}

#[test]
fn an_upgrade_that_was_cut_off_at_its_end_leaves_nothing_behind() {
    let upgraded = copy_of("v1");
    upgraded.done(&["replay"]);
    let left: [&[&str]; 3] = [&["log", "begun"], &["log/conf", "begun"], &["begun"]];
    for names in left {
        let place = Place::in_memory();
        copy_files(&upgraded.data(), &place.data());
        for (file, bytes) in files(&golden("v1")) {
            if names.iter().any(|name| file.starts_with(name)) {
                let file = file.to_str().unwrap().replace("log/", "log.1/");
                crate::place::write_files(&place.data(), &[(file.into(), bytes)].into());
            }
        }
        assert_answers(&place, &VERBS[..1]);
        assert_upgraded(&place);
    }
}

#[test]
fn a_log_of_format_2_answers_as_it_did() {
    let place = copy_of("v2");
    let verified = place.done(&["audit", "verify"]);
    assert_eq!(verified[0]["snapshots"], 1);
    assert_eq!(verified[0]["findings"], serde_json::json!([]));
    assert_answers(&place, &VERBS);
    let after = files(&place.data().join("journal"));
    assert!(differing(&files(&golden("v2/journal")), &after).is_empty());
}

#[test]
fn a_checkpoint_that_was_signed_then_is_good_now() {
    let key = fs::read_to_string(golden("v2/keys/checkpoint.key")).unwrap();
    let verifier = SigningKey::from_text(key.trim_end()).unwrap().verifier();
    let note = fs::read_to_string(golden("v2/audit/checkpoint")).unwrap();
    let checkpoint = verifier.open_of(verifier.name(), &note).unwrap();
    let place = copy_of("v2");
    let now = place.done(&["audit", "checkpoint"]);
    assert_eq!(now[0]["note"], note);
    assert_eq!(now[0]["key"], verifier.to_string());
    assert_eq!(now[0]["size"], checkpoint.size);
    let verified = place.done(&["audit", "verify"]);
    assert_eq!(verified[0]["root"], checkpoint.root.to_string());
}

#[test]
fn a_backup_that_was_made_then_is_restored_now() {
    let place = Place::in_memory();
    place.done(&["log", "import", golden("v2.export").to_str().unwrap()]);
    assert_answers(&place, &VERBS);
    let note = fs::read_to_string(golden("v2/audit/checkpoint")).unwrap();
    assert_eq!(place.done(&["audit", "checkpoint"])[0]["note"], note);
}

#[test]
fn a_proof_that_was_made_then_proves_now() {
    let place = Place::in_memory();
    let key = copy_of("v2").done(&["audit", "key"])[0]["key"].as_str().unwrap().to_owned();
    let (proof, held) = (golden("v2.event-138.json"), golden("v2/audit/checkpoint"));
    let proof = ["--proof", proof.to_str().unwrap(), "--checkpoint", held.to_str().unwrap()];
    let proved = place.done(&[&["audit", "verify", "--key", &key], &proof[..]].concat());
    assert_eq!((&proved[0]["proved"], &proved[0]["event"]), (&"inclusion".into(), &138.into()));
}

#[test]
fn a_damaged_snapshot_is_said_removed_and_done_without() {
    let place = copy_of("v2");
    let snapshots = files(&place.data().join("snapshots"));
    let (name, bytes) = snapshots.first_key_value().unwrap();
    let path = place.data().join("snapshots").join(name);
    let mut damaged = bytes.clone();
    damaged[bytes.len() / 2] ^= 1;
    fs::write(&path, damaged).unwrap();
    let (out, err) = place.exits(0, &["rows", "account"], "");
    assert_eq!(out, fs::read_to_string(golden("expected/rows-account.ndjson")).unwrap());
    assert!(err.starts_with("warning: damage in snapshot: "), "{err}");
    assert_eq!(err.lines().count(), 1, "{err}");
    assert!(!path.exists());
    assert_answers(&place, &VERBS[..1]);
}

#[test]
fn a_newer_format_is_refused_untouched() {
    for version in ["v1", "v2"] {
        let place = copy_of(version);
        let data = place.data();
        fs::write(data.join("format"), "haversack.data/3\n").unwrap();
        // With the layout of a format its head changes, and says so.
        if let Ok(mut head) = fs::read(data.join("head")) {
            head[7] = b'3';
            head[4096 + 7] = b'3';
            fs::write(data.join("head"), head).unwrap();
        }
        let before = files(&data);
        for arguments in [&["replay"][..], &["audit", "verify"], &["log", "repair"]] {
            let (out, err) = place.exits(5, arguments, "");
            assert_eq!(out, "");
            let message = only_message(&err);
            assert!(message.contains("format 3") && message.contains("newer program"), "{err}");
            assert!(differing(&before, &files(&data)).is_empty());
        }
    }
}

/// How `v2` was made: the events of `v1` in groups of many sizes, with a snapshot on the way. Run
/// again it makes another: another key, other salts.
#[test]
#[ignore = "writes tests/data/golden/v2, which is kept as it is"]
fn golden_v2_is_written() {
    let old = copy_of("v1");
    let upgraded = DiskLog::open(&old.data()).unwrap();
    let mut records = upgraded.read(Offset::FIRST, usize::MAX).unwrap();
    let place = Place::new();
    for size in (1..).map(|count| count * 5 % 17 + 1) {
        if records.is_empty() {
            break;
        }
        let rest = records.split_off(size.min(records.len()));
        let log = DiskLog::open(&place.data()).unwrap();
        log.append(&records).unwrap();
        if (90..100).contains(&log.head().count()) {
            let environment = Environment::on_disk(log, Arc::new(SystemClock)).unwrap();
            environment.snapshot().unwrap();
        }
        records = rest;
    }
    assert_answers(&place, &VERBS);
    fs::create_dir(golden("v2")).expect("it is not there yet");
    copy_files(&place.data(), &golden("v2"));
    place.done(&["log", "export", golden("v2.export").to_str().unwrap()]);
    let (proof, _) = place.exits(0, &["audit", "prove", "--event", "138"], "");
    fs::write(golden("v2.event-138.json"), proof).unwrap();
}
