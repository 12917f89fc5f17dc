//! Streams against a plain model: whatever breaks and comes again, a device shows one state of the server
//! or another, whole, and never an older one.

use std::collections::BTreeMap;

use haversack_core::{Cursor, Name, Offset, RowId, RowVersion, Timestamp, event::RowKey};
use haversack_sync::{
    digest::TableDigest,
    message::{Checkpoint, Complete, Line, Mode, PullRequest, TableState, Why},
    replica::{Batch, Beneath, End, ReceiveError, Replica, RowChange, Step},
};
use proptest::{collection::vec, prelude::*};
use serde_json::{Map, json};

const TABLES: [&str; 3] = ["account", "contact", "task"];

/// Versions of rows: what a device shall hold.
type State = BTreeMap<RowKey, u64>;

/// A server: its state after each event. A cursor tells which state the device has of each row, in the
/// plainest way: by a list.
#[derive(Default)]
struct Server {
    states: Vec<State>,
    cursors: Vec<State>,
}

impl Server {
    fn at(&self) -> u64 {
        self.states.len() as u64
    }

    fn happen(&mut self, table: usize, row: u8, is_there: bool) {
        let mut state = self.states.last().cloned().unwrap_or_default();
        let version = self.at() + 1;
        match is_there {
            true => drop(state.insert(key(table, row), version)),
            false => drop(state.remove(&key(table, row))),
        }
        self.states.push(state);
    }

    fn cursor(&mut self, holds: State) -> String {
        self.cursors.push(holds);
        (self.cursors.len() - 1).to_string()
    }

    /// All lines of the stream that answers a request.
    fn stream(&mut self, request: &PullRequest, progress: usize) -> Vec<Line> {
        let now = self.states.last().unwrap().clone();
        let mut holds = match &request.cursor {
            Some(cursor) => self.cursors[cursor.parse::<usize>().unwrap()].clone(),
            None => State::new(),
        };
        let is_asked =
            |key: &RowKey| request.tables.as_ref().is_none_or(|all| all.contains(&key.table));
        let mut lines = vec![Line::Checkpoint(Checkpoint {
            offset: Cursor::after(self.at()),
            now: Timestamp(7),
            profile: Some("field".to_owned()),
            profile_version: Some(1),
            mode: if request.cursor.is_none() { Mode::Full } else { Mode::Delta },
            last_mutation: 0,
            metadata: None,
        })];
        let keys: Vec<RowKey> = now.keys().chain(holds.keys()).cloned().collect();
        let mut changes: Vec<RowKey> = keys.into_iter().filter(|key| is_asked(key)).collect();
        changes.sort();
        changes.dedup();
        changes.retain(|key| now.get(key) != holds.get(key));
        for (count, key) in changes.into_iter().enumerate() {
            if count > 0 && count % progress == 0 {
                let cursor = self.cursor(holds.clone());
                lines.push(Line::Progress { cursor });
            }
            let RowKey { table, id } = key.clone();
            match now.get(&key) {
                Some(version) => {
                    holds.insert(key, *version);
                    let row = Map::from_iter([("v".to_owned(), json!(version))]);
                    lines.push(Line::Put { table, id, version: of(*version), row });
                }
                None => {
                    holds.remove(&key);
                    lines.push(Line::Del { table, id, why: Why::Left });
                }
            }
        }
        let cursor = self.cursor(holds);
        let asked = TABLES
            .iter()
            .map(|table| Name::known(table))
            .filter(|table| request.tables.as_ref().is_none_or(|all| all.contains(table)));
        let tables = asked.map(|table| (table.clone(), told(&now, &table))).collect();
        lines.push(Line::Complete(Complete { cursor, tables }));
        lines
    }
}

fn key(table: usize, row: u8) -> RowKey {
    RowKey { table: Name::known(TABLES[table]), id: RowId::from_bytes([row; 16]) }
}

fn of(version: u64) -> RowVersion {
    RowVersion(Offset::new(version).unwrap())
}

fn told(state: &State, table: &Name) -> TableState {
    let mut digest = TableDigest::default();
    let of_table = state.iter().filter(|(key, _)| key.table == *table);
    of_table.clone().for_each(|(key, version)| digest.add(table, key.id, of(*version)));
    TableState { rows: of_table.count() as u64, digest, next_sync_seconds: 600 }
}

/// What a device has on its disk: the plainest thing that does what steps say.
#[derive(Clone, Default)]
struct Disk {
    replica: Replica,
    shown: State,
    staged: BTreeMap<RowKey, Option<u64>>,
}

impl Disk {
    fn version(&self, row: &RowKey, beneath: Beneath) -> Option<RowVersion> {
        let staged = self.staged.get(row).filter(|_| beneath.staged);
        let shown = || self.shown.get(row).copied().filter(|_| beneath.shown);
        staged.copied().unwrap_or_else(shown).map(of)
    }

    fn stage(&mut self, batch: Batch) {
        if batch.drops_staged {
            self.staged.clear();
        }
        for (row, change) in batch.changes {
            let version = match change {
                RowChange::Put { version, row } => {
                    assert_eq!(row["v"], json!(version.0.get()));
                    Some(version.0.get())
                }
                RowChange::Del(_) => None,
            };
            self.staged.insert(row, version);
        }
        self.restart(&batch.replica);
    }

    /// The replica as it is after it was written and read.
    fn restart(&mut self, replica: &Replica) {
        let text = serde_json::to_string(replica).unwrap();
        self.replica = serde_json::from_str(&text).unwrap();
        assert_eq!(&self.replica, replica);
    }

    fn take(&mut self, step: Step) -> bool {
        match step {
            Step::Go => return false,
            Step::Keep(batch) => {
                self.stage(batch);
                return false;
            }
            Step::Show { batch, is_full } => {
                self.stage(batch);
                if is_full {
                    self.shown.clear();
                }
                for (row, version) in std::mem::take(&mut self.staged) {
                    match version {
                        Some(version) => drop(self.shown.insert(row, version)),
                        None => drop(self.shown.remove(&row)),
                    }
                }
            }
            Step::Discard { replica, .. } => {
                self.staged.clear();
                self.restart(&replica);
            }
            Step::Ended(_) => {}
        }
        true
    }

    /// Takes so many lines of a stream; how it ended.
    fn receive(&mut self, request: &PullRequest, lines: &[Line]) -> End {
        let mut receiver = self.replica.receive(request);
        for line in lines {
            let disk = self.clone();
            let mut version = |row: &RowKey, beneath: Beneath| disk.version(row, beneath);
            let step = receiver.line(line.clone(), 100, &mut version).unwrap();
            if self.take(step) {
                break;
            }
        }
        receiver.end()
    }
}

/// What happens: a row comes, changes or goes; or a device pulls, and the stream breaks after some lines.
#[derive(Clone, Debug)]
enum Happens {
    Row { table: usize, row: u8, is_there: bool },
    Pull { lines: usize, tables: Option<Vec<usize>> },
    LosesRow { row: usize },
}

fn happens() -> impl Strategy<Value = Happens> {
    prop_oneof![
        8 => (0..3_usize, 0..6_u8, proptest::bool::weighted(0.7))
            .prop_map(|(table, row, is_there)| Happens::Row { table, row, is_there }),
        4 => (0..12_usize, proptest::option::weighted(0.3, vec(0..3_usize, 1..3)))
            .prop_map(|(lines, tables)| Happens::Pull { lines, tables }),
        1 => (0..9_usize).prop_map(|row| Happens::LosesRow { row }),
    ]
}

fn names(tables: &Option<Vec<usize>>) -> Option<Vec<Name>> {
    let name = |table: &usize| Name::known(TABLES[*table]);
    tables.as_ref().map(|tables| tables.iter().map(name).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_device_shows_whole_states_and_never_older_ones(history in vec(happens(), 1..60), progress in 1..4_usize) {
        let mut server = Server::default();
        server.happen(0, 0, true);
        let mut disk = Disk::default();
        let mut has_lost = false;
        for happens in history {
            match happens {
                Happens::Row { table, row, is_there } => server.happen(table, row, is_there),
                Happens::LosesRow { row } => {
                    let lost = disk.shown.keys().nth(row).cloned();
                    has_lost |= lost.is_some_and(|lost| disk.shown.remove(&lost).is_some());
                }
                Happens::Pull { lines, tables } => {
                    let before = disk.clone();
                    let request = disk.replica.request(RowId::default(), names(&tables));
                    let stream = server.stream(&request, progress);
                    let end = disk.receive(&request, &stream[..lines.min(stream.len())]);
                    if disk.replica.shown == before.replica.shown {
                        prop_assert_eq!(&disk.shown, &before.shown, "nothing is shown before the end");
                    } else {
                        prop_assert_eq!(end, End::Whole);
                        prop_assert!(disk.replica.shown.offset >= before.replica.shown.offset);
                    }
                    // Of each table, the server's state as of then, whole.
                    for (name, table) in disk.replica.shown.tables.iter().filter(|_| !has_lost) {
                        let at = usize::try_from(table.offset.count()).unwrap() - 1;
                        let of = |state: &State| state.iter().filter(|(key, _)| key.table == *name)
                            .map(|(key, version)| (key.clone(), *version)).collect::<State>();
                        prop_assert_eq!(of(&disk.shown), of(&server.states[at]));
                    }
                }
            }
        }
        // What is healed converges: once if nothing was lost, else once more from nothing where the digests
        // tell; a loss that no line touches is for whoever keeps the rows to find.
        if has_lost {
            disk.replica.distrust();
            disk.staged.clear();
        }
        let mut pulls = 0;
        while disk.shown != *server.states.last().unwrap() || pulls == 0 {
            let request = disk.replica.request(RowId::default(), None);
            let stream = server.stream(&request, progress);
            prop_assert_eq!(disk.receive(&request, &stream), End::Whole);
            pulls += 1;
            prop_assert!(pulls <= 2);
        }
        prop_assert!(!disk.replica.is_under_way() && !disk.replica.is_distrusted());
    }
}

/// Every place at which one stream can break, and every place at which the rest of it can.
#[test]
fn a_stream_that_breaks_twice_anywhere_is_taken_up_and_comes_to_the_same() {
    let mut server = Server::default();
    for row in 0..6 {
        server.happen(usize::from(row) % 3, row, true);
    }
    let mut device = Disk::default();
    let request = device.replica.request(RowId::default(), None);
    let stream = server.stream(&request, 2);
    device.receive(&request, &stream);
    for row in 0..6 {
        server.happen(usize::from(row) % 3, row, row % 2 == 0);
        server.happen(2, 9 + row, true);
    }
    for first in 0..20 {
        for second in 0..20 {
            let mut disk = device.clone();
            for lines in [first, second] {
                let request = disk.replica.request(RowId::default(), None);
                let stream = server.stream(&request, 2);
                let lines = lines.min(stream.len() - 1);
                disk.receive(&request, &stream[..lines]);
                assert_eq!(disk.shown, device.shown);
            }
            let request = disk.replica.request(RowId::default(), None);
            let stream = server.stream(&request, 2);
            // A line that comes twice changes nothing.
            let doubled = stream.iter().flat_map(|line| match line {
                Line::Put { .. } | Line::Del { .. } => vec![line.clone(), line.clone()],
                line => vec![line.clone()],
            });
            disk.receive(&request, &doubled.collect::<Vec<_>>());
            assert_eq!(disk.shown, *server.states.last().unwrap());
        }
    }
}

fn lines(server: &mut Server, replica: &Replica) -> (PullRequest, Vec<Line>) {
    let request = replica.request(RowId::default(), None);
    let stream = server.stream(&request, 3);
    (request, stream)
}

#[test]
fn rows_that_are_not_what_the_server_tells_come_again_from_nothing_once_and_then_it_is_an_error() {
    let mut server = Server::default();
    server.happen(0, 1, true);
    let mut disk = Disk::default();
    let (request, stream) = lines(&mut server, &disk.replica);
    disk.receive(&request, &stream);
    server.happen(0, 2, true);
    for is_again in [true, false, false] {
        let (request, mut stream) = lines(&mut server, &disk.replica);
        assert_eq!(request.cursor.is_some(), is_again);
        if let Some(Line::Complete(complete)) = stream.last_mut() {
            complete.tables.get_mut("account").unwrap().digest.0 ^= 1;
        }
        let mut receiver = disk.replica.receive(&request);
        let steps = stream.into_iter().map(|line| receiver.line(line, 1, &mut |_, _| None));
        let last = steps.last().unwrap().unwrap();
        assert!(matches!(&last, Step::Discard { is_again: again, .. } if *again == is_again));
        disk.take(last);
        assert_eq!(disk.shown.len(), 1, "what was shown stays");
    }
    let (request, stream) = lines(&mut server, &disk.replica);
    disk.receive(&request, &stream);
    assert_eq!(disk.shown, *server.states.last().unwrap());
    assert!(!disk.replica.is_distrusted());
}

#[test]
fn streams_out_of_order_and_older_ones_are_let_go() {
    let mut server = Server::default();
    server.happen(0, 1, true);
    server.happen(0, 2, true);
    let mut disk = Disk::default();
    let (request, stream) = lines(&mut server, &disk.replica);
    let error = |replica: &Replica, lines: &[Line]| {
        let mut receiver = replica.receive(&request);
        lines.iter().find_map(|line| receiver.line(line.clone(), 1, &mut |_, _| None).err())
    };
    let disorder = |lines: &[Line]| {
        matches!(error(&Replica::default(), lines), Some(ReceiveError::Disorder(_)))
    };
    assert!(disorder(&stream[1..]), "no checkpoint");
    assert!(disorder(&[stream[0].clone(), stream[0].clone()]), "two");
    assert!(disorder(&[&stream[..], &stream[1..2]].concat()), "goes on");
    let newer = Line::Put {
        table: Name::known("account"),
        id: RowId::default(),
        version: of(3),
        row: Map::new(),
    };
    assert!(disorder(&[stream[0].clone(), newer]), "newer than the checkpoint");
    let Line::Checkpoint(checkpoint) = stream[0].clone() else { panic!("the first line") };
    let delta = Line::Checkpoint(Checkpoint { mode: Mode::Delta, ..checkpoint.clone() });
    assert!(disorder(&[delta]), "builds on nothing");
    disk.receive(&request, &stream);
    let older = Line::Checkpoint(Checkpoint { offset: Cursor::after(1), ..checkpoint });
    assert!(matches!(
        error(&disk.replica, &[older]),
        Some(ReceiveError::WentBack { found, reached }) if found < reached
    ));
    let mut receiver = disk.replica.receive(&request);
    receiver.line(stream[0].clone(), 1, &mut |_, _| None).unwrap();
    let much = receiver.line(stream[1].clone(), usize::MAX / 2, &mut |_, _| None);
    assert_eq!(much, Err(ReceiveError::TooMuch));
}
