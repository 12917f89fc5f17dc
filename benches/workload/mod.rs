//! A log to measure with: creates, online updates and device edits of rows with ten columns.

use haversack_core::{
    BaseVersion, Decimal, MutationNumber, Name, Offset, Reference, RowId, Timestamp, Value, Values,
    event::{
        Actor, Device, DeviceEdit, EditRequest, Event, Operation, RULES_VERSION, Record, Refusal,
        RowKey, RowWrite, Sequenced, Verdict,
    },
    schema::{ColumnDefinition, ColumnType, Ownership, TableDefinition},
    security::{BusinessUnit, Depth, Role, TablePrivileges, User},
    settings::{Policy, Settings},
};
use haversack_replay::{Judging, State, fold, judge};

const USERS: u64 = 50;
const TABLE: &str = "account";

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

fn user(number: u64) -> RowId {
    id(1, number % USERS)
}

const COLUMNS: [(&str, ColumnType); 9] = [
    ("name", ColumnType::String),
    ("address1_line1", ColumnType::String),
    ("address1_city", ColumnType::String),
    ("emailaddress1", ColumnType::String),
    ("telephone1", ColumnType::String),
    ("revenue", ColumnType::Money),
    ("employees", ColumnType::Integer),
    ("industrycode", ColumnType::Choice),
    ("lastvisit", ColumnType::Datetime),
];

fn columns() -> Vec<ColumnDefinition> {
    let column = |(name, column_type): (&'static str, ColumnType)| ColumnDefinition {
        name: Name::known(name),
        display_name: None,
        column_type,
        max_length: None,
        required: name == "name",
        options: Vec::new(),
        targets: Vec::new(),
    };
    COLUMNS.into_iter().map(column).collect()
}

fn value(column: &str, number: u64) -> Value {
    let digits = scattered(number) % 10_000_000;
    let road = ["Harbour Road", "Mill Lane", "Station Street", "Long Acre"][number as usize % 4];
    let city = ["Rotterdam", "Lisbon", "Gothenburg", "Genoa"][number as usize % 4];
    match column {
        "name" => Value::Text(format!("Account {digits} Trading Company")),
        "address1_line1" => Value::Text(format!("{} {road}", digits % 200)),
        "address1_city" => Value::Text(city.to_owned()),
        "emailaddress1" => Value::Text(format!("info{digits}@example.org")),
        "telephone1" => Value::Text(format!("+44 20 {digits:07}")),
        "revenue" => Value::Decimal(Decimal::parse(&format!("{digits}.5")).unwrap()),
        "employees" => Value::Integer(i64::try_from(digits % 5_000).unwrap()),
        "industrycode" => Value::Choice(i32::try_from(digits % 20).unwrap()),
        _ => Value::Timestamp(at(number)),
    }
}

fn at(number: u64) -> Timestamp {
    Timestamp(1_770_000_000_000_000 + i64::try_from(number * 731).unwrap())
}

fn whole_row(number: u64) -> Values {
    let owner = Reference { table: Name::known("systemuser"), id: user(scattered(number)) };
    let values = COLUMNS.iter().map(|(name, _)| (Name::known(name), Some(value(name, number))));
    values.chain([(Name::known("ownerid"), Some(Value::Reference(owner)))]).collect()
}

/// Two or three columns.
fn patch(number: u64) -> Values {
    let first = scattered(number) as usize % COLUMNS.len();
    let columns = (0..2 + number as usize % 2).map(|i| COLUMNS[(first + i * 2) % COLUMNS.len()].0);
    columns.map(|name| (Name::known(name), Some(value(name, number)))).collect()
}

fn environment() -> Vec<Event> {
    let unit = id(9, 0);
    let all = Depth::Organization;
    let privileges = TablePrivileges { read: all, write: all, create: all, delete: all };
    let role = "Salesperson".to_owned();
    let mut events = vec![
        Event::EnvironmentCreated { name: "Bench".into(), rules: RULES_VERSION },
        Event::SettingsChanged(Settings::default()),
        Event::BusinessUnitPut(BusinessUnit { id: unit, name: "Root".into(), parent: None }),
        Event::TablePut(TableDefinition {
            name: Name::known(TABLE),
            display_name: None,
            ownership: Ownership::UserOrTeam,
            primary_key: Name::known("accountid"),
            primary_name: None,
            can_be_taken_offline: true,
            hierarchy_column: None,
            columns: columns(),
        }),
        Event::RolePut(Role {
            name: role.clone(),
            privileges: [(Name::known(TABLE), privileges)].into_iter().collect(),
        }),
    ];
    for number in 0..USERS {
        events.push(Event::UserPut(User {
            id: user(number),
            name: format!("User {number}"),
            business_unit: unit,
            manager: None,
            position: None,
            language: None,
            time_zone: None,
            roles: vec![role.clone()],
        }));
        events.push(Event::DeviceRegistered(Device {
            id: id(2, number),
            user: user(number),
            name: "tablet".into(),
            platform: "bench".into(),
        }));
    }
    events
}

/// A log in the making, judged by the policy in force.
#[derive(Default)]
struct Log {
    state: State,
    records: Vec<Sequenced<Record>>,
}

impl Log {
    fn add(&mut self, actor: Actor, event: Event) {
        let offset = self.state.cursor.next();
        let record = Sequenced { offset, at: at(offset.get()), inner: Record { actor, event } };
        fold(&mut self.state, &record, Judging::InForce, &self.records[..]).unwrap();
        self.records.push(record);
    }

    fn add_edit(&mut self, number: u64, key: RowKey) {
        let by = number % USERS;
        let version = self.state.version(&key).map_or(Offset::FIRST, |version| version.0);
        // One in ten has not seen the row's last version.
        let seen = if number.is_multiple_of(10) { version.get() - 1 } else { version.get() };
        let mut edit = DeviceEdit {
            device: id(2, by),
            user: user(by),
            number: MutationNumber::new(number / USERS + 1).unwrap(),
            key,
            base: Offset::new(seen).map_or(BaseVersion::NONE, BaseVersion::seen),
            request: EditRequest::Fits { operation: Operation::Update, values: patch(number) },
            content: *id(3, number).as_bytes(),
            verdict: Verdict::Refused(Refusal::UnknownRow),
        };
        let policy = Policy::ClientWins;
        edit.verdict = judge(&self.state, &edit, policy, &self.records[..]).unwrap();
        self.add(Actor::Device(edit.device), Event::DeviceEdited(edit));
    }
}

/// Half creates, a quarter online updates, a quarter device edits, mixed.
pub fn log(events: u64) -> Vec<Sequenced<Record>> {
    let mut log = Log::default();
    environment().into_iter().for_each(|event| log.add(Actor::Load, event));
    let (mut rows, mut edits) = (0, 0);
    for number in 0..events - log.records.len() as u64 {
        let pick =
            |rows: u64| RowKey { table: Name::known(TABLE), id: id(0, scattered(number) % rows) };
        match number % 4 {
            0 | 1 => {
                let key = RowKey { table: Name::known(TABLE), id: id(0, rows) };
                let (operation, values) = (Operation::Create, whole_row(rows));
                rows += 1;
                log.add(Actor::Load, Event::RowWritten(RowWrite { key, operation, values }));
            }
            2 => {
                let (operation, values) = (Operation::Update, patch(number));
                let write = RowWrite { key: pick(rows), operation, values };
                log.add(Actor::User(user(number)), Event::RowWritten(write));
            }
            _ => {
                log.add_edit(edits, pick(rows));
                edits += 1;
            }
        }
    }
    log.records
}
