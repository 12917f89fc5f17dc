//! The outbox against a server that judges each number once, over a way that loses what it carries.

use std::collections::BTreeMap;

use haversack_core::{
    MutationNumber, Name, Offset, RowId, Timestamp,
    event::{Operation, RowKey},
};
use haversack_sync::{
    message::{OutcomeKind, PushOutcome},
    mutation::Mutation,
    outbox::{Edit, Identity, Outbox, OutboxError, Record, Wish},
};
use proptest::{collection::vec, prelude::*};
use serde_json::{Map, json};

/// What a server has of a device: its edits by number, as they were first sent.
#[derive(Clone, Default)]
struct Server(BTreeMap<RowId, Vec<Mutation>>);

impl Server {
    /// Judges a push: even edits are applied, odd ones refused. An error if the numbers don't fit.
    fn push(&mut self, device: RowId, mutations: &[Mutation]) -> Result<Vec<PushOutcome>, ()> {
        let known = self.0.entry(device).or_default();
        let mut outcomes = Vec::new();
        for mutation in mutations {
            let at = usize::try_from(mutation.number.get() - 1).unwrap();
            let is_duplicate = match known.get(at) {
                Some(first) if first == mutation => true,
                None if at == known.len() => false,
                _ => return Err(()),
            };
            if !is_duplicate {
                known.push(mutation.clone());
            }
            let is_refused = mutation.values["edit"].as_u64().unwrap() % 2 == 1;
            let kind = if is_refused { OutcomeKind::Refused } else { OutcomeKind::Applied };
            outcomes.push(PushOutcome {
                n: mutation.number,
                outcome: if is_duplicate { OutcomeKind::Duplicate } else { kind },
                first: is_duplicate.then_some(kind),
                winner: None,
                offset: Offset::new(mutation.number.get()).unwrap(),
                code: None,
                message: None,
                server: None,
            });
        }
        Ok(outcomes)
    }

    /// How often each edit was taken.
    fn taken(&self) -> BTreeMap<u64, usize> {
        let mut taken = BTreeMap::new();
        for mutation in self.0.values().flatten() {
            *taken.entry(mutation.values["edit"].as_u64().unwrap()).or_default() += 1;
        }
        taken
    }
}

/// An outbox with its records, which are written and read.
#[derive(Clone, Default)]
struct Kept {
    outbox: Outbox,
    records: Vec<String>,
}

impl Kept {
    fn record(&mut self, record: Record) {
        self.records.push(serde_json::to_string(&record).unwrap());
        self.outbox.apply(record);
    }

    fn restarted(&self) -> Outbox {
        let mut outbox = Outbox::default();
        self.records.iter().for_each(|text| outbox.apply(serde_json::from_str(text).unwrap()));
        outbox
    }

    /// The same from what is kept when the records are begun anew.
    fn compacted(&self) -> Outbox {
        let mut outbox = Outbox::default();
        self.outbox.records().into_iter().for_each(|record| outbox.apply(record));
        outbox
    }
}

fn wish(row: u8, edit: u64) -> Wish {
    let key = RowKey { table: Name::known("task"), id: RowId::from_bytes([row; 16]) };
    let values = Map::from_iter([("edit".to_owned(), json!(edit))]);
    Wish { operation: Operation::Update, key, values }
}

fn identity(number: u8, first: u64) -> Record {
    let device = RowId::from_bytes([number; 16]);
    let first = MutationNumber::new(first).unwrap();
    Record::Identity(Identity { device, name: format!("phone ({number})"), first })
}

fn covers(_: &Edit) -> bool {
    false
}

#[derive(Clone, Debug)]
enum Happens {
    Edit { row: u8 },
    Push { most: usize, is_lost: bool, is_answer_lost: bool },
    Discard { nth: usize },
    Acknowledge { nth: usize },
    Forget,
    Backup,
    Restore,
}

fn happens() -> impl Strategy<Value = Happens> {
    prop_oneof![
        6 => (0..3_u8).prop_map(|row| Happens::Edit { row }),
        4 => (1..4_usize, any::<bool>(), any::<bool>())
            .prop_map(|(most, is_lost, is_answer_lost)| Happens::Push { most, is_lost, is_answer_lost }),
        1 => (0..5_usize).prop_map(|nth| Happens::Discard { nth }),
        1 => (0..5_usize).prop_map(|nth| Happens::Acknowledge { nth }),
        1 => Just(Happens::Forget),
        1 => Just(Happens::Backup),
        1 => Just(Happens::Restore),
    ]
}

/// One push; a device whose numbers don't fit becomes another one.
fn push(kept: &mut Kept, server: &mut Server, names: &mut u8, most: usize, lost: (bool, bool)) {
    let Some((mutations, sent)) = kept.outbox.batch(most, 1 << 20) else { return };
    kept.record(sent);
    if lost.0 {
        return;
    }
    let device = kept.outbox.identity().unwrap().device;
    match server.push(device, &mutations) {
        Ok(_) if lost.1 => {}
        Ok(outcomes) => {
            kept.outbox.judged(outcomes).into_iter().for_each(|record| kept.record(record));
        }
        Err(()) => {
            *names += 1;
            kept.record(identity(*names, 1));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    /// Every edit that was made and not taken back is taken by the server: once, or, where a backup was
    /// restored after it was sent and its answer lost, at most once by each device that it was sent as.
    #[test]
    fn no_edit_is_lost_whatever_is_lost_on_the_way(history in vec(happens(), 1..50)) {
        let (mut kept, mut server, mut names) = (Kept::default(), Server::default(), 1);
        let mut made = Vec::new();
        let mut backup: Option<(Kept, Vec<u64>)> = None;
        let mut has_restored = false;
        kept.record(identity(1, 1));
        for (edit, happens) in (0..).zip(history) {
            let nth = |kept: &Kept, nth: usize| kept.outbox.edits().nth(nth).map(|edit| edit.key);
            match happens {
                Happens::Edit { row } => {
                    let record = kept.outbox.edit(wish(row, edit), None, Timestamp(0), &covers);
                    kept.record(record.unwrap());
                    made.push(edit);
                }
                Happens::Push { most, is_lost, is_answer_lost } => {
                    push(&mut kept, &mut server, &mut names, most, (is_lost, is_answer_lost));
                }
                Happens::Discard { nth: at } => if let Some(key) = nth(&kept, at) {
                    let taken_back = kept.outbox.edits().find(|edit| edit.key == key).unwrap();
                    let number = taken_back.values["edit"].as_u64().unwrap();
                    let (was_sent, is_unsent) = (taken_back.was_sent, taken_back.is_unsent());
                    match kept.outbox.discard(key) {
                        Ok(record @ Record::Removed { .. }) => {
                            prop_assert!(is_unsent && !was_sent);
                            kept.record(record);
                            made.retain(|edit| *edit != number);
                        }
                        Ok(record) => kept.record(record),
                        Err(error) => prop_assert!(!is_unsent || error == OutboxError::Sent(key)),
                    }
                },
                Happens::Acknowledge { nth: at } => if let Some(key) = nth(&kept, at)
                    && let Ok(record) = kept.outbox.acknowledge(key) {
                    kept.record(record);
                },
                Happens::Forget => {
                    let keys = kept.outbox.done(&|_| true);
                    prop_assert!(kept.outbox.problems().all(|edit| !keys.contains(&edit.key)));
                    kept.record(Record::Removed { keys });
                }
                Happens::Backup => backup = Some((kept.clone(), made.clone())),
                Happens::Restore => if let Some((then, made_then)) = &backup {
                    kept = then.clone();
                    // What was made since is lost with the disk, unless the server has it.
                    let taken = server.taken();
                    made.retain(|edit| taken.contains_key(edit) || made_then.contains(edit));
                    has_restored = true;
                },
            }
            prop_assert_eq!(&kept.restarted(), &kept.outbox);
            prop_assert_eq!(kept.compacted().records(), kept.outbox.records());
            let unsent: Vec<&Edit> = kept.outbox.unsent().collect();
            prop_assert!(unsent.windows(2).all(|pair| pair[0].number.next() == pair[1].number));
        }
        for _ in 0..200 {
            push(&mut kept, &mut server, &mut names, 3, (false, false));
        }
        prop_assert_eq!(kept.outbox.unsent().count(), 0, "the queue empties");
        let taken = server.taken();
        let is_right = |edit: &u64| taken.get(edit).is_some_and(|n| *n == 1 || has_restored);
        prop_assert!(made.iter().all(is_right), "{made:?} {taken:?}");
        prop_assert!(has_restored || taken.keys().all(|edit| made.contains(edit)));
    }
}

#[test]
fn edits_of_a_row_keep_the_base_of_the_first_of_them() {
    let mut kept = Kept::default();
    kept.record(identity(1, 5));
    let version = |number| haversack_core::RowVersion(Offset::new(number).unwrap());
    for (row, shown) in [(1, 7), (1, 9), (2, 9)] {
        let record = kept.outbox.edit(wish(row, 0), Some(version(shown)), Timestamp(0), &covers);
        kept.record(record.unwrap());
    }
    let edits: Vec<(u64, Option<u64>)> = kept
        .outbox
        .edits()
        .map(|edit| (edit.number.get(), edit.base.offset().map(Offset::get)))
        .collect();
    assert_eq!(edits, [(5, Some(7)), (6, Some(7)), (7, Some(9))]);
    // As another device they keep them.
    kept.record(identity(2, 1));
    let edits: Vec<(u64, Option<u64>)> = kept
        .outbox
        .edits()
        .map(|edit| (edit.number.get(), edit.base.offset().map(Offset::get)))
        .collect();
    assert_eq!(edits, [(1, Some(7)), (2, Some(7)), (3, Some(9))]);
}

#[test]
fn batches_are_cut_by_number_and_by_bytes_and_are_never_empty() {
    let mut kept = Kept::default();
    kept.record(identity(1, 1));
    for edit in 0..5 {
        let record = kept.outbox.edit(wish(1, edit), None, Timestamp(0), &covers).unwrap();
        kept.record(record);
    }
    let length = |most, bytes| kept.outbox.batch(most, bytes).unwrap().0.len();
    assert_eq!([length(3, 1 << 20), length(9, 1 << 20), length(9, 1), length(0, 1)], [3, 5, 1, 1]);
    let one = kept.outbox.batch(1, 1).unwrap().0[0].to_json().to_string().len() + 1;
    assert_eq!(length(9, 2 * one), 2);
    assert_eq!(length(9, 2 * one - 1), 1);
}
