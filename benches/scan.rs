//! How fast conditions are held against a million rows in columns, and queries answered on them;
//! beside the evaluator that looks at every row.

#![allow(missing_docs, reason = "criterion's macros make a public function")]
#![allow(clippy::disallowed_methods, reason = "only what is asked is timed, not what makes it new")]

use std::{
    borrow::Cow,
    collections::BTreeMap,
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant},
};

use criterion::{
    BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main, measurement::WallTime,
};
use haversack_core::{
    Date, Decimal, Double, Name, Offset, Reference, Row, RowId, RowVersion, Timestamp, Value,
    catalog::Catalog,
    schema::{ColumnType, TableDefinition},
};
use haversack_dataset::{Caller, Columnar, Evaluator, Obvious, Rows};
use haversack_dsl::{
    compile,
    operator::{Arity, OPERATORS, OperatorInfo, ValueKind},
    query::Query,
};
use rusqlite::Connection;
use serde_json::{from_value, json};

/// As a test, unoptimised, fewer will do.
const ROWS: u32 = if cfg!(debug_assertions) { 2_000 } else { 1_000_000 };
/// Rows that the evaluator looks at one by one.
const FEW: u32 = if cfg!(debug_assertions) { 200 } else { 20_000 };

/// Each type of column, its name, and a value as the DSL writes it.
const COLUMNS: [(ColumnType, &str, &str); 10] = [
    (ColumnType::Integer, "number", "500"),
    (ColumnType::Decimal, "price", "500.25"),
    (ColumnType::Double, "ratio", "0.5"),
    (ColumnType::Datetime, "due", "2026-01-01T12:00"),
    (ColumnType::Date, "day", "2026-01-01"),
    (ColumnType::String, "word", "\"word 77\""),
    (ColumnType::Choice, "kind", "3"),
    (ColumnType::Choices, "kinds", "1"),
    (ColumnType::Owner, "ownerid", "\"00000000-0000-0000-0000-000000000001\""),
    (ColumnType::Uniqueidentifier, "tid", "\"00000000-0000-0000-0000-000000000001\""),
];

struct World {
    catalog: Arc<Catalog>,
    rows: BTreeMap<RowId, Row>,
}

impl Rows for World {
    fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    fn row(&self, table: &str, id: RowId) -> Option<Cow<'_, Row>> {
        self.rows.get(&id).filter(|_| table == "t").map(Cow::Borrowed)
    }

    fn rows(&self, table: &str) -> Box<dyn Iterator<Item = (RowId, Cow<'_, Row>)> + '_> {
        let rows = (table == "t").then_some(&self.rows);
        Box::new(rows.into_iter().flatten().map(|(id, row)| (*id, Cow::Borrowed(row))))
    }
}

fn id(number: u32) -> RowId {
    let mut bytes = [0; 16];
    bytes[12..].copy_from_slice(&number.to_be_bytes());
    RowId::from_bytes(bytes)
}

fn catalog(language: i32) -> Catalog {
    let options: Vec<_> =
        (0..8).map(|value| json!({"value": value, "label": value.to_string()})).collect();
    let column = |name: &str, of: &str| json!({"name": name, "type": of});
    let table = json!({"name": "t", "ownership": "user_or_team", "primary_key": "tid",
        "can_be_taken_offline": true, "hierarchy_column": "parent", "columns": [
            column("number", "integer"), column("price", "decimal"), column("ratio", "double"),
            column("due", "datetime"), column("day", "date"), column("word", "string"),
            column("text", "string"),
            {"name": "kind", "type": "choice", "options": options},
            {"name": "kinds", "type": "choices", "options": options},
            {"name": "parent", "type": "lookup", "targets": ["t"]}]});
    let mut catalog = Catalog::default();
    catalog.put_table(from_value::<TableDefinition>(table).expect("a table"));
    catalog.settings.language = language;
    catalog
}

/// A number that looks random, the same for the same row and column.
fn mixed(row: u32, column: u64) -> u64 {
    let mut x = (u64::from(row) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ column << 40;
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x ^ (x >> 31)
}

fn world(count: u32) -> World {
    let name = |name: &'static str| Name::known(name);
    let small = |row, column, of: u64| i32::try_from(mixed(row, column) % of).expect("small");
    let at = |table: &'static str, number| {
        Some(Value::Reference(Reference { table: name(table), id: id(number) }))
    };
    let row = |row: u32| {
        let minutes = i64::from(small(row, 4, 2_000_000)) * 60_000_000;
        let values = [
            (name("number"), Some(Value::Integer(i64::from(small(row, 1, 1_000))))),
            (
                name("price"),
                Decimal::parse(&format!("{}.25", small(row, 2, 1_000))).map(Value::Decimal),
            ),
            (
                name("ratio"),
                Double::new(f64::from(small(row, 3, 1_000)) / 1_000.0).map(Value::Double),
            ),
            (name("due"), Some(Value::Timestamp(Timestamp(1_735_689_600_000_000 + minutes)))),
            (name("day"), Some(Value::Date(Date(20_000 + small(row, 5, 1_000))))),
            (name("word"), Some(Value::Text(format!("word {}", small(row, 6, 1_000))))),
            (name("text"), Some(Value::Text(format!("text {row} of its own")))),
            (name("kind"), Some(Value::Choice(small(row, 7, 8)))),
            (name("kinds"), Some(Value::Choices(vec![small(row, 8, 4), 4 + small(row, 9, 4)]))),
            (name("ownerid"), at("systemuser", 1 + row % 100)),
            (name("parent"), at("t", row / 10)),
        ];
        let values = values.into_iter().collect();
        (id(row), Row { version: RowVersion(Offset::FIRST), values })
    };
    World { catalog: Arc::new(catalog(1033)), rows: (0..count).map(row).collect() }
}

fn caller(world: &World) -> Caller {
    let now = "2026-01-01T09:30:00Z".parse().expect("a time");
    Caller::administrator(&world.catalog, now)
}

/// Rows in columns, and the same catalog but for a setting: to take it in turn makes sets anew.
struct Asked {
    world: World,
    columnar: Columnar,
    catalogs: [Arc<Catalog>; 2],
}

impl Asked {
    fn new() -> Self {
        let world = world(ROWS);
        let columnar = Columnar::build(&world, &world.catalog, 1);
        let catalogs = [Arc::new(catalog(1031)), Arc::clone(&world.catalog)];
        Self { world, columnar, catalogs }
    }

    /// Times a question, each time as if it had never been asked.
    fn time(
        &mut self,
        group: &mut BenchmarkGroup<'_, WallTime>,
        name: &str,
        ask: impl Fn(&Columnar, &Caller),
    ) {
        let caller = caller(&self.world);
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|times| {
                let mut taken = Duration::ZERO;
                for _ in 0..times {
                    self.catalogs.swap(0, 1);
                    self.columnar.set_catalog(&self.world, &self.catalogs[0]);
                    let begin = Instant::now();
                    ask(&self.columnar, &caller);
                    taken += begin.elapsed();
                }
                taken
            });
        });
    }
}

fn query(world: &World, text: &str) -> Query {
    compile(text, &world.catalog).unwrap_or_else(|errors| panic!("{text}: {errors:?}")).query
}

fn filter(world: &World, condition: &str) -> Query {
    query(world, &format!("fetch t {{ filter {{ {condition} }} }}"))
}

fn quick(group: &mut BenchmarkGroup<'_, WallTime>, rows: u32) {
    group.warm_up_time(Duration::from_millis(50)).measurement_time(Duration::from_millis(300));
    group.sample_size(10).throughput(Throughput::Elements(u64::from(rows)));
}

/// Conditions that no row, or nearly none, fulfils: what is timed is the look at all rows.
fn scans(criterion: &mut Criterion) {
    let mut asked = Asked::new();
    let mut group = criterion.benchmark_group("scan");
    quick(&mut group, ROWS);
    for (name, condition) in [
        ("integer", "number gt 998"),
        ("like, 1,000 texts", "word like \"%d 77_\""),
        ("like, all different", "text like \"%9999 %\""),
    ] {
        let query = filter(&asked.world, condition);
        asked.time(&mut group, name, |columnar, caller| {
            black_box(columnar.select(caller, &query));
        });
    }
    group.finish();
    let mut group = criterion.benchmark_group("operator");
    quick(&mut group, ROWS);
    for info in OPERATORS {
        // Read as many rows for each; the ids of those found are not what is asked.
        let Some(condition) = condition(info) else { continue };
        let query = filter(&asked.world, &format!("{condition}  ratio gt 5"));
        asked.time(&mut group, info.name, |columnar, caller| {
            black_box(columnar.select(caller, &query));
        });
    }
    group.finish();
}

fn condition(info: &OperatorInfo) -> Option<String> {
    let (_, column, value) = COLUMNS.iter().find(|(of, column, _)| {
        let is_key = *column == "tid";
        info.types.contains(*of) && (is_key || info.values != ValueKind::Row)
    })?;
    let (one, other) = match info.values {
        ValueKind::Column => (*value, *value),
        ValueKind::Row => ("\"00000000-0000-0000-0000-000000000001\"", ""),
        ValueKind::Count(_) => ("3", ""),
        ValueKind::Year => ("2026", ""),
        ValueKind::Period => ("1", ""),
        ValueKind::PeriodAndYear => ("1", "2026"),
    };
    let given = match info.arity {
        Arity::None => String::new(),
        Arity::One => one.to_owned(),
        Arity::Two => format!("{one} and {other}"),
        Arity::Many => format!("({one}, {other})"),
    };
    Some(format!("{column} {} {given}", info.name))
}

const QUERIES: [(&str, &str); 4] = [
    (
        "order, top 50",
        "fetch t { columns number, word filter { kind eq 3 } order price desc, word top 50 }",
    ),
    (
        "group",
        "fetch t { group kind columns count() as rows, sum(price) as total filter { number lt 100 } }",
    ),
    (
        "join",
        "fetch t { columns word filter { number eq 7 } link inner t as up on tid = parent { columns word } top 50 }",
    ),
    ("any", "fetch t { columns word filter { number eq 7  any t on parent = tid { kind eq 3 } } }"),
];

fn queries(criterion: &mut Criterion) {
    let mut asked = Asked::new();
    let mut group = criterion.benchmark_group("query");
    quick(&mut group, ROWS);
    for (name, text) in QUERIES {
        let query = query(&asked.world, text);
        asked.time(&mut group, name, |columnar, caller| {
            black_box(columnar.answers(caller, &query));
        });
    }
    group.finish();
    let world = world(FEW);
    let caller = caller(&world);
    let mut group = criterion.benchmark_group("row by row");
    quick(&mut group, FEW);
    let scans = [
        ("integer", "fetch t { filter { number gt 998 } }"),
        ("like", "fetch t { filter { word like \"%d 77_\" } }"),
    ];
    for (name, text) in scans.into_iter().chain(QUERIES.into_iter().take(2)) {
        let query = query(&world, text);
        group.bench_function(name, |bencher| {
            bencher.iter(|| black_box(Obvious::new(&world).answers(&caller, &query)));
        });
    }
    group.finish();
}

/// The same in SQL, in memory, on the same rows; `like` there knows no accents and no sets.
fn sqlite(criterion: &mut Criterion) {
    let database = database(&world(ROWS)).expect("SQLite takes the rows");
    let mut group = criterion.benchmark_group("sqlite");
    quick(&mut group, ROWS);
    for (name, statement) in [
        ("integer", "select tid from t where number > 998"),
        ("like, 1,000 texts", "select tid from t where word like '%d 77_'"),
        ("like, all different", "select tid from t where text like '%9999 %'"),
        (
            "order, top 50",
            "select number, word from t where kind = 3 order by price desc, word limit 50",
        ),
        ("group", "select kind, count(*), sum(price) from t where number < 100 group by kind"),
    ] {
        let mut statement = database.prepare(statement).expect("the statement is right");
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let mut rows = statement.query(()).expect("it runs");
                let mut found = 0;
                while rows.next().expect("it goes on").is_some() {
                    found += 1;
                }
                found
            });
        });
    }
    group.finish();
}

fn database(world: &World) -> rusqlite::Result<Connection> {
    let mut database = Connection::open_in_memory()?;
    database.execute_batch(
        "create table t (tid blob primary key, number integer, price integer, word text, text text, kind integer) without rowid",
    )?;
    let all = database.transaction()?;
    {
        let mut insert = all.prepare("insert into t values (?, ?, ?, ?, ?, ?)")?;
        for (id, row) in &world.rows {
            let integer = |column: &str| match row.values.get(column) {
                Some(Value::Integer(number)) => *number,
                Some(Value::Choice(option)) => i64::from(*option),
                // All have two digits behind the point.
                Some(Value::Decimal(price)) => i64::try_from(price.get().mantissa()).unwrap_or(0),
                _ => 0,
            };
            let text = |column: &str| match row.values.get(column) {
                Some(Value::Text(text)) => text.as_str(),
                _ => "",
            };
            insert.execute((
                id.as_bytes().as_slice(),
                integer("number"),
                integer("price"),
                text("word"),
                text("text"),
                integer("kind"),
            ))?;
        }
    }
    all.commit()?;
    Ok(database)
}

criterion_group!(benches, scans, queries, sqlite);
criterion_main!(benches);
