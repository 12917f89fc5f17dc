//! A proof that was tampered with proves nothing: it is refused, and nothing panics.

use haversack_proof::{InclusionProof, ProofFile};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::proofs::{Log, entry};

/// Proofs with the size of the checkpoint that they are checked against.
fn proofs(log: &Log) -> Vec<(String, u64)> {
    let inclusion = log.inclusion(20);
    let erased = InclusionProof { payload: None, checkpoint: None, ..inclusion.clone() };
    let proofs = [
        (ProofFile::Inclusion(inclusion), 20),
        (ProofFile::Inclusion(erased), 20),
        (ProofFile::Inclusion(log.inclusion(13)), 13),
        (ProofFile::Consistency(log.consistency(11, 20)), 20),
        (ProofFile::Consistency(log.consistency(8, 20)), 8),
    ];
    proofs.into_iter().map(|(proof, size)| (proof.to_text(), size)).collect()
}

/// Whether a text proves something, or why not.
fn judge(log: &Log, text: &str, note: &str) -> Result<(), String> {
    let proof = ProofFile::parse(text).map_err(|error| error.to_string())?;
    proof.verify(&log.key.verifier(), note).map(|_| ()).map_err(|error| error.to_string())
}

#[test]
fn a_proof_with_any_bit_turned_is_refused() {
    let log = Log::new();
    for (text, size) in proofs(&log) {
        let note = log.note(size);
        judge(&log, &text, &note).unwrap();
        for bit in 0..text.len() * 8 {
            let mut bytes = text.clone().into_bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            if let Ok(changed) = String::from_utf8(bytes) {
                judge(&log, &changed, &note).expect_err(&changed);
            }
        }
    }
}

#[test]
fn a_proof_that_was_cut_off_is_refused_with_its_place() {
    let log = Log::new();
    for (text, _) in proofs(&log) {
        // Without its line end it is still whole.
        let text = text.trim_end();
        for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
            let error = ProofFile::parse(&text[..end]).unwrap_err().to_string();
            assert!(error.contains("EOF while parsing") && error.contains(" at line "), "{error}");
        }
    }
}

#[test]
fn a_checkpoint_with_any_bit_turned_is_refused() {
    let log = Log::new();
    let (text, note) = (ProofFile::Inclusion(log.inclusion(20)).to_text(), log.note(20));
    for bit in 0..note.len() * 8 {
        let mut bytes = note.clone().into_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        if let Ok(changed) = String::from_utf8(bytes) {
            judge(&log, &text, &changed).expect_err(&changed);
        }
    }
}

/// Everything that is a little different from `value`.
fn others(value: &Value) -> Vec<Value> {
    let mut others = vec![json!(null), json!(0), json!(""), json!([]), json!({}), json!(-1)];
    match value {
        Value::Number(number) => {
            let number = number.as_i64().expect("numbers of the tests are small");
            others.extend([json!(number + 1), json!(number - 1), json!(-number)]);
            others.extend([json!(number as f64), json!(number.to_string()), json!(u64::MAX)]);
        }
        Value::String(text) => {
            others.extend([json!(format!("{text} ")), json!(text.to_uppercase())]);
            others.push(json!(text.replace('\n', "\n\n")));
            let shorter = text.chars().skip(1).collect::<String>();
            others.push(json!(shorter));
        }
        Value::Array(items) => others.extend(other_lists(items)),
        Value::Object(_) | Value::Bool(_) | Value::Null => {}
    }
    others.retain(|other| other != value);
    others
}

fn other_lists(items: &[Value]) -> Vec<Value> {
    let mut others = vec![vec![items[0].clone(); 65], [items, items].concat()];
    for at in 0..items.len() {
        let mut fewer = items.to_vec();
        fewer.remove(at);
        let mut more = items.to_vec();
        more.insert(at, items[at].clone());
        let mut swapped = items.to_vec();
        swapped.swap(0, at);
        others.extend([fewer, more, swapped]);
    }
    others.into_iter().map(Value::Array).collect()
}

/// JSON pointers to all values inside `value`.
fn pointers(value: &Value, at: &str) -> Vec<String> {
    let inside: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields.iter().map(|(name, v)| (name.clone(), v)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(i, v)| (i.to_string(), v)).collect(),
        _ => Vec::new(),
    };
    let below = inside.into_iter().flat_map(|(name, value)| {
        let at = format!("{at}/{name}");
        let mut all = pointers(value, &at);
        all.push(at);
        all
    });
    below.collect()
}

/// Leaving these out takes nothing from the claim.
const OPTIONAL: [&str; 2] = ["/payload", "/checkpoint"];

#[test]
fn a_proof_with_any_value_changed_is_refused() {
    let log = Log::new();
    for (text, size) in proofs(&log) {
        let (good, note) = (serde_json::from_str::<Value>(&text).unwrap(), log.note(size));
        for pointer in pointers(&good, "") {
            for other in others(good.pointer(&pointer).unwrap()) {
                if other.is_null() && OPTIONAL.contains(&pointer.as_str()) {
                    continue;
                }
                let mut changed = good.clone();
                *changed.pointer_mut(&pointer).unwrap() = other;
                let text = changed.to_string();
                judge(&log, &text, &note).expect_err(&text);
            }
        }
    }
}

#[test]
fn a_proof_with_other_fields_is_refused() {
    let log = Log::new();
    for (text, size) in proofs(&log) {
        let (good, note) = (serde_json::from_str::<Value>(&text).unwrap(), log.note(size));
        for pointer in pointers(&good, "") {
            let (parent, name) = pointer.rsplit_once('/').unwrap();
            let mut fewer = good.clone();
            let mut more = good.clone();
            let Some(fields) = fewer.pointer_mut(parent).unwrap().as_object_mut() else { continue };
            fields.remove(name);
            let is_refused = judge(&log, &fewer.to_string(), &note).is_err();
            assert_eq!(is_refused, !OPTIONAL.contains(&pointer.as_str()), "{pointer}");
            more.pointer_mut(parent).unwrap()["more"] = json!(1);
            let error = judge(&log, &more.to_string(), &note).unwrap_err();
            assert!(error.contains("unknown field `more`"), "{error}");
            // JSON's own `Value` can't hold a field twice.
            let line = text.lines().find(|line| line.contains(&format!("\"{name}\": "))).unwrap();
            if line.ends_with(',') {
                let twice = text.replacen(line, &format!("{line}\n{line}"), 1);
                judge(&log, &twice, &note).expect_err(&twice);
            }
        }
    }
}

#[test]
fn a_bad_file_gets_one_clear_message() {
    let log = Log::new();
    let good = ProofFile::Inclusion(log.inclusion(20)).to_text();
    let message = |from: &str, to: &str| {
        assert!(good.contains(from));
        ProofFile::parse(&good.replacen(from, to, 1)).unwrap_err().to_string()
    };
    let cases = [
        ("proof/1", "proof/2", r#"format "haversack.proof/2", expected "haversack.proof/1""#),
        (r#": "inclusion""#, r#": "x""#, r#"kind "x", expected "inclusion" or "consistency""#),
        (r#""offset": 13"#, r#""offset": 0"#, "offset 0, expected 1 or more"),
        (r#""offset": 13"#, r#""offset": -3"#, "expected u64 at line 5 column"),
        ("1f1f-1f", "1F1F-1f", "expected 32 hex digits in lower case"),
        (r#""device""#, r#""load""#, r#"event.actor_id is there, expected it with actor "user""#),
        (r#"    "actor_id": "#, r#"    "id": "#, "unknown field `id`"),
        ("device_edit", "device edit", r#"kind "device edit", expected only a to z and _"#),
        ("BQUFBQUFBQUFBQUFBQUFBQ==", "BQUFBQ==", "payload.salt has 4 bytes, expected 16"),
        ("BQ==", "BQ=", "not standard base64 with padding at line 13 column 37"),
        ("\"path\": [", "\"path\": [\"AAAA\",", "has 3 bytes, expected 32 at line 17"),
    ];
    for (from, to, expected) in cases {
        let found = message(from, to);
        assert!(found.starts_with("proof: ") && found.contains(expected), "{found}");
    }
    let long = " ".repeat((64 << 20) + 1);
    let found = ProofFile::parse(&long).unwrap_err().to_string();
    assert_eq!(found, "proof of 67108865 bytes, expected at most 67108864");
    let deep = format!("{{\"x\":{}", "[".repeat(100_000));
    ProofFile::parse(&deep).unwrap_err();
    let path = vec![entry().leaf(); 65];
    let proof = ProofFile::Inclusion(InclusionProof { path, ..log.inclusion(20) });
    let found = ProofFile::parse(&proof.to_text()).unwrap_err().to_string();
    assert_eq!(found, "proof: path of 65 hashes, expected at most 64");
}

proptest! {
    #[test]
    fn any_text_is_refused(text in "\\PC*") {
        prop_assert!(ProofFile::parse(&text).is_err());
    }
}
