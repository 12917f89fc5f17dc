//! Stores and ledgers, and what crashes and damage leave of them.

use std::{collections::BTreeMap, ops::ControlFlow, path::Path};

use haversack_core::{
    MutationNumber, Name, RowId, Timestamp,
    event::{Operation, RowKey},
};
use haversack_device::{
    ledger::{Ledger, MemoryMedium},
    store::{Batch, MemoryStore, SledStore, Store},
};
use haversack_sync::outbox::{Edit, Identity, Record, Wish};
use proptest::{collection::vec, prelude::*};
use serde_json::{Map, json};

fn content(store: &dyn Store, prefix: &[u8]) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let mut pairs = BTreeMap::new();
    store
        .scan(prefix, &mut |key, value| {
            pairs.insert(key.to_vec(), value);
            ControlFlow::Continue(())
        })
        .unwrap();
    pairs
}

/// Keys of one length, as those of rows of a table are.
fn batches() -> impl Strategy<Value = Vec<Vec<(u8, Option<usize>)>>> {
    let length = prop_oneof![3 => 0..40_usize, 1 => 7_000..7_400_usize, 1 => 20_000..30_000_usize];
    vec(vec((0..6_u8, proptest::option::weighted(0.7, length)), 0..6), 1..8)
}

fn batch(changes: &[(u8, Option<usize>)]) -> Batch {
    let mut batch = Batch::default();
    for (key, length) in changes {
        match length {
            Some(length) => batch.put(vec![b'r', *key], vec![*key ^ 7; *length]),
            None => batch.remove(vec![b'r', *key]),
        }
    }
    batch
}

fn sled(path: &Path) -> SledStore {
    SledStore::open(path).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_stores_hold_what_was_written_and_sled_holds_it_after_a_restart(batches in batches()) {
        let directory = tempfile::tempdir().unwrap();
        let mut disk = sled(directory.path());
        let (mut memory, mut model) = (MemoryStore::default(), BTreeMap::new());
        for changes in &batches {
            let batch = batch(changes);
            for (key, value) in &batch.changes {
                match value {
                    Some(value) => drop(model.insert(key.clone(), value.clone())),
                    None => drop(model.remove(key)),
                }
            }
            disk.write(batch.clone()).unwrap();
            memory.write(batch).unwrap();
        }
        disk.sync().unwrap();
        drop(disk);
        let disk = sled(directory.path());
        for store in [&disk as &dyn Store, &memory] {
            prop_assert_eq!(&content(store, b""), &model);
            for key in 0..6 {
                let key = vec![b'r', key];
                prop_assert_eq!(store.get(&key).unwrap(), model.get(&key).cloned());
            }
        }
        drop(disk);
        let blobs = directory.path().join("blobs");
        let blobs = std::fs::read_dir(blobs).map_or(0, Iterator::count);
        prop_assert_eq!(blobs, 0, "sled never syncs what is there");
    }
}

/// Damage in sled's file is an error, or takes batches away from some on: what is left is what was once
/// there. It's never a panic, and never another value.
#[test]
fn damaged_sled_is_an_error_or_holds_what_it_once_held() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = sled(directory.path());
    for key in 0..200_u8 {
        let mut batch = Batch::default();
        batch.put(vec![b'r', key], vec![key; 300]);
        store.write(batch).unwrap();
    }
    store.sync().unwrap();
    drop(store);
    let file = directory.path().join("db");
    let bytes = std::fs::read(&file).unwrap();
    let used = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    let mut lost = 0;
    for trial in 0..40 {
        let at = (trial * 7_919 + 13) % used;
        let mut damaged = bytes.clone();
        damaged[at] ^= 1 << (trial % 8);
        let copy = tempfile::tempdir().unwrap();
        for entry in std::fs::read_dir(directory.path()).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_file() {
                std::fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
            }
        }
        std::fs::write(copy.path().join("db"), damaged).unwrap();
        let found = SledStore::open(copy.path()).and_then(|store| {
            let mut next = 0;
            store.scan(b"r", &mut |key, value| {
                assert_eq!((key[1], &value), (next, &vec![next; 300]), "trial {trial}");
                next += 1;
                ControlFlow::Continue(())
            })?;
            Ok(next)
        });
        lost += u32::from(found.is_err() || found.is_ok_and(|next| next < 200));
    }
    assert!(lost > 0, "the damage did nothing");
}

fn identity() -> Record {
    let device = RowId::from_bytes([9; 16]);
    Record::Identity(Identity { device, name: "phone".to_owned(), first: MutationNumber::FIRST })
}

fn edit(ledger: &Ledger, number: usize) -> Record {
    let key = RowKey { table: Name::known("task"), id: RowId::from_bytes([1; 16]) };
    let values = Map::from_iter([("name".to_owned(), json!(format!("edit {number}")))]);
    let wish = Wish { operation: Operation::Update, key, values };
    ledger.outbox().edit(wish, None, Timestamp(0), &|_: &Edit| false).unwrap()
}

fn open(medium: &MemoryMedium) -> Ledger {
    Ledger::open(Box::new(medium.clone())).unwrap()
}

/// Makes edits until the medium fails; how many were acknowledged.
fn run(medium: &MemoryMedium, edits: usize) -> usize {
    let Ok(mut ledger) = Ledger::open(Box::new(medium.clone())) else { return 0 };
    if ledger.record(vec![identity()]).is_err() {
        return 0;
    }
    (0..edits)
        .take_while(|number| {
            let record = edit(&ledger, *number);
            ledger.record(vec![record]).is_ok()
        })
        .count()
}

#[test]
fn no_crash_loses_an_acknowledged_edit() {
    const EDITS: usize = 4;
    let whole = MemoryMedium::default();
    assert_eq!(run(&whole, EDITS), EDITS);
    for write in 0..whole.writes() {
        for bytes in (0..600).step_by(7) {
            let medium = MemoryMedium::default();
            medium.crash_at(write, bytes);
            let acknowledged = run(&medium, EDITS);
            let mut ledger = open(&medium.after_crash());
            let found = ledger.outbox().edits().count();
            assert!((acknowledged..=acknowledged + 1).contains(&found), "{write} {bytes}");
            assert_eq!(ledger.lost(), 0);
            // It goes on, and what it takes is there after another start.
            let record = edit(&ledger, 99);
            ledger.record(vec![record]).unwrap();
        }
    }
}

#[test]
fn damage_to_one_copy_is_mended_from_the_other() {
    let medium = MemoryMedium::default();
    run(&medium, 5);
    let whole = open(&medium).outbox().clone();
    let mut length = 0;
    medium.damage(0, |bytes| length = bytes.len());
    for copy in [0, 1] {
        for at in (0..length).step_by(3) {
            let damaged = medium.after_crash();
            damaged.damage(copy, |bytes| bytes[at] ^= 1 << (at % 8));
            assert_eq!(open(&damaged).outbox(), &whole, "byte {at}");
            // Mended: now the other copy may go.
            damaged.damage(1 - copy, Vec::clear);
            assert_eq!(open(&damaged).outbox(), &whole, "byte {at}");
        }
        let cut = medium.after_crash();
        cut.damage(copy, |bytes| bytes.truncate(length / 2));
        assert_eq!(open(&cut).outbox(), &whole);
    }
    let both = medium.after_crash();
    for copy in [0, 1] {
        both.damage(copy, |bytes| bytes[length / 2] ^= 1);
    }
    let ledger = open(&both);
    assert_eq!((ledger.lost(), ledger.outbox().edits().count()), (1, 4));
}

#[test]
fn a_ledger_of_edits_that_are_done_does_not_grow_without_end() {
    let medium = MemoryMedium::default();
    run(&medium, 0);
    let mut ledger = open(&medium);
    let mut longest = 0;
    for number in 0..300 {
        let mut record = edit(&ledger, number);
        if let Record::Edit(edit) = &mut record {
            edit.values.insert("name".to_owned(), json!("x".repeat(20_000)));
        }
        ledger.record(vec![record]).unwrap();
        let keys = ledger.outbox().edits().map(|edit| edit.key).collect();
        ledger.record(vec![Record::Removed { keys }]).unwrap();
        ledger.tidy().unwrap();
        medium.damage(0, |bytes| longest = longest.max(bytes.len()));
    }
    assert!(longest < 2 << 20, "{longest}");
    let next = match edit(&ledger, 0) {
        Record::Edit(edit) => edit.key,
        other => panic!("{other:?}"),
    };
    assert_eq!(next, 301, "numbers are given once");
}

#[test]
fn a_store_in_memory_crashes_where_it_is_told_to_and_keeps_what_was_synced() {
    let put = |store: &mut MemoryStore, key: &[u8]| {
        let mut batch = Batch::default();
        batch.put(key.to_vec(), b"value".to_vec());
        store.write(batch)
    };
    let mut store = MemoryStore::default();
    put(&mut store, b"a").unwrap();
    store.sync().unwrap();
    // The next write is made, its sync is not, and nothing after it.
    store.crash_at(store.operations() + 1);
    put(&mut store, b"b").unwrap();
    assert!(!store.has_crashed());
    store.sync().unwrap_err();
    put(&mut store, b"c").unwrap_err();
    assert!(store.has_crashed());
    for (seed, left) in [(0, 1), (1, 2)] {
        let mut after = store.crashed(seed);
        assert_eq!(after.keys(b"").len(), left);
        assert!(!after.has_crashed());
        put(&mut after, b"c").unwrap();
    }
}
