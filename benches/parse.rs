//! How fast queries are read, resolved and printed: a filter as profiles have them, in either syntax, and
//! the slowest texts of the largest size.

#![allow(missing_docs, reason = "criterion's macros make a public function")]

use std::{hint::black_box, time::Duration};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use haversack_core::{
    Name,
    catalog::Catalog,
    limits::QUERY_BYTES_MAX,
    schema::{ColumnDefinition, ColumnType, Ownership, TableDefinition},
    settings::Compatibility,
};
use haversack_dsl::{check_custom_filter, compile, parse, print_dsl, print_fetchxml, resolve};

#[path = "../dsl/tests/adversary/mod.rs"]
mod adversary;

const FILTER: &str = r#"
fetch account {
  filter {
    statecode eq 0
    or { ownerid eq-useroruserteams owningbusinessunit eq-businessid }
    or { name begins-with "Con" revenue ge 100000.50 and { employees gt 50 employees le 500 } }
    industrycode in (1, 2, 3, 5, 8)
    any contact on parentcustomerid = accountid {
      emailaddress1 not-null
      or { fullname like "%smith%" fullname like "%[sz]ch%" }
    }
    not any task on regardingobjectid = accountid { subject null }
  }
}
"#;

fn table(
    name: &'static str,
    key: &'static str,
    columns: &[(&'static str, ColumnType, &'static str)],
) -> TableDefinition {
    let column = |(name, column_type, target): &(&'static str, ColumnType, &'static str)| {
        let targets = if target.is_empty() { Vec::new() } else { vec![Name::known(target)] };
        ColumnDefinition {
            name: Name::known(name),
            display_name: None,
            column_type: *column_type,
            max_length: None,
            required: false,
            options: Vec::new(),
            targets,
        }
    };
    TableDefinition {
        name: Name::known(name),
        display_name: None,
        ownership: Ownership::UserOrTeam,
        primary_key: Name::known(key),
        primary_name: None,
        can_be_taken_offline: true,
        hierarchy_column: None,
        columns: columns.iter().map(column).collect(),
    }
}

fn catalog() -> Catalog {
    let mut catalog = Catalog::default();
    let account = [
        ("name", ColumnType::String, ""),
        ("statecode", ColumnType::State, ""),
        ("revenue", ColumnType::Money, ""),
        ("employees", ColumnType::Integer, ""),
        ("industrycode", ColumnType::Choice, ""),
    ];
    let contact = [
        ("fullname", ColumnType::String, ""),
        ("emailaddress1", ColumnType::String, ""),
        ("parentcustomerid", ColumnType::Lookup, "account"),
    ];
    let task =
        [("subject", ColumnType::String, ""), ("regardingobjectid", ColumnType::Lookup, "account")];
    catalog.put_table(table("account", "accountid", &account));
    catalog.put_table(table("contact", "contactid", &contact));
    catalog.put_table(table("task", "taskid", &task));
    catalog
}

fn rates(criterion: &mut Criterion) {
    let catalog = catalog();
    let fetch = parse(FILTER).expect("the filter is right");
    let fetchxml = print_fetchxml(&fetch);
    for (name, text) in [("dsl", FILTER), ("fetchxml", fetchxml.as_str())] {
        compile(text, &catalog).expect("the filter resolves");
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function("parse", |bencher| bencher.iter(|| parse(black_box(text))));
        group.bench_function("parse and resolve", |bencher| {
            bencher.iter(|| compile(black_box(text), &catalog));
        });
        let print = if name == "dsl" { print_dsl } else { print_fetchxml };
        group.bench_function("print", |bencher| bencher.iter(|| print(black_box(&fetch))));
        group.finish();
    }
    criterion.bench_function("resolve", |bencher| bencher.iter(|| resolve(&fetch, &catalog)));
}

/// All that is done with a text, from reading to printing it.
fn worst(criterion: &mut Criterion) {
    let catalog = adversary::catalog();
    let mut group = criterion.benchmark_group("64 KiB");
    group.warm_up_time(Duration::from_millis(100)).measurement_time(Duration::from_millis(400));
    group.sample_size(10);
    for (name, input) in adversary::inputs() {
        let text = input(QUERY_BYTES_MAX);
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let Ok(fetch) = parse(black_box(&text)) else { return };
                black_box(resolve(&fetch, &catalog)).ok();
                black_box(check_custom_filter(&fetch, "contact", Compatibility::Classic));
                black_box((print_dsl(&fetch), print_fetchxml(&fetch)));
            });
        });
    }
    group.finish();
}

criterion_group!(benches, rates, worst);
criterion_main!(benches);
