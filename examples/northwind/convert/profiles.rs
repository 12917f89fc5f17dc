//! The offline profiles, and the app that offers them.

use crate::{
    Result,
    document::{App, Filter, Profile, ProfileItem, RelatedTo},
    id,
    organization::FIELD_SALES_EU,
    source::Source,
};

const OWN_ORDERS: &str = "Own orders";
const TEAM_AND_REGION: &str = "Team and region";
const OPEN_BUSINESS: &str = "Open business";

/// Filters in either syntax will do; they are queries that can be run by themselves, too.
const CUSTOMERS_FILTER: &str = include_str!("../queries/customers-with-open-business.fetchxml");

/// The three profiles.
pub fn profiles(source: &Source) -> Result<Vec<Profile>> {
    Ok(vec![
        Profile {
            name: OWN_ORDERS,
            description: "Orders that the user owns, with their lines and customers.",
            published: true,
            items: own_orders(),
            users: users(source, &["Nancy Davolio", "Margaret Peacock"])?,
            teams: vec![],
        },
        Profile {
            name: TEAM_AND_REGION,
            description: "Customers of the user, their teams and their region, with all orders.",
            published: true,
            items: team_and_region(),
            users: users(source, &["Steven Buchanan"])?,
            teams: vec![id("team", FIELD_SALES_EU)],
        },
        Profile {
            name: OPEN_BUSINESS,
            description: "Open orders and recent heavy ones, and whoever has to be called.",
            published: true,
            items: open_business(),
            users: users(source, &["Janet Leverling", "Laura Callahan"])?,
            teams: vec![],
        },
    ])
}

fn users(source: &Source, names: &[&str]) -> Result<Vec<String>> {
    let find = |name: &&str| {
        let found = source.employees.iter().find(|employee| employee.name() == **name);
        let found = found.ok_or_else(|| format!("there is no employee {name}"))?;
        Ok(id("systemuser", found.id))
    };
    names.iter().map(find).collect()
}

fn own_orders() -> Vec<ProfileItem> {
    vec![
        other("salesorder", &["user"], 5),
        related("orderline", "orderline_order", "salesorder", 5),
        related("customer", "salesorder_customer", "salesorder", 15),
        all("product"),
        all("category"),
        all("shipper"),
    ]
}

fn team_and_region() -> Vec<ProfileItem> {
    vec![
        other("customer", &["user", "team", "business_unit"], 10),
        related("salesorder", "salesorder_customer", "customer", 10),
        related("orderline", "orderline_order", "salesorder", 10),
        related("shipper", "customer_shipper", "customer", 30),
        all("product"),
        all("category"),
        other("supplier", &["business_unit"], 60),
        other("territory", &["business_unit"], 60),
    ]
}

fn open_business() -> Vec<ProfileItem> {
    vec![
        custom("salesorder", orders_filter(), 5),
        related("orderline", "orderline_order", "salesorder", 5),
        custom("customer", Filter::Text(CUSTOMERS_FILTER), 15),
        related("product", "orderline_product", "orderline", 30),
        all("category"),
        all("shipper"),
    ]
}

fn item(table: &'static str, criterion: &'static str, sync_interval_minutes: u32) -> ProfileItem {
    let (other, related_to) = (Vec::new(), Vec::new());
    ProfileItem { table, criterion, filter: None, other, related_to, sync_interval_minutes }
}

/// Tables that seldom change are synced once an hour.
fn all(table: &'static str) -> ProfileItem {
    item(table, "all", 60)
}

fn other(table: &'static str, whose: &[&'static str], minutes: u32) -> ProfileItem {
    ProfileItem { other: whose.to_vec(), ..item(table, "other", minutes) }
}

/// A query with parameters, in a file beside the document.
fn orders_filter() -> Filter {
    let parameters = [("since", "1998-04-01T00:00:00Z")].into();
    Filter::File { file: "queries/orders.hsq", query: "open_or_heavy", parameters }
}

fn custom(table: &'static str, filter: Filter, minutes: u32) -> ProfileItem {
    ProfileItem { filter: Some(filter), ..item(table, "custom", minutes) }
}

/// Rows of `table` that `relationship` joins to included rows of `to`.
fn related(
    table: &'static str,
    relationship: &'static str,
    to: &'static str,
    minutes: u32,
) -> ProfileItem {
    let related_to = vec![RelatedTo { relationship, table: to }];
    ProfileItem { related_to, ..item(table, "related_only", minutes) }
}

/// The app.
pub fn apps() -> Vec<App> {
    vec![App {
        name: "Northwind Sales",
        mobile_offline: true,
        profiles: vec![OWN_ORDERS, TEAM_AND_REGION, OPEN_BUSINESS],
        published: true,
    }]
}
