//! What the sample says only indirectly: where people work, whose a customer is, how much was sold.

use std::collections::BTreeMap;

use crate::{
    Result,
    document::Owner,
    id,
    organization::{LONDON_OFFICE, ROOT_UNIT, SEATTLE_OFFICE, office_of},
    source::{Customer, Source},
};

/// Ten-thousandths, in which a price times a quantity less a discount is a whole number.
const UNIT: i64 = 10_000;
const KEY_ACCOUNT_FROM: i64 = 25_000 * UNIT;
const REGULAR_FROM: i64 = 5_000 * UNIT;

/// Where a customer without orders is looked after from Seattle.
const AMERICAS: [&str; 6] = ["Argentina", "Brazil", "Canada", "Mexico", "USA", "Venezuela"];

/// How much a customer buys: the options of `customer.segment`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Segment {
    Key = 1,
    Regular = 2,
    Small = 3,
    Prospect = 4,
}

/// The facts, by the sample's keys.
pub struct Facts {
    region_names: BTreeMap<u32, String>,
    region_by_employee: BTreeMap<u32, u32>,
    employee_by_customer: BTreeMap<String, u32>,
    billed_by_customer: BTreeMap<String, i64>,
}

impl Facts {
    /// Works them out.
    pub fn of(source: &Source) -> Result<Self> {
        let names = source.regions.iter().map(|region| (region.id, region.name.clone()));
        Ok(Self {
            region_names: names.collect(),
            region_by_employee: region_by_employee(source),
            employee_by_customer: employee_by_customer(source),
            billed_by_customer: billed_by_customer(source)?,
        })
    }

    /// The business unit of an employee: the region of their territories, and the root for who has
    /// nobody above.
    pub fn unit_of_employee(&self, source: &Source, employee: u32) -> Result<String> {
        if source.employee(employee)?.reports_to.is_none() {
            return Ok(id("businessunit", ROOT_UNIT));
        }
        let region = self.region_by_employee.get(&employee);
        self.unit_of_region(*region.ok_or("an employee without territories")?)
    }

    /// The business unit of a region, which has its name.
    pub fn unit_of_region(&self, region: u32) -> Result<String> {
        let name = self.region_names.get(&region).ok_or("a territory without its region")?;
        Ok(id("businessunit", name))
    }

    /// The segment of a customer.
    pub fn segment(&self, customer: &str) -> Segment {
        match self.billed_by_customer.get(customer) {
            None => Segment::Prospect,
            Some(billed) if *billed >= KEY_ACCOUNT_FROM => Segment::Key,
            Some(billed) if *billed >= REGULAR_FROM => Segment::Regular,
            Some(_) => Segment::Small,
        }
    }

    /// The owner of a customer: the employee who took most of its orders. A key account belongs to
    /// that employee's office; a customer without orders to the office that is nearer.
    pub fn owner(&self, source: &Source, customer: &Customer) -> Result<Owner> {
        let office = |name| Owner { table: "team", id: id("team", name) };
        let Some(employee) = self.employee_by_customer.get(&customer.id) else {
            let is_american = AMERICAS.contains(&customer.country.as_str());
            return Ok(office(if is_american { SEATTLE_OFFICE } else { LONDON_OFFICE }));
        };
        if self.segment(&customer.id) == Segment::Key {
            return Ok(office(office_of(source.employee(*employee)?)));
        }
        Ok(Owner { table: "systemuser", id: id("systemuser", employee) })
    }
}

/// The key that stands for most; of several with equally many, the lowest.
fn most_frequent(counts: &BTreeMap<u32, usize>) -> Option<u32> {
    let best = counts.iter().max_by_key(|(key, count)| (**count, std::cmp::Reverse(**key)));
    best.map(|(key, _)| *key)
}

fn region_by_employee(source: &Source) -> BTreeMap<u32, u32> {
    let region_of: BTreeMap<&str, u32> =
        source.territories.iter().map(|t| (t.id.as_str(), t.region)).collect();
    let mut counts: BTreeMap<u32, BTreeMap<u32, usize>> = BTreeMap::new();
    for covered in &source.employee_territories {
        if let Some(region) = region_of.get(covered.territory.as_str()) {
            *counts.entry(covered.employee).or_default().entry(*region).or_default() += 1;
        }
    }
    counts.into_iter().filter_map(|(key, counts)| Some((key, most_frequent(&counts)?))).collect()
}

fn employee_by_customer(source: &Source) -> BTreeMap<String, u32> {
    let mut counts: BTreeMap<String, BTreeMap<u32, usize>> = BTreeMap::new();
    for order in &source.orders {
        let of_customer = counts.entry(order.customer.clone()).or_default();
        *of_customer.entry(order.employee).or_default() += 1;
    }
    counts.into_iter().filter_map(|(key, counts)| Some((key, most_frequent(&counts)?))).collect()
}

fn billed_by_customer(source: &Source) -> Result<BTreeMap<String, i64>> {
    let customer_of: BTreeMap<u32, &str> =
        source.orders.iter().map(|order| (order.id, order.customer.as_str())).collect();
    let mut billed = BTreeMap::new();
    for line in &source.order_details {
        let customer = customer_of.get(&line.order).ok_or("an order line without its order")?;
        let price = hundredths(&line.unit_price)?;
        let share = 100 - hundredths(&line.discount)?;
        *billed.entry((*customer).to_owned()).or_default() +=
            price * i64::from(line.quantity) * share;
    }
    Ok(billed)
}

/// Reads a number with up to two decimal places.
fn hundredths(text: &str) -> Result<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 2 {
        return Err(format!("found {text}, expected at most two decimal places").into());
    }
    Ok(whole.parse::<i64>()? * 100 + format!("{fraction:0<2}").parse::<i64>()?)
}
