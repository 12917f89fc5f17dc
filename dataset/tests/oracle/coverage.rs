//! What the queries were about. Something counts where it told: the answer is not empty, and without
//! it, or with the nearest other thing in its place, the answer is another one.

use std::collections::BTreeMap;

use haversack_core::schema::{ColumnType as T, Table};
use haversack_dsl::{
    ast::{
        Condition, Connective, DatePart, Fetch, Function, Group, Link, LinkKind, Linked, Part,
        Quantifier, Spanned, Term,
    },
    operator::OPERATORS,
};
use rusqlite::Connection;

use crate::{
    answers::{Answer, of_sqlite},
    edit::{parts, with_body, with_link, with_part},
    to_sql::statement,
    world::World,
};

/// How often each thing told.
#[derive(Default)]
pub struct Coverage(pub BTreeMap<String, usize>);

/// A thing of a query, and the query without it.
type Thing = (String, Fetch);

impl Coverage {
    pub fn note(&mut self, what: &str) {
        *self.0.entry(what.to_owned()).or_default() += 1;
    }

    pub fn add(&mut self, other: Self) {
        for (what, times) in other.0 {
            *self.0.entry(what).or_default() += times;
        }
    }

    /// Counts what told in a query, and says all that it gives.
    pub fn look_at(&mut self, world: &World, database: &Connection, fetch: &Fetch) -> Answer {
        let whole = Fetch { paging: Default::default(), ..fetch.clone() };
        let answer = whole_answer(world, database, fetch);
        if answer.lines.is_empty() {
            return answer;
        }
        let things =
            of_parts(&whole).into_iter().chain(of_links(&whole)).chain(of_order(world, &whole));
        for (what, without) in things {
            if whole_answer(world, database, &without) != answer {
                self.note(&what);
            }
        }
        if whole.distinct.is_some() {
            let without = Fetch { distinct: None, ..whole.clone() };
            if whole_answer(world, database, &without) != answer {
                self.note("distinct");
            }
        }
        if whole.raw_order.is_some() {
            let without = Fetch { raw_order: None, ..whole.clone() };
            if whole_answer(world, database, &without) != answer {
                self.note("raw-order");
            }
        }
        self.groups(&whole, &answer);
        answer
    }

    /// Functions that gave something, and parts of dates that made several groups.
    fn groups(&mut self, fetch: &Fetch, answer: &Answer) {
        let links = fetch.body.all_links().map(|link| &link.body);
        for body in [&fetch.body].into_iter().chain(links) {
            for selected in body.columns.listed() {
                let Term::Function { function, distinct, .. } = &selected.term else { continue };
                let key = selected.alias.as_ref().map(|alias| alias.node.as_str());
                let gave =
                    |(found, value): &(String, String)| Some(found.as_str()) == key && value != "0";
                if answer.lines.iter().any(|line| line.values.iter().any(gave)) {
                    self.note(&function_name(function.node, *distinct));
                }
            }
            for part in body.groups.iter().filter(|_| answer.lines.len() > 1) {
                let name = part.part.as_ref().map_or("column", |part| part.node.name());
                self.note(&format!("group by {name}"));
            }
        }
    }

    /// What did not tell so often.
    pub fn missing(&self, least: usize) -> Vec<String> {
        let times = |what: &String| self.0.get(what).copied().unwrap_or_default();
        let all = expected().into_iter().filter(|what| times(what) < least);
        all.map(|what| format!("{what}: {}", times(&what))).collect()
    }
}

/// All that a query gives, whichever page it asks for.
pub fn whole_answer(world: &World, database: &Connection, fetch: &Fetch) -> Answer {
    let mut statement = statement(&world.catalog, fetch);
    statement.part = None;
    of_sqlite(database, &statement).unwrap_or_else(|error| panic!("{error}\n{}", statement.whole))
}

fn function_name(function: Function, distinct: bool) -> String {
    let distinct = if distinct { " distinct" } else { "" };
    format!("function {}{distinct}", function.aggregate())
}

/// Everything that queries are made of and SQL can say.
fn expected() -> Vec<String> {
    let mut all: Vec<String> =
        OPERATORS.iter().map(|info| format!("operator {}", info.name)).collect();
    all.extend(["eq", "ne", "gt", "ge", "lt", "le"].map(|name| format!("{name} column")));
    all.extend(Quantifier::ALL.map(|quantifier| quantifier.name().to_owned()));
    all.extend(LinkKind::ALL.map(|kind| format!("link {}", kind.name())));
    all.extend(LinkKind::ALL.map(|kind| format!("link {} in a link", kind.name())));
    all.extend(Function::ALL.map(|(function, _)| function_name(function, false)));
    all.extend(Function::ALL[1..].iter().map(|(function, _)| function_name(*function, true)));
    all.extend(DatePart::ALL.map(|part| format!("group by {}", part.name())));
    let orders = [
        T::String,
        T::Memo,
        T::Integer,
        T::Bigint,
        T::Decimal,
        T::Double,
        T::Boolean,
        T::Choice,
        T::Choices,
        T::Datetime,
        T::Date,
        T::Uniqueidentifier,
        T::Lookup,
        T::Owner,
    ];
    all.extend(orders.map(|column_type| format!("order by {}", column_type.name())));
    let others = [
        "group by column",
        "order of groups",
        "or",
        "condition on a link",
        "distinct",
        "raw-order",
        "top",
        "page",
        "page by cookie",
        "roles",
    ];
    all.extend(others.map(str::to_owned));
    all
}

fn of_parts(fetch: &Fetch) -> Vec<Thing> {
    let mut things = Vec::new();
    for (number, part) in parts(fetch).into_iter().enumerate() {
        let without = || with_part(fetch, number, &|_| None);
        match part {
            Part::Condition(condition) => {
                things.push((condition_name(condition), without()));
                if condition.column.link.is_some() {
                    things.push(("condition on a link".to_owned(), without()));
                }
            }
            Part::Linked(linked) => {
                let name = linked.quantifier.node.name().to_owned();
                let other = match linked.quantifier.node {
                    Quantifier::All => {
                        let quantifier = Spanned::nowhere(Quantifier::NotAny);
                        let other = Linked { quantifier, ..linked.clone() };
                        with_part(fetch, number, &|_| Some(Part::Linked(other.clone())))
                    }
                    _ => without(),
                };
                things.push((name, other));
            }
            Part::Group(group) if group.connective.node == Connective::Or => {
                let connective = Spanned::nowhere(Connective::And);
                let other = Group { connective, parts: group.parts.clone() };
                let other = with_part(fetch, number, &|_| Some(Part::Group(other.clone())));
                things.push(("or".to_owned(), other));
            }
            Part::Group(_) => {}
        }
    }
    things
}

fn condition_name(condition: &Condition) -> String {
    let name = condition.operator.node.name();
    match condition.valueof {
        Some(_) => format!("{name} column"),
        None => format!("operator {name}"),
    }
}

/// Joins tell where one of another kind would give another answer, tests where none would.
fn of_links(fetch: &Fetch) -> Vec<Thing> {
    let outermost: Vec<&Link> = fetch.body.links.iter().collect();
    let mut things = Vec::new();
    for (number, link) in fetch.body.all_links().enumerate() {
        let nested = match outermost.iter().any(|outer| std::ptr::eq(*outer, link)) {
            true => "",
            false => " in a link",
        };
        let other = |kind| {
            with_link(fetch, number, &|link: Link| {
                Some(Link { kind: Spanned::nowhere(kind), ..link })
            })
        };
        let other = match link.kind.node {
            LinkKind::Inner => other(LinkKind::Outer),
            LinkKind::Outer | LinkKind::First => other(LinkKind::Inner),
            LinkKind::Exists | LinkKind::In => with_link(fetch, number, &|_| None),
        };
        things.push((format!("link {}{nested}", link.kind.node.name()), other));
    }
    things
}

fn of_order(world: &World, fetch: &Fetch) -> Vec<Thing> {
    let of_query = (0, fetch.table.node.to_string(), &fetch.body);
    let links = fetch.body.all_links().enumerate();
    let links = links.map(|(at, link)| (at + 1, link.table.node.to_string(), &link.body));
    let mut things = Vec::new();
    for (number, table, body) in [of_query].into_iter().chain(links) {
        for (at, order) in body.order.iter().enumerate() {
            let table: &Table = match &order.column.link {
                Some(name) => {
                    let link = fetch.body.all_links().find(|link| link.name().node == name.node);
                    world.table(link.map_or(&table, |link| &link.table.node))
                }
                None => world.table(&table),
            };
            let name = match table.column(&order.column.column.node) {
                Some(column) if !fetch.is_aggregate() => {
                    format!("order by {}", column.column_type.name())
                }
                _ => "order of groups".to_owned(),
            };
            let without = with_body(fetch, number, &|body| drop(body.order.remove(at)));
            things.push((name, without));
        }
    }
    things
}
