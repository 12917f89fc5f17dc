//! Signed checkpoints: ours are read by `signed_note` and `tlog_tiles`, theirs by us, and nothing
//! else is.

use haversack_proof::{Checkpoint, Hash, KeyError, NoteError, SigningKey, VerifierKey};
use proptest::prelude::*;
use signed_note::{Note, Signer, StandardSigner, StandardVerifier, Verifier, VerifierList};

const NAME: &str = "example.com/log";

// A key that Go's note package shows in its documentation.
const GO_PRIVATE: &str =
    "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const GO_PUBLIC: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const GO_NOTE: &str = "If you think cryptography is the answer to your problem,\n\
    then you don't know what your problem is.\n\
    \n\
    — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

pub fn key(name: &str, seed: u8) -> SigningKey {
    SigningKey::from_seed(name, &[seed; 32]).expect("a good name")
}

fn checkpoint(size: u64) -> Checkpoint {
    Checkpoint { origin: NAME.to_owned(), size, root: Hash([9; 32]) }
}

/// A note on any text, signed by `signed_note` with our keys.
fn signed_by_others(text: &str, keys: &[&SigningKey]) -> String {
    let mut note = Note::new(text.as_bytes(), &[]).expect("a text of lines");
    let signer = |key: &&SigningKey| StandardSigner::new(&key.to_text());
    let signers = keys.iter().map(signer).collect::<Result<Vec<_>, _>>();
    let signers = signers.expect("they take our keys");
    let signers = signers.iter().map(|signer| signer as &dyn Signer).collect::<Vec<_>>();
    note.add_sigs(&signers).expect("they sign");
    String::from_utf8(note.to_bytes()).expect("a note is text")
}

#[test]
fn a_note_reads_as_documented() {
    let note = key(NAME, 1).sign(&checkpoint(7));
    let root = "CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=";
    let text = format!("example.com/log\n7\n{root}\n\n— example.com/log ");
    assert_eq!(note.strip_prefix(&text).unwrap().trim_end().len(), 92);
    assert_eq!(key(NAME, 1).verifier().open(&note), Ok(checkpoint(7)));
    assert_eq!(key(NAME, 1).sign(&checkpoint(7)), note, "Ed25519 has one signature for a text");
}

#[test]
fn keys_are_those_of_go() {
    let key = SigningKey::from_text(GO_PRIVATE).unwrap();
    assert_eq!(key.to_text(), GO_PRIVATE);
    assert_eq!(key.verifier().to_string(), GO_PUBLIC);
    assert_eq!(GO_PUBLIC.parse(), Ok(key.verifier()));
    // The signature is good, the text is none of ours.
    let malformed = key.verifier().open(GO_NOTE).unwrap_err();
    assert!(malformed.to_string().contains("line 2 is no number"), "{malformed}");
    let other = key.verifier().open(&GO_NOTE.replace("cryptography", "encryption"));
    assert_eq!(other, Err(NoteError::BadSignature { key: GO_PUBLIC.to_owned() }));
}

#[test]
fn others_open_our_notes() {
    let key = key(NAME, 1);
    let text = key.verifier().to_string();
    let verifier = StandardVerifier::new(&text).unwrap();
    assert_eq!(verifier.key_id().to_be_bytes(), key.verifier().id());
    let note = Note::from_bytes(key.sign(&checkpoint(7)).as_bytes()).unwrap();
    let (good, unknown) = note.verify(&VerifierList::new(vec![Box::new(verifier)])).unwrap();
    assert_eq!((good.len(), unknown.len()), (1, 0));
    let theirs = tlog_tiles::Checkpoint::from_bytes(note.text()).unwrap();
    assert_eq!((theirs.origin(), theirs.size(), theirs.hash().0), (NAME, 7, [9; 32]));
}

#[test]
fn we_open_notes_of_others() {
    let (ours, witness) = (key(NAME, 1), key("witness.example", 2));
    let text = checkpoint(7).to_string();
    for text in [text.clone(), text + "an extension\nanother\n"] {
        for keys in [[&ours, &witness], [&witness, &ours]] {
            let note = signed_by_others(&text, &keys);
            assert_eq!(ours.verifier().open(&note), Ok(checkpoint(7)));
            assert_eq!(witness.verifier().open(&note), Ok(checkpoint(7)));
        }
    }
    let note = signed_by_others(&checkpoint(0).to_string(), &[&ours]);
    assert_eq!(note, ours.sign(&checkpoint(0)));
}

#[test]
fn a_wrong_key_is_named_with_the_right_one() {
    let note = key(NAME, 1).sign(&checkpoint(7));
    // The same name, another key; the same key, another name.
    for other in [key(NAME, 2), key("example.com/other", 1)] {
        let error = other.verifier().open(&note).unwrap_err();
        let NoteError::NotSigned { found, expected } = error else { panic!("{error}") };
        assert!(key(NAME, 1).verifier().to_string().starts_with(&found), "{found}");
        assert!(other.verifier().to_string().starts_with(&expected), "{expected}");
    }
}

#[test]
fn another_log_of_the_same_key_is_told() {
    let key = key(NAME, 1);
    let note = key.sign(&Checkpoint { origin: "example.com/other".into(), ..checkpoint(7) });
    let found = key.verifier().open_of(NAME, &note);
    let expected = NoteError::OriginDiffers {
        found: "example.com/other".to_owned(),
        expected: NAME.to_owned(),
    };
    assert_eq!(found, Err(expected));
}

#[test]
fn one_bad_signature_of_ours_spoils_the_note() {
    let key = key(NAME, 1);
    let (note, other) = (key.sign(&checkpoint(7)), key.sign(&checkpoint(8)));
    let line = other.lines().last().unwrap();
    let spoilt = Err(NoteError::BadSignature { key: key.verifier().to_string() });
    assert_eq!(key.verifier().open(&format!("{note}{line}\n")), spoilt);
    assert_eq!(key.verifier().open(&note.replace("\n7\n", "\n8\n")), spoilt);
}

#[test]
fn malformed_notes_are_refused() {
    let key = key(NAME, 1);
    let root = Hash([9; 32]).to_string();
    let texts = [
        "\n".to_owned(),
        format!("\n7\n{root}\n"),
        format!("{NAME}\n07\n{root}\n"),
        format!("{NAME}\n+7\n{root}\n"),
        format!("{NAME}\n7 \n{root}\n"),
        format!("{NAME}\n\n{root}\n"),
        format!("{NAME}\n18446744073709551616\n{root}\n"),
        format!("{NAME}\n7\n"),
        format!("{NAME}\n7\n{root} \n"),
        format!("{NAME}\n7\n{}\n", &root[..40]),
        format!("{NAME}\n7\n{root}\n\nbelow\n"),
    ];
    for text in texts {
        let note = signed_by_others(&text, &[&key]);
        let error = key.verifier().open(&note).unwrap_err();
        assert!(matches!(error, NoteError::Malformed(_)), "{text:?}: {error}");
    }
    let note = key.sign(&checkpoint(7));
    let line = note.lines().last().unwrap();
    let notes = [
        String::new(),
        "\n\n".to_owned(),
        note.trim_end().to_owned(),
        note.replace("\n\n", "\n"),
        note.replace('\u{2014}', "-"),
        note.replace('\n', "\r\n"),
        format!("{note}\n"),
        format!("{note}{}\n", line.replace("example.com/log", "a+b")),
        format!("{note}— witness.example\n"),
        format!("{note}— witness.example AAAA\n"),
        format!("{note}{}", format!("{line}\n").repeat(100)),
    ];
    for note in notes {
        let error = key.verifier().open(&note).unwrap_err();
        assert!(matches!(error, NoteError::Malformed(_)), "{note:?}: {error}");
    }
    let long = key.verifier().open(&"a".repeat(1_000_001)).unwrap_err();
    assert_eq!(long.to_string(), "note of 1000001 bytes, expected at most 1000000");
}

#[test]
fn a_note_that_was_cut_or_changed_is_refused() {
    let key = key(NAME, 1);
    let note = key.sign(&checkpoint(7));
    let cuts = (0..note.len()).filter(|end| note.is_char_boundary(*end));
    for end in cuts {
        key.verifier().open(&note[..end]).unwrap_err();
    }
    for bit in 0..note.len() * 8 {
        let mut bytes = note.clone().into_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        if let Ok(changed) = String::from_utf8(bytes) {
            key.verifier().open(&changed).unwrap_err();
        }
    }
}

#[test]
fn malformed_keys_are_refused() {
    let public = key(NAME, 1).verifier().to_string();
    let parse = |text: &str| text.parse::<VerifierKey>().unwrap_err();
    assert!(matches!(parse(""), KeyError::Form { .. }));
    assert!(matches!(parse(&public.replace('+', " ")), KeyError::Form { .. }));
    assert!(matches!(parse(&format!("{public}\n")), KeyError::Form { .. }));
    assert!(matches!(parse(&public[..public.len() - 4]), KeyError::Form { .. }));
    assert!(matches!(parse(&public.replace("/", " ")), KeyError::Name(_)));
    assert!(matches!(parse(&public.replace("/log+", "/log+1")), KeyError::Id { .. }));
    assert!(matches!(parse(&public.replace("/log+", "/other+")), KeyError::Id { .. }));
    assert!(matches!(parse(&key(NAME, 1).to_text()), KeyError::Private));
    // Of another kind: base64 of a byte 4 in front.
    let other = public.replace("+A", "+B");
    assert!(matches!(parse(&other), KeyError::Algorithm { .. }), "{other}");
    // The neutral element is a public key for which anybody can sign.
    let weak = "AQEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    assert_eq!(parse(&format!("{NAME}+00000000+{weak}")), KeyError::Point);

    for name in ["", "a b", "a+b", "a\u{a0}b", "a\nb", "a\u{1}b"] {
        let error = SigningKey::from_seed(name, &[1; 32]).unwrap_err();
        assert_eq!(error, KeyError::Name(name.to_owned()));
    }
    let private = key(NAME, 1).to_text();
    SigningKey::from_text(&public).unwrap_err();
    SigningKey::from_text(&private[1..]).unwrap_err();
    SigningKey::from_text(&private.replace("/log", "/other")).unwrap_err();
}

#[test]
fn a_seed_is_not_shown() {
    let key = key(NAME, 1);
    let shown = format!("{key:?}");
    assert!(shown.starts_with("SigningKey(example.com/log+"), "{shown}");
    let seed = key.to_text().rsplit_once('+').unwrap().1.to_owned();
    assert!(!shown.contains(&seed) && !shown.contains("01, 01") && shown.len() < 60, "{shown}");
}

#[test]
#[should_panic(expected = "is not one line")]
fn an_origin_of_two_lines_is_not_signed() {
    let _ = key(NAME, 1).sign(&Checkpoint { origin: "a\nb".into(), ..checkpoint(7) });
}

proptest! {
    #[test]
    fn notes_and_keys_are_read_back(
        seed in any::<[u8; 32]>(),
        name in "[a-z./]{1,20}",
        origin in "[ -~€ö]{1,30}",
        size in any::<u64>(),
        root in any::<[u8; 32]>(),
    ) {
        let key = SigningKey::from_seed(&name, &seed).unwrap();
        let checkpoint = Checkpoint { origin, size, root: Hash(root) };
        let note = key.sign(&checkpoint);
        prop_assert_eq!(key.verifier().to_string().parse(), Ok(key.verifier()));
        let again = SigningKey::from_text(&key.to_text()).unwrap();
        prop_assert_eq!(again.sign(&checkpoint), note.clone());
        prop_assert_eq!(key.verifier().open(&note), Ok(checkpoint));
    }

    #[test]
    fn any_text_is_refused(text in "(\\PC|\n|— |\n\n)*") {
        prop_assert!(key(NAME, 1).verifier().open(&text).is_err());
        prop_assert!(text.parse::<VerifierKey>().is_err());
        prop_assert!(SigningKey::from_text(&text).is_err());
    }
}
