//! Proofs and checkpoints as an auditor meets them: through the command, in files.

use std::{fs, path::Path};

use haversack_proof::{Hash, Levels, leaf_hash, tile};
use serde_json::Value as Json;

use crate::place::{Place, id, only_message, text};

/// A log with a load and a push, its key, and a checkpoint before and after the push.
struct Audited {
    place: Place,
    key: String,
    old: Json,
    new: Json,
}

impl Audited {
    fn new() -> Self {
        let place = Place::loaded();
        let old = checkpoint(&place, "old.note");
        push(&place, 1);
        let new = checkpoint(&place, "new.note");
        let key = text(&new["key"]).to_owned();
        assert_eq!(old["key"], new["key"]);
        Self { place, key, old, new }
    }

    fn size(&self) -> u64 {
        self.new["size"].as_u64().unwrap()
    }

    /// Writes what `audit prove` prints into a file.
    fn prove(&self, file: &str, arguments: &[&str]) -> String {
        let (proof, err) = self.place.exits(0, &[&["audit", "prove"], arguments].concat(), "");
        assert_eq!(err, "");
        self.place.write(file, &proof);
        proof
    }

    fn verify(&self, code: i32, proof: &str, note: &str, key: &str) -> (String, String) {
        let held = ["audit", "verify", "--proof", proof, "--checkpoint", note, "--key", key];
        let (out, err) = self.place.exits(code, &held, "");
        assert_eq!(out.is_empty(), code != 0, "{out}");
        (out, err)
    }

    fn verified(&self, proof: &str, note: &str) -> Json {
        serde_json::from_str(&self.verify(0, proof, note, &self.key).0).unwrap()
    }

    /// Exit 1 and one message.
    fn refused(&self, proof: &str, note: &str, key: &str) -> String {
        let (_, err) = self.verify(1, proof, note, key);
        only_message(&err).to_owned()
    }
}

/// The checkpoint as the command prints it; the note is written to a file.
fn checkpoint(place: &Place, file: &str) -> Json {
    let printed = place.done(&["audit", "checkpoint"]).remove(0);
    place.write(file, text(&printed["note"]));
    printed
}

/// Edits of a device from `n` on; the second one is a conflict.
fn push(place: &Place, n: u64) {
    let edit = |n: u64, row: u32| {
        let id = id(row);
        format!(
            r#"{{"n":{n},"op":"update","table":"t","id":"{id}","base":1,"values":{{"b":{n}}}}}"#
        )
    };
    let edits = place.write("edits", &format!("{}\n{}\n", edit(n, 1), edit(n + 1, 3)));
    place.done(&["push", edits.to_str().unwrap(), "--as", "Ann", "--device", "phone"]);
}

#[test]
fn the_same_log_has_the_same_checkpoint() {
    let Audited { place, old, new, .. } = Audited::new();
    let again = place.exits(0, &["audit", "checkpoint"], "");
    assert_eq!(place.exits(0, &["audit", "checkpoint"], ""), again);
    assert_eq!(serde_json::from_str::<Json>(&again.0).unwrap(), new);
    assert!(new["size"].as_u64() > old["size"].as_u64());
    assert_ne!(new["root"], old["root"]);
    let mut lines = text(&new["note"]).lines();
    assert_eq!(lines.next(), new["origin"].as_str());
    assert_eq!(lines.next(), Some(new["size"].to_string().as_str()));
    assert_eq!(lines.next(), new["root"].as_str());
    let verified = place.done(&["audit", "verify"]).remove(0);
    assert_eq!((&verified["root"], &verified["events"]), (&new["root"], &new["size"]));
    assert_eq!(place.done(&["audit", "key"])[0]["key"], new["key"]);
}

#[test]
fn every_event_can_be_proved() {
    let audited = Audited::new();
    for event in [1, audited.size() / 2, audited.size()] {
        audited.prove("p.json", &["--event", &event.to_string()]);
        let proved = audited.verified("p.json", "new.note");
        assert_eq!((&proved["event"], &proved["root"]), (&event.into(), &audited.new["root"]));
    }
    // For the checkpoint that the auditor holds, though the log went on; from what was printed too.
    audited.place.write("printed.json", &audited.old.to_string());
    audited.prove("p.json", &["--event", "1", "--checkpoint", "printed.json"]);
    let proved = audited.verified("p.json", "old.note");
    assert_eq!(proved["root"], audited.old["root"]);
    audited.place.write("key", &format!("{}\n", audited.key));
    audited.verify(0, "p.json", "printed.json", "key");
}

#[test]
fn a_log_is_proved_to_have_only_grown() {
    let audited = Audited::new();
    audited.prove("p.json", &["--since", "old.note"]);
    for held in ["old.note", "new.note"] {
        let proved = audited.verified("p.json", held);
        assert_eq!(proved["old_root"], audited.old["root"]);
        assert_eq!(proved["root"], audited.new["root"]);
    }
    audited.prove("p.json", &["--since", "new.note"]);
    audited.verified("p.json", "new.note");
}

#[test]
fn a_proof_under_another_key_or_checkpoint_is_refused_with_a_reason() {
    let audited = Audited::new();
    audited.prove("p.json", &["--event", "2"]);
    let other = text(&checkpoint(&Place::loaded(), "unused")["key"]).to_owned();
    let message = audited.refused("p.json", "new.note", &other);
    assert!(message.contains("is this the key of this log?"), "{message}");
    let message = audited.refused("p.json", "old.note", &audited.key);
    assert!(message.contains("ask for a proof under this checkpoint"), "{message}");
    push(&audited.place, 3);
    checkpoint(&audited.place, "newer.note");
    audited.prove("c.json", &["--since", "new.note"]);
    let message = audited.refused("c.json", "old.note", &audited.key);
    assert!(message.contains("begins or ends at this checkpoint"), "{message}");
    let changed = text(&audited.new["note"]).replacen(&audited.size().to_string(), "9", 1);
    audited.place.write("changed.note", &changed);
    audited.refused("p.json", "changed.note", &audited.key);
}

/// The line with the last letter or digit before its end replaced by another one.
fn changed(line: &str) -> String {
    let Some(at) = line.rfind(|c: char| c.is_ascii_alphanumeric()) else {
        return format!("{line}x");
    };
    let other = if &line[at..=at] == "1" { "2" } else { "1" };
    format!("{}{other}{}", &line[..at], &line[at + 1..])
}

#[test]
fn a_proof_with_any_line_changed_is_refused() {
    let audited = Audited::new();
    let event = audited.size().to_string();
    for arguments in [["--event", &event], ["--since", "old.note"]] {
        let proof = audited.prove("p.json", &arguments);
        audited.verified("p.json", "new.note");
        let lines: Vec<&str> = proof.lines().collect();
        for place in 0..lines.len() {
            let mut mutated: Vec<String> = lines.iter().map(ToString::to_string).collect();
            mutated[place] = changed(lines[place]);
            audited.place.write("m.json", &mutated.join("\n"));
            let held = ["--checkpoint", "new.note", "--key", &audited.key];
            let arguments = [&["audit", "verify", "--proof", "m.json"], &held[..]].concat();
            let output = audited.place.run(&arguments, "");
            let code = output.status.code().unwrap();
            assert!(code == 1 || code == 3, "{code}: {}", mutated[place]);
            assert!(output.stdout.is_empty());
            only_message(std::str::from_utf8(&output.stderr).unwrap());
        }
    }
}

#[test]
fn a_file_that_is_no_proof_is_refused_where_it_is_wrong() {
    let audited = Audited::new();
    let proof = audited.prove("p.json", &["--event", "1"]);
    for length in [0, 1, proof.len() / 2, proof.len() - 3] {
        audited.place.write("cut.json", &proof[..length]);
        let (_, err) = audited.verify(3, "cut.json", "new.note", &audited.key);
        let line = proof[..length].lines().count().max(1);
        let expected = format!("cut.json:{line}:");
        assert!(only_message(&err).starts_with(&expected), "expected {expected}, found {err}");
    }
    let note = text(&audited.new["note"]);
    audited.place.write("cut.note", &note[..note.len() / 2]);
    let (_, err) = audited.verify(3, "p.json", "cut.note", &audited.key);
    assert!(only_message(&err).starts_with("cut.note: "), "{err}");
    for (proof, note) in [("nosuch", "new.note"), ("p.json", "nosuch")] {
        let (_, err) = audited.verify(3, proof, note, &audited.key);
        assert!(only_message(&err).starts_with("nosuch: "), "{err}");
    }
    let (_, err) = audited.verify(3, "p.json", "new.note", "nokey");
    assert!(only_message(&err).starts_with("--key: "), "{err}");
    let held = ["audit", "verify", "--proof", "p.json", "--checkpoint", "new.note"];
    audited.place.exits(2, &held, "");
    audited.place.exits(2, &["audit", "verify", "--key", &audited.key], "");
    audited.place.exits(2, &["audit", "prove"], "");
}

#[test]
fn what_cannot_be_proved_is_said() {
    let audited = Audited::new();
    let place = &audited.place;
    let bad = |arguments: &[&str]| {
        let err = place.bad(&[&["audit", "prove"], arguments].concat(), "");
        only_message(&err).to_owned()
    };
    let beyond = (audited.size() + 1).to_string();
    assert!(bad(&["--event", "0"]).contains("from 1 on"));
    assert!(bad(&["--event", &beyond]).contains(&beyond));
    let not_covered = bad(&["--event", &audited.size().to_string(), "--checkpoint", "old.note"]);
    assert!(not_covered.contains("not covered by the checkpoint"), "{not_covered}");
    let other = checkpoint(&Place::loaded(), "unused");
    place.write("other.note", text(&other["note"]));
    assert!(bad(&["--since", "other.note"]).starts_with("other.note: "));
    place.write("garbage.note", "garbage");
    assert!(bad(&["--since", "garbage.note"]).starts_with("garbage.note: "));
    assert!(bad(&["--since", "nosuch"]).starts_with("nosuch: "));
}

#[test]
fn a_log_put_back_to_an_earlier_time_is_found_out() {
    let place = Place::loaded();
    place.done(&["log", "export", "early.backup"]);
    push(&place, 1);
    let late = checkpoint(&place, "late.note");
    place.write("restored/late.note", text(&late["note"]));
    let data = ["--data", "restored/data"];
    place.done(&[&data[..], &["log", "import", "early.backup"]].concat());
    let prove = ["audit", "prove", "--since", "restored/late.note"];
    let err = place.bad(&[&data[..], &prove].concat(), "");
    assert!(only_message(&err).contains("the log was put back to an earlier time"), "{err}");
}

/// What an auditor does with `audit export`, who has nothing else: the leaves of a tile's entries.
fn leaves(bundle: &[u8]) -> Vec<Hash> {
    let mut rest = bundle;
    let mut leaves = Vec::new();
    while let Some((length, more)) = rest.split_first_chunk() {
        let (entry, after) = more.split_at(u16::from_be_bytes(*length).into());
        leaves.push(leaf_hash(entry));
        rest = after;
    }
    leaves
}

#[test]
fn exported_entries_give_the_exported_tiles_and_the_signed_root() {
    let place = Place::loaded();
    // More than one full tile.
    let lines = (100..400).map(|number| {
        let id = id(number);
        format!(r#"{{"row":{{"table":"t","op":"create","id":"{id}","values":{{"a":"x"}}}}}}"#)
    });
    place.write("rows.ndjson", &lines.collect::<Vec<_>>().join("\n"));
    place.done(&["apply", "rows.ndjson"]);
    let expected = checkpoint(&place, "c.note");
    let printed = place.done(&["audit", "export", "tiles"]).remove(0);
    assert_eq!((&printed["size"], &printed["root"]), (&expected["size"], &expected["root"]));
    let read = |path: &str| fs::read(place.path().join("tiles").join(path)).unwrap();
    assert_eq!(read("checkpoint"), text(&expected["note"]).as_bytes());

    let size = expected["size"].as_u64().unwrap();
    assert!(size > 256 && size < 2 * 256, "{size}");
    let mut levels = Levels::default();
    let mut full = Vec::new();
    let tiles = tile::full_tiles(0, size).chain(tile::partial_tiles(size));
    for tile in tiles.filter(|tile| tile.level == 0) {
        let leaves = leaves(&read(&tile.entries_path()));
        assert_eq!(read(&tile.path()), tile::tile_bytes(&leaves));
        let keep = &mut |level, _, hashes: &[Hash]| full.push((level, hashes.to_vec()));
        leaves.into_iter().for_each(|leaf| levels.push(leaf, keep));
    }
    assert_eq!(levels.size(), size);
    assert_eq!(expected["root"], levels.root().to_string());
    for (tile, hashes) in levels.partial() {
        assert_eq!(read(&tile.path()), tile::tile_bytes(hashes));
    }
    assert_eq!(full.len(), 1);
    let message = place.bad(&["audit", "export", "tiles"], "");
    assert!(only_message(&message).contains("not empty"), "{message}");
    assert!(!Path::new("tile").exists());
}
