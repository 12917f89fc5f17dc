//! Rows that change seldom. Fields are the columns, in the order in which they are written.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    Result,
    facts::Facts,
    id,
    organization::purchasing_unit,
    source::{self, Source},
};

#[derive(Serialize)]
pub struct Region<'s> {
    regionid: String,
    regionnumber: u32,
    regionname: &'s str,
}

/// The regions.
pub fn regions(source: &Source) -> Vec<Region<'_>> {
    let rows = source.regions.iter().map(|region| Region {
        regionid: id("region", region.id),
        regionnumber: region.id,
        regionname: &region.name,
    });
    rows.collect()
}

#[derive(Serialize)]
pub struct Territory<'s> {
    territoryid: String,
    territorycode: &'s str,
    territoryname: &'s str,
    regionid: String,
    representativeid: Option<String>,
    owningbusinessunit: String,
}

/// The territories. Each belongs to its region's business unit; a few have no representative.
pub fn territories<'s>(source: &'s Source, facts: &Facts) -> Result<Vec<Territory<'s>>> {
    let covered = &source.employee_territories;
    let representative_of: BTreeMap<&str, u32> =
        covered.iter().map(|covered| (covered.territory.as_str(), covered.employee)).collect();
    let row = |territory: &'s source::Territory| {
        let representative = representative_of.get(territory.id.as_str());
        Ok(Territory {
            territoryid: id("territory", &territory.id),
            territorycode: &territory.id,
            territoryname: &territory.name,
            regionid: id("region", territory.region),
            representativeid: representative.map(|employee| id("systemuser", employee)),
            owningbusinessunit: facts.unit_of_region(territory.region)?,
        })
    };
    source.territories.iter().map(row).collect()
}

#[derive(Serialize)]
pub struct Category<'s> {
    categoryid: String,
    categorynumber: u32,
    categoryname: &'s str,
    description: &'s str,
}

/// The categories.
pub fn categories(source: &Source) -> Vec<Category<'_>> {
    let rows = source.categories.iter().map(|category| Category {
        categoryid: id("category", category.id),
        categorynumber: category.id,
        categoryname: &category.name,
        description: &category.description,
    });
    rows.collect()
}

#[derive(Serialize)]
pub struct Supplier<'s> {
    supplierid: String,
    suppliernumber: u32,
    companyname: &'s str,
    contactname: &'s str,
    contacttitle: &'s str,
    address: String,
    city: &'s str,
    stateorprovince: Option<&'s str>,
    postalcode: &'s str,
    country: &'s str,
    phone: &'s str,
    fax: Option<&'s str>,
    homepage: Option<&'s str>,
    owningbusinessunit: String,
}

/// The suppliers.
pub fn suppliers(source: &Source) -> Vec<Supplier<'_>> {
    let rows = source.suppliers.iter().map(|supplier| Supplier {
        supplierid: id("supplier", supplier.id),
        suppliernumber: supplier.id,
        companyname: &supplier.company_name,
        contactname: &supplier.contact_name,
        contacttitle: &supplier.contact_title,
        address: supplier.address.replace('\n', ", "),
        city: &supplier.city,
        stateorprovince: supplier.region.as_deref(),
        postalcode: &supplier.postal_code,
        country: &supplier.country,
        phone: &supplier.phone,
        fax: supplier.fax.as_deref(),
        homepage: supplier.home_page.as_deref(),
        owningbusinessunit: id("businessunit", purchasing_unit(supplier)),
    });
    rows.collect()
}

#[derive(Serialize)]
pub struct Product<'s> {
    productid: String,
    productnumber: u32,
    productname: &'s str,
    supplierid: String,
    categoryid: String,
    quantityperunit: &'s str,
    unitprice: &'s str,
    unitsinstock: u32,
    unitsonorder: u32,
    reorderlevel: u32,
    discontinued: bool,
}

/// The products.
pub fn products(source: &Source) -> Vec<Product<'_>> {
    let rows = source.products.iter().map(|product| Product {
        productid: id("product", product.id),
        productnumber: product.id,
        productname: &product.name,
        supplierid: id("supplier", product.supplier),
        categoryid: id("category", product.category),
        quantityperunit: &product.quantity_per_unit,
        unitprice: &product.unit_price,
        unitsinstock: product.units_in_stock,
        unitsonorder: product.units_on_order,
        reorderlevel: product.reorder_level,
        discontinued: product.discontinued != 0,
    });
    rows.collect()
}

#[derive(Serialize)]
pub struct Shipper<'s> {
    shipperid: String,
    shippernumber: u32,
    companyname: &'s str,
    phone: &'s str,
}

/// The shippers.
pub fn shippers(source: &Source) -> Vec<Shipper<'_>> {
    let rows = source.shippers.iter().map(|shipper| Shipper {
        shipperid: id("shipper", shipper.id),
        shippernumber: shipper.id,
        companyname: &shipper.name,
        phone: &shipper.phone,
    });
    rows.collect()
}
