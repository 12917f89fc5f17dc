//! Proof files: what a good one shows, and what a bad one is told.

use haversack_proof::{
    Checkpoint, ConsistencyProof, Entry, EntryActor, Hash, InclusionProof, Levels, NoteError,
    Payload, ProofFile, SigningKey, Verified, VerifyError, Which, commitment,
    tile::{consistency_path, inclusion_path, root},
};

use crate::{
    kept::{Kept, leaf},
    notes::key,
};

pub const ORIGIN: &str = "example.com/log";

/// A log of 20 events: at offset 13 the one that is proved, elsewhere others.
pub struct Log {
    pub key: SigningKey,
    kept: Kept,
}

pub fn payload() -> Payload {
    Payload { salt: [5; 16], bytes: b"{\"name\":\"Ann\"}".to_vec() }
}

pub fn entry() -> Entry<'static> {
    Entry {
        offset: 13,
        at: 1_790_000_000_000_000,
        actor: EntryActor::Device([0x1f; 16]),
        kind: "device_edit".into(),
        commitment: commitment(&payload().salt, &payload().bytes),
    }
}

impl Log {
    pub fn new() -> Self {
        let mut kept = Kept::of(0);
        let mut levels = Levels::default();
        for index in 0..20 {
            let leaf = if index == 12 { entry().leaf() } else { leaf(index) };
            levels.push(leaf, &mut |_, _, _| unreachable!("20 leaves fill no tile"));
        }
        for (tile, hashes) in levels.partial() {
            kept.tiles.insert((tile.level, tile.index), hashes.to_vec());
        }
        kept.size = 20;
        Self { key: key(ORIGIN, 1), kept }
    }

    pub fn checkpoint(&self, size: u64) -> Checkpoint {
        let Ok(root) = root(size, &self.kept.at(size));
        Checkpoint { origin: ORIGIN.to_owned(), size, root }
    }

    pub fn note(&self, size: u64) -> String {
        self.key.sign(&self.checkpoint(size))
    }

    pub fn inclusion(&self, size: u64) -> InclusionProof {
        let Ok(path) = inclusion_path(12, size, &self.kept.at(size));
        let checkpoint = Some(self.note(size));
        InclusionProof { entry: entry(), payload: Some(payload()), size, path, checkpoint }
    }

    pub fn consistency(&self, old: u64, new: u64) -> ConsistencyProof {
        let Ok(path) = consistency_path(old, new, &self.kept.at(new));
        ConsistencyProof { old: self.note(old), new: self.note(new), path }
    }

    fn verify(&self, proof: &ProofFile, size: u64) -> Result<Verified, VerifyError> {
        // Once over the text, as it is handed on.
        let read = ProofFile::parse(&proof.to_text()).expect("what was written");
        assert_eq!(&read, proof);
        read.verify(&self.key.verifier(), &self.note(size))
    }
}

#[test]
fn an_event_is_proved() {
    let log = Log::new();
    for size in 13..=20 {
        let proof = ProofFile::Inclusion(log.inclusion(size));
        let expected = Verified::Inclusion {
            checkpoint: log.checkpoint(size),
            entry: entry(),
            payload_bytes: Some(14),
        };
        assert_eq!(log.verify(&proof, size), Ok(expected));
    }
}

#[test]
fn an_event_is_proved_after_its_payload_is_erased() {
    let log = Log::new();
    let erased = InclusionProof { payload: None, checkpoint: None, ..log.inclusion(20) };
    let verified = log.verify(&ProofFile::Inclusion(erased), 20).unwrap();
    let Verified::Inclusion { payload_bytes, entry: shown, .. } = verified else { unreachable!() };
    assert_eq!((payload_bytes, shown), (None, entry()));
}

#[test]
fn growth_is_proved() {
    let log = Log::new();
    for new in 1..=20 {
        for old in 0..=new {
            let proof = ProofFile::Consistency(log.consistency(old, new));
            let (old, new) = (log.checkpoint(old), log.checkpoint(new));
            let (old_size, new_size) = (old.size, new.size);
            let expected = Verified::Consistency { old, new };
            assert_eq!(log.verify(&proof, old_size), Ok(expected.clone()));
            assert_eq!(log.verify(&proof, new_size), Ok(expected));
        }
    }
}

#[test]
fn a_proof_for_another_checkpoint_is_told_what_to_ask_for() {
    let log = Log::new();
    let error = log.verify(&ProofFile::Inclusion(log.inclusion(19)), 20).unwrap_err();
    assert_eq!(error, VerifyError::OtherSize { proof: 19, checkpoint: 20 });
    assert!(error.to_string().contains("ask for a proof under this checkpoint"));
    let error = log.verify(&ProofFile::Consistency(log.consistency(5, 9)), 20).unwrap_err();
    assert_eq!(error, VerifyError::Elsewhere { old: 5, new: 9, checkpoint: 20 });
    // The proof names the size of the checkpoint, and brings another.
    let note = Some(log.note(19));
    let proof = ProofFile::Inclusion(InclusionProof { checkpoint: note, ..log.inclusion(20) });
    let error = log.verify(&proof, 20).unwrap_err();
    assert_eq!(error, VerifyError::OtherSize { proof: 19, checkpoint: 20 });
}

#[test]
fn another_payload_is_refused() {
    let log = Log::new();
    let mut others = [payload(), payload(), payload()];
    others[0].bytes[9] = b'E';
    others[1].salt[0] ^= 1;
    others[2].bytes.insert(0, 5);
    for other in others {
        let proof = InclusionProof { payload: Some(other), ..log.inclusion(20) };
        let error = log.verify(&ProofFile::Inclusion(proof), 20).unwrap_err();
        assert!(matches!(error, VerifyError::Payload { .. }), "{error}");
    }
}

#[test]
fn a_beginning_that_was_written_anew_is_found() {
    let log = Log::new();
    // The key signs another history of the same size.
    let forked = Checkpoint { root: Hash([6; 32]), ..log.checkpoint(9) };
    let note = log.key.sign(&forked);
    let proof = ConsistencyProof { old: note.clone(), ..log.consistency(9, 20) };
    let error = log.verify(&ProofFile::Consistency(proof.clone()), 20).unwrap_err();
    assert!(matches!(error, VerifyError::OldRoot { size: 9, .. }), "{error}");
    let error = log.verify(&ProofFile::Consistency(proof), 9).unwrap_err();
    assert!(matches!(error, VerifyError::TwoRoots { size: 9, .. }), "{error}");
    let proof =
        ProofFile::Consistency(ConsistencyProof { old: note.clone(), ..log.consistency(9, 9) });
    let error = proof.verify(&log.key.verifier(), &note).unwrap_err();
    assert!(matches!(error, VerifyError::TwoRoots { size: 9, .. }), "{error}");
}

#[test]
fn an_enclosed_checkpoint_of_another_history_is_found() {
    let log = Log::new();
    let forked = log.key.sign(&Checkpoint { root: Hash([6; 32]), ..log.checkpoint(20) });
    let proof = InclusionProof { checkpoint: Some(forked.clone()), ..log.inclusion(20) };
    let error = log.verify(&ProofFile::Inclusion(proof), 20).unwrap_err();
    assert!(matches!(error, VerifyError::TwoRoots { size: 20, .. }), "{error}");
    // And where the auditor holds the forked one, and the proof encloses none.
    let proof = InclusionProof { checkpoint: None, ..log.inclusion(20) };
    let proof = ProofFile::Inclusion(proof);
    let error = proof.verify(&log.key.verifier(), &forked).unwrap_err();
    assert!(matches!(error, VerifyError::Root { size: 20, .. }), "{error}");
    let proof = ProofFile::Consistency(log.consistency(9, 20));
    let error = proof.verify(&log.key.verifier(), &forked).unwrap_err();
    assert!(matches!(error, VerifyError::TwoRoots { size: 20, .. }), "{error}");
}

#[test]
fn other_keys_and_other_logs_are_refused() {
    let log = Log::new();
    let proofs =
        [ProofFile::Inclusion(log.inclusion(20)), ProofFile::Consistency(log.consistency(20, 20))];
    for proof in proofs {
        let error = proof.verify(&key(ORIGIN, 2).verifier(), &log.note(20)).unwrap_err();
        let VerifyError::Note { which: Which::Held, source } = error else { panic!("{error}") };
        assert!(matches!(source, NoteError::NotSigned { .. }), "{source}");
        // What the auditor holds is of another log under the same key.
        let held = Checkpoint { origin: "example.com/other".into(), ..log.checkpoint(20) };
        let error = proof.verify(&log.key.verifier(), &log.key.sign(&held)).unwrap_err();
        let VerifyError::Note { which, source } = error else { panic!("{error}") };
        assert_ne!(which, Which::Held);
        assert!(matches!(source, NoteError::OriginDiffers { .. }), "{source}");
    }
}

#[test]
fn the_text_is_as_documented() {
    let log = Log::new();
    let text = ProofFile::Inclusion(log.inclusion(20)).to_text();
    let beginning = r#"{
  "format": "haversack.proof/1",
  "kind": "inclusion",
  "event": {
    "offset": 13,
    "at_micros": 1790000000000000,
    "actor": "device",
    "actor_id": "1f1f1f1f-1f1f-1f1f-1f1f-1f1f1f1f1f1f",
    "kind": "device_edit",
    "commitment": ""#;
    assert!(text.starts_with(beginning), "{text}");
    let payload = r#"  "payload": {
    "salt": "BQUFBQUFBQUFBQUFBQUFBQ==",
    "bytes": "eyJuYW1lIjoiQW5uIn0="
  },
  "size": 20,
  "path": ["#;
    assert!(text.contains(payload), "{text}");
    assert!(text.ends_with("=\\n\"\n}\n"), "{text}");
    let loaded = Entry { actor: EntryActor::Load, ..entry() };
    let proof = InclusionProof { entry: loaded, payload: None, ..log.inclusion(20) };
    let text = ProofFile::Inclusion(proof).to_text();
    assert!(!text.contains("actor_id") && !text.contains("payload"), "{text}");
    let text = ProofFile::Consistency(log.consistency(9, 20)).to_text();
    assert!(
        text.starts_with("{\n  \"format\": \"haversack.proof/1\",\n  \"kind\": \"consistency\"")
    );
}
