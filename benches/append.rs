//! Durable appends of device edits, by size of the group, beside a plain file that takes the same
//! bytes and the same sync; and how fast the log is read.

#![allow(clippy::disallowed_methods, reason = "a bench is an edge: it measures files")]
#![allow(clippy::unwrap_used, reason = "a bench that can't write has nothing to measure")]
#![allow(missing_docs, reason = "criterion's macros make a public function")]

use std::{fs::File, io::Write, time::Duration};

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use haversack_core::{
    BaseVersion, Decimal, MutationNumber, Name, Offset, Reference, RowId, Timestamp, Value,
    event::{Actor, DeviceEdit, EditRequest, Event, Operation, Record, RowKey, Sequenced, Verdict},
};
use haversack_proof::{Entry, EntryActor, Hash, Levels, SALT_BYTES, chain_hash, commitment};
use haversack_store::{DiskLog, Log, LogRecord};

const GROUP_SIZES: [u64; 4] = [1, 16, 256, 1_024];
const READ_EVENTS: u64 = 100_000;

/// A number without a pattern for each number.
fn scattered(number: u64) -> u64 {
    let mixed = (number ^ (number >> 31)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9)
}

fn id(kind: u64, number: u64) -> RowId {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&scattered(number * 8 + kind).to_be_bytes());
    bytes[8..].copy_from_slice(&scattered(number * 8 + kind + 4).to_be_bytes());
    RowId::from_bytes(bytes)
}

/// One of a few hundred devices edits one of many rows: about 280 bytes.
fn edit(offset: u64) -> LogRecord {
    let at = Timestamp(1_770_000_000_000_000 + i64::try_from(offset * 731).unwrap());
    let (device, owner) = (id(0, scattered(offset) % 300), id(1, scattered(offset) % 300));
    let digits = scattered(offset) % 10_000_000;
    let street = ["Harbour Road", "Mill Lane", "Station Street", "Long Acre"][offset as usize % 4];
    let values = [
        ("name", Value::Text(format!("Work order {digits}"))),
        ("address1_line1", Value::Text(format!("{} {street}", digits % 200))),
        ("telephone1", Value::Text(format!("+44 20 {digits:07}"))),
        ("estimatedvalue", Value::Decimal(Decimal::parse(&format!("{digits}.5")).unwrap())),
        ("statuscode", Value::Choice(690_970_000 + i32::try_from(offset % 6).unwrap())),
        ("ownerid", Value::Reference(Reference { table: Name::known("systemuser"), id: owner })),
    ];
    let edit = DeviceEdit {
        device,
        user: owner,
        number: MutationNumber::new(offset / 300 + 1).unwrap(),
        key: RowKey { table: Name::known("workorder"), id: id(2, offset) },
        base: BaseVersion::NONE,
        request: EditRequest::Fits {
            operation: Operation::Update,
            values: values
                .into_iter()
                .map(|(name, value)| (Name::known(name), Some(value)))
                .collect(),
        },
        content: *id(3, offset).as_bytes(),
        verdict: Verdict::Applied,
    };
    let inner = Record { actor: Actor::Device(device), event: Event::DeviceEdited(edit) };
    Sequenced { offset: Offset::new(offset).unwrap(), at, inner }
}

/// The groups that follow each other in one log.
fn groups(size: u64) -> impl FnMut() -> Vec<LogRecord> {
    let mut next = 1;
    move || {
        let group = (next..next + size).map(edit).collect();
        next += size;
        group
    }
}

fn encoded(record: &LogRecord) -> Vec<u8> {
    bincode::encode_to_vec(record, bincode::config::standard()).unwrap()
}

fn append_to_file(mut file: &File, group: &[LogRecord]) {
    let bytes: Vec<u8> = group.iter().flat_map(encoded).collect();
    file.write_all(&bytes).unwrap();
    file.sync_data().unwrap();
}

fn append(criterion: &mut Criterion) {
    let mut measured = criterion.benchmark_group("append");
    for size in GROUP_SIZES {
        measured.throughput(Throughput::Elements(size));
        measured.bench_function(BenchmarkId::new("file", size), |bencher| {
            let file = tempfile::tempfile().unwrap();
            let append = |group: Vec<LogRecord>| append_to_file(&file, &group);
            bencher.iter_batched(groups(size), append, BatchSize::PerIteration);
        });
        measured.bench_function(BenchmarkId::new("log", size), |bencher| {
            let directory = tempfile::tempdir().unwrap();
            let log = DiskLog::open(directory.path()).unwrap();
            let append = |group: Vec<LogRecord>| log.append(&group).unwrap();
            let mut groups = groups(size);
            bencher.iter_batched(&mut groups, append, BatchSize::PerIteration);
        });
    }
    measured.finish();
}

/// What hashing adds to a group: commitments, leaves and the chain before it's acknowledged; the tree
/// after.
fn hash(criterion: &mut Criterion) {
    let mut measured = criterion.benchmark_group("hash");
    for size in [1, 1_024] {
        let group = groups(size)();
        let payloads: Vec<Vec<u8>> = group.iter().map(encoded).collect();
        let leaves = || -> Vec<Hash> {
            let leaf = |(record, payload): (&LogRecord, &Vec<u8>)| {
                let actor = EntryActor::Device([7; 16]);
                let (offset, at, kind) = (record.offset.get(), record.at.0, "device_edited".into());
                let commitment = commitment(&[7; SALT_BYTES], payload);
                Entry { offset, at, actor, kind, commitment }.leaf()
            };
            group.iter().zip(&payloads).map(leaf).collect()
        };
        measured.throughput(Throughput::Elements(size));
        measured.bench_function(BenchmarkId::new("before", size), |bencher| {
            bencher.iter(|| chain_hash(&Hash::ZERO, 1, &leaves()));
        });
        let leaves = leaves();
        let mut levels = Levels::default();
        measured.bench_function(BenchmarkId::new("after", size), |bencher| {
            bencher.iter(|| leaves.iter().for_each(|leaf| levels.push(*leaf, &mut |_, _, _| {})));
        });
    }
    measured.finish();
}

fn read(criterion: &mut Criterion) {
    let directory = tempfile::tempdir().unwrap();
    let log = DiskLog::open(directory.path()).unwrap();
    let mut groups = groups(1_000);
    for _ in 0..READ_EVENTS / 1_000 {
        log.append(&groups()).unwrap();
    }
    let mut measured = criterion.benchmark_group("read");
    measured.throughput(Throughput::Elements(READ_EVENTS));
    measured.bench_function("all", |bencher| {
        bencher.iter(|| {
            for from in (1..READ_EVENTS).step_by(1_000) {
                assert_eq!(log.read(Offset::new(from).unwrap(), 1_000).unwrap().len(), 1_000);
            }
        });
    });
    measured.throughput(Throughput::Elements(1));
    let mut from = 0;
    measured.bench_function("one", |bencher| {
        bencher.iter(|| {
            from = (from + 7_919) % READ_EVENTS;
            log.read(Offset::new(from + 1).unwrap(), 1).unwrap()
        });
    });
    measured.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(15)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3));
    targets = append, hash, read
}
criterion_main!(benches);
