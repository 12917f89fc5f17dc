//! Random queries: links in links, filters, columns, groups, order, pages.

use std::collections::BTreeSet;

use haversack_core::{
    Name,
    limits::LINKS_CLASSIC_MAX,
    schema::{Column, ColumnType as T, Table},
};
use haversack_dsl::ast::{
    Body, ColumnRef, Columns, DatePart, Fetch, Function, Grouped, Link, LinkKind, Order, Paging,
    Part, Selected, Source, Spanned, Term, Value,
};

use super::conditions::{Place, Room, group, named};
use crate::{edit::parts, joins, random::Random, world::World};

/// A link that was made, before anything is said in it.
struct Made<'a> {
    name: Name,
    table: &'a Table,
    /// The links around it and itself, outermost first.
    around: Vec<usize>,
    /// Whether it or one around it only tests for rows.
    is_tested: bool,
}

struct Generator<'r, 'a> {
    random: &'r mut Random,
    world: &'a World,
    links: Vec<Made<'a>>,
    /// Names that were given to what the query gives.
    aliases: usize,
    /// Keys of what a query of groups gives.
    keys: Vec<ColumnRef>,
}

/// A query of any shape about the tables of a case, with no more links than a query may have.
pub fn fetch(random: &mut Random, world: &World) -> Fetch {
    loop {
        let fetch = any_fetch(random, world);
        let linked = parts(&fetch).iter().filter(|part| matches!(part, Part::Linked(_))).count();
        if fetch.body.all_links().count() + linked <= LINKS_CLASSIC_MAX {
            return fetch;
        }
    }
}

fn any_fetch(random: &mut Random, world: &World) -> Fetch {
    let tables =
        ["a", "a", "a", "a", "b", "b", "c", "e", "ab", "systemuser", "team", "businessunit"];
    let table: &&str = random.pick(&tables);
    let table = world.table(table);
    let mut made = Generator { random, world, links: Vec::new(), aliases: 0, keys: Vec::new() };
    let links = made.skeleton(table);
    let is_aggregate = made.random.chance(22);
    let mut body = Body { links, ..Body::default() };
    made.say(table, None, &mut body, is_aggregate);
    let mut number = 0;
    made.say_in_links(&mut body.links, &mut number, is_aggregate);
    if is_aggregate && made.keys.is_empty() {
        body.columns = Columns::Listed(vec![made.function(table)]);
    }
    body.order = made.order_of_query(table, is_aggregate);
    let random = made.random;
    Fetch {
        source: Source::default(),
        table: Spanned::nowhere(table.name.clone()),
        body,
        distinct: random.chance(20).then(|| Spanned::nowhere(())),
        raw_order: random.chance(25).then(|| Spanned::nowhere(())),
        comments: Default::default(),
        paging: paging(random),
        notes: Default::default(),
    }
}

fn paging(random: &mut Random) -> Paging {
    let number = |random: &mut Random, high| {
        let number = u32::try_from(random.between(1, high)).expect("small");
        Some(Spanned::nowhere(Value::Given(number)))
    };
    match random.below(10) {
        0 => Paging { top: number(random, 4), ..Paging::default() },
        1 | 2 => {
            let page = number(random, 3).filter(|page| page.node != Value::Given(1));
            let total = random.chance(50).then(|| Spanned::nowhere(()));
            Paging { page, size: number(random, 4), total, ..Paging::default() }
        }
        _ => Paging::default(),
    }
}

impl<'a> Generator<'_, 'a> {
    /// Links without anything said in them, few rather than many.
    fn skeleton(&mut self, table: &'a Table) -> Vec<Link> {
        let count = *self.random.pick(&[0, 0, 0, 1, 1, 1, 2, 2, 2, 3]);
        (0..count).map(|_| self.link(table, Vec::new(), false)).collect()
    }

    fn link(&mut self, parent: &'a Table, mut around: Vec<usize>, in_test: bool) -> Link {
        let number = self.links.len();
        let ways = joins::ways(&self.world.catalog, parent);
        let way = joins::random_way(self.random, &ways);
        let join = joins::written(self.random, &self.world.catalog, parent, way);
        let kind = match around.is_empty() || self.random.chance(70) {
            true if self.random.chance(40) => {
                *self.random.pick(&[LinkKind::Inner, LinkKind::Outer])
            }
            true => *self.random.pick(&LinkKind::ALL),
            false => LinkKind::First,
        };
        let is_named = self.links.iter().any(|made| made.name == way.table.name);
        let alias = (is_named || self.random.chance(80))
            .then(|| format!("l{number}").parse::<Name>().expect("a name"));
        let name = alias.clone().unwrap_or_else(|| way.table.name.clone());
        around.push(number);
        let is_tested = in_test || kind.is_test();
        self.links.push(Made { name, table: way.table, around: around.clone(), is_tested });
        let mut links = Vec::new();
        while self.links.len() < 4 && around.len() < 3 && self.random.chance(28) {
            links.push(self.link(way.table, around.clone(), is_tested));
        }
        Link {
            kind: Spanned::nowhere(kind),
            table: Spanned::nowhere(way.table.name.clone()),
            alias: alias.map(Spanned::nowhere),
            join,
            body: Body { links, ..Body::default() },
        }
    }

    fn say_in_links(&mut self, links: &mut [Link], number: &mut usize, is_aggregate: bool) {
        for link in links {
            let own = *number;
            *number += 1;
            let table = self.links[own].table;
            self.say(table, Some(own), &mut link.body, is_aggregate);
            let gives = !self.links[own].is_tested && !is_aggregate;
            let is_first = link.kind.node == LinkKind::First;
            if gives && self.random.chance(if is_first { 80 } else { 25 }) {
                link.body.order = vec![self.order_by(table, None)];
            }
            self.say_in_links(&mut link.body.links, number, is_aggregate);
        }
    }

    /// What is said of a table: filter, columns, groups.
    fn say(&mut self, table: &'a Table, link: Option<usize>, body: &mut Body, is_aggregate: bool) {
        let seen: Vec<usize> = match link {
            None => (0..self.links.len()).filter(|at| !self.links[*at].is_tested).collect(),
            Some(number) => self.links[number].around.clone(),
        };
        let links = seen.iter().map(|at| (self.links[*at].name.clone(), self.links[*at].table));
        let place = Place { table, links: links.collect() };
        if self.random.chance(if link.is_none() { 80 } else { 35 }) {
            let room = Room { groups: 2, linked: 2 };
            body.filter = Some(group(self.random, self.world, &place, room));
        }
        let gives = link.is_none_or(|number| !self.links[number].is_tested);
        if gives && is_aggregate {
            self.say_groups(table, link, body);
        } else if gives {
            body.columns = self.columns(table, link.is_none());
        }
    }

    fn alias(&mut self) -> Spanned<Name> {
        self.aliases += 1;
        Spanned::nowhere(format!("x{}", self.aliases).parse().expect("a name"))
    }

    fn columns(&mut self, table: &'a Table, of_query: bool) -> Columns {
        let all = self.random.below(100);
        if all < 15 {
            return Columns::All(Spanned::nowhere(()));
        }
        if all < 35 && !of_query {
            return Columns::default();
        }
        let mut names = BTreeSet::new();
        let mut listed = Vec::new();
        for _ in 0..1 + self.random.below(3) {
            let column = self.random.pick(table.columns());
            let alias = self.random.chance(25).then(|| self.alias());
            if alias.is_some() || names.insert(column.name.clone()) {
                let term = Term::Column(Spanned::nowhere(column.name.clone()));
                listed.push(Selected { term, alias });
            }
        }
        Columns::Listed(listed)
    }

    fn say_groups(&mut self, table: &'a Table, link: Option<usize>, body: &mut Body) {
        let mut names = BTreeSet::new();
        for _ in 0..*self.random.pick(&[0, 0, 1, 1, 2]) {
            let is_time = |column: &Column| matches!(column.column_type, T::Datetime | T::Date);
            let times: Vec<&Column> = table.columns().iter().filter(|c| is_time(c)).collect();
            let column = match times.is_empty() || self.random.chance(50) {
                true => self.random.pick(table.columns()),
                false => *self.random.pick(&times),
            };
            let is_time = is_time(column);
            let part = (is_time && self.random.chance(85))
                .then(|| Spanned::nowhere(*self.random.pick(&DatePart::ALL)));
            let utc = part.is_some() && self.random.chance(30);
            let alias = (part.is_some() || self.random.chance(30)).then(|| self.alias());
            let name = link.map(|number| self.links[number].name.clone());
            match &alias {
                Some(alias) => self.keys.push(ColumnRef::own(alias.clone())),
                None if names.insert(column.name.clone()) => {
                    self.keys.push(named(name.as_ref(), column));
                }
                None => continue,
            }
            let column = Spanned::nowhere(column.name.clone());
            body.groups.push(Grouped { column, part, utc, alias });
        }
        let count =
            *self.random.pick(if link.is_none() { &[0, 1, 1, 2, 3] } else { &[0, 0, 1, 1, 2] });
        body.columns = Columns::Listed((0..count).map(|_| self.function(table)).collect());
    }

    fn function(&mut self, table: &Table) -> Selected {
        let (function, _) = *self.random.pick(&Function::ALL);
        let fitting: Vec<&Column> =
            table.columns().iter().filter(|column| takes(function, column)).collect();
        let alias = self.alias();
        self.keys.push(ColumnRef::own(alias.clone()));
        let (function, column) = match fitting.is_empty() {
            true => (Function::Rows, None),
            false => (function, Some(*self.random.pick(&fitting))),
        };
        let column = column.filter(|_| function != Function::Rows || self.random.chance(30));
        let distinct = function != Function::Rows && self.random.chance(35);
        let column = column.map(|column| Spanned::nowhere(column.name.clone()));
        let term = Term::Function { function: Spanned::nowhere(function), column, distinct };
        Selected { term, alias: Some(alias) }
    }

    fn order_by(&mut self, table: &Table, link: Option<&Name>) -> Order {
        // What sorts by something else than itself is looked at more often.
        let sorts = |column: &&Column| !column.targets.is_empty() || !column.options.is_empty();
        let sorting: Vec<&Column> = table.columns().iter().filter(sorts).collect();
        let column = match sorting.is_empty() || self.random.chance(65) {
            true => self.random.pick(table.columns()),
            false => *self.random.pick(&sorting),
        };
        Order { column: named(link, column), descending: self.random.chance(50) }
    }

    fn order_of_query(&mut self, table: &Table, is_aggregate: bool) -> Vec<Order> {
        let mut order = Vec::new();
        for _ in 0..*self.random.pick(&[0, 1, 1, 2]) {
            let links: Vec<usize> =
                (0..self.links.len()).filter(|at| !self.links[*at].is_tested).collect();
            order.push(if is_aggregate {
                let column = self.random.pick(&self.keys).clone();
                Order { column, descending: self.random.chance(50) }
            } else if !links.is_empty() && self.random.chance(35) {
                let at = *self.random.pick(&links);
                let (name, table) = (self.links[at].name.clone(), self.links[at].table);
                self.order_by(table, Some(&name))
            } else {
                self.order_by(table, None)
            });
        }
        order
    }
}

/// Whether a function can be asked of a column. Means of large numbers are left out: a scaled sum of
/// them has no place in SQLite's integers.
fn takes(function: Function, column: &Column) -> bool {
    let is_number = matches!(column.column_type, T::Integer | T::Decimal | T::Money | T::Double);
    let is_large = column.column_type == T::Bigint;
    match function {
        Function::Rows | Function::Count => true,
        Function::Avg => is_number,
        Function::Sum => is_number || is_large,
        Function::Min | Function::Max => {
            let is_other =
                matches!(column.column_type, T::Datetime | T::Date | T::String | T::Memo);
            is_number || is_large || is_other
        }
    }
}
