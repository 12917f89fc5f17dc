//! Tables and relationships.
//!
//! Every table also has its key, `createdon` and `modifiedon`, and by its ownership `ownerid` and
//! `owningbusinessunit`; these are not listed.

use crate::document::{
    ChoiceOption, Column,
    Ownership::{self, Business, Organization, UserOrTeam},
    Relationship, Table,
};

/// The tables, those that others point at first.
pub fn tables() -> Vec<Table> {
    vec![
        region(),
        territory(),
        category(),
        supplier(),
        product(),
        shipper(),
        customer(),
        sales_order(),
        order_line(),
    ]
}

fn table(
    name: &'static str,
    display_name: &'static str,
    ownership: Ownership,
    primary_name: &'static str,
    columns: Vec<Column>,
) -> Table {
    let primary_key = format!("{name}id");
    let can_be_taken_offline = true;
    Table {
        name,
        display_name,
        ownership,
        primary_key,
        primary_name,
        can_be_taken_offline,
        columns,
    }
}

fn column(name: &'static str, kind: &'static str) -> Column {
    let (options, targets) = (Vec::new(), Vec::new());
    Column { name, kind, max_length: None, required: false, options, targets }
}

fn text(name: &'static str, max_length: u32) -> Column {
    Column { max_length: Some(max_length), ..column(name, "string") }
}

fn lookup(name: &'static str, target: &'static str) -> Column {
    Column { targets: vec![target], ..column(name, "lookup") }
}

fn choice(name: &'static str, labels: &[&'static str]) -> Column {
    let options = (1..).zip(labels).map(|(value, label)| ChoiceOption { value, label });
    Column { options: options.collect(), ..column(name, "choice") }
}

fn required(column: Column) -> Column {
    Column { required: true, ..column }
}

/// Who and where a company is, for customers and suppliers alike.
fn company(first: Column) -> Vec<Column> {
    vec![
        required(first),
        required(text("companyname", 40)),
        text("contactname", 30),
        text("contacttitle", 30),
        text("address", 60),
        text("city", 15),
        text("stateorprovince", 15),
        text("postalcode", 10),
        text("country", 15),
        text("phone", 24),
        text("fax", 24),
    ]
}

fn region() -> Table {
    let columns =
        vec![required(column("regionnumber", "integer")), required(text("regionname", 50))];
    let region = table("region", "Region", Ownership::None, "regionname", columns);
    Table { can_be_taken_offline: false, ..region }
}

fn territory() -> Table {
    let columns = vec![
        required(text("territorycode", 20)),
        required(text("territoryname", 50)),
        required(lookup("regionid", "region")),
        lookup("representativeid", "systemuser"),
    ];
    table("territory", "Territory", Business, "territoryname", columns)
}

fn category() -> Table {
    let columns = vec![
        required(column("categorynumber", "integer")),
        required(text("categoryname", 15)),
        column("description", "memo"),
    ];
    table("category", "Category", Organization, "categoryname", columns)
}

fn supplier() -> Table {
    let mut columns = company(column("suppliernumber", "integer"));
    columns.push(column("homepage", "memo"));
    table("supplier", "Supplier", Business, "companyname", columns)
}

fn product() -> Table {
    let columns = vec![
        required(column("productnumber", "integer")),
        required(text("productname", 40)),
        lookup("supplierid", "supplier"),
        lookup("categoryid", "category"),
        text("quantityperunit", 20),
        column("unitprice", "money"),
        column("unitsinstock", "integer"),
        column("unitsonorder", "integer"),
        column("reorderlevel", "integer"),
        required(column("discontinued", "boolean")),
    ];
    table("product", "Product", Organization, "productname", columns)
}

fn shipper() -> Table {
    let columns = vec![
        required(column("shippernumber", "integer")),
        required(text("companyname", 40)),
        text("phone", 24),
    ];
    table("shipper", "Shipper", Organization, "companyname", columns)
}

fn customer() -> Table {
    let mut columns = company(text("customercode", 5));
    columns.extend([
        choice("segment", &["Key account", "Regular", "Small", "Prospect"]),
        column("languagecode", "integer"),
        lookup("accountteamid", "team"),
    ]);
    table("customer", "Customer", UserOrTeam, "companyname", columns)
}

fn sales_order() -> Table {
    let columns = vec![
        required(text("ordernumber", 20)),
        required(lookup("customerid", "customer")),
        lookup("employeeid", "systemuser"),
        lookup("shipperid", "shipper"),
        required(choice("orderstatus", &["Open", "Shipped"])),
        required(column("orderdate", "datetime")),
        column("requireddate", "date"),
        column("shippeddate", "date"),
        column("freight", "money"),
        text("shipname", 40),
        text("shipaddress", 60),
        text("shipcity", 15),
        text("shipstate", 15),
        text("shippostalcode", 10),
        text("shipcountry", 15),
    ];
    table("salesorder", "Order", UserOrTeam, "ordernumber", columns)
}

fn order_line() -> Table {
    let columns = vec![
        required(text("linenumber", 24)),
        required(lookup("orderid", "salesorder")),
        required(lookup("productid", "product")),
        required(column("unitprice", "money")),
        required(column("quantity", "integer")),
        column("discount", "decimal"),
    ];
    table("orderline", "Order line", UserOrTeam, "linenumber", columns)
}

/// One for each lookup, and the shippers of a customer.
pub fn relationships() -> Vec<Relationship> {
    let many_to_one = |(name, table, column, target)| Relationship {
        name,
        kind: "many_to_one",
        intersect: None,
        table,
        column,
        target,
        target_column: None,
    };
    let mut relationships = Vec::from(LOOKUPS.map(many_to_one));
    relationships.push(Relationship {
        name: "customer_shipper",
        kind: "many_to_many",
        intersect: Some("customer_shipper"),
        table: "customer",
        column: "customerid",
        target: "shipper",
        target_column: Some("shipperid"),
    });
    relationships
}

/// Name, table, column, target.
const LOOKUPS: [(&str, &str, &str, &str); 10] = [
    ("territory_region", "territory", "regionid", "region"),
    ("territory_representative", "territory", "representativeid", "systemuser"),
    ("product_supplier", "product", "supplierid", "supplier"),
    ("product_category", "product", "categoryid", "category"),
    ("customer_accountteam", "customer", "accountteamid", "team"),
    ("salesorder_customer", "salesorder", "customerid", "customer"),
    ("salesorder_employee", "salesorder", "employeeid", "systemuser"),
    ("salesorder_shipper", "salesorder", "shipperid", "shipper"),
    ("orderline_order", "orderline", "orderid", "salesorder"),
    ("orderline_product", "orderline", "productid", "product"),
];
