//! The example environment, carried in the program so that the demo needs no checkout.

use std::path::Path;

use haversack_engine::load::{self, Loadable};

use crate::failure::Failure;

macro_rules! example {
    ($($file:literal),* $(,)?) => {
        &[$(($file, include_str!(concat!("../../../examples/northwind/", $file)))),*]
    };
}

/// The document's files, by their paths in it.
const FILES: &[(&str, &str)] = example!(
    "environment.json",
    "queries/orders.hsq",
    "rows/category.csv",
    "rows/customer.ndjson",
    "rows/customer_shipper.csv",
    "rows/orderline.csv",
    "rows/product.csv",
    "rows/region.csv",
    "rows/salesorder.ndjson",
    "rows/shipper.csv",
    "rows/supplier.csv",
    "rows/territory.csv",
);

/// Writes the document to a directory of its own and reads it from there, as `load` would.
#[expect(clippy::disallowed_methods, reason = "the command is an edge: it unpacks its example")]
pub fn read() -> Result<Loadable, Failure> {
    let io = |error: std::io::Error| Failure::other(format!("unpacking the example: {error}"));
    let directory = tempfile::tempdir().map_err(io)?;
    for part in ["queries", "rows"] {
        std::fs::create_dir(directory.path().join(part)).map_err(io)?;
    }
    for (file, text) in FILES {
        std::fs::write(directory.path().join(Path::new(file)), text).map_err(io)?;
    }
    Ok(load::read(directory.path())?)
}
