//! Rows of the daily business. Fields are the columns, in the order in which they are written.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Number;

use crate::{
    Result,
    document::Owner,
    facts::{Facts, Segment},
    id,
    organization::KEY_ACCOUNTS,
    source::{self, Source},
};

/// The option of `salesorder.orderstatus` for an order that was not shipped.
const OPEN: u32 = 1;
const SHIPPED: u32 = 2;

#[derive(Serialize)]
pub struct Customer<'s> {
    customerid: String,
    customercode: &'s str,
    companyname: &'s str,
    contactname: &'s str,
    contacttitle: &'s str,
    address: &'s str,
    city: &'s str,
    stateorprovince: Option<&'s str>,
    postalcode: Option<&'s str>,
    country: &'s str,
    phone: &'s str,
    fax: Option<&'s str>,
    segment: u32,
    languagecode: u32,
    accountteamid: Option<String>,
    ownerid: Owner,
}

/// The customers.
pub fn customers<'s>(source: &'s Source, facts: &Facts) -> Result<Vec<Customer<'s>>> {
    source.customers.iter().map(|row| customer(source, facts, row)).collect()
}

fn customer<'s>(
    source: &Source,
    facts: &Facts,
    customer: &'s source::Customer,
) -> Result<Customer<'s>> {
    let segment = facts.segment(&customer.id);
    let team = (segment == Segment::Key).then(|| id("team", KEY_ACCOUNTS));
    Ok(Customer {
        customerid: id("customer", &customer.id),
        customercode: &customer.id,
        companyname: &customer.company_name,
        contactname: &customer.contact_name,
        contacttitle: &customer.contact_title,
        address: &customer.address,
        city: &customer.city,
        stateorprovince: customer.region.as_deref(),
        postalcode: customer.postal_code.as_deref(),
        country: &customer.country,
        phone: &customer.phone,
        fax: customer.fax.as_deref(),
        segment: segment as u32,
        languagecode: language(&customer.country)?,
        accountteamid: team,
        ownerid: facts.owner(source, customer)?,
    })
}

/// The language that a country's customers are written to in, as an LCID.
fn language(country: &str) -> Result<u32> {
    Ok(match country {
        "Argentina" => 11274,
        "Austria" => 3079,
        "Belgium" => 2060,
        "Brazil" => 1046,
        "Canada" => 4105,
        "Denmark" => 1030,
        "Finland" => 1035,
        "France" => 1036,
        "Germany" => 1031,
        "Ireland" => 6153,
        "Italy" => 1040,
        "Mexico" => 2058,
        "Norway" => 1044,
        "Poland" => 1045,
        "Portugal" => 2070,
        "Spain" => 3082,
        "Sweden" => 1053,
        "Switzerland" => 4108,
        "UK" => 2057,
        "USA" => 1033,
        "Venezuela" => 8202,
        other => return Err(format!("no language for customers in {other:?}").into()),
    })
}

#[derive(Serialize)]
pub struct SalesOrder<'s> {
    salesorderid: String,
    ordernumber: String,
    customerid: String,
    employeeid: String,
    shipperid: String,
    orderstatus: u32,
    orderdate: String,
    requireddate: &'s str,
    shippeddate: Option<&'s str>,
    freight: Number,
    shipname: &'s str,
    shipaddress: &'s str,
    shipcity: &'s str,
    shipstate: Option<&'s str>,
    shippostalcode: Option<&'s str>,
    shipcountry: &'s str,
    ownerid: Owner,
    createdon: String,
}

/// The orders. Each is owned by the employee who took it.
pub fn orders(source: &Source) -> Result<Vec<SalesOrder<'_>>> {
    source.orders.iter().map(order).collect()
}

fn order(order: &source::Order) -> Result<SalesOrder<'_>> {
    let employee = id("systemuser", order.employee);
    let order_time = format!("{}T00:00:00Z", date(&order.order_date));
    Ok(SalesOrder {
        salesorderid: id("salesorder", order.id),
        ordernumber: order.id.to_string(),
        customerid: id("customer", &order.customer),
        employeeid: employee.clone(),
        shipperid: id("shipper", order.shipper),
        orderstatus: if order.shipped_date.is_some() { SHIPPED } else { OPEN },
        orderdate: order_time.clone(),
        requireddate: date(&order.required_date),
        shippeddate: order.shipped_date.as_deref().map(date),
        freight: order.freight.parse()?,
        shipname: &order.ship_name,
        shipaddress: &order.ship_address,
        shipcity: &order.ship_city,
        shipstate: order.ship_region.as_deref(),
        shippostalcode: order.ship_postal_code.as_deref(),
        shipcountry: &order.ship_country,
        ownerid: Owner { table: "systemuser", id: employee },
        createdon: order_time,
    })
}

/// The day of a time such as `1996-07-04 00:00:00.000`: the sample knows only days.
fn date(time: &str) -> &str {
    time.split_once(' ').map_or(time, |(day, _)| day)
}

#[derive(Serialize)]
pub struct OrderLine<'s> {
    orderlineid: String,
    linenumber: String,
    orderid: String,
    productid: String,
    unitprice: &'s str,
    quantity: u32,
    discount: &'s str,
    ownerid: String,
    createdon: String,
}

/// The order lines, numbered within their order. Each has its order's owner and day.
pub fn order_lines<'s>(source: &'s Source) -> Result<Vec<OrderLine<'s>>> {
    let orders: BTreeMap<u32, &source::Order> =
        source.orders.iter().map(|order| (order.id, order)).collect();
    let mut counts: BTreeMap<u32, u32> = BTreeMap::new();
    let row = |line: &'s source::OrderDetail| {
        let order = orders.get(&line.order).ok_or("an order line without its order")?;
        let number = counts.entry(line.order).or_default();
        *number += 1;
        Ok(OrderLine {
            orderlineid: id("orderline", format!("{}:{}", line.order, line.product)),
            linenumber: format!("{}-{number}", line.order),
            orderid: id("salesorder", line.order),
            productid: id("product", line.product),
            unitprice: &line.unit_price,
            quantity: line.quantity,
            discount: &line.discount,
            ownerid: id("systemuser", order.employee),
            createdon: format!("{}T00:00:00Z", date(&order.order_date)),
        })
    };
    source.order_details.iter().map(row).collect()
}

#[derive(Serialize)]
pub struct CustomerShipper {
    customer_shipperid: String,
    customerid: String,
    shipperid: String,
}

/// Each customer with each shipper that has carried an order of theirs.
pub fn customer_shippers(source: &Source) -> Vec<CustomerShipper> {
    let pairs: BTreeSet<(&str, u32)> =
        source.orders.iter().map(|order| (order.customer.as_str(), order.shipper)).collect();
    let row = |(customer, shipper)| CustomerShipper {
        customer_shipperid: id("customer_shipper", format!("{customer}:{shipper}")),
        customerid: id("customer", customer),
        shipperid: id("shipper", shipper),
    };
    pairs.into_iter().map(row).collect()
}
