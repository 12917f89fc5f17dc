//! Histories: a small environment, and random events on it.
//!
//! Events need not make sense. What was not checked before it was logged is still folded.

use haversack_core::{
    BaseVersion, Date, Decimal, Double, Name, Offset, Reference, RowId, Timestamp, Value, Values,
    event::{
        Actor, Device, DeviceEdit, EditRequest, Event, Operation, RULES_VERSION, Record, Refusal,
        RowKey, RowWrite, Sequenced, Verdict,
    },
    profile::{App, Criterion, Member, ProfileDraft, ProfileItem},
    schema::{
        ChoiceOption, ColumnDefinition, ColumnType, Ownership, Relationship, RelationshipKind,
        SYSTEMUSER, TableDefinition,
    },
    security::{BusinessUnit, Depth, Position, Role, TablePrivileges, Team, TeamType, User},
    settings::{Compatibility, Granularity, Settings},
    token::{Holder, Token},
};
use haversack_replay::{Judging, State, fold, judge};
use proptest::{collection::vec, prelude::*, sample::select};

/// A log, and the state that it folds to.
#[derive(Default)]
pub struct Log {
    pub records: Vec<Sequenced<Record>>,
    pub state: State,
}

impl Log {
    /// Adds an event; that of a device's edit with the verdict that follows.
    pub fn add(&mut self, actor: Actor, mut event: Event) {
        if let Event::DeviceEdited(edit) = &mut event {
            let policy = self.state.catalog.settings.policy();
            edit.verdict = judge(&self.state, edit, policy, &self.records[..]).unwrap();
        }
        let offset = self.state.cursor.next();
        let at = Timestamp(1_772_357_400_000_000 + 1_000 * i64::try_from(offset.get()).unwrap());
        let record = Sequenced { offset, at, inner: Record { actor, event } };
        fold(&mut self.state, &record, Judging::InForce, &self.records[..]).unwrap();
        self.records.push(record);
    }

    pub fn admin(&mut self, event: Event) {
        self.add(Actor::Administrator, event);
    }

    /// A device's next edit.
    pub fn edit(&mut self, device: u8, key: RowKey, base: BaseVersion, request: EditRequest) {
        let id = id('d', device);
        let Some(known) = self.state.devices.get(&id) else { return };
        let (user, number) = (known.device.user, known.next_mutation());
        let content = [number.get() as u8; 16];
        let verdict = Verdict::Applied;
        let edit = DeviceEdit { device: id, user, number, key, base, request, content, verdict };
        self.add(Actor::Device(id), Event::DeviceEdited(edit));
    }

    /// A log in which an environment was made: users may do all with rows of `t0` and `t1`.
    pub fn begun() -> Self {
        let mut log = Self::default();
        let name = "test".to_owned();
        log.admin(Event::EnvironmentCreated { name, rules: RULES_VERSION });
        log.admin(Event::BusinessUnitPut(unit(0)));
        log.admin(table(0, 5));
        log.admin(table(1, 5));
        log.admin(role(0, Depth::Organization));
        (0..3).for_each(|n| log.admin(user(n)));
        (0..3).for_each(|n| log.admin(device(n)));
        log
    }
}

pub fn id(kind: char, number: u8) -> RowId {
    RowId::from_bytes(std::array::from_fn(|at| if at == 0 { kind as u8 } else { number }))
}

pub fn name(kind: char, number: u8) -> Name {
    format!("{kind}{number}").parse().unwrap()
}

pub fn key(table: u8, row: u8) -> RowKey {
    RowKey { table: name('t', table), id: id('r', row) }
}

fn unit(number: u8) -> BusinessUnit {
    let parent = (number > 0).then(|| id('b', 0));
    BusinessUnit { id: id('b', number), name: format!("unit {number}"), parent }
}

fn role(number: u8, depth: Depth) -> Event {
    let privileges = TablePrivileges { read: depth, write: depth, create: depth, delete: depth };
    let privileges = (0..2).map(|table| (name('t', table), privileges)).collect();
    Event::RolePut(Role { name: format!("role {number}"), privileges })
}

fn user(number: u8) -> Event {
    Event::UserPut(User {
        id: id('u', number),
        name: format!("user {number}"),
        business_unit: id('b', number % 2),
        manager: (number > 0).then(|| id('u', 0)),
        position: Some(id('p', number)),
        language: None,
        time_zone: (number > 1).then(|| "Europe/Berlin".to_owned()),
        roles: vec!["role 0".to_owned()],
    })
}

fn device(number: u8) -> Event {
    let (name, platform) = (format!("device {number}"), "test".to_owned());
    Event::DeviceRegistered(Device { id: id('d', number), user: id('u', number), name, platform })
}

fn token(number: u8) -> Token {
    let user = id('u', number);
    let holder = match number {
        0 => Holder::Administrator,
        1 => Holder::User(user),
        _ => Holder::Device { user, name: format!("device {number}") },
    };
    Token { id: id('k', number), hash: [number; 32], holder }
}

const TYPES: [ColumnType; 5] = [
    ColumnType::String,
    ColumnType::Integer,
    ColumnType::Decimal,
    ColumnType::Choice,
    ColumnType::Lookup,
];

/// A table with so many columns: `c0`, `c1` …
pub fn table(number: u8, columns: u8) -> Event {
    let column = |at: u8| ColumnDefinition {
        name: name('c', at),
        display_name: (at == 1).then(|| "Eins \u{e4}\"".to_owned()),
        column_type: TYPES[usize::from(at) % TYPES.len()],
        max_length: Some(100),
        required: false,
        options: vec![ChoiceOption { value: 1, label: "one".to_owned() }],
        targets: (at % 5 == 4).then(|| name('t', 0)).into_iter().collect(),
    };
    Event::TablePut(TableDefinition {
        name: name('t', number),
        display_name: None,
        ownership: if number == 0 { Ownership::UserOrTeam } else { Ownership::Organization },
        primary_key: format!("t{number}id").parse().unwrap(),
        primary_name: Some(name('c', 0)),
        can_be_taken_offline: true,
        hierarchy_column: None,
        columns: (0..columns).map(column).collect(),
    })
}

fn many_to_many((number, intersect): (u8, u8)) -> Event {
    Event::RelationshipPut(Relationship {
        name: name('m', number),
        kind: RelationshipKind::ManyToMany,
        table: name('t', 0),
        column: name('a', intersect),
        target: name('t', 1),
        intersect: Some(name('i', intersect)),
        target_column: Some(name('z', intersect)),
    })
}

fn team(number: u8, members: Vec<u8>) -> Event {
    let team_type = if number == 0 { TeamType::AadSecurity } else { TeamType::Owner };
    Event::TeamPut(Team {
        id: id('g', number),
        name: format!("team {number}"),
        business_unit: id('b', 0),
        team_type,
        members: members.into_iter().map(|member| id('u', member)).collect(),
        roles: Vec::new(),
    })
}

fn draft((number, items): (u8, u8)) -> Event {
    let item = |table| ProfileItem {
        table: name('t', table),
        criterion: Criterion::All,
        filter: None,
        other: Vec::new(),
        related_to: Vec::new(),
        sync_interval_minutes: 10,
    };
    let items = (0..items).map(item).collect();
    let name = format!("profile {number}");
    Event::ProfileDrafted(ProfileDraft { name, description: String::new(), items })
}

fn settings((server_wins, by_column, classic): (bool, bool, bool)) -> Event {
    Event::SettingsChanged(Settings {
        conflict_detection: server_wins,
        conflict_granularity: if by_column { Granularity::Column } else { Granularity::Row },
        compatibility: if classic { Compatibility::Classic } else { Compatibility::Extended },
        ..Settings::default()
    })
}

fn member() -> impl Strategy<Value = Member> {
    (0..3u8, any::<bool>()).prop_map(|(number, is_user)| {
        if is_user { Member::User(id('u', number)) } else { Member::Team(id('g', number)) }
    })
}

fn change() -> impl Strategy<Value = Event> {
    let depths = select(vec![Depth::None, Depth::User, Depth::BusinessUnit, Depth::Organization]);
    let profile = || (0..2u8).prop_map(|number| format!("profile {number}"));
    prop_oneof![
        6 => any::<(bool, bool, bool)>().prop_map(settings),
        1 => (0..3u8).prop_map(|number| Event::BusinessUnitPut(unit(number))),
        1 => (0..3u8).prop_map(|number| Event::PositionPut(Position {
            id: id('p', number), name: "p".to_owned(), parent: None })),
        1 => (1..3u8, depths).prop_map(|(number, depth)| role(number, depth)),
        1 => (0..5u8).prop_map(user),
        2 => (0..3u8, vec(0..4u8, 0..3)).prop_map(|(number, members)| team(number, members)),
        2 => (0..3u8, 2..6u8).prop_map(|(number, columns)| table(number, columns)),
        3 => (0..2u8, 0..3u8).prop_map(many_to_many),
        1 => (0..2u8).prop_map(|number| Event::AppPut(App { name: format!("app {number}"),
            mobile_offline: true, profiles: vec![format!("profile {number}")], published: false })),
        2 => (0..2u8, 0..3u8).prop_map(draft),
        2 => profile().prop_map(|profile| Event::ProfilePublished { profile }),
        2 => profile().prop_map(|profile| Event::ProfileUnpublished { profile }),
        3 => (profile(), member())
            .prop_map(|(profile, member)| Event::MemberAdded { profile, member }),
        1 => (profile(), member())
            .prop_map(|(profile, member)| Event::MemberRemoved { profile, member }),
        1 => any::<[u8; 32]>().prop_map(|digest| Event::LoadStarted { digest, events: 3 }),
        1 => (0..3u8, any::<bool>()).prop_map(|(number, has_app)| Event::DeviceAppChanged {
            device: id('d', number), app: has_app.then(|| "app 0".to_owned()) }),
        1 => (0..3u8).prop_map(|number| Event::TokenIssued(token(number))),
        1 => (0..3u8).prop_map(|number| Event::TokenRevoked { id: id('k', number) }),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let reference =
        |(table, id_): (Name, u8)| Value::Reference(Reference { table, id: id('r', id_) });
    prop_oneof![
        4 => ".{0,6}".prop_map(Value::Text),
        2 => any::<i64>().prop_map(Value::Integer),
        2 => (-9_999_999..9_999_999i64, 0..9u32)
            .prop_map(|(n, scale)| Value::Decimal(Decimal::parse(&format!("{n}e-{scale}")).unwrap())),
        2 => any::<f64>().prop_filter_map("finite", Double::new).prop_map(Value::Double),
        1 => any::<bool>().prop_map(Value::Boolean),
        1 => any::<i32>().prop_map(Value::Choice),
        1 => vec(0..9i32, 0..3).prop_map(Value::Choices),
        1 => (0..253_402_300_799_000_000i64).prop_map(|at| Value::Timestamp(Timestamp(at))),
        1 => (-700_000..2_900_000i32).prop_map(|day| Value::Date(Date(day))),
        1 => any::<u8>().prop_map(|number| Value::Id(id('x', number))),
        1 => (select(vec![name('t', 0), Name::known(SYSTEMUSER)]), any::<u8>()).prop_map(reference),
    ]
}

fn values() -> impl Strategy<Value = Values> {
    let column = (0..6u8).prop_map(|number| match number {
        5 => Name::known("a_name_of_more_than_23_bytes"),
        number => name('c', number),
    });
    vec((column, prop::option::weighted(0.9, value())), 0..4)
        .prop_map(|entries| entries.into_iter().collect())
}

#[derive(Clone, Debug)]
pub enum Step {
    Change(Event),
    Device(u8),
    Online { load: bool, key: RowKey, operation: Operation, values: Values },
    Edit { device: u8, key: RowKey, base: Option<u64>, request: EditRequest },
}

fn operation() -> impl Strategy<Value = Operation> {
    select(vec![Operation::Create, Operation::Update, Operation::Update, Operation::Delete])
}

fn step() -> impl Strategy<Value = Step> {
    let row = || (0..3u8, 0..3u8).prop_map(|(table, row)| key(table, row));
    let fits = (operation(), values())
        .prop_map(|(operation, values)| EditRequest::Fits { operation, values });
    let misfits = operation().prop_map(|operation| EditRequest::Misfits {
        operation,
        values: "{\"c0\": 1}".to_owned(),
        refusal: Refusal::BadValue,
    });
    let request = prop_oneof![12 => fits, 1 => misfits];
    prop_oneof![
        4 => change().prop_map(Step::Change),
        1 => (3..6u8).prop_map(Step::Device),
        5 => (any::<bool>(), row(), operation(), values()).prop_map(
            |(load, key, operation, values)| Step::Online { load, key, operation, values }),
        9 => (0..4u8, row(), prop::option::of(0..150u64), request)
            .prop_map(|(device, key, base, request)| Step::Edit { device, key, base, request }),
    ]
}

/// Any history.
pub fn history() -> impl Strategy<Value = Vec<Step>> {
    vec(step(), 1..100)
}

/// The log that a history makes. A base is a place in the log, in percent of it.
pub fn run(history: &[Step]) -> Log {
    let mut log = Log::begun();
    for step in history.iter().cloned() {
        match step {
            Step::Change(event) => log.admin(event),
            Step::Device(number) if log.state.devices.contains_key(&id('d', number)) => {}
            Step::Device(number) => log.admin(device(number)),
            Step::Online { load, key, operation, values } => {
                let actor = if load { Actor::Load } else { Actor::User(id('u', 0)) };
                log.add(actor, Event::RowWritten(RowWrite { key, operation, values }));
            }
            Step::Edit { device, key, base, request } => {
                let base = base.and_then(|base| Offset::new(log.state.cursor.count() * base / 100));
                let base = base.map_or(BaseVersion::NONE, BaseVersion::seen);
                log.edit(device, key, base, request);
            }
        }
    }
    log
}
