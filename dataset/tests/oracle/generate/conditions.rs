//! Random filters: groups in groups, conditions by every operator, two columns, linked rows.

use haversack_core::{
    Name,
    schema::{Column, ColumnType as T, Table},
    settings::FiscalPeriod,
};
use haversack_dsl::{
    ast::{
        ColumnRef, Condition, Connective, Group, Join, Linked, Part, Quantifier, Spanned, Value,
    },
    operator::{self, Arity, OPERATORS, Operator, OperatorInfo, TypeClass, Unit, ValueKind},
};

use super::values::{pattern, value};
use crate::{joins, random::Random, world::World};

/// Where a filter stands: the table at hand, and the links that it sees.
#[derive(Clone)]
pub struct Place<'a> {
    pub table: &'a Table,
    pub links: Vec<(Name, &'a Table)>,
}

/// A column that a filter sees, and how it names it.
struct Seen<'a> {
    table: &'a Table,
    column: &'a Column,
    named: ColumnRef,
}

/// How much deeper a filter may go.
#[derive(Clone, Copy)]
pub struct Room {
    pub groups: usize,
    pub linked: usize,
}

pub fn named(link: Option<&Name>, column: &Column) -> ColumnRef {
    let link = link.cloned().map(Spanned::nowhere);
    ColumnRef { link, column: Spanned::nowhere(column.name.clone()) }
}

/// A group of one to three parts.
pub fn group(random: &mut Random, world: &World, place: &Place<'_>, room: Room) -> Group {
    let connective = if random.chance(35) { Connective::Or } else { Connective::And };
    let count = *random.pick(&[1, 1, 1, 2, 2, 3]);
    let parts = (0..count).map(|_| part(random, world, place, room)).collect();
    Group { connective: Spanned::nowhere(connective), parts }
}

fn part(random: &mut Random, world: &World, place: &Place<'_>, room: Room) -> Part {
    match random.below(100) {
        0..10 if room.groups > 0 => {
            let room = Room { groups: room.groups - 1, ..room };
            Part::Group(group(random, world, place, room))
        }
        10..28 if room.linked > 0 => Part::Linked(linked(random, world, place, room)),
        28..38 => two_columns(random, place)
            .map_or_else(|| Part::Condition(condition(random, world, place)), Part::Condition),
        _ => Part::Condition(condition(random, world, place)),
    }
}

fn linked(random: &mut Random, world: &World, place: &Place<'_>, room: Room) -> Linked {
    let ways = joins::ways(&world.catalog, place.table);
    let joined = joins::random_way(random, &ways);
    let table = joined.table;
    let join = joins::written(random, &world.catalog, place.table, joined);
    let room = Room { linked: room.linked - 1, groups: room.groups.min(1) };
    let place = Place { table, links: place.links.clone() };
    Linked {
        quantifier: Spanned::nowhere(*random.pick(&Quantifier::ALL)),
        table: Spanned::nowhere(table.name.clone()),
        join,
        filter: random.chance(75).then(|| group(random, world, &place, room)),
    }
}

/// The columns that a filter sees: mostly one looks at the table at hand.
fn seen<'a>(random: &mut Random, place: &Place<'a>) -> Vec<Seen<'a>> {
    let own = (None, place.table);
    let of_links = || place.links.iter().map(|(name, table)| (Some(name), *table));
    let tables: Vec<_> = match random.chance(65) || place.links.is_empty() {
        true => vec![own],
        false => of_links().chain([own]).collect(),
    };
    let columns = tables.into_iter().flat_map(|(link, table)| {
        table.columns().iter().map(move |column| Seen { table, column, named: named(link, column) })
    });
    columns.collect()
}

/// A condition by an operator that some column in sight is for.
fn condition(random: &mut Random, world: &World, place: &Place<'_>) -> Condition {
    loop {
        let info = operator(random);
        let fitting: Vec<Seen<'_>> =
            seen(random, place).into_iter().filter(|seen| fits(info, seen)).collect();
        if fitting.is_empty() {
            continue;
        }
        let likely: Vec<&Seen<'_>> = fitting.iter().filter(|seen| is_likely(info, seen)).collect();
        let seen = match likely.is_empty() || random.chance(15) {
            true => random.pick(&fitting),
            false => *random.pick(&likely),
        };
        let values = values(random, world, info, seen)
            .into_iter()
            .map(|value| Spanned::nowhere(Value::Given(value)))
            .collect();
        let operator = Spanned::nowhere(info.operator);
        return Condition { column: seen.named.clone(), operator, values, valueof: None };
    }
}

/// Any operator. Of the many that ask for some stretch of time each is asked as often as others.
fn operator(random: &mut Random) -> &'static OperatorInfo {
    let is_of_time = |info: &&OperatorInfo| {
        matches!(
            info.group,
            operator::Group::Calendar | operator::Group::Rolling | operator::Group::Fiscal
        )
    };
    type Infos = Vec<&'static OperatorInfo>;
    let (times, others): (Infos, Infos) = OPERATORS.iter().partition(is_of_time);
    let (trees, others): (Infos, Infos) =
        others.into_iter().partition(|info| info.types == TypeClass::Tree);
    let asked = match random.below(100) {
        0..55 => times,
        55..70 => trees,
        _ => others,
    };
    let info: &&OperatorInfo = random.pick(&asked);
    info
}

fn fits(info: &OperatorInfo, seen: &Seen<'_>) -> bool {
    let Seen { table, column, .. } = seen;
    let is_key = column.name == table.primary_key;
    let points_at_users = column.targets.iter().any(|target| target == "systemuser");
    let of_class = info.types.contains(column.column_type);
    match info.operator {
        Operator::EqUseroruserhierarchy | Operator::EqUseroruserhierarchyandteams => {
            of_class && (points_at_users || is_key && table.name == "systemuser")
        }
        _ if info.types == TypeClass::Tree => is_key && table.hierarchy_column.is_some(),
        _ => of_class,
    }
}

/// Whether a column may well hold what the operator looks for: users, teams, units, languages, trees.
fn is_likely(info: &OperatorInfo, seen: &Seen<'_>) -> bool {
    let tables: &[&str] = match info.operator {
        Operator::EqUserlanguage => return seen.column.name == "lang",
        Operator::EqBusinessid | Operator::NeBusinessid => &["businessunit"],
        Operator::EqUserteams => &["team"],
        _ if info.names_caller => &["systemuser", "team"],
        // Of this tree roles let some rows be read and others not.
        _ if info.types == TypeClass::Tree => return seen.table.name == "a",
        _ => return true,
    };
    let is_key = seen.column.name == seen.table.primary_key;
    let points = seen.column.targets.iter().any(|target| tables.contains(&target.as_str()));
    points || is_key && tables.contains(&seen.table.name.as_str()) || seen.column.name == "guid"
}

fn values(random: &mut Random, world: &World, info: &OperatorInfo, seen: &Seen<'_>) -> Vec<String> {
    let count = match info.arity {
        Arity::None => 0,
        Arity::One => 1,
        Arity::Two => 2,
        Arity::Many => 1 + random.below(3),
    };
    let mut values: Vec<String> = Vec::new();
    for at in 0..count {
        values.push(match info.values {
            ValueKind::Column if info.operator.takes_pattern() => {
                pattern(random, world, seen.table, seen.column)
            }
            ValueKind::Column => value(random, world, seen.table, seen.column),
            ValueKind::Row => anchor(random, world, seen),
            ValueKind::Count(unit) => how_many(random, unit),
            ValueKind::Period => period(random, world),
            ValueKind::PeriodAndYear if at == 0 => period(random, world),
            ValueKind::Year | ValueKind::PeriodAndYear => year(random, world),
        });
    }
    // Half of the pairs stand in order, the others as they fell.
    if info.arity == Arity::Two && info.values == ValueKind::Column && random.chance(50) {
        let number = |text: &str| text.parse::<f64>().ok();
        if number(&values[0]) > number(&values[1]) || values[0] > values[1] {
            values.reverse();
        }
    }
    values
}

/// A row of a tree: mostly one that has rows below it.
fn anchor(random: &mut Random, world: &World, seen: &Seen<'_>) -> String {
    let parent = seen.table.hierarchy_column.as_ref().and_then(|name| seen.table.column(name));
    let column = if random.chance(60) { parent.unwrap_or(seen.column) } else { seen.column };
    value(random, world, seen.table, column)
}

fn how_many(random: &mut Random, unit: Unit) -> String {
    let most = match unit {
        Unit::Minutes => 120,
        Unit::Hours => 30,
        Unit::Days => 40,
        Unit::Weeks => 10,
        Unit::Months => 14,
        Unit::Years => 2,
        Unit::FiscalPeriods => 5,
        Unit::FiscalYears => 2,
    };
    let most = if random.chance(50) { 2 } else { most };
    random.between(1, most).to_string()
}

fn year(random: &mut Random, world: &World) -> String {
    let now: i64 = world.now.to_string()[..4].parse().expect("a year");
    (now + random.between(-1, 1)).to_string()
}

/// The number of a period that a year has, now and then of one that it has not.
fn period(random: &mut Random, world: &World) -> String {
    let last = match world.catalog.settings.fiscal_year.period {
        FiscalPeriod::Annual => 1,
        FiscalPeriod::Semiannual => 2,
        FiscalPeriod::Quarterly => 4,
        FiscalPeriod::Monthly => 12,
        FiscalPeriod::FourWeekly => 13,
    };
    let number = if random.chance(90) { random.between(1, last) } else { random.between(0, 14) };
    number.to_string()
}

/// Two columns of one kind.
fn two_columns(random: &mut Random, place: &Place<'_>) -> Option<Condition> {
    use Operator as O;
    let operator = *random.pick(&[O::Eq, O::Ne, O::Ne, O::Gt, O::Ge, O::Lt, O::Le]);
    let seen = seen(random, place);
    let one = random.pick(&seen);
    let alike: Vec<&Seen<'_>> = seen
        .iter()
        .filter(|other| kind(other.column) == kind(one.column) && other.named != one.named)
        .collect();
    if alike.is_empty() || !operator.info().types.contains(one.column.column_type) {
        return None;
    }
    let other = random.pick(&alike);
    Some(Condition {
        column: one.named.clone(),
        operator: Spanned::nowhere(operator),
        values: Vec::new(),
        valueof: Some(other.named.clone()),
    })
}

fn kind(column: &Column) -> T {
    match column.column_type {
        T::Memo => T::String,
        T::Bigint => T::Integer,
        T::Money => T::Decimal,
        T::Lookup | T::Owner => T::Uniqueidentifier,
        other => other,
    }
}

/// For [`joins::written`].
pub fn join(from: &Column, to: &Column) -> Join {
    Join { from: Spanned::nowhere(from.name.clone()), to: Spanned::nowhere(to.name.clone()) }
}
