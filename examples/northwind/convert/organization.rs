//! Business units, positions, roles, users and teams.

use std::collections::BTreeMap;

use crate::{
    Result,
    document::{
        BusinessUnit,
        Depth::{self, Organization, ParentChild},
        Position, Privileges, Role, Team, User,
    },
    facts::Facts,
    id,
    source::{Employee, Source, Supplier},
};

/// The unit above the regions.
pub const ROOT_UNIT: &str = "Northwind";
/// The team that owns what Seattle looks after.
pub const SEATTLE_OFFICE: &str = "Seattle Office";
/// The team that owns what London looks after.
pub const LONDON_OFFICE: &str = "London Office";
/// The team that key accounts name as theirs. An access team owns no rows.
pub const KEY_ACCOUNTS: &str = "Key Accounts";
/// The group of the directory that the sales representatives in London are in.
pub const FIELD_SALES_EU: &str = "Field Sales EU";

const SALESPERSON: &str = "Salesperson";
const SALES_MANAGER: &str = "Sales Manager";
const VICE_PRESIDENT: &str = "Vice President";
const INSIDE_SALES: &str = "Inside Sales";

/// The root, and one unit below for each region.
pub fn business_units(source: &Source) -> Vec<BusinessUnit> {
    let root = id("businessunit", ROOT_UNIT);
    let mut units =
        vec![BusinessUnit { id: root.clone(), name: ROOT_UNIT.to_owned(), parent: None }];
    units.extend(source.regions.iter().map(|region| BusinessUnit {
        id: id("businessunit", &region.name),
        name: region.name.clone(),
        parent: Some(root.clone()),
    }));
    units
}

/// The unit that buys from a supplier: the region it is in, or on the way to.
pub fn purchasing_unit(supplier: &Supplier) -> &'static str {
    match (supplier.country.as_str(), supplier.region.as_deref()) {
        ("USA", Some("OR")) | ("Australia" | "Japan" | "Singapore", _) => "Western",
        ("USA", Some("LA")) | ("Brazil" | "Italy" | "Spain", _) => "Southern",
        ("USA", Some("MI")) | ("Canada" | "Denmark" | "Finland" | "Norway" | "Sweden", _) => {
            "Northern"
        }
        _ => "Eastern",
    }
}

/// The titles, each below the one that its holders report to.
pub fn positions() -> Vec<Position> {
    let titles = [
        ("Vice President, Sales", None),
        ("Sales Manager", Some("Vice President, Sales")),
        ("Sales Representative", Some("Sales Manager")),
        ("Inside Sales Coordinator", Some("Vice President, Sales")),
    ];
    let position = |(name, parent): (&'static str, Option<&str>)| Position {
        id: id("position", name),
        name,
        parent: parent.map(|parent| id("position", parent)),
    };
    titles.map(position).into()
}

/// The employees.
pub fn users(source: &Source, facts: &Facts) -> Result<Vec<User>> {
    let user = |employee: &Employee| {
        Ok(User {
            id: id("systemuser", employee.id),
            name: employee.name(),
            business_unit: facts.unit_of_employee(source, employee.id)?,
            manager: employee.reports_to.map(|manager| id("systemuser", manager)),
            position: Some(id("position", &employee.title)),
            language: language(employee),
            time_zone: if is_in_london(employee) { "Europe/London" } else { "America/Los_Angeles" },
            roles: roles_of(employee),
        })
    };
    source.employees.iter().map(user).collect()
}

fn is_in_london(employee: &Employee) -> bool {
    employee.city == "London"
}

/// The office that an employee works for: those who do not live in London live around Seattle.
pub fn office_of(employee: &Employee) -> &'static str {
    if is_in_london(employee) { LONDON_OFFICE } else { SEATTLE_OFFICE }
}

/// English as in the United States, but as in Britain for two of those in London.
fn language(employee: &Employee) -> u32 {
    match employee.name().as_str() {
        "Steven Buchanan" | "Anne Dodsworth" => 2057,
        _ => 1033,
    }
}

/// Roles by title. Representatives in London have theirs through [`FIELD_SALES_EU`]; Janet Leverling
/// stands in for the inside sales coordinator and so has a second one.
fn roles_of(employee: &Employee) -> Vec<&'static str> {
    match employee.title.as_str() {
        "Vice President, Sales" => vec![VICE_PRESIDENT],
        "Sales Manager" => vec![SALES_MANAGER],
        "Inside Sales Coordinator" => vec![INSIDE_SALES],
        _ if is_in_london(employee) => vec![],
        _ if employee.name() == "Janet Leverling" => vec![SALESPERSON, INSIDE_SALES],
        _ => vec![SALESPERSON],
    }
}

/// The two offices, a team across them, and a group of the directory.
pub fn teams(source: &Source, facts: &Facts) -> Result<Vec<Team>> {
    let seattle = source.territories.iter().find(|territory| territory.name == "Seattle");
    let western = facts.unit_of_region(seattle.ok_or("no territory of Seattle")?.region)?;
    let root = id("businessunit", ROOT_UNIT);
    let members = |is_member: &dyn Fn(&Employee) -> bool| -> Vec<String> {
        let members = source.employees.iter().filter(|employee| is_member(employee));
        members.map(|employee| id("systemuser", employee.id)).collect()
    };
    let team = |name, kind, business_unit: &String, members| Team {
        id: id("team", name),
        name,
        business_unit: business_unit.clone(),
        kind,
        members,
        roles: vec![],
    };
    let representative = |e: &Employee| is_in_london(e) && e.title == "Sales Representative";
    let for_key_accounts = |e: &Employee| {
        ["Andrew Fuller", "Margaret Peacock", "Steven Buchanan", "Laura Callahan"]
            .contains(&e.name().as_str())
    };
    let mut field_sales = team(FIELD_SALES_EU, "aad_security", &root, members(&representative));
    field_sales.roles.push(SALESPERSON);
    Ok(vec![
        team(SEATTLE_OFFICE, "owner", &western, members(&|e| !is_in_london(e))),
        team(LONDON_OFFICE, "owner", &root, members(&is_in_london)),
        team(KEY_ACCOUNTS, "access", &root, members(&for_key_accounts)),
        field_sales,
    ])
}

/// The roles.
pub fn roles() -> Vec<Role> {
    vec![salesperson(), inside_sales(), sales_manager(), vice_president()]
}

fn privileges(read: Depth, write: Depth, create: Depth, delete: Depth) -> Privileges {
    Privileges { read, write, create, delete }
}

fn read(depth: Depth) -> Privileges {
    privileges(depth, Depth::None, Depth::None, Depth::None)
}

/// What everyone may do: look up products and what belongs to them.
fn role(name: &'static str, more: &[(&'static str, Privileges)]) -> Role {
    let reference = ["product", "category", "shipper", "supplier", "region"];
    let mut privileges: BTreeMap<_, _> =
        reference.into_iter().map(|table| (table, read(Organization))).collect();
    privileges.extend(more.iter().copied());
    Role { name, privileges }
}

/// Sees the business unit's customers and orders, and writes their own.
fn salesperson() -> Role {
    use Depth::{BusinessUnit, None, User};
    let orders = privileges(BusinessUnit, User, User, User);
    role(
        SALESPERSON,
        &[
            ("customer", privileges(BusinessUnit, User, User, None)),
            ("salesorder", orders),
            ("orderline", orders),
            ("territory", read(BusinessUnit)),
        ],
    )
}

/// Sees everything and keeps the catalogue, but writes no order.
fn inside_sales() -> Role {
    use Depth::{BusinessUnit, None, User};
    role(
        INSIDE_SALES,
        &[
            ("customer", privileges(Organization, User, User, None)),
            ("salesorder", read(Organization)),
            ("orderline", read(Organization)),
            ("product", privileges(Organization, Organization, Organization, None)),
            ("supplier", privileges(Organization, BusinessUnit, BusinessUnit, None)),
            ("territory", read(Organization)),
        ],
    )
}

/// Sees their business unit and those below, and writes what belongs to their own.
fn sales_manager() -> Role {
    use Depth::{BusinessUnit, None};
    let orders = privileges(ParentChild, BusinessUnit, BusinessUnit, BusinessUnit);
    role(
        SALES_MANAGER,
        &[
            ("customer", privileges(ParentChild, BusinessUnit, BusinessUnit, None)),
            ("salesorder", orders),
            ("orderline", orders),
            ("territory", privileges(ParentChild, BusinessUnit, None, None)),
        ],
    )
}

/// May do everything, except to change the regions.
fn vice_president() -> Role {
    let all = privileges(Organization, Organization, Organization, Organization);
    let tables = [
        "customer",
        "salesorder",
        "orderline",
        "product",
        "category",
        "shipper",
        "supplier",
        "territory",
    ];
    role(VICE_PRESIDENT, &tables.map(|table| (table, all)))
}
