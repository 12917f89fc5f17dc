//! A state of which every kind of thing needs several sections.

use std::sync::LazyLock;

use haversack_core::{
    BaseVersion, Cursor, Name, RowId, Value, Values,
    event::{Actor, EditRequest, Event, Operation, RowKey, RowWrite},
    limits::SECTION_BYTES,
    profile::Member,
    security::{Team, TeamType},
};
use haversack_replay::{
    Digest, State,
    snapshot::{Section, sections},
};

use crate::{
    bytes::{again, encoded},
    history::{Log, key, name},
};

/// The state; its log is not kept.
pub fn large() -> &'static State {
    static LARGE: LazyLock<State> = LazyLock::new(|| made(8_000, 12_000));
    &LARGE
}

fn numbered(number: u32) -> RowId {
    let mut bytes = [7; 16];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    RowId::from_bytes(bytes)
}

fn text(length: usize) -> Values {
    [(name('c', 0), Some(Value::Text("x".repeat(length))))].into_iter().collect()
}

fn update(length: usize) -> EditRequest {
    EditRequest::Fits { operation: Operation::Update, values: text(length) }
}

fn made(hot: u32, edits: u32) -> State {
    let mut log = Log::begun();
    let write = |key: RowKey, length| {
        let (operation, values) = (Operation::Create, text(length));
        Event::RowWritten(RowWrite { key, operation, values })
    };
    // Many rows in two tables, of which the first row of each is hot.
    for table in [0, 1] {
        log.add(Actor::Load, write(key(table, 0), 1));
        for number in 0..1_500 {
            let key = RowKey { table: name('t', table), id: numbered(number) };
            log.add(Actor::Load, write(key, 300));
        }
        for _ in 0..hot {
            seen_edit(&mut log, 0, key(table, 0), 1);
        }
    }
    // Two devices with many edits, each against what it saw last, and many conflicts.
    for number in 0..edits {
        let device = 1 + u8::try_from(number % 2).unwrap();
        seen_edit(&mut log, device, key(1, 1), 1);
    }
    log.add(Actor::Load, write(key(0, 2), 1));
    let since = log.state.cursor;
    for _ in 0..1_500 {
        log.add(Actor::Load, write(key(0, 2), 200));
        let base = since.last().map_or(BaseVersion::NONE, BaseVersion::seen);
        log.edit(1, key(0, 2), base, update(200));
    }
    catalog(&mut log);
    log.state
}

fn seen_edit(log: &mut Log, device: u8, key: RowKey, length: usize) {
    let base = log.state.cursor.last().map_or(BaseVersion::NONE, BaseVersion::seen);
    log.edit(device, key, base, update(length));
}

fn catalog(log: &mut Log) {
    for number in 0..4_000 {
        let id = numbered(1_000_000 + number);
        let (name, business_unit) = (format!("a team with the number {number}"), numbered(1));
        let (members, roles) = (vec![numbered(number)], vec!["role 0".to_owned()]);
        let team_type = TeamType::Owner;
        log.admin(Event::TeamPut(Team { id, name, business_unit, team_type, members, roles }));
    }
    for number in 0..8_000 {
        let profile = format!("a profile with the number {}", number % 7);
        // Past the teams: looking them up in all assignments takes a while.
        let member = Member::User(numbered(2_000_000 + number));
        log.admin(Event::MemberAdded { profile, member });
    }
}

fn kinds(state: &State) -> [usize; 5] {
    let mut counts = [0; 5];
    for section in sections(state) {
        let kind = match section {
            Section::Start(_) => 0,
            Section::Catalog(_) => 1,
            Section::Devices(_) => 2,
            Section::Rows(_) => 3,
            Section::Conflicts(_) => 4,
        };
        counts[kind] += 1;
    }
    counts
}

#[test]
fn sections_are_bounded() {
    let [start, others @ ..] = kinds(large());
    assert_eq!(start, 1);
    assert!(others.into_iter().all(|count| count > 1), "{others:?}");
    for bytes in encoded(large()) {
        assert!(bytes.len() <= SECTION_BYTES, "{}", bytes.len());
    }
}

#[test]
fn a_large_state_comes_back() {
    let back = again(large());
    assert_eq!(Digest::of(&back), Digest::of(large()));
    assert_eq!(encoded(&back), encoded(large()));
}

#[test]
fn a_thing_larger_than_a_section_has_one_of_its_own() {
    let mut log = Log::begun();
    for row in 0..5 {
        let (operation, values) = (Operation::Create, text(2 * SECTION_BYTES));
        let write = RowWrite { key: key(0, row), operation, values };
        log.add(Actor::Load, Event::RowWritten(write));
    }
    assert_eq!(kinds(&log.state)[3], 5);
    assert_eq!(encoded(&again(&log.state)), encoded(&log.state));
}

#[test]
fn a_hot_row_is_cut() {
    let mut log = Log::begun();
    let values = text(1);
    let write = RowWrite { key: key(0, 0), operation: Operation::Create, values };
    log.add(Actor::Load, Event::RowWritten(write));
    for _ in 0..50_000 {
        seen_edit(&mut log, 0, key(0, 0), 1);
    }
    let sections = encoded(&log.state);
    assert!(sections.len() > 6, "{}", sections.len());
    assert!(sections.iter().all(|bytes| bytes.len() <= SECTION_BYTES));
    let back = again(&log.state);
    assert_eq!(encoded(&back), sections);
    assert_eq!(back.touches(&key(0, 0)).newest_first().count(), 50_001);
}

#[test]
fn the_rows_of_a_section_share_the_names_of_columns() {
    let long = Name::known("a_name_that_is_too_long_to_be_kept_in_place");
    let mut log = Log::begun();
    for row in 0..2 {
        let values = [(long.clone(), Some(Value::Boolean(true)))].into_iter().collect();
        let write = RowWrite { key: key(0, row), operation: Operation::Create, values };
        log.add(Actor::Load, Event::RowWritten(write));
    }
    let state = again(&log.state);
    let place = |row| {
        let row = state.current(&key(0, row)).unwrap();
        row.values.iter().next().unwrap().0.as_str().as_ptr()
    };
    assert_eq!(place(0), place(1));
    assert_ne!(state.cursor, Cursor::START);
}
