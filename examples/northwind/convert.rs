//! Turns the Northwind sample into an environment document.
//!
//! ```text
//! cargo run --example northwind-convert [SOURCE [OUT]]
//! ```
//!
//! Reads the CSV files in `source/` and writes `environment.json` and `rows/`. The same source gives
//! the same bytes: ids are UUIDs of version 5, made of a table's name and the sample's own key.
//!
//! It uses nothing of Haversack itself, so it may serve as a pattern for other sources: `source`
//! reads them, `facts` works out what they say only indirectly, `organization`, `tables` and
//! `profiles` say what is new, `catalogue` and `sales` make the rows, `document` is the format.

#![expect(clippy::disallowed_methods, reason = "a command: files are what it is for")]

#[path = "convert/catalogue.rs"]
mod catalogue;
#[path = "convert/document.rs"]
mod document;
#[path = "convert/facts.rs"]
mod facts;
#[path = "convert/organization.rs"]
mod organization;
#[path = "convert/profiles.rs"]
mod profiles;
#[path = "convert/sales.rs"]
mod sales;
#[path = "convert/source.rs"]
mod source;
#[path = "convert/tables.rs"]
mod tables;

use std::{
    env,
    error::Error,
    fmt::Display,
    fs,
    path::{Path, PathBuf},
};

use serde::Serialize;
use uuid::{Uuid, uuid};

use document::{Environment, Settings};
use facts::Facts;
use source::Source;

/// What can go wrong is said once, to a person.
type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// What all ids are made in. Another one would make another environment.
const NAMESPACE: Uuid = uuid!("5a3c8b8e-2f0d-5c1e-9b57-6e6f72746877");

/// The id of a thing, by the kind of thing and the sample's key or name of it.
fn id(table: &str, key: impl Display) -> String {
    Uuid::new_v5(&NAMESPACE, format!("{table}:{key}").as_bytes()).to_string()
}

fn main() -> Result<()> {
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/northwind");
    let mut arguments = env::args_os().skip(1).map(PathBuf::from);
    let from = arguments.next().unwrap_or_else(|| home.join("source"));
    let to = arguments.next().unwrap_or(home);

    let source = Source::read(&from)?;
    let facts = Facts::of(&source)?;
    let mut document = serde_json::to_string_pretty(&environment(&source, &facts)?)?;
    document.push('\n');
    fs::create_dir_all(to.join("rows"))?;
    fs::write(to.join("environment.json"), document)?;
    write_rows(&source, &facts, &to.join("rows"))
}

fn environment(source: &Source, facts: &Facts) -> Result<Environment> {
    Ok(Environment {
        format: "haversack.environment/1",
        name: "Northwind",
        settings: Settings::default(),
        business_units: organization::business_units(source),
        positions: organization::positions(),
        roles: organization::roles(),
        users: organization::users(source, facts)?,
        teams: organization::teams(source, facts)?,
        tables: tables::tables(),
        relationships: tables::relationships(),
        profiles: profiles::profiles(source)?,
        apps: profiles::apps(),
    })
}

/// One file a table. Where a row has an owner that may be a user or a team, NDJSON says which; the
/// order lines, whose owners are all users, are shorter as CSV with bare ids.
fn write_rows(source: &Source, facts: &Facts, to: &Path) -> Result<()> {
    write_csv(&to.join("region.csv"), catalogue::regions(source))?;
    write_csv(&to.join("territory.csv"), catalogue::territories(source, facts)?)?;
    write_csv(&to.join("category.csv"), catalogue::categories(source))?;
    write_csv(&to.join("supplier.csv"), catalogue::suppliers(source))?;
    write_csv(&to.join("product.csv"), catalogue::products(source))?;
    write_csv(&to.join("shipper.csv"), catalogue::shippers(source))?;
    write_ndjson(&to.join("customer.ndjson"), sales::customers(source, facts)?)?;
    write_ndjson(&to.join("salesorder.ndjson"), sales::orders(source)?)?;
    write_csv(&to.join("orderline.csv"), sales::order_lines(source)?)?;
    write_csv(&to.join("customer_shipper.csv"), sales::customer_shippers(source))
}

fn write_csv<T: Serialize>(path: &Path, rows: Vec<T>) -> Result<()> {
    let mut writer = csv::Writer::from_path(path)?;
    for row in rows {
        writer.serialize(row)?;
    }
    Ok(writer.flush()?)
}

fn write_ndjson<T: Serialize>(path: &Path, rows: Vec<T>) -> Result<()> {
    let mut text = String::new();
    for row in rows {
        text.push_str(&serde_json::to_string(&row)?);
        text.push('\n');
    }
    Ok(fs::write(path, text)?)
}
