//! Entries: their bytes, the one form they have, commitments, and the chain over groups.

use std::borrow::Cow;

use haversack_proof::{
    Entry, EntryActor, EntryError, Hash, chain_hash, commitment, entry::KIND_BYTES_MAX, leaf_hash,
};
use proptest::prelude::*;
use sha2::{Digest, Sha256};

use crate::rfc6962::unhex;

pub fn entries() -> impl Strategy<Value = Entry<'static>> {
    let actor = prop_oneof![
        Just(EntryActor::Administrator),
        Just(EntryActor::Load),
        any::<[u8; 16]>().prop_map(EntryActor::User),
        any::<[u8; 16]>().prop_map(EntryActor::Device),
    ];
    (1u64.., any::<i64>(), actor, "[a-z_]{1,40}", any::<[u8; 32]>()).prop_map(
        |(offset, at, actor, kind, commitment)| Entry {
            offset,
            at,
            actor,
            kind: Cow::Owned(kind),
            commitment: Hash(commitment),
        },
    )
}

fn example() -> Entry<'static> {
    Entry {
        offset: 0x0102,
        at: -2,
        actor: EntryActor::User([0xab; 16]),
        kind: "row_written".into(),
        commitment: Hash([0xcd; 32]),
    }
}

#[test]
fn bytes_are_as_documented() {
    let expected = [
        "01",
        "0000000000000102",
        "fffffffffffffffe",
        "02",
        &"ab".repeat(16),
        "0b",
        "726f775f7772697474656e",
        &"cd".repeat(32),
    ]
    .concat();
    assert_eq!(*example().to_bytes(), *unhex(&expected));
    assert_eq!(example().leaf(), leaf_hash(&unhex(&expected)));
}

#[test]
fn bytes_that_are_no_entry_are_refused() {
    let good = example().to_bytes().to_vec();
    let with = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        Entry::from_bytes(&bytes).map(|entry| *entry.to_bytes() == *bytes)
    };
    assert_eq!(with(0, 2), Err(EntryError::Version { found: 2 }));
    assert_eq!(with(17, 4), Err(EntryError::ActorTag { found: 4 }));
    assert_eq!(with(17, 0), Err(EntryError::ActorId { tag: 0 }));
    assert_eq!(with(17, 3), Ok(true));
    assert_eq!(with(34, 10), Err(EntryError::TooLong { found: 78, left: 1 }));
    assert_eq!(with(34, 12), Err(EntryError::TooShort { found: 78 }));
    assert_eq!(with(35, b'R'), Err(EntryError::Kind("Row_written".into())));
    with(35, 0xff).unwrap_err();
    let offset_zero = [&good[..1], &[0; 8], &good[9..]].concat();
    assert_eq!(Entry::from_bytes(&offset_zero), Err(EntryError::OffsetZero));
    for end in 0..good.len() {
        let found = Entry::from_bytes(&good[..end]);
        assert_eq!(found, Err(EntryError::TooShort { found: end }));
    }
    let longer = [&good[..], &[0]].concat();
    assert_eq!(Entry::from_bytes(&longer), Err(EntryError::TooLong { found: 79, left: 1 }));
}

#[test]
fn kinds_have_bounds() {
    let of = |kind: String| Entry { kind: kind.into(), ..example() }.check();
    assert_eq!(of("a".repeat(KIND_BYTES_MAX)), Ok(()));
    assert_eq!(of("a".repeat(41)), Err(EntryError::KindLength { found: 41 }));
    assert_eq!(of(String::new()), Err(EntryError::KindLength { found: 0 }));
    assert_eq!(of("row-written".into()), Err(EntryError::Kind("row-written".into())));
}

#[test]
#[should_panic(expected = "offset 0")]
fn an_entry_that_is_none_is_not_written() {
    let _ = Entry { offset: 0, ..example() }.to_bytes();
}

proptest! {
    #[test]
    fn entries_are_read_back(entry in entries()) {
        prop_assert_eq!(Entry::from_bytes(&entry.to_bytes()), Ok(entry));
    }

    #[test]
    fn other_entries_have_other_bytes(one in entries(), other in entries()) {
        prop_assert_eq!(one == other, *one.to_bytes() == *other.to_bytes());
    }

    #[test]
    fn any_bytes_are_refused_or_written_again(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(entry) = Entry::from_bytes(&bytes) {
            prop_assert_eq!(&*entry.to_bytes(), &bytes[..]);
        }
    }

    #[test]
    fn changed_bytes_are_refused_or_written_again(
        entry in entries(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut bytes = entry.to_bytes().to_vec();
        *at.get_mut(&mut bytes) = byte;
        if let Ok(entry) = Entry::from_bytes(&bytes) {
            prop_assert_eq!(&*entry.to_bytes(), &bytes[..]);
        }
    }

    #[test]
    fn hashes_are_read_back(bytes in any::<[u8; 32]>()) {
        let hash = Hash(bytes);
        prop_assert_eq!(hash.to_string().parse(), Ok(hash));
        prop_assert!(hash.to_string().trim_end_matches('=').parse::<Hash>().is_err());
    }
}

#[test]
fn a_commitment_is_sha256_of_salt_and_payload() {
    let expected = Sha256::digest([&[7; 16][..], b"payload"].concat());
    assert_eq!(commitment(&[7; 16], b"payload").0, *expected);
}

#[test]
fn the_chain_covers_all_that_is_in_it() {
    let (before, leaves) = (Hash([1; 32]), [Hash([2; 32]), Hash([3; 32])]);
    let bytes = [
        &b"haversack.group/1\n"[..],
        &[1; 32],
        &[0, 0, 0, 0, 0, 0, 0, 9],
        &[0, 0, 0, 2],
        &[2; 32],
        &[3; 32],
    ]
    .concat();
    let chain = chain_hash(&before, 9, &leaves);
    assert_eq!(chain.0, *Sha256::digest(bytes));
    let others = [
        chain_hash(&Hash::ZERO, 9, &leaves),
        chain_hash(&before, 10, &leaves),
        chain_hash(&before, 9, &leaves[..1]),
        chain_hash(&before, 9, &[leaves[1], leaves[0]]),
    ];
    assert!(!others.contains(&chain));
}
