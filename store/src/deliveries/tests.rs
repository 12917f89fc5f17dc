//! The record of deliveries on a disk that tears, cuts and crashes.

use std::sync::Arc;

use haversack_core::{
    Cursor, Name, RowId, Timestamp,
    delivery::{DeliveredProfile, DeliveredRows, DeliveredTable, Delivery},
};

use super::{
    DeliveryWriter, MAGIC, RecordError, Sizes, Unreadable, framed, path_of, reader::read, segments,
};
use crate::disk::{Crash, Disk, SimDisk, Tear};

const SMALL: Sizes = Sizes { segment: 1_000, total: 3_000 };

fn delivery(number: u64) -> Delivery {
    let (offset, clock) = (Cursor::after(number), Timestamp(7));
    let name = "x".repeat(usize::try_from(number % 9).unwrap());
    let held =
        (!number.is_multiple_of(3)).then_some(DeliveredRows { rows: number, digest: !number });
    let table = |table| DeliveredTable { table: Name::known(table), offset, clock, held };
    Delivery {
        device: RowId::from_bytes([1; 16]),
        user: RowId::from_bytes([2; 16]),
        at: Timestamp(1_000),
        offset,
        clock,
        profile: DeliveredProfile::Published { name, version: 3 },
        tables: vec![table("account"), table("contact")],
    }
}

fn open(disk: &SimDisk, sizes: Sizes) -> Result<(DeliveryWriter, Vec<Delivery>), RecordError> {
    let opened = DeliveryWriter::open(Arc::new(disk.clone()), sizes, &Arc::default());
    opened.map(|opened| opened.expect("nobody else has it"))
}

/// Appends deliveries of these numbers, each by itself, and syncs.
fn append(disk: &SimDisk, sizes: Sizes, numbers: std::ops::Range<u64>) {
    let (mut writer, _) = open(disk, sizes).unwrap();
    numbers.for_each(|number| writer.append(&[delivery(number)]).unwrap());
    writer.sync().unwrap();
}

/// The numbers of the deliveries on record, each as it was written; and what can't be read.
fn found(disk: &SimDisk) -> (Vec<u64>, Vec<Unreadable>) {
    let mut numbers = Vec::new();
    let unreadable = read(disk, &mut |found| {
        numbers.push(found.offset.count());
        assert_eq!(found, delivery(found.offset.count()));
    });
    (numbers, unreadable.unwrap())
}

fn whole(disk: &SimDisk) -> Vec<u64> {
    let (numbers, unreadable) = found(disk);
    assert_eq!(unreadable, []);
    numbers
}

#[test]
fn what_was_written_is_read_and_gone_on_with_after_a_restart() {
    let disk = SimDisk::default();
    assert!(open(&disk, SMALL).unwrap().1.is_empty());
    assert!(disk.paths().is_empty(), "nothing is made before there is something to write");
    append(&disk, SMALL, 1..4);
    assert_eq!(open(&disk, SMALL).unwrap().1, [1, 2, 3].map(delivery));
    append(&disk, SMALL, 4..6);
    assert_eq!(whole(&disk), [1, 2, 3, 4, 5]);
    assert_eq!(segments(&disk).unwrap(), [1]);
}

#[test]
fn the_oldest_segment_goes_when_there_is_too_much() {
    let disk = SimDisk::default();
    append(&disk, SMALL, 1..200);
    let numbers = whole(&disk);
    assert_eq!(numbers, (numbers[0]..200).collect::<Vec<_>>(), "the newest stay, without a hole");
    let of = |number| disk.open(&path_of(number)).unwrap().length().unwrap();
    let lengths: Vec<u64> = segments(&disk).unwrap().into_iter().map(of).collect();
    assert!(lengths.iter().all(|length| *length <= SMALL.segment), "{lengths:?}");
    let total: u64 = lengths.iter().sum();
    assert!(total <= SMALL.total + SMALL.segment && total > SMALL.total / 2, "{lengths:?}");
}

#[test]
fn a_torn_tail_is_left_out_and_then_cut_off() {
    let original = SimDisk::default();
    append(&original, SMALL, 1..4);
    let path = path_of(1);
    let length = original.open(&path).unwrap().length().unwrap();
    for cut in 0..usize::try_from(length).unwrap() {
        let disk = original.copied();
        disk.damage(&path, |bytes| bytes.truncate(cut));
        let (before, unreadable) = found(&disk);
        assert_eq!(before, [1, 2, 3][..before.len()]);
        assert!(before.len() < 3 && unreadable.len() <= 1);
        append(&disk, SMALL, 4..6);
        let (after, unreadable) = found(&disk);
        assert_eq!(after, [&before[..], &[4, 5]].concat(), "cut at {cut}");
        // A segment that lacks even the format's name stays as it is, and the next is begun.
        assert_eq!(!unreadable.is_empty(), (1..MAGIC.len()).contains(&cut));
    }
}

#[test]
fn no_crash_takes_more_than_the_last_sector_of_what_was_synced() {
    let disk = SimDisk::default();
    let mut synced = vec![(0, 0)];
    let (mut writer, _) = open(&disk, SMALL).unwrap();
    for number in 1..60 {
        writer.append(&[delivery(number)]).unwrap();
        if number % 4 == 0 {
            writer.sync().unwrap();
            synced.push((disk.operation_count(), number));
        }
    }
    let last = whole(&disk);
    // So many entries, at the most, share a sector with one that is being written.
    let in_sector = 512 / framed(&delivery(9)).unwrap().len() as u64 + 1;
    let mut points = disk.crash_points();
    loop {
        let durable = synced.iter().rev().find(|(done, _)| *done <= points.done()).unwrap().1;
        let torn = points.torn_bytes();
        let tears = [Tear::Whole, Tear::Start(torn / 2), Tear::End(torn / 2), Tear::Sectors];
        let crashes = tears.map(Crash::Torn).into_iter().chain([Crash::Lost]);
        for crash in crashes.chain((1..6).map(Crash::Scattered)) {
            let takes_sectors = matches!(crash, Crash::Torn(Tear::Sectors) | Crash::Scattered(_));
            let durable = durable.saturating_sub(if takes_sectors { in_sector } else { 0 });
            let image = points.image(crash);
            let (numbers, _) = found(&image);
            let end = numbers.last().copied().unwrap_or(0);
            assert!(end >= durable && end <= *last.last().unwrap(), "{crash:?}: {numbers:?}");
            assert!(numbers.is_sorted(), "{numbers:?}");
            append(&image, SMALL, 60..62);
            assert_eq!(found(&image).0.last(), Some(&61));
        }
        if !points.advance() {
            break;
        }
    }
}

#[test]
fn a_damaged_segment_loses_what_is_behind_the_damage_and_no_other_segment() {
    let disk = SimDisk::default();
    append(&disk, Sizes { total: 1 << 20, ..SMALL }, 1..30);
    let of_first = open(&disk.copied(), SMALL).unwrap().1.len() as u64;
    assert!(of_first > 0 && segments(&disk).unwrap().len() > 2);
    disk.damage(&path_of(1), |bytes| bytes[MAGIC.len() + 200] ^= 4);
    let (numbers, unreadable) = found(&disk);
    assert_eq!(unreadable.len(), 1);
    assert_eq!((unreadable[0].path.as_str(), numbers[0]), (path_of(1).as_str(), 1));
    let second = numbers.windows(2).find(|pair| pair[1] != pair[0] + 1).unwrap()[1];
    assert_eq!(numbers[numbers.len() - 1], 29);
    assert!(numbers.contains(&(second + 1)), "{numbers:?}");
}

#[test]
fn a_segment_that_the_disk_can_not_read_is_left_and_the_next_begun() {
    let disk = SimDisk::default();
    append(&disk, SMALL, 1..4);
    disk.lose_sector(&path_of(1), 0);
    append(&disk, SMALL, 4..6);
    let (numbers, unreadable) = found(&disk);
    assert_eq!((numbers, unreadable.len()), (vec![4, 5], 1));
    assert_eq!(unreadable[0].path, path_of(1));
}

#[test]
fn a_newer_format_is_refused_untouched() {
    let disk = SimDisk::default();
    append(&disk, SMALL, 1..4);
    let newer = b"haversack.deliveries/2\nwhatever that may be";
    disk.damage(&path_of(1), |bytes| *bytes = newer.to_vec());
    assert!(matches!(open(&disk, SMALL), Err(RecordError::Newer(2))));
    assert!(matches!(read(&disk, &mut |_| {}), Err(RecordError::Newer(2))));
    let mut bytes = vec![0; newer.len() + 1];
    let length = disk.open(&path_of(1)).unwrap().read_at(&mut bytes, 0).unwrap();
    assert_eq!(&bytes[..length], newer);
}

#[test]
fn one_at_a_time_appends() {
    let (disk, taken) = (Arc::new(SimDisk::default()), Arc::default());
    let again = || DeliveryWriter::open(disk.clone(), SMALL, &taken).unwrap();
    let first = again();
    assert!(first.is_some() && again().is_none());
    drop(first);
    assert!(again().is_some());
}

/// What a record of this format holds can be read for ever.
#[test]
fn the_format_is_what_it_was() {
    let bytes = framed(&delivery(2)).unwrap();
    let hex = bytes.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    let was = "580000000101010101010101010101010101010102020202020202020202020202020202fbd00701020e02027\
               8780302076163636f756e7401020e0102fdfdffffffffffffff07636f6e7461637401020e0102fdfdfffffffff\
               fffff43b1d5145f8d32f3";
    assert_eq!(hex, was);
    let mut segment = MAGIC.to_vec();
    segment.extend(bytes);
    let read = super::Segment::parse(&segment).unwrap();
    assert_eq!((read.deliveries, read.whole), (vec![delivery(2)], segment.len()));
}
